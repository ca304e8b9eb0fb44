"""Very many approved messages, made by copying one in the database: ten thousand a second instead of a hundred."""

from typing import Any

from sqlalchemy import MetaData, Table, func, insert, literal, select, text
from sqlalchemy.orm import Session

from engine.storage.models import Message
from tests.faults.site import Site

# What a message needs, in the order of the foreign keys: table, and its columns that lead to another one's copy.
_COPIED: tuple[tuple[str, dict[str, str]], ...] = (
    ("customers", {}),
    ("consents", {"customer_id": "customers"}),
    ("customer_dates", {"customer_id": "customers"}),
    ("contact_points", {"customer_id": "customers"}),
    ("moments", {"customer_id": "customers"}),
    ("messages", {"customer_id": "customers"}),
    ("message_moments", {"message_id": "messages", "moment_id": "moments"}),
    ("revisions", {"message_id": "messages"}),
)
_LED_TO = {"customers", "moments", "messages"}
_PIECE = 5_000


def many(site: Site, count: int) -> None:
    """So many approved mails to as many customers, due now."""
    site.due(1)
    for begin in range(0, count - 1, _PIECE):
        with site.db.writing() as session:
            _copy(session, begin, min(begin + _PIECE, count - 1))
    with site.db.writing() as session:
        session.execute(text("ANALYZE"))
        assert session.scalar(select(func.count()).select_from(Message)) == count


def _copy(session: Session, begin: int, end: int) -> None:
    """Copy the first customer's rows; ids are made from the number of the copy, so that keys follow by themselves."""
    tables = MetaData()
    numbers = func.generate_series(begin, end - 1).table_valued("value", name="n").render_derived()
    for name, links in _COPIED:
        table = Table(name, tables, autoload_with=session.connection(), resolve_fks=False)
        columns: dict[str, Any] = {}
        for column in table.columns:
            if column.name == "id":
                own = column if name not in _LED_TO else ""  # of several rows each becomes one of its own
                columns["id"] = _id(name, numbers.c.value, own)
            elif column.name in links:
                columns[column.name] = _id(links[column.name], numbers.c.value)
            elif column.name in ("external_id", "occurrence_key"):
                columns[column.name] = literal("copy-").op("||")(numbers.c.value.op("::")(text("text")))
            elif column.name == "address":
                columns[column.name] = func.concat("copy-", numbers.c.value, "@example.com")
            elif column.name == "address_hash":
                columns[column.name] = func.encode(
                    func.sha256(func.convert_to(func.concat("copy-", numbers.c.value, "@example.com"), "UTF8")), "hex"
                )
            elif column.name == "bucket":
                columns[column.name] = numbers.c.value
            else:
                columns[column.name] = column
        first = _first(session, name, links, table)
        rows = (
            select(*(columns[column.name] for column in table.columns)).select_from(table).join(numbers, text("true"))
        )
        session.execute(insert(table).from_select([c.name for c in table.columns], rows.where(first)))


def _id(name: str, number: Any, own: Any = "") -> Any:
    return func.md5(func.concat(name, number, own)).op("::")(text("uuid"))


def _first(session: Session, name: str, links: dict[str, str], table: Table) -> Any:
    """The row that was made, not a copy of it."""
    if name == "customers":
        return table.c.external_id.not_like("copy-%")
    original = text("customer_id = (SELECT id FROM customers WHERE external_id NOT LIKE 'copy-%')")
    if "customer_id" in links:
        return original
    messages = (
        "(SELECT m.id FROM messages m JOIN customers c ON c.id = m.customer_id WHERE c.external_id NOT LIKE 'copy-%')"
    )
    return text(f"message_id = {messages}")
