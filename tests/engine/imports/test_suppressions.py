"""The list of the system before holds whom it means, however it is written; what holds nobody is refused by line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.imports.files import CsvOptions, import_customers
from engine.imports.report import ImportReport
from engine.imports.suppressions import Told, import_suppressions
from engine.storage.models import ContactPoint, Suppression
from engine.storage.session import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOLD = Told("left before", "list.csv", NOW)


def suppress(db: Database, folder: Path, content: str, told: Told = TOLD) -> ImportReport:
    path = folder / "list.csv"
    path.write_text(content, encoding="utf-8")
    return import_suppressions(db, path, told)


def reached(db: Database) -> int:
    """How many addresses of customers are suppressed."""
    with db.reading() as session:
        by_hash = ContactPoint.address_hash == Suppression.address_hash
        return session.scalar(select(func.count()).select_from(ContactPoint).join(Suppression, by_hash)) or 0


@pytest.mark.parametrize(
    "written",
    [
        *("+491517000001", "+49 151 7000001", "0049 151 7000001", "+49.151.7000001"),
        *("+49/151/7000001", "+49-151-7000001", "+49 (151) 700 00 01", "+49 (0)151 7000001", "'+491517000001"),
        *("ana@example.org", " Ana@Example.ORG"),
    ],
)
def test_an_address_is_known_in_every_spelling(db: Database, tmp_path: Path, written: str) -> None:
    """As the customers' import reads it: the same cleaning, and then the same hash."""
    path = tmp_path / "customers.csv"
    path.write_text("external_id,contact:call,email\nC1,+491517000001,ana@example.org\n", encoding="utf-8")
    assert import_customers(db, path, now=NOW, options=CsvOptions()).created == 1
    assert suppress(db, tmp_path, f"address\n{written}\n").created == 1
    assert reached(db) == 1


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("nonsense,", "is not a telephone number with its country code"),
        ("0151 2345678,", "is not a telephone number with its country code"),  # of which country?
        ("491517000001,", "is not a telephone number with its country code"),
        ("foo@,", "is not one email address"),
        ("+491517000001,email", "is not one email address"),
        ("ana@example.org,sms", "is not a telephone number"),
    ],
)
def test_what_can_be_no_address_is_refused(db: Database, tmp_path: Path, written: str, why: str) -> None:
    """By line and reason: whoever brings the list must know whom it does not hold."""
    report = suppress(db, tmp_path, f"address,channel\nbo@example.org,\n{written}\n")
    assert (report.created, report.rejected_rows) == (1, 1)
    assert (report.rejected[0].line, report.rejected[0].column) == (3, "address")
    assert why in report.rejected[0].reason


def test_an_address_on_paper_needs_its_channel(db: Database, tmp_path: Path) -> None:
    """Any line may be one, where the file or whoever imports it says that letters are meant."""
    told = Told("left before", "list.csv", NOW, channel="letter")
    assert suppress(db, tmp_path, "address\n12 High Street\n").rejected_rows == 1
    assert suppress(db, tmp_path, "address\n12 High Street\n", told).created == 1


def test_a_second_address_in_a_row_is_not_passed_over(db: Database, tmp_path: Path) -> None:
    """An export with columns for mail and phone says which rows have both; one of them alone is taken."""
    report = suppress(db, tmp_path, "Email,Phone\nana@example.org,+491517000001\n,+491517000002\nbo@example.org,\n")
    assert report.created == 2
    assert [(one.line, one.reason) for one in report.rejected] == [
        (2, "names two addresses: write each in a row of its own")
    ]
