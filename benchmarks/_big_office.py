"""The furnished office of the tests, grown inside PostgreSQL: every row of a million is a copy of one that the product
made, with other numbers in it. One statement for each table; no row passes through Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from engine.storage.models import (
    AuditEntry,
    Base,
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Delivery,
    Event,
    Hold,
    Message,
    MessageMoment,
    Moment,
    Note,
    Person,
    Reply,
    Revision,
)
from engine.storage.session import Database
from tests.web.office import Office, furnish, hire

BUSY = "cd-00042"
NAMES = (
    "(ARRAY['Ada','Ben','Cleo','Dora','Emil','Fatima','Goran','Hana','Ines','Jonas','Kofi','Lina','Mei','Noor',"
    "'Olga','Pablo','Quinn','Rosa','Sven','Tariq','Uma','Viktor','Wanda','Xenia','Yusuf','Zoe'])[1 + n % 26]"
)
SURNAMES = (
    "(ARRAY['Mar','Oka','San','Lind','Hart','Ber','Cas','Dal','Est','Fer','Gal','Hol','Iva','Jan','Kow','Lar'])"
    "[1 + n % 16] || (ARRAY['low','for','tos','qvist','mann','ger','tro','ton','ves','nan'])[1 + n / 16 % 10] || "
    "(ARRAY['e','a','er','sen','ski','is','o','ova','y','in','es','as','ic'])[1 + n / 160 % 13]"
)
ZONES = "(ARRAY['Europe/Berlin','America/New_York','Asia/Kolkata','Europe/London','America/Los_Angeles'])[1 + n % 5]"
# Ids that tell their number, in the order in which they are made, as those of the product are.
ID_OF = (
    "CREATE FUNCTION id_of(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS "
    "$$ SELECT (lpad(to_hex(kind), 8, '0') || lpad(to_hex(n), 24, '0'))::uuid $$"
)
CUSTOMER, MOMENT, MESSAGE, REVISION, DELIVERY = range(1, 6)
Changed = Mapping[str, str]
NOTHING: Changed = {}
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """How much lies in the office."""

    customers: int
    queued: int

    @property
    def gone(self) -> int:
        """Messages of the past."""
        return self.queued * 2


def build(db: Database, postbox: Path, size: Size) -> Office:
    """The office with so many customers (three events each) and queued messages, and one customer who did a lot."""
    with db.writing() as session:
        hire(session)
        office = furnish(session, postbox)
        session.execute(text(ID_OF))
    engine = create_engine(db.url)
    try:
        with engine.begin() as connection:
            # The copies point at what is there: asking for each row again would take most of the time.
            connection.execute(text("SET session_replication_role = replica"))
            with Session(connection) as session:
                _grow(session, office, size)
        _vacuum(engine)
    finally:
        engine.dispose()
    return office


def _grow(session: Session, office: Office, size: Size) -> None:
    agent = session.scalars(select(Person.id).where(Person.role == "admin")).one()
    ada = session.scalars(select(Customer.id).where(Customer.external_id == BUSY)).one()
    _customers(session, ada, size.customers)
    queued = (office.orders, office.birthday, office.serious, office.question)
    first = 0
    for message_id, share in zip(queued, (0.6, 0.35, 0.049, 0.001), strict=True):
        count = round(size.queued * share)
        _messages(session, message_id, first, count, "n * 7", _waiting(agent))
        first += count
    _messages(session, office.sent, first, size.gone, "n * 3", _gone())
    _deliveries(session, office.sent, first, size.gone)
    first += size.gone
    _messages(session, office.sent, first, 80, None, _gone(), customer=ada)
    _deliveries(session, office.sent, first, 80)
    _heard(session, agent, office.sent, first + 80)
    _decisions(session, office.sent, agent, size.gone)
    _notes(session, agent)


def _customers(session: Session, ada: UUID, count: int) -> None:
    own = {"customer_id": f"id_of({CUSTOMER}, n)"}
    person = {
        "id": f"id_of({CUSTOMER}, n)",
        "external_id": "'cx-' || lpad(n::text, 7, '0')",
        "first_name": NAMES,
        "last_name": SURNAMES,
        "zone": ZONES,
        "bucket": "n * 7919 % 2147483647",
    }
    address = "'customer' || n || '@mail.example'"
    _copy(session, Customer, Customer.id == ada, count, person)
    _copy(
        session,
        ContactPoint,
        ContactPoint.customer_id == ada,
        count,
        own
        | {"id": "gen_random_uuid()", "address": address, "address_hash": f"encode(sha256(({address})::bytea), 'hex')"},
    )
    _copy(session, Consent, Consent.customer_id == ada, count, own)
    _copy(
        session,
        CustomerDate,
        CustomerDate.customer_id == ada,
        count,
        own
        | {"month": "1 + n % 12", "day": "1 + n % 28", "month_day": "(1 + n % 12) * 100 + 1 + n % 28", "year": "2025"},
    )
    when = "now() - (n % 3) * interval '91 days' - (n % 1440) * interval '1 minute'"
    event = {
        "message_id": "'copy-' || n",
        "occurred_at": when,
        "occurred_on": f"({when})::date",
        "id": "gen_random_uuid()",
    }
    mine = Event.customer_id == ada
    _copy(session, Event, mine, count * 3, event | {"customer_id": f"id_of({CUSTOMER}, 1 + (n - 1) / 3)"})
    _copy(session, Event, mine, 3_000, event | {"message_id": "'ada-' || n"})


def _waiting(agent: UUID) -> Changed:
    """Deadlines are the last working hours of the coming days, so thousands share each. A quarter is the agent's."""
    deadline = "date_trunc('day', now()) + interval '16 hours' + (1 + n % 10) * interval '1 day'"
    return {
        "weight": "n * 37 % 100",
        "deadline_at": deadline,
        "send_on": f"({deadline})::date + 1",
        "send_at": f"{deadline} + interval '16 hours'",
        "write_at": "now() - interval '1 day'",
        "expires_at": f"{deadline} + interval '4 days'",
        "zone": ZONES,
        "owner_id": f"CASE WHEN n % 4 = 0 THEN '{agent}'::uuid END",
    }


