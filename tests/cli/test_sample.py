"""The sample: made people who fit together, a load that can be cut short, and days that arrive one after the other."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from cli.place import make_ready
from cli.sample import loading
from cli.sample.loading import let_arrive, load_sample, others_than_the_sample, sample_of
from cli.sample.people import People, language_of
from cli.sample.purchases import FIRST_RUN_ON, made_purchases
from cli.sample.tickets import made_events
from engine.record.customers import CustomerRow, record_customers
from engine.record.erasing import erase
from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import Settings
from engine.storage.models import Customer, Event, RejectedEvent, Trigger
from engine.storage.session import Database
from triggers.table import KINDS

SUNDAY = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
FIRST_DAY = SUNDAY.date()


def silent(*_: object) -> None:
    """No progress bar."""


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is a Sunday noon until the test says otherwise."""
    with time_machine.travel(SUNDAY, tick=False) as machine:
        yield machine


@pytest.fixture
def jubilee(db: Database, tmp_path: Path, clock: object, monkeypatch: pytest.MonkeyPatch) -> Jubilee:
    """An installation without CDNOW, so that the small made sample is used; pieces are small too."""
    monkeypatch.setattr(loading, "cdnow_file", lambda: None)
    monkeypatch.setattr(loading, "IMPORT_ROWS_PER_COMMIT", 200)
    settings = Settings(home=tmp_path)
    made = Jubilee(db, KINDS, open_channels(settings), settings)
    make_ready(made)
    return made


def recorded(jubilee: Jubilee) -> tuple[list[tuple[str, datetime]], int, int]:
    """(message id and time of every event, customers, rejected events)."""
    with jubilee.db.reading() as session:
        events = sorted((one, at) for one, at in session.execute(select(Event.message_id, Event.occurred_at)))
        customers = session.scalar(select(func.count()).select_from(Customer))
        rejected = session.scalar(select(func.count()).select_from(RejectedEvent))
    return events, customers or 0, rejected or 0


def test_two_runs_make_the_same_people() -> None:
    """Everything about a person follows from the number."""
    numbers = [f"{number:05d}" for number in range(1, 200)]
    assert [People(FIRST_DAY).make(one) for one in numbers] == [People(FIRST_DAY).make(one) for one in numbers]


def test_places_and_languages_of_a_person_fit_together() -> None:
    """Nobody in Madrid is spoken to in German, and each has a language that the tickets know."""
    people = [People(FIRST_DAY).make(f"{number:05d}") for number in range(1, 400)]
    homes = {(one.locale, one.country, str(one.zone).partition("/")[0]) for one in people}
    assert homes == {
        ("en-US", "US", "America"),
        ("en-GB", "GB", "Europe"),
        ("de-DE", "DE", "Europe"),
        ("es-ES", "ES", "Europe"),
    }
    assert {language_of(one.external_id) for one in people} == {"en", "de", "es"}


def test_made_troubles_are_told_in_the_customers_language_and_twice_the_same() -> None:
    """A ticket of somebody who speaks German is in German, or none of the shipped texts would fit around it."""
    purchases = list(made_purchases())
    events = made_events("made", purchases, 0)
    assert events == made_events("made", purchases, 0)
    german = [str(one.properties.get("what_happened")) for one in events if language_of(one.customer) == "de"]
    assert german
    assert not any(" your " in text for text in german)


def test_no_event_of_a_ticket_bears_the_id_of_another() -> None:
    """Message ids are unique, or recording would refuse the second one."""
    ids = Counter(one.message_id for one in made_events("made", list(made_purchases()), 0))
    assert set(ids.values()) == {1}


def test_news_are_promised_for_working_days() -> None:
    """Nobody says "you will hear from me on Sunday"."""
    events = made_events("made", list(made_purchases()), (FIRST_DAY - FIRST_RUN_ON).days)
    promised = [
        date.fromisoformat(str(one.properties["next_news_on"])) for one in events if one.name == "ticket_updated"
    ]
    assert promised
    assert max(day.weekday() for day in promised) <= 4


@pytest.mark.databases("sqlite")
def test_a_load_that_was_cut_short_is_finished_with_the_same_dates(
    jubilee: Jubilee, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies in the middle and goes on a day later: every event once, on the day it had the first time."""
    pieces = iter(range(100))

    def dying(*arguments: object, **named: object) -> object:
        if next(pieces) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    real = loading.record_events
    monkeypatch.setattr(loading, "record_events", dying)
    with pytest.raises(KeyboardInterrupt):
        load_sample(jubilee, real_dates=False, progress=silent)
    before, _, _ = recorded(jubilee)
    with jubilee.db.reading() as session:
        begun = sample_of(session)
    assert begun
    assert not begun.complete

    clock.shift(timedelta(days=1))
    monkeypatch.setattr(loading, "record_events", real)
    done = load_sample(jubilee, real_dates=False, progress=silent)
    after, customers, rejected = recorded(jubilee)
    assert (done.complete, done.shift_days, customers, rejected) == (True, begun.shift_days, 400, 0)
    assert set(before) <= set(after)
    expected = {
        row.message_id for row in loading._events(done, loading._purchases("made")) if row.occurred_at <= done.through
    }
    assert {message_id for message_id, _ in after} == expected


@pytest.mark.databases("sqlite")
def test_the_rest_arrives_as_its_days_come_and_only_once(jubilee: Jubilee, clock: time_machine.Traveller) -> None:
    """What lies ahead waits; a day later the events of that day are there; asked again, none."""
    load_sample(jubilee, real_dates=False, progress=silent)
    assert let_arrive(jubilee) == 0
    at_first = len(recorded(jubilee)[0])
    clock.shift(timedelta(days=3))
    arrived = let_arrive(jubilee)
    assert arrived > 0
    assert len(recorded(jubilee)[0]) == at_first + arrived
    assert let_arrive(jubilee) == 0


@pytest.mark.databases("sqlite")
def test_what_happened_shortly_before_the_first_run_counts(jubilee: Jubilee) -> None:
    """The triggers have been active for three days, so the first queue holds what those days brought."""
    load_sample(jubilee, real_dates=False, progress=silent)
    with jubilee.db.reading() as session:
        since = session.scalars(select(Trigger.active_from).where(Trigger.state == "active")).all()
    assert set(since) == {SUNDAY - timedelta(days=3)}


@pytest.mark.databases("sqlite")
def test_the_real_dates_may_be_kept(jubilee: Jubilee) -> None:
    """With them everything is in the past, and arrives at once."""
    load_sample(jubilee, real_dates=True, progress=silent)
    days = [at.date() for message_id, at in recorded(jubilee)[0] if message_id.startswith("made:0")]
    assert (min(days).year, max(days).year) == (1997, 1998)


def test_a_customer_of_ones_own_is_told_from_those_of_the_sample(jubilee: Jubilee) -> None:
    """Whatever became of these since: one of them may have been erased, and orders or corrections came in."""
    load_sample(jubilee, real_dates=False, progress=silent)
    with jubilee.db.writing() as session:
        first, second = session.scalars(select(Customer).order_by(Customer.external_id).limit(2))
        erase(session, first.id, now=SUNDAY)
        mended = CustomerRow(second.external_id, first_name="Mended")
        record_customers(session, [mended], now=SUNDAY, source="crm", triggers=[])
        assert not others_than_the_sample(session)
        record_customers(session, [CustomerRow("mine")], now=SUNDAY, source="crm", triggers=[])
        assert others_than_the_sample(session)
