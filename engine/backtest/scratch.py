"""A run's own tables: temporary ones that stand before the stored ones under the same names, and are gone afterwards.

Both databases look for a name among the temporary tables first. So the live engine's own statements, unchanged, write
what they spot and plan into the run, and read the customers as they were at the run's clock. One transaction holds all
of it and is always rolled back; and the database itself refuses any other write (PostgreSQL: a read-only transaction,
which still writes temporary tables; SQLite: an authorizer).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    ScalarSelect,
    Table,
    UniqueConstraint,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable
from sqlalchemy.sql import Select
from sqlalchemy.sql.selectable import SelectBase

from engine.backtest.connections import engine_for_a_run
from engine.backtest.parts import WHOLE, Part
from engine.storage.base import Base, UtcDateTime
from engine.storage.given import given
from engine.storage.models import (
    AuditEntry,
    Hold,
    Installation,
    Message,
    MessageMoment,
    Moment,
    Revision,
    Total,
    Trigger,
    TriggerVersion,
)
from engine.storage.session import Database
from engine.storage.upsert import table_of

# What the engine writes while it spots, plans and decides. No revision is ever in a run: its messages have no texts, so
# there is nothing to take back from a reader, who approves at once whatever comes back.
WRITTEN: tuple[type[Base], ...] = (
    *(Trigger, TriggerVersion, Installation, Total, Moment, Message, MessageMoment, Hold, Revision, AuditEntry),
)
ALWAYS, NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_CLOCK = Table("backtest_clock", MetaData(), Column("at", UtcDateTime, nullable=False))
_SET_CLOCK = text("SELECT set_config('jubilee.clock', :at, true)")
# By which pages and the brake look, and no day of a run: every change of a row would write them anew.
_OF_PAGES = frozenset(
    (
        *("ix_moments_planned", "ix_moments_of_calendar", "ix_moments_by_state", "ix_moments_by_day"),
        *("ix_messages_in_review", "ix_messages_in_queue", "ix_messages_of_owner", "ix_messages_taken"),
        *("ix_messages_snoozed", "ix_messages_of_day", "ix_messages_of_calendar", "ix_messages_by_day"),
        *("ix_messages_skipped", "ix_messages_expired", "ix_messages_to_send_of_people"),
    )
)
_MAIN = "main"
_PAGE = 2_000
_tables: dict[tuple[type[Base], str], Table] = {}


@dataclass(frozen=True, slots=True)
class Scratch:
    """One run's session. `live` is the schema in which the stored tables are, for who has to name them. `interrupt`
    ends the statement in hand, if there is one, and may be called from another thread."""

    session: Session
    live: str
    interrupt: Callable[[], None] = lambda: None
    part: Part = WHOLE

    def mine(self, customer_id: Any) -> ColumnElement[bool]:
        """Whether a customer belongs to this part of the run."""
        return self.part.holds(customer_id)

    @property
    def is_sqlite(self) -> bool:
        """Which of the two spellings."""
        return self.session.get_bind().dialect.name == "sqlite"

    def day_number(self, on: Any) -> ColumnElement[int]:
        """Of a date, or of the day of an instant: by which days can be counted."""
        if self.is_sqlite:
            return cast(func.julianday(on), Integer)
        return cast(cast(on, Date) - literal(date(2000, 1, 1), Date), Integer)

    def stored(self, model: type[Base]) -> Table:
        """The live table of a model, whatever the run has under its name."""
        return _stored(model, self.live)

    def create(self, tables: Sequence[Table]) -> None:
        """Make temporary tables with their indexes."""
        for table in tables:
            self.session.execute(CreateTable(table))
            for index in sorted(table.indexes, key=lambda one: str(one.name)):
                self.session.execute(CreateIndex(index))

    def shadow(self, model: type[Base], *, bare: bool = False) -> None:
        """An empty temporary table before that of a model, with its key, what is unique in it and its indexes; a `bare`
        one has none of these, to be filled fast."""
        self.create([_twin(table_of(model), bare=bare)])

    def index(self, model: type[Base], *columns: str) -> None:
        """An index of a bare table, made when it is full."""
        table = _twin(table_of(model), bare=True)
        self.session.execute(
            CreateIndex(Index(f"run_{table.name}_{'_'.join(columns)}", *(table.c[one] for one in columns)))
        )

    def drop(self, model: type[Base]) -> None:
        """Take the run's table of a model away again."""
        self.session.execute(DropTable(_twin(table_of(model), bare=True)))

    def rename(self, model: type[Base], name: str) -> None:
        """Keep the run's table of a model under another name; another one may take its place."""
        self.session.execute(text(f"ALTER TABLE {self._temporary}.{table_of(model).name} RENAME TO {name}"))

    def empty(self, *names: str) -> None:
        """Take all rows out of the run's own tables."""
        way = "DELETE FROM" if self.is_sqlite else "TRUNCATE"
        for name in names:
            self.session.execute(text(f"{way} {self._temporary}.{name}"))

    def view(self, name: str, rows: Select[Any]) -> None:
        """A temporary view that answers under this name from now on."""
        bound = rows.compile(self.session.get_bind(), compile_kwargs={"literal_binds": True})
        self.session.connection().exec_driver_sql(f"CREATE TEMPORARY VIEW {name} AS {bound}")

    def drop_views(self, *names: str) -> None:
        """Let these names mean the stored tables again."""
        for name in names:
            self.session.execute(text(f"DROP VIEW {name if self.is_sqlite else 'pg_temp.' + name}"))

    @property
    def clock(self) -> ScalarSelect[datetime]:
        """The instant of the run, for the views. PostgreSQL keeps it as a setting of the transaction: of a row that is
        written again and again it would keep all versions until the end, and read them each time."""
        if self.is_sqlite:
            return select(_CLOCK.c.at).scalar_subquery()
        return select(cast(func.current_setting("jubilee.clock"), UtcDateTime)).scalar_subquery()

    def set_clock(self, at: datetime) -> None:
        """What the views show is what was known by this instant."""
        if self.is_sqlite:
            self.session.execute(update(_CLOCK).values(at=at))
        else:
            self.session.execute(_SET_CLOCK, {"at": at.isoformat()})

    def freeze(self) -> None:
        """From now on the database refuses every write but those to the run's own tables."""
        if not self.is_sqlite:
            self.session.execute(text("SET TRANSACTION READ ONLY"))

    def keep_plans(self) -> None:
        """From now on statements are asked again and again: PostgreSQL plans each once."""
        if not self.is_sqlite:
            # Names mean the same from here to the end, so plans may be kept, one for all values: the rules are
            # long to plan, and one day of the run has about as much to do as another.
            self._driver.prepare_threshold, self._driver.prepared_max = 2, 300
            self.session.execute(text("SET LOCAL plan_cache_mode = 'force_generic_plan'"))
            # The run's tables are small and in memory: to look a customer up costs no more than to read on.
            self.session.execute(text("SET LOCAL random_page_cost = 1.1"))

    @contextmanager
    def planned(self, **settings: str) -> Iterator[None]:
        """Statements that PostgreSQL plans with these settings, where its own guess is far from the truth."""
        if not self.is_sqlite:
            for name, value in settings.items():
                self.session.execute(text(f"SET LOCAL {name} = '{value}'"))
        yield
        if not self.is_sqlite:
            for name in settings:
                self.session.execute(text(f"SET LOCAL {name} TO DEFAULT"))

    @contextmanager
    def looking_up(self) -> Iterator[None]:
        """Statements about few of many customers, whose moments are in memory and looked up by them: PostgreSQL reckons
        with a disk, where it is dearer to look up a few thousand than to read half a million."""
        with self.planned(random_page_cost="1.1"):
            yield

    def copied(self, rows: SelectBase) -> Iterator[bytes]:
        """These rows as PostgreSQL hands them on, block by block. (SQLite has one part, and hands nothing on.)"""
        bound = rows.compile(self.session.get_bind(), compile_kwargs={"literal_binds": True})
        with self._driver.cursor() as source, source.copy(f"COPY ({bound}) TO STDOUT (FORMAT binary)") as out:
            yield from map(bytes, out)

    def paste(self, table: Table, blocks: Iterable[bytes]) -> None:
        """Take in rows that another part copied, which have the columns of this table."""
        names = ", ".join(column.name for column in table.columns)
        copy = f"COPY pg_temp.{table.name} ({names}) FROM STDIN (FORMAT binary)"
        with self._driver.cursor() as sink, sink.copy(copy) as into:
            for block in blocks:
                into.write(block)

    @property
    def _temporary(self) -> str:
        return "temp" if self.is_sqlite else "pg_temp"

    @property
    def _driver(self) -> Any:
        return self.session.connection().connection.driver_connection

    def measure(self, *names: str) -> None:
        """Tell PostgreSQL how much there is in these tables, which it does not find out by itself."""
        if not self.is_sqlite:
            for name in names:
                self.session.execute(text(f"ANALYZE {name}"))


