"""What a person wants to see of the queue: plain values that live in the page's address, and kept ones under a name."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, literal_column, or_, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.ids import new_id
from engine.storage.models import Customer, Message, Person, Revision, SavedFilter, Trigger
from engine.storage.name_sql import begins_with
from engine.storage.upsert import insert_into, is_among
from engine.unseen import unseen_in

WHOSE = ("all", "mine", "nobody", "snoozed", "unseen")
DUE_WITHIN = timedelta(days=1)
MOST_KEPT = 30
_LONGEST = 100
_SHORTEST_SEARCH = 2
_FEW = 2_000
_FRONT, _A_PAGE = 2_000, 50
_LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Filter:
    """`whose` is a tab of the queue, `unseen` being what stays out of it; what is empty or False narrows nothing.
    `owner` is a person's id, `q` begins a customer's name or id."""

    whose: str = "all"
    owner: str = ""
    family: str = ""
    occasion: str = ""
    trigger: str = ""
    language: str = ""
    channel: str = ""
    must_read: bool = False
    remarks: bool = False
    questions: bool = False
    edited: bool = False
    due: bool = False
    q: str = ""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> "Filter":
        """From an address, a form or what was kept; what is unknown there narrows nothing."""
        found: dict[str, str | bool] = {}
        for field in fields(cls):
            value = given.get(field.name)
            if isinstance(field.default, bool):
                found[field.name] = value is True or value in ("yes", "on", "1")
            else:
                found[field.name] = (
                    " ".join(value.replace("\0", "").split())[:_LONGEST] if isinstance(value, str) else ""
                )
        if found["whose"] not in WHOSE:
            found["whose"] = "all"
        return cls(**found)  # type: ignore[arg-type]

    def words(self) -> dict[str, str]:
        """What differs from the whole queue, as an address says it."""
        whole = Filter()
        return {
            name: "yes" if value is True else str(value)
            for name, value in asdict(self).items()
            if value != getattr(whole, name)
        }

    @property
    def narrows(self) -> bool:
        """Whether it leaves out something besides what its tab does."""
        return bool(set(self.words()) - {"whose"})


EVERYTHING = Filter()


def conditions(session: Session, wanted: Filter, person_id: UUID | None, *, now: datetime) -> list[ColumnElement[bool]]:
    """What a message must be for this person to see it under this filter, besides waiting for a person."""
    snoozed = and_(Message.snoozed_until.is_not(None), Message.snoozed_until > now)
    found: list[ColumnElement[bool]] = [
        snoozed if wanted.whose == "snoozed" else or_(Message.snoozed_until.is_(None), Message.snoozed_until <= now)
    ]
    if wanted.whose == "mine":
        found.append(Message.owner_id == person_id)
    if wanted.whose == "nobody":
        found.append(Message.owner_id.is_(None))
    if wanted.owner:
        found.append(Message.owner_id == _person(wanted.owner))
    for column, value in ((Message.family, wanted.family), (Message.occasion, wanted.occasion)):
        if value:
            found.append(column == value)
    if wanted.channel:
        found.append(Message.channel == wanted.channel)
    if wanted.trigger:
        found.append(Message.trigger_id == session.scalar(select(Trigger.id).where(Trigger.name == wanted.trigger)))
    if wanted.must_read:
        found.append(Message.must_read.is_(True))
    if wanted.edited:
        found.append(Message.edited.is_(True))
    if wanted.due:
        found.append(Message.deadline_at <= now + DUE_WITHIN)
    if wanted.remarks:
        found.append(_has_remarks())
    if wanted.language:
        found.append(_reads(wanted.language.lower()))
    if wanted.q:
        found.append(_is_of(session, wanted.q))
    return found


def _person(text: str) -> UUID | None:
    """Nobody where it is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _has_remarks() -> ColumnElement[bool]:
    """Written out, not as a value: a database takes the index of the few that have any only where it reads so."""
    of_this = and_(Revision.message_id == Message.id, Revision.number == Message.number)
    return exists().where(of_this, Revision.findings != literal_column("'[]'"))


def _reads(language: str) -> ColumnElement[bool]:
    """`de` also finds de-AT. In a form of which the database knows how many rows it means."""
    same = Customer.locale == language
    of_a_country = [Customer.locale.startswith(f"{language}{mark}", autoescape=True) for mark in "-_"]
    return exists().where(Customer.id == Message.customer_id, or_(same, *of_a_country))


