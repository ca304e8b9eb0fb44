"""Finding a customer among very many: each way of asking is answered by an index, and nothing is searched through.

By the whole id, the whole e-mail or telephone number, or the beginning of a name: either name, or both of them. Only
where nobody is found so, two words are taken for the beginnings of both names.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from engine.record.addresses import CHANNELS
from engine.storage.models import ContactPoint, Customer, Message
from engine.storage.models.contact_point import hash_of_address
from engine.storage.name_sql import begins_with, folded
from web.queries.customers import name_of

PAGE = 30
_COMING = ("draft", "in_review", "approved")
_MOST_WORDS = 5
_SHORTEST_BEGINNING = 2
Way = tuple[ColumnElement[bool], Sequence[ColumnElement[str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the search. `next_on` is the local day of the next message, where one is coming."""

    id: UUID
    external_id: str
    name: str
    zone: str
    country: str | None
    last_active_at: datetime | None
    next_on: date | None = None
    next_occasion: str | None = None


def search(session: Session, wanted: str, *, limit: int = PAGE) -> list[Found]:
    """Up to `limit` customers and one more where there are more: first whose id or address it is, then by name.

    Three statements, and a fourth where they find nobody, however many customers there are and whatever was asked.
    """
    text = " ".join(wanted.replace("\x00", "").split())
    if not text:
        return []
    reached = select(ContactPoint.customer_id).where(ContactPoint.address_hash.in_(_hashes(text))).limit(limit + 1)
    exact = session.scalars(select(Customer).where(Customer.external_id == text)).all()
    by_address = session.scalars(
        select(Customer).where(Customer.id.in_(reached)).order_by(Customer.id).limit(limit + 1)
    ).all()
    by_name = session.scalars(_by_name(_ways(text), limit)).all()
    found = {customer.id: customer for customer in (*exact, *by_address, *by_name)}
    if not found and (beginnings := list(_beginnings(text))):
        found = {customer.id: customer for customer in session.scalars(_by_name(beginnings, limit))}
    return [_found(customer) for customer in list(found.values())[: limit + 1]]


def coming_up(session: Session, *, page: int) -> list[Found]:
    """One page, and one line more where there is another: the customers of the messages that go next."""
    rows = session.execute(
        select(Customer, Message.send_on, Message.occasion)
        .join(Message, Message.customer_id == Customer.id)
        .where(Message.state.in_(_written_out(_COMING)))
        .order_by(Message.send_at, Message.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return [_found(customer, send_on, occasion) for customer, send_on, occasion in rows]


def _written_out(names: Sequence[str]) -> BindParameter[Sequence[str]]:
    """In the statement itself: a database takes the index of some rows only where it reads which rows are asked for."""
    return bindparam("names", list(names), expanding=True, literal_execute=True)


def _hashes(text: str) -> list[str]:
    """What the text would be kept as, were it an address on any channel; numbers with and without their spaces."""
    spelled = {text}
    for clean in set(CHANNELS.values()):
        try:
            spelled.add(clean(text))
        except ValueError:
            continue
    return [hash_of_address(one) for one in sorted(spelled)]


def _by_name(meant: Iterable[Way], limit: int) -> Select[Customer]:
    """In the order of the last names that begin so, then of the first names; a union of ranges of two indexes."""
    ids: Select[UUID] | None = None
    ways = [_range(where, order, limit) for where, order in meant]
    ids = ways[0] if len(ways) == 1 else select(ways[0].union_all(*ways[1:]).subquery().c.id)
    wanted = select(Customer).where(Customer.id.in_(ids))
    return wanted.order_by(folded(Customer.last_name), folded(Customer.first_name), Customer.id).limit(limit + 1)


def _ways(text: str) -> Iterator[Way]:
    """What a name can mean: the beginning of either one, or one whole and then the beginning of the other."""
    first, last = Customer.first_name, Customer.last_name
    yield begins_with(last, text), (folded(last), folded(first))
    yield begins_with(first, text), (folded(first), folded(last))
    words = text.replace(",", " ").split()[:_MOST_WORDS]
    for at in range(1, len(words)):
        one, other = " ".join(words[:at]).lower(), " ".join(words[at:])
        yield and_(folded(first) == one, begins_with(last, other)), (folded(first), folded(last))
        yield and_(folded(last) == one, begins_with(first, other)), (folded(last), folded(first))


def _beginnings(text: str) -> Iterator[Way]:
    """Both names begun. Single letters would mean a part of all customers, which is nobody in particular."""
    first, last = Customer.first_name, Customer.last_name
    words = text.replace(",", " ").split()[:_MOST_WORDS]
    for at in range(1, len(words)):
        one, other = " ".join(words[:at]), " ".join(words[at:])
        if min(len(one), len(other)) >= _SHORTEST_BEGINNING:
            yield and_(begins_with(first, one), begins_with(last, other)), (folded(first), folded(last))
            yield and_(begins_with(last, one), begins_with(first, other)), (folded(last), folded(first))


def _range(where: ColumnElement[bool], order: Sequence[ColumnElement[str]], limit: int) -> Select[UUID]:
    nearest = select(Customer.id).where(where).order_by(*order).limit(limit + 1).subquery()
    return select(nearest.c.id)


def _found(customer: Customer, next_on: date | None = None, next_occasion: str | None = None) -> Found:
    return Found(
        id=customer.id,
        external_id=customer.external_id,
        name=name_of(customer),
        zone=customer.zone,
        country=customer.country,
        last_active_at=customer.last_active_at,
        next_on=next_on,
        next_occasion=next_occasion,
    )