@contextmanager
def scratch(db: Database, part: Part = WHOLE) -> Iterator[Scratch]:
    """A session with the run's clock, on a connection of its own; whatever it made is gone when the block ends."""
    engine = engine_for_a_run(db, part.snapshot)
    try:
        with Session(engine, expire_on_commit=False) as session:
            live = _MAIN if db.is_sqlite else str(session.scalar(text("SELECT current_schema()")))
            made = Scratch(session, live, _interrupter(session), part)
            if db.is_sqlite:
                made.create([_temporary(_CLOCK)])
                session.execute(_CLOCK.insert().values(at=NEVER))
            made.set_clock(NEVER)
            yield made
            session.rollback()
    finally:
        engine.dispose()


def _interrupter(session: Session) -> Callable[[], None]:
    """What the driver offers for it."""
    driver: Any = session.connection().connection.driver_connection
    return driver.interrupt if isinstance(driver, sqlite3.Connection) else driver.cancel_safe


def temporary(name: str, *columns: Column[Any], indexes: Sequence[Sequence[str]] = ()) -> Table:
    """A table of a run's own, to be made by `create`."""
    table = Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])
    for names in indexes:
        Index(f"ix_{name}_{'_'.join(names)}", *(table.c[one] for one in names))
    return table


def fill(session: Session, table: Table, rows: Iterable[Mapping[str, Any]], **alike: ColumnElement[Any]) -> None:
    """Insert rows that all name the same columns of a run's own table, a page in each statement and not one by one;
    what the columns of `alike` hold is said by one expression for all of them."""
    rest = iter(rows)
    while page := list(islice(rest, _PAGE)):
        columns = {name: table.c[name].type for name in page[0] if name not in alike}
        values = given(session, "rows_of_a_page", columns, [[row[name] for name in columns] for row in page])
        session.execute(insert(table).from_select([*columns, *alike], select(values, *alike.values())))