def _gone() -> Changed:
    on = "current_date - 20 - (n % 300)::int"
    return {
        "send_on": on,
        "send_at": f"({on})::timestamptz",
        "closed_at": f"({on})::timestamptz",
        "handed_over_at": f"({on})::timestamptz",
    }


def _messages(
    session: Session,
    prototype: UUID,
    first: int,
    count: int,
    customer_number: str | None,
    changed: Changed,
    customer: UUID | None = None,
) -> None:
    """Copies of one message with its moment, revisions and open holds, numbered from `first`."""
    whose = f"'{customer}'::uuid" if customer else f"id_of({CUSTOMER}, {customer_number})"
    moment_id = session.scalars(select(MessageMoment.moment_id).where(MessageMoment.message_id == prototype)).one()
    moment, message = {"moment_id": f"id_of({MOMENT}, n)"}, {"message_id": f"id_of({MESSAGE}, n)"}
    days = {name: changed[name] for name in ("send_on", "expires_at") if name in changed}
    spotted = {"id": moment["moment_id"], "customer_id": whose, "occurrence_key": "'copy:' || n", "problem_id": "NULL"}
    _copy(
        session,
        Moment,
        Moment.id == moment_id,
        count,
        spotted | days | {"incident_key": "'copy:' || n", "nominal_on": changed["send_on"]},
        first,
    )
    _copy(
        session,
        Message,
        Message.id == prototype,
        count,
        {**changed, "id": message["message_id"], "customer_id": whose},
        first,
    )
    _copy(session, MessageMoment, MessageMoment.message_id == prototype, count, message | moment, first)
    _copy(
        session,
        Revision,
        Revision.message_id == prototype,
        count,
        message | {"id": "gen_random_uuid()"},
        first,
    )
    _copy(session, Hold, Hold.moment_id == moment_id, count, moment | {"id": "gen_random_uuid()"}, first)


def _deliveries(session: Session, prototype: UUID, first: int, count: int, changed: Changed = NOTHING) -> None:
    values = {"id": f"id_of({DELIVERY}, n)", "message_id": f"id_of({MESSAGE}, n)", **changed}
    _copy(session, Delivery, Delivery.message_id == prototype, count, values, first)