def _is_of(session: Session, text: str) -> ColumnElement[bool]:
    """Whose id begins so, or first or last name, or both. A single letter would find everybody, and finds nobody."""
    if len(text) < _SHORTEST_SEARCH:
        return Message.id.is_(None)
    first, last = Customer.first_name, Customer.last_name
    one, _, other = text.partition(" ")
    ways = [_id_begins(session, text), begins_with(first, text), begins_with(last, text)]
    if other:
        ways.append(and_(begins_with(first, one), begins_with(last, other)))
    meant = select(Customer.id).where(or_(*ways))
    few = session.scalars(meant.limit(_FEW + 1)).all()
    if len(few) <= _FEW:
        return is_among(session, Message.customer_id, few)
    if _stand_in_front(session, or_(*ways)):
        # The queue is read from there. A scalar subquery is looked up for each message that comes by; of an EXISTS a
        # database may look up all customers who are meant.
        return func.coalesce(select(or_(*ways)).where(Customer.id == Message.customer_id).scalar_subquery(), false())
    # Many are called so, and hardly one of them waits: to find those by reading the queue would be to read all of it.
    waits = exists().where(Message.customer_id == Customer.id, Message.state.in_(("draft", "in_review")))
    return is_among(session, Message.customer_id, session.scalars(select(Customer.id).where(or_(*ways), waits)).all())


def _stand_in_front(session: Session, meant: ColumnElement[bool]) -> bool:
    """Whether a page of them is found among what comes first."""
    order = (Message.deadline_at, Message.weight.desc(), Message.id)
    first = select(Message.customer_id).where(Message.state == "in_review").order_by(*order).limit(_FRONT).subquery()
    found = select(Customer.id).join(first, first.c.customer_id == Customer.id).where(meant).limit(_A_PAGE)
    return len(session.scalars(found).all()) == _A_PAGE


def _id_begins(session: Session, text: str) -> ColumnElement[bool]:
    """In the form for which each database has an index."""
    if session.get_bind().dialect.name == "sqlite":
        return and_(Customer.external_id >= text, Customer.external_id < text + _LAST_LETTER)
    return Customer.external_id.startswith(text, autoescape=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A filter under a name; `by` is whose it is."""

    id: UUID
    name: str
    wanted: Filter
    shared: bool
    own: bool
    by: str


def keep(session: Session, person: Person, name: str, wanted: Filter, *, shared: bool, now: datetime) -> None:
    """Keep it under this name, in place of what this person kept there before. What was searched for is not kept: it
    may be a customer's name, which no erasure would find here."""
    name = " ".join(name.split())[:_LONGEST]
    if not name:
        raise InvalidInput("name: give the filter a name.")
    if said := unseen_in(name):
        raise InvalidInput(f"name: {said}.")
    kept = select(func.count()).select_from(SavedFilter).where(SavedFilter.person_id == person.id)
    if (session.scalar(kept.where(SavedFilter.name != name)) or 0) >= MOST_KEPT:
        raise InvalidInput(f"name: {MOST_KEPT} filters are kept already; let one go first.")
    row = {"query": replace(wanted, q="").words(), "shared": shared}
    session.execute(
        insert_into(session, SavedFilter)
        .values(id=new_id(), person_id=person.id, name=name, created_at=now, **row)
        .on_conflict_do_update(index_elements=["person_id", "name"], set_=row)
    )


def forget(session: Session, person: Person, filter_id: UUID) -> None:
    """Let a kept filter go. Raises NotFound where it is not this person's."""
    kept = session.get(SavedFilter, filter_id)
    if kept is None or kept.person_id != person.id:
        raise NotFound("There is no such filter of yours.")
    session.delete(kept)


def kept_for(session: Session, person_id: UUID) -> Sequence[Kept]:
    """This person's own, then those that others share."""
    rows = session.execute(
        select(SavedFilter, Person.name)
        .join(Person, Person.id == SavedFilter.person_id)
        .where(or_(SavedFilter.person_id == person_id, SavedFilter.shared))
        .order_by((SavedFilter.person_id == person_id).desc(), SavedFilter.name, SavedFilter.id)
    )
    return [
        Kept(one.id, one.name, Filter.read(one.query), one.shared, one.person_id == person_id, by) for one, by in rows
    ]
