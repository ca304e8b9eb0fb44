"""Customers enter in sets; only what a row names changes, and every change is remembered."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from engine.record.customer_state import tombstone
from engine.record.customers import ConsentRow, CustomerRow, PreferenceRow, Recorded, record_customers
from engine.record.rejection import Notice, Rejection
from engine.storage.models import Consent, ContactPoint, Customer, CustomerChange, CustomerDate, Preference

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANA = CustomerRow(
    external_id="C1",
    first_name="Ana",
    locale="de_at",
    country="at",
    traits={"plan": "gold", "seats": 3},
    dates={"birthday": "1990-04-17"},
    contacts={"email": "Ana@Example.ORG"},
)


def record(session: Session, *rows: CustomerRow, now: datetime = NOW, source: str = "test") -> Recorded:
    return record_customers(session, rows, now=now, source=source)


def ana(session: Session) -> Customer:
    return session.scalars(
        select(Customer).where(Customer.external_id == "C1").execution_options(populate_existing=True)
    ).one()


def changes(session: Session) -> dict[str, tuple[object, object]]:
    rows = session.execute(select(CustomerChange).order_by(CustomerChange.id)).scalars()
    return {row.field: (row.old, row.new) for row in rows}


def test_a_new_customer_is_stored_with_everything_the_row_says(session: Session) -> None:
    """Names, place, traits, date and address arrive, each in its one spelling."""
    assert record(session, ANA) == Recorded(1, 0, 0, [], [])
    customer = ana(session)
    assert (customer.first_name, customer.locale, customer.country) == ("Ana", "de-AT", "AT")
    assert customer.traits == {"plan": "gold", "seats": 3}
    assert 0 <= customer.bucket < 2**31
    assert session.execute(select(ContactPoint.channel, ContactPoint.address)).one() == ("email", "Ana@example.org")
    date = session.scalars(select(CustomerDate)).one()
    assert (date.year, date.month, date.day, date.month_day, date.placeholder) == (1990, 4, 17, 417, None)


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        (None, "UTC"),
        ("AT", "Europe/Vienna"),
        ("DE", "Europe/Berlin"),  # Busingen has another name and the same clock
        ("DE-BY", "Europe/Berlin"),
        ("ES", "UTC"),  # the Canary Islands are an hour behind
        ("US", "UTC"),
    ],
)
def test_without_a_zone_a_new_customer_has_that_of_a_country_with_one_clock(
    session: Session, country: str | None, zone: str
) -> None:
    """A country with several clocks is not guessed at."""
    record(session, CustomerRow("C1", country=country))
    assert ana(session).zone == zone


def test_a_partial_row_changes_only_what_it_names(session: Session) -> None:
    """A row with a trait leaves names, dates and other traits alone."""
    record(session, ANA)
    assert record(session, CustomerRow("C1", traits={"plan": "silver"})).changed == 1
    customer = ana(session)
    assert (customer.first_name, customer.traits) == ("Ana", {"plan": "silver", "seats": 3})
    assert session.scalars(select(func.count()).select_from(CustomerDate)).one() == 1


def test_an_unchanged_row_writes_nothing(session: Session) -> None:
    """Importing the same file again leaves even updated_at as it was."""
    record(session, ANA)
    before = len(changes(session))
    assert record(session, ANA, now=NOW + timedelta(days=1)) == Recorded(0, 0, 1, [], [])
    assert len(changes(session)) == before
    assert ana(session).updated_at == NOW


def test_each_changed_field_is_remembered_with_old_and_new(session: Session) -> None:
    """The log says what it was, what it became, since when, when we learned it and from whom."""
    record(session, ANA)
    since = NOW - timedelta(days=5)
    later = NOW + timedelta(hours=1)
    row = CustomerRow(
        "C1",
        last_name="Ray",
        zone="Asia/Tokyo",
        traits={"plan": None},
        dates={"birthday": "--04-18"},
        contacts={"email": "b@example.org"},
        effective_at=since,
    )
    record(session, row, now=later, source="desk")
    rows = session.scalars(select(CustomerChange).where(CustomerChange.recorded_at == later)).all()
    assert {(row.field, row.old, row.new) for row in rows} == {
        ("last_name", None, "Ray"),
        ("zone", "Europe/Vienna", "Asia/Tokyo"),
        ("zone_guessed", True, False),
        ("traits.plan", "gold", None),
        ("dates.birthday", "1990-04-17", "--04-18"),
        ("contacts.email", "Ana@example.org", "b@example.org"),
    }
    assert {(row.effective_at, row.source) for row in rows} == {(since, "desk")}
    assert ana(session).traits == {"seats": 3}
    assert session.scalars(select(ContactPoint.address)).all() == ["b@example.org"]


def test_none_takes_away_what_was_known(session: Session) -> None:
    """A date and an address that are None are gone; they were not merely left unsaid."""
    record(session, ANA)
    record(session, CustomerRow("C1", first_name=None, dates={"birthday": None}, contacts={"email": None}))
    assert ana(session).first_name is None
    assert session.scalars(select(CustomerDate)).all() == []
    assert session.scalars(select(ContactPoint)).all() == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (CustomerRow("  "), "external_id", "is empty: every customer needs one"),
        (CustomerRow("x" * 201), "external_id", "201 characters are too long, at most 200 are expected"),
        (CustomerRow("C\0"), "external_id", "holds the control character U+0000"),
        (CustomerRow("C2", first_name="A\r\nBcc: all"), "first_name", "holds the control character U+000D"),
        (CustomerRow("C2", first_name="\ud800"), "first_name", "holds the control character U+D800"),
        (
            CustomerRow("C2", zone="Europe/Berlni"),
            "zone",
            "unknown time zone 'Europe/Berlni': did you mean 'Europe/Berlin'?",
        ),
        (CustomerRow("C2", locale="klingon"), "locale", "'klingon' is not a language we know, such as en, es or de-AT"),
        (
            CustomerRow("C2", country="Germany"),
            "country",
            "'Germany' is not a country: two letters such as DE or US-CA are expected",
        ),
        (
            CustomerRow("C2", country="ZZ"),
            "country",
            "'ZZ' is not a country: two letters such as DE or US-CA are expected",
        ),
        (
            CustomerRow("C2", dates={"birthday": "17.04.1990"}),
            "date:birthday",
            "'17.04.1990' is not a date: expected a date like '1990-04-17', or '--04-17' without the year",
        ),
        (
            CustomerRow("C2", dates={"birthday": "2023-02-29"}),
            "date:birthday",
            "'2023-02-29' is not a date, February has no day 29 in 2023: "
            "expected a date like '1990-04-17', or '--04-17' without the year",
        ),
        (
            CustomerRow("C2", contacts={"email": "ana"}),
            "contact:email",
            "'ana' is not one email address such as ana@example.org",
        ),
        (
            CustomerRow("C2", contacts={"email": "a@b.org, c@d.org"}),
            "contact:email",
            "'a@b.org, c@d.org' is not one email address such as ana@example.org",
        ),
        (
            CustomerRow("C2", contacts={"sms": "030 123456"}),
            "contact:sms",
            "'030 123456' is not a telephone number with its country code, such as +4930123456",
        ),
        (
            CustomerRow("C2", contacts={"fax": "1"}),
            "contact:fax",
            "there is no channel 'fax': call, email, inapp, letter, postbox, push, sms, webhook, whatsapp are known",
        ),
        (
            CustomerRow("C2", traits={"Plan B": 1}),
            "trait:Plan B",
            "'Plan B' is not a name: small letters, digits and _ are expected, a letter first",
        ),
        (CustomerRow("C2", traits={"x": float("nan")}), "trait:x", "nan is not a text, a number or a yes or no"),
        (CustomerRow("C2", traits={"x": [1]}), "trait:x", "[1] is not a text, a number or a yes or no"),
        (CustomerRow("C2", deceased="no"), "deceased", "'no' is neither yes nor no"),  # type: ignore[arg-type]
        (
            CustomerRow("C2", effective_at=NOW + timedelta(days=1)),
            "effective_at",
            "2026-11-23T09:00:00+00:00 lies in the future",
        ),
        (
            CustomerRow("C2", consents=[ConsentRow("maybe")]),
            "consent:*",
            "'maybe' on the basis 'express' is not a consent",
        ),  # type: ignore[arg-type]
    ],
)
def test_a_bad_row_is_refused_by_column_and_its_neighbours_are_kept(
    session: Session, row: CustomerRow, column: str, reason: str
) -> None:
    """The answer names the row, the column and what was expected; the good row beside it is stored."""
    assert record(session, row, ANA) == Recorded(1, 0, 0, [Rejection(0, column, reason)], [])
    assert session.scalars(select(Customer.external_id)).all() == ["C1"]


def test_an_external_id_counts_once_in_a_set(session: Session) -> None:
    """The second row of the same customer is refused, so that reading a file twice changes nothing."""
    recorded = record(session, CustomerRow("C1", first_name="Ana"), CustomerRow("C1", first_name="Eva"))
    assert recorded.rejected == [Rejection(1, "external_id", "'C1' stands in an earlier row already")]
    assert ana(session).first_name == "Ana"


@pytest.mark.parametrize(
    ("text", "stored", "reason"),
    [
        ("1900-01-01", "1900-01-01", "1 January 1900 is a common stand-in for an unknown date"),
        ("0", "1970-01-01", "1 January 1970 is what the timestamp 0 reads as, a stand-in for an unknown date"),
        (
            "1970-01-01T00:00:00Z",
            "1970-01-01",
            "1 January 1970 is what the timestamp 0 reads as, a stand-in for an unknown date",
        ),
        ("2026-11-23", "2026-11-23", "2026-11-23 lies in the future"),
        ("1906-11-21", "1906-11-21", "1906-11-21 is more than 120 years ago"),
    ],
)
def test_a_placeholder_is_stored_with_its_reason_and_reported(
    session: Session, text: str, stored: str, reason: str
) -> None:
    """The row is kept, the date is marked as never to be greeted, and the report warns."""
    recorded = record(session, CustomerRow("C1", dates={"birthday": text}))
    assert recorded == Recorded(1, 0, 0, [], [Notice(0, "date:birthday", reason)])
    date = session.scalars(select(CustomerDate)).one()
    assert (str(date.on), date.placeholder) == (stored, reason)


def test_today_is_the_customers_own_when_a_birthday_lies_ahead(session: Session) -> None:
    """At 11:00 UTC on 22 November it is already the 23rd on Kiritimati (UTC+14): a child was born there today."""
    born = CustomerRow("C1", zone="Pacific/Kiritimati", dates={"birthday": "2026-11-23"})
    assert record(session, born, now=NOW + timedelta(hours=2)).warnings == []


def test_a_contract_may_begin_tomorrow(session: Session) -> None:
    """Only a birthday cannot lie ahead."""
    assert record(session, CustomerRow("C1", dates={"contract_start": "2026-12-01"})).warnings == []


def test_implied_consent_ends_after_two_years_and_reading_it_again_renews_nothing(session: Session) -> None:
    """22 November 2026 + 2 years, unless the row says otherwise; the same row a month later leaves that date."""
    row = CustomerRow("C1", consents=[ConsentRow("granted", "email", basis="implied")])
    record(session, row)
    assert record(session, row, now=NOW + timedelta(days=30)).unchanged == 1
    consent = session.scalars(select(Consent)).one()
    assert (consent.given_at, consent.expires_at) == (NOW, datetime(2028, 11, 22, 9, 0, tzinfo=UTC))


def test_express_consent_does_not_end_by_itself(session: Session) -> None:
    """No expiry is made up where the law knows none."""
    record(session, CustomerRow("C1", consents=[ConsentRow("granted")]))
    consent = session.scalars(select(Consent)).one()
    assert (consent.channel, consent.occasion, consent.source, consent.expires_at) == ("*", "*", "test", None)


def test_an_old_file_does_not_undo_a_refusal(session: Session) -> None:
    """The customer unsubscribed; the nightly export that still says yes is answered with a warning."""
    yes = CustomerRow("C1", consents=[ConsentRow("granted", "email")])
    record(session, yes)
    record(session, CustomerRow("C1", consents=[ConsentRow("refused", "email", source="unsubscribe", given_at=NOW)]))
    recorded = record(session, yes, now=NOW + timedelta(days=1))
    reason = "the refusal of 2026-11-22 stands, as this row does not say when it was taken back"
    assert recorded == Recorded(0, 0, 1, [], [Notice(0, "consent:email", reason)])
    assert session.scalars(select(Consent.state)).one() == "refused"


def test_a_newer_dated_consent_takes_a_refusal_back(session: Session) -> None:
    """A row that says when it was given is believed."""
    record(session, CustomerRow("C1", consents=[ConsentRow("refused", "email")]))
    later = NOW + timedelta(days=1)
    record(session, CustomerRow("C1", consents=[ConsentRow("granted", "email", given_at=later)]), now=later)
    assert session.execute(select(Consent.state, Consent.given_at)).one() == ("granted", later)


def test_an_occasion_that_was_declined_stays_declined(session: Session) -> None:
    """A file without a date does not switch birthdays on again."""
    record(session, CustomerRow("C1", preferences=[PreferenceRow("birthday", False)]))
    recorded = record(session, CustomerRow("C1", preferences=[PreferenceRow("birthday", True, "email")]))
    assert [warning.column for warning in recorded.warnings] == ["wants:birthday"]
    assert session.scalars(select(Preference.wanted)).one() is False


def test_flags_are_kept_and_only_true_ones_are_news_about_a_new_customer(session: Session) -> None:
    """`minor: no` about somebody new is no change worth remembering."""
    record(session, CustomerRow("C1", deceased=True, minor=False))
    assert ana(session).deceased
    assert changes(session) == {"deceased": (None, True), "zone": (None, "UTC"), "zone_guessed": (None, True)}


def test_an_import_does_not_bring_an_erased_customer_back(session: Session) -> None:
    """What is left of the customer knows its external id only as a hash; the row is refused and nothing is stored."""
    record(session, ANA)
    erased = {"external_id": tombstone("C1"), "erased_at": NOW, "first_name": None, "traits": {}}
    session.execute(update(Customer).values(erased))
    recorded = record(session, ANA, CustomerRow("C2"))
    assert recorded == Recorded(1, 0, 0, [Rejection(0, "external_id", "this customer was erased and stays so")], [])
    assert session.scalars(select(Customer.first_name)).all() == [None, None]


def test_more_than_a_thousand_rows_are_refused_as_a_whole(session: Session) -> None:
    """Pages wait for the write lock, so nobody may hold it for long."""
    with pytest.raises(ValueError, match="1001 rows at once are too many"):
        record(session, *[CustomerRow(str(n)) for n in range(1001)])


def test_a_thousand_rows_take_a_handful_of_statements(session: Session) -> None:
    """One look-up and one write per table, however many rows there are."""
    statements: list[str] = []
    bind = session.get_bind()
    listener = lambda conn, cursor, statement, *rest: statements.append(statement)  # noqa: E731
    event.listen(bind, "before_cursor_execute", listener)
    try:
        rows = [
            CustomerRow(f"C{n}", first_name="A", dates={"birthday": "--01-02"}, contacts={"email": f"c{n}@x.org"})
            for n in range(1000)
        ]
        assert record(session, *rows).created == 1000
    finally:
        event.remove(bind, "before_cursor_execute", listener)
    assert len(statements) < 25, statements
