"""How many customers a condition is about: exact where there is time, and else honest about how far it came."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from engine.conditions import read_condition
from engine.conditions.counting import Counted, count_customers, may_be_counted
from tests.engine.builders import NOW, make_customer, make_problem

IN_GERMANY = read_condition({"field": "customer.country", "op": "eq", "value": "DE"})
NO_TICKET = read_condition({"field": "customer.has_open_ticket", "op": "eq", "value": False})


def seven(session: Session) -> None:
    """Five in Germany, of whom one was erased and one has an open ticket, and two in France."""
    customers = [make_customer(session, consent=False, country="DE" if number < 5 else "FR") for number in range(7)]
    customers[0].erased_at = NOW
    make_problem(session, customers[1], state="contact")
    session.flush()


def test_everybody_is_counted_piece_by_piece(session: Session) -> None:
    """The pieces add up, whatever their size; who was erased is nobody."""
    seven(session)
    for piece in (1, 2, 3, 6, 7, 100):
        assert count_customers(session, IN_GERMANY, piece=piece) == Counted(4, 6, complete=True)
    assert count_customers(session, NO_TICKET) == Counted(5, 6, complete=True)
    assert count_customers(session, None) == Counted(6, 6, complete=True)


def test_when_the_time_is_over_it_says_how_far_it_came(session: Session) -> None:
    """After the piece in which the time ran out."""
    seven(session)
    clock: Iterator[float] = iter((0.0, 0.1, 5.0))
    found = count_customers(session, IN_GERMANY, seconds=1, piece=2, tell_time=lambda: next(clock))
    assert found == Counted(3, 3, complete=False)


def test_what_a_moment_will_say_cannot_be_counted() -> None:
    """Customers alone can."""
    assert may_be_counted(IN_GERMANY)
    assert may_be_counted(None)
    assert not may_be_counted(read_condition({"all": [{"field": "moment.serious", "op": "eq", "value": True}]}))