def _stored(model: type[Base], live: str) -> Table:
    """One and the same for all parts, whichever asks first: a statement that names two would join the table with
    itself."""
    known = _tables.get((model, live))
    return known if known is not None else _tables.setdefault((model, live), _named(model, live))


def _named(model: type[Base], live: str) -> Table:
    return table_of(model).to_metadata(MetaData(), schema=live)


def _temporary(table: Table) -> Table:
    return temporary(table.name, *(column._copy() for column in table.columns))


def _twin(table: Table, *, bare: bool) -> Table:
    """Without foreign keys, as what they point at is not in the run, and without checks, which live rows must pass."""
    twin = Table(table.name, MetaData(), *(_plain(one) for one in table.columns), prefixes=["TEMPORARY"])
    if bare:
        return twin
    twin.append_constraint(PrimaryKeyConstraint(*(column.name for column in table.primary_key)))
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            twin.append_constraint(UniqueConstraint(*(column.name for column in constraint.columns)))
    for index in table.indexes:
        if index.name in _OF_PAGES:
            continue
        Index(
            f"run_{index.name}",
            *(twin.c[column.name] for column in index.columns),
            unique=index.unique,
            postgresql_where=index.dialect_options["postgresql"]["where"],
            sqlite_where=index.dialect_options["sqlite"]["where"],
        )
    return twin


def _plain(column: Column[Any]) -> Column[Any]:
    return Column(column.name, column.type, nullable=column.nullable, server_default=column.server_default)
