"""Words written out: what stays a parameter, and that the database then finds its indexes."""

import re
from typing import Any

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.send.claiming import _lanes, _Where
from engine.storage.models import Customer, Message
from engine.storage.words import in_words


def parameters(statement: Any) -> dict[str, Any]:
    """What is still given to it, by name."""
    return dict(statement.compile().params)


def test_states_are_written_out() -> None:
    """Alone and in a list."""
    asked = in_words(
        select(Message.id).where(Message.state == "approved", Message.family.in_(["celebrate", "recover"]))
    )
    assert parameters(asked) == {}
    assert "'approved'" in str(asked)
    assert "IN ('celebrate', 'recover')" in str(asked)


def test_what_is_given_later_stays_a_parameter() -> None:
    """And so does whatever is no plain word: nothing is quoted by hand."""
    asked = in_words(select(Customer.id).where(Customer.zone == bindparam("zone"), Customer.first_name == "O'Brien"))
    assert sorted(parameters(asked).values(), key=str) == [None, "O'Brien"]


@pytest.mark.databases("postgres")
def test_a_plan_that_is_made_once_finds_what_may_go_by_its_index(session: Session) -> None:
    """The server makes one plan for all values of a statement that is asked again and again. With the states as
    parameters that plan cannot use the index of what is approved."""
    _, of_the_bulk = _lanes(_Where("email", ()))
    plan = _plan_for_any_values(session, of_the_bulk)
    assert re.search(r"ix_messages_(to_send|coming)", plan), plan


def _plan_for_any_values(session: Session, statement: Any) -> str:
    """As the server would make it with a number where each value will be; a list is one of two."""
    connection = session.connection()
    text = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r"%(\1)s, %(\1)s", str(statement.compile(dialect=connection.dialect)))
    numbers: dict[str, int] = {}
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}", text)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {text}").scalars())