def _heard(session: Session, agent: UUID, sent: UUID, first: int) -> None:
    """23,000 replies, 3,000 of them waiting, and 500 calls to make."""
    ada = session.scalars(select(Customer.id).where(Customer.external_id == BUSY)).one()
    prototype = Reply(
        channel="email",
        provider_key="first",
        customer_id=ada,
        message_id=None,
        person_id=agent,
        from_address="ada.marlowe@example.com",
        subject="Re: Ten orders",
        text="Thank you, that made my day.\n\nOn Monday you wrote:\n> Hello Ada",
        received_at=_LONG_AGO,
    )
    session.add(prototype)
    session.flush()
    values = {
        "id": "gen_random_uuid()",
        "provider_key": "'copy-' || n",
        "customer_id": f"id_of({CUSTOMER}, n * 11)",
        "message_id": f"id_of({MESSAGE}, {first} - n)",
        "received_at": "now() - n * interval '7 minutes'",
        "handled_at": "CASE WHEN n > 3000 THEN now() END",
    }
    _copy(session, Reply, Reply.id == prototype.id, 23_000, values)
    open_calls = _gone() | {"state": "'handed_over'", "closed_at": "NULL"}
    _messages(session, sent, first, 500, "n * 5", open_calls)
    call = {"channel": "'call'", "address": "'+15550142'", "state": "'accepted'", "delivered_at": "NULL"}
    _deliveries(session, sent, first, 500, call | {"accepted_at": "now() - n * interval '1 second'"})


def _decisions(session: Session, prototype: UUID, agent: UUID, count: int) -> None:
    entry = AuditEntry(
        at=_LONG_AGO,
        person_id=agent,
        actor="Robin Agent",
        action="approve",
        subject="message",
        subject_id=prototype,
        detail={},
    )
    session.add(entry)
    session.flush()
    values = {
        "id": "gen_random_uuid()",
        "at": "now() - n * interval '1 minute'",
        "subject_id": f"id_of({MESSAGE}, n)",
        "action": "(ARRAY['approve','edit','skip','undo'])[1 + n % 4]",
    }
    _copy(session, AuditEntry, AuditEntry.id == entry.id, count, values)


def _notes(session: Session, author: UUID) -> None:
    """20,000 of the last month, each about another customer."""
    ada = session.scalars(select(Customer.id).where(Customer.external_id == BUSY)).one()
    note = Note(customer_id=ada, author_id=author, kind="compliment", text="Loved the lamp.", created_at=_LONG_AGO)
    session.add(note)
    session.flush()
    values = {
        "id": "gen_random_uuid()",
        "customer_id": f"id_of({CUSTOMER}, n * 13)",
        "created_at": "now() - n * interval '2 minutes'",
    }
    _copy(session, Note, Note.id == note.id, 20_000, values)


def _copy(session: Session, model: type[Base], which: object, count: int, changed: Changed, first: int = 0) -> None:
    """So many copies of the rows `which`; the changed columns are SQL over `n`, which runs from `first` + 1 on."""
    columns = [column.name for column in model.__table__.columns]
    found = select(model).where(which)  # type: ignore[arg-type]
    prototype = found.compile(session.connection(), compile_kwargs={"literal_binds": True})
    values = ", ".join(f"{changed[name]} AS {name}" if name in changed else f"proto.{name}" for name in columns)
    session.execute(
        text(
            f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) SELECT {values} "
            f"FROM generate_series({first + 1}::bigint, {first + count}::bigint) AS n, ({prototype}) AS proto"
        )
    )


def _vacuum(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def rows_in(session: Session) -> dict[str, int]:
    """How many of each lie there, for the report."""
    return {
        name: session.scalar(select(func.count()).select_from(model).where(*where)) or 0
        for name, model, where in (
            ("customers", Customer, ()),
            ("events", Event, ()),
            ("queued", Message, (Message.state == "in_review",)),
            ("messages", Message, ()),
            ("decisions", AuditEntry, ()),
        )
    }
