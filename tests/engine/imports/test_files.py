"""CSV files: good rows are kept, each bad one is answered by line and column, and a bad file changes nothing."""

import csv
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.errors import InvalidInput
from engine.imports import files
from engine.imports.files import CsvOptions, import_customers, import_events
from engine.imports.report import ImportReport, Remark
from engine.storage.models import Consent, ContactPoint, Customer, CustomerChange, CustomerDate, Event, RejectedEvent
from engine.storage.session import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SAVE_IT = "Save it as UTF-8, or give its encoding, such as cp1252."
GERMAN = {"Kundennummer": "external_id", "Geburtstag": "date:birthday", "Mail": "contact:email", "Tarif": "trait:plan"}
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes customers.csv and answers with its path."""

    def written(content: str | bytes) -> Path:
        path = tmp_path / "customers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def customers(
    db: Database, path: Path, mapping: dict[str, str] | None = None, *, dry_run: bool = False, **options: str
) -> ImportReport:
    return import_customers(db, path, mapping=mapping, dry_run=dry_run, now=NOW, options=CsvOptions(**options))


def events(db: Database, path: Path, *, dry_run: bool = False, **options: str) -> ImportReport:
    return import_events(db, path, dry_run=dry_run, now=NOW, triggers=[], options=CsvOptions(**options))


def ids(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(Customer.external_id).order_by(Customer.external_id)))


def table(path: Path | None) -> list[list[str]]:
    assert path is not None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_columns_are_mapped_by_hand(db: Database, write: Write) -> None:
    """A German file with semicolons, and what each column means."""
    path = write("Kundennummer;Geburtstag;Mail;Tarif;Notiz\nC1;1990-04-17;ana@example.org;gold;x\n")
    report = customers(db, path, GERMAN)
    assert (report.read, report.created, report.unread_columns) == (1, 1, ["Notiz"])
    with db.reading() as session:
        assert session.execute(select(Customer.external_id, Customer.traits)).one() == ("C1", {"plan": "gold"})
        assert session.scalars(select(CustomerDate.month_day)).one() == 417
        assert session.scalars(select(ContactPoint.address)).one() == "ana@example.org"


def test_names_that_people_use_need_no_mapping(db: Database, write: Write) -> None:
    """Customer ID, E-Mail and Date of birth are understood, and targets may be columns themselves."""
    header = "Customer ID,First Name,E-Mail,Date of birth,trait:seats:int,consent:email,wants:birthday,Minor"
    report = customers(db, write(f"{header}\nC1,Ana,ana@example.org,--04-17,3,implied,no,no\n"))
    assert (report.created, report.rejected, report.unread_columns) == (1, [], [])
    with db.reading() as session:
        customer = session.scalars(select(Customer)).one()
        assert (customer.first_name, customer.traits, customer.minor) == ("Ana", {"seats": 3}, False)
        assert session.execute(select(Consent.channel, Consent.basis)).one() == ("email", "implied")


def test_an_empty_cell_says_nothing(db: Database, write: Write) -> None:
    """What is known stays known."""
    customers(db, write("external_id,first_name,birthday\nC1,Ana,1990-04-17\n"))
    report = customers(db, write("external_id,first_name,birthday\nC1,,\n"))
    assert (report.changed, report.unchanged) == (0, 1)


def test_reading_a_file_again_changes_nothing(db: Database, write: Write) -> None:
    """Every row is unchanged, and the change log does not grow."""
    path = write("external_id,email,consent\nC1,a@example.org,yes\nC2,b@example.org,implied\n")
    assert customers(db, path).created == 2
    with db.reading() as session:
        before = session.scalar(select(func.count()).select_from(CustomerChange))
    assert customers(db, path).unchanged == 2
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(CustomerChange)) == before


NUMBERED = "external_id,zone,birthday,email,seats\n"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("C1,Mars/Base,,,", "zone", "unknown time zone 'Mars/Base': expected an IANA name such as 'Europe/Berlin'"),
        (
            "C1,,31.12.1990,,",
            "birthday",
            "'31.12.1990' is not a date: expected a date like '1990-04-17', or '--04-17' without the year",
        ),
        ("C1,,,ana@,", "email", "'ana@' is not one email address such as ana@example.org"),
        ("C1,,,,3.5", "seats", "'3.5' is not a whole number"),
        ("C1,,,,99999999999999999999", "seats", "'99999999999999999999' is not a whole number"),
        (" ,UTC,,,", "external_id", "is empty: every customer needs one"),
        ("C\0,UTC,,,", "external_id", "holds the control character U+0000"),
        ("C1,UTC", None, "has 2 columns, 5 are expected"),
        ("C1,UTC,,,,,", None, "has 7 columns, 5 are expected"),
        ('C1,"UTC"x,,,', None, "cannot be read: ',' expected after '\"' (lines 3 to 3)"),
        (
            f"C1,{'x' * 140_000},,,",
            None,
            "a field is longer than 131072 characters: is a quote not closed? (lines 3 to 3)",
        ),
        ("C0,UTC,,,", "external_id", "'C0' stands in line 2 already"),
    ],
)
def test_a_bad_row_is_reported_by_line_and_column_and_the_others_are_kept(
    db: Database, write: Write, row: str, column: str | None, reason: str
) -> None:
    """The row on line 3 is refused, those before and after it are recorded."""
    path = write(f"{NUMBERED}C0,,,,\n{row}\nC9,,,,\n")
    report = customers(db, path, {"seats": "trait:seats:int"})
    assert report.rejected == [Remark(3, column, reason)]
    assert (report.read, report.created, report.rejected_rows) == (3, 2, 1)
    assert ids(db) == ["C0", "C9"]


def test_lines_are_counted_as_an_editor_counts_them(db: Database, write: Write) -> None:
    """Blank lines and line breaks inside quotes are lines, too; the row after them is on line 7."""
    path = write('\nexternal_id,birthday\n\nC1,"1990-04-17"\n"C\n2",\nC3,nonsense\n')
    report = customers(db, path)
    assert [(remark.line, remark.column) for remark in report.rejected] == [(5, "external_id"), (7, "birthday")]


def test_a_quote_that_is_never_closed_is_one_rejected_row(db: Database, write: Write) -> None:
    """It says where it began and where the file ended."""
    report = customers(db, write('external_id,first_name\nC1,Ana\nC2,"Bob\nC3,Cem\n'))
    assert report.rejected == [Remark(3, None, "a quote is not closed before the end of the file (lines 3 to 4)")]
    assert ids(db) == ["C1"]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"", "customers.csv is empty: its first line should name the columns."),
        (b"\xef\xbb\xbf", "customers.csv is empty: its first line should name the columns."),
        (b"\n \n", "customers.csv is empty: its first line should name the columns."),
        (
            "external_id\nC1\n".encode("utf-16"),
            "customers.csv is written in UTF-16: save it as UTF-8, or give the encoding utf-16.",
        ),
        (
            "external_id\nC1\n".encode("utf-16-le"),
            "customers.csv is not a text file in UTF-8: its first line holds NUL bytes.",
        ),
        (
            "external_id,first_name\nC1,Ana\nC2,Jürgen\n".encode("cp1252"),
            # "external_id,first_name\n" 23 + "C1,Ana\n" 7 + "C2,J" 4
            f"customers.csv is not written in utf-8: byte 34 is 0xFC. {SAVE_IT}",
        ),
        (
            b"\xef\xbb\xbfexternal_id\nC1\xff\n",
            f"customers.csv is not written in utf-8: byte 17 is 0xFF. {SAVE_IT}",
        ),
        (
            b"external_id\n" + b"C1,\xc3\xa4\n" * 20_000 + b"C2\xc3",
            f"customers.csv is not written in utf-8: byte {12 + 6 * 20_000 + 2} is 0xC3. {SAVE_IT}",
        ),
        (b"id,email,id\nC1,,\n", "customers.csv has the column 'id' twice: it is number 1 and 3."),
        (
            b"id,external_id\nC1,C1\n",
            "The columns 'id' and 'external_id' both mean external_id: map one of them to `ignore`.",
        ),
        (b"name,email\nAna,\n", "No column means external_id: map one to it. The file has 'name', 'email'."),
        (
            ",".join(f"c{n}" for n in range(100_000)).encode(),
            "customers.csv has 100000 columns, at most 1000 are read.",
        ),
        (
            b"id,email\nC1,\n" + b"x" * 1_000_001,
            "Line 3 of customers.csv has over 1000000 characters: is it a CSV file?",
        ),
        (
            b'"id,email\nC1,\n',
            "The first line of customers.csv cannot be read as the names of columns: unexpected end of data.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    db: Database, write: Write, content: bytes, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the fault is its last byte, nothing of it is recorded."""
    monkeypatch.setattr(files, "IMPORT_ROWS_PER_COMMIT", 1)
    with pytest.raises(InvalidInput) as refused:
        customers(db, write(content))
    assert str(refused.value) == answer
    assert ids(db) == []


@pytest.mark.parametrize(
    ("mapping", "answer"),
    [
        ({"nmae": "first_name"}, "The mapping names the column 'nmae', and the file has 'id', 'name'."),
        (
            {"name": "colour"},
            "The mapping of 'name' to 'colour' means nothing: the fields are in `jubilee import customers --help`.",
        ),
        (
            {"name": "trait:x:f"},
            "The mapping of 'name' to 'trait:x:f' means nothing: the fields are in `jubilee import customers --help`.",
        ),
        ({"id": "ignore"}, "No column means external_id: map one to it. The file has 'id', 'name'."),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_refused(
    db: Database, write: Write, mapping: dict[str, str], answer: str
) -> None:
    """The answer names what it says and what the file has."""
    with pytest.raises(InvalidInput) as refused:
        customers(db, write("id,name\nC1,Ana\n"), mapping)
    assert str(refused.value) == answer


def test_a_mapping_of_events_leads_to_the_fields_of_events(db: Database, write: Write) -> None:
    """Those of customers are others."""
    with pytest.raises(InvalidInput, match="`jubilee import events --help`"):
        import_events(db, write("id\nC1\n"), mapping={"id": "foo"}, now=NOW, triggers=[])


def test_a_missing_file_an_unknown_zone_and_an_unknown_encoding_are_named(db: Database, write: Write) -> None:
    """Each before anything is read."""
    with pytest.raises(InvalidInput, match=r"nowhere\.csv cannot be read: No such file or directory\."):
        customers(db, Path("nowhere.csv"))
    with pytest.raises(InvalidInput, match="unknown time zone 'Mars'"):
        customers(db, write("id\nC1\n"), zone="Mars")
    with pytest.raises(InvalidInput, match="There is no encoding 'klingon'"):
        customers(db, write("id\nC1\n"), encoding="klingon")


@pytest.mark.parametrize(("encoding", "name"), [("utf-16", "utf-16"), ("cp1252", "cp1252"), ("utf-8-sig", "")])
def test_other_encodings_are_read_when_they_are_named(db: Database, write: Write, encoding: str, name: str) -> None:
    """A byte-order mark of UTF-8 needs no naming and is no part of the first column."""
    options = {"encoding": name} if name else {}
    customers(db, write("external_id,first_name\nC1,Jürgen\n".encode(encoding)), **options)
    with db.reading() as session:
        assert session.scalars(select(Customer.first_name)).one() == "Jürgen"


def test_a_file_without_rows_is_no_fault(db: Database, write: Write) -> None:
    """Nothing happened today, says the nightly export."""
    report = customers(db, write("external_id,email\n"))
    assert (report.read, report.rejected_rows, report.rejected_file) == (0, 0, None)


def test_placeholder_dates_are_warned_about(db: Database, write: Write) -> None:
    """The rows are kept; each warning has its line and the file's own column name."""
    report = customers(db, write("id,Birthday\nC1,1900-01-01\nC2,0\nC3,2027-01-01\nC4,1990-04-17\n"))
    assert (report.created, report.warned) == (4, 3)
    assert report.warnings == [
        Remark(2, "Birthday", "1 January 1900 is a common stand-in for an unknown date"),
        Remark(3, "Birthday", "1 January 1970 is what the timestamp 0 reads as, a stand-in for an unknown date"),
        Remark(4, "Birthday", "2027-01-01 lies in the future"),
    ]


def test_rejected_rows_are_written_next_to_the_file_and_run_no_formula(db: Database, write: Write) -> None:
    """Line, column and reason, then the row as it was, with cells that a spreadsheet would run marked by a quote."""
    report = customers(db, write('id,name,zone\nC1,"=HYPERLINK(""http://x"")",Mars\nC2,Bob,UTC\n'))
    assert report.rejected_file is not None
    assert report.rejected_file.name == "customers.rejected.csv"
    assert table(report.rejected_file) == [
        ["line", "column", "reason", "id", "name", "zone"],
        ["2", "zone", report.rejected[0].reason, "C1", '\'=HYPERLINK("http://x")', "Mars"],
    ]


def test_the_file_of_rejected_rows_can_be_mended_and_imported(db: Database, write: Write) -> None:
    """The marks are taken off again: the telephone number and the birthday without a year arrive as they were."""
    report = customers(db, write("id,sms,birthday,zone\nC1,+4930123456,--04-17,Mars\n"))
    assert report.rejected_file is not None
    assert table(report.rejected_file)[1][4:] == ["'+4930123456", "'--04-17", "Mars"]
    mended = report.rejected_file.with_name("mended.csv")
    mended.write_text(report.rejected_file.read_text(encoding="utf-8-sig").replace(",Mars", ",UTC"))
    again = customers(db, mended)
    assert (again.created, again.rejected, again.unread_columns) == (1, [], ["line", "column", "reason"])
    with db.reading() as session:
        assert session.scalars(select(ContactPoint.address)).one() == "+4930123456"


def test_an_old_file_of_rejected_rows_does_not_stay(db: Database, write: Write) -> None:
    """After an import without a fault there is none."""
    first = customers(db, write("id,zone\nC1,Mars\n")).rejected_file
    assert first is not None
    assert first.exists()
    assert customers(db, write("id,zone\nC1,UTC\n")).rejected_file is None
    assert not first.exists()


def test_a_folder_that_takes_no_file_does_not_stop_the_import(db: Database, write: Write) -> None:
    """The good rows are recorded, and the report says what could not be written."""
    path = write("id,zone\nC1,Mars\nC2,UTC\n")
    path.with_name("customers.rejected.csv").mkdir()
    report = customers(db, path)
    assert (report.created, report.rejected_rows) == (1, 1)
    assert report.warnings[-1].reason.startswith("the rejected rows could not be written to customers.rejected.csv: ")


def test_a_dry_run_answers_the_same_and_writes_nothing(db: Database, write: Write) -> None:
    """Neither rows nor the file of rejected ones."""
    path = write("id,zone\nC1,UTC\nC2,Mars\nC1,UTC\n")
    dry = customers(db, path, dry_run=True)
    assert ids(db) == []
    assert not path.with_name("customers.rejected.csv").exists()
    real = customers(db, path)
    assert (dry.read, dry.created, dry.rejected) == (real.read, real.created, real.rejected) == (3, 1, dry.rejected)
    assert [remark.line for remark in dry.rejected] == [3, 4]


def test_each_piece_is_a_transaction_of_its_own(db: Database, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pieces of two rows; when the third fails, two are there whole, and importing again finishes."""
    monkeypatch.setattr(files, "IMPORT_ROWS_PER_COMMIT", 2)
    path = write("id\n" + "".join(f"C{n}\n" for n in range(5)))
    sizes: list[int] = []
    real = files.record_customers

    def failing(session, rows, **told):  # type: ignore[no-untyped-def]
        sizes.append(len(rows))
        done = real(session, rows, **told)
        if len(sizes) == 3:
            raise OSError("the power went")
        return done

    monkeypatch.setattr(files, "record_customers", failing)
    with pytest.raises(OSError, match="the power went"):
        customers(db, path)
    assert (sizes, ids(db)) == ([2, 2, 1], ["C0", "C1", "C2", "C3"])
    again = customers(db, path)
    assert (again.created, again.unchanged) == (1, 4)


def test_an_id_counts_once_in_a_file_however_far_apart(
    db: Database, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is refused even in a later piece, so that reading the file twice does not go back and forth."""
    monkeypatch.setattr(files, "IMPORT_ROWS_PER_COMMIT", 1)
    report = customers(db, write("id,first_name\nC1,Ana\nC2,Bob\nC1,Eva\n"))
    assert report.rejected == [Remark(4, "id", "'C1' stands in line 2 already")]


def test_progress_is_told_in_bytes(db: Database, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last number is the size of the file."""
    path = write("id\nC1\nC2\n")
    told: list[int] = []
    import_customers(db, path, now=NOW, progress=told.append)
    assert told == [path.stat().st_size]


def test_only_the_first_thousand_remarks_are_kept_and_all_are_counted(db: Database, write: Write) -> None:
    """Memory stays bounded; the file of rejected rows has them all."""
    report = customers(db, write("id,zone\n" + "".join(f"C{n},Mars\n" for n in range(1_500))))
    assert (len(report.rejected), report.rejected_rows) == (1_000, 1_500)
    assert len(table(report.rejected_file)) == 1_501


def test_times_without_a_zone_are_read_in_the_zone_of_the_file(db: Database, write: Write) -> None:
    """Given on 1 June at 09:00 in Berlin, which is 07:00 UTC."""
    customers(db, write("id,consent,consent_given_at\nC1,yes,2026-06-01 09:00\n"), zone="Europe/Berlin")
    with db.reading() as session:
        assert session.scalars(select(Consent.given_at)).one() == datetime(2026, 6, 1, 7, 0, tzinfo=UTC)


# Events

ORDERS = "message_id,customer,name,occurred_at,amount_minor:int,currency\n"


@pytest.fixture
def ana(db: Database, write: Write) -> None:
    """A customer to whom things happen."""
    customers(db, write("id\nana\n"))


@pytest.mark.usefixtures("ana")
def test_events_are_recorded_with_typed_properties(db: Database, write: Write) -> None:
    """Every column that is not a field is a property, and whole numbers are numbers where the header says so."""
    path = write(
        f"{ORDERS}m1,ana,order_completed,2026-11-01T10:00:00Z,1250,EUR\nm2,ana,order_completed,2026-11-02T10:00:00+01:00,,\n"
    )
    report = events(db, path)
    assert (report.recorded, report.rejected) == (2, [])
    with db.reading() as session:
        rows = list(session.scalars(select(Event).order_by(Event.message_id)))
        session.expunge_all()
    assert [row.properties for row in rows] == [{"amount_minor": 1250, "currency": "EUR"}, {}]
    assert rows[1].occurred_at == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert {row.source for row in rows} == {"customers.csv"}


@pytest.mark.usefixtures("ana")
def test_reading_events_again_records_none_twice(db: Database, write: Write) -> None:
    """The message id decides; one with another body is refused."""
    events(db, write(f"{ORDERS}m1,ana,order_completed,2026-11-01T10:00:00Z,1250,EUR\n"))
    report = events(
        db,
        write(
            f"{ORDERS}m1,ana,order_completed,2026-11-01T10:00:00Z,1250,EUR\n"
            "m1,ana,order_completed,2026-11-01T10:00:00Z,9,EUR\n"
        ),
    )
    assert (report.recorded, report.duplicates) == (0, 1)
    assert [(remark.line, remark.column) for remark in report.rejected] == [(3, "message_id")]


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("m1,eva,order_completed,2026-11-01T10:00:00Z,1,EUR", "customer", "there is no customer 'eva'"),
        (
            "m1,ana,order_completed,2026-11-01 10:00,1,EUR",
            "occurred_at",
            "'2026-11-01 10:00' has no time zone: write 2026-11-22T09:30:00Z, or say the file's zone",
        ),
        (
            "m1,ana,order_completed,yesterday,1,EUR",
            "occurred_at",
            "'yesterday' is not a time such as 2026-11-22T09:30:00Z",
        ),
        (
            "m1,ana,order_completed,1970-01-01T00:00:00Z,1,EUR",
            "occurred_at",
            "1970-01-01T00:00:00+00:00 is what the timestamp 0 reads as, a stand-in for an unknown time",
        ),
        ("m1,ana,order_completed,2026-11-01T10:00:00Z,12.50,EUR", "amount_minor:int", "'12.50' is not a whole number"),
        (",ana,order_completed,2026-11-01T10:00:00Z,1,EUR", "message_id", "is empty"),
        ("m1,,order_completed,2026-11-01T10:00:00Z,1,EUR", "customer", "is empty"),
    ],
)
def test_a_bad_event_is_reported_by_line_and_column(
    db: Database, write: Write, row: str, column: str, reason: str
) -> None:
    """The answer says what was expected; the event after it is recorded."""
    report = events(db, write(f"{ORDERS}{row}\nm9,ana,order_completed,2026-11-03T10:00:00Z,1,EUR\n"))
    assert report.rejected == [Remark(2, column, reason)]
    assert report.recorded == 1


@pytest.mark.usefixtures("ana")
def test_a_file_without_ids_names_and_zones_says_them_once(db: Database, write: Write) -> None:
    """The message id is the prefix and the line, as CDNOW's must be: equal rows are two orders."""
    path = write("customer,time,tags:list,paid:bool\nana,2026-06-01,a,yes\nana,2026-06-01,a,yes\n")
    for recorded in (2, 0):
        report = events(db, path, zone="Europe/Berlin", event_name="order_completed", message_id_prefix="orders-")
        assert (report.recorded, report.rejected) == (recorded, [])
    with db.reading() as session:
        rows = list(session.scalars(select(Event).order_by(Event.message_id)))
        session.expunge_all()
    assert [row.message_id for row in rows] == ["orders-2", "orders-3"]
    assert rows[0].occurred_at == datetime(2026, 5, 31, 22, 0, tzinfo=UTC)  # midnight in Berlin
    assert rows[0].properties == {"tags": ["a"], "paid": True}


@pytest.mark.usefixtures("ana")
def test_a_dry_run_of_events_keeps_nothing(db: Database, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the refused ones; an id in an earlier piece counts as a duplicate."""
    monkeypatch.setattr(files, "IMPORT_ROWS_PER_COMMIT", 1)
    row = "m1,ana,order_completed,2026-11-01T10:00:00Z,1,EUR\n"
    report = events(db, write(f"{ORDERS}{row}{row}m2,eva,order_completed,2026-11-01T10:00:00Z,1,EUR\n"), dry_run=True)
    assert (report.recorded, report.duplicates, report.rejected_rows) == (1, 1, 1)
    with db.reading() as session:
        assert session.scalars(select(Event.id)).all() == []
        assert session.scalars(select(RejectedEvent.id)).all() == []


def test_a_file_of_events_needs_its_four_fields(db: Database, write: Write) -> None:
    """The answer names the one that no column means."""
    with pytest.raises(InvalidInput) as refused:
        events(db, write("customer,name,occurred_at\nana,order_completed,2026-11-01\n"))
    assert str(refused.value) == (
        "No column means message_id: map one to it. The file has 'customer', 'name', 'occurred_at'."
    )


@pytest.mark.databases("sqlite")
def test_memory_does_not_grow_with_the_file(db: Database, tmp_path: Path) -> None:
    """A file of 40 MB whose every row is refused is read within 10 MB; a piece of it has 2 MB."""
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("id,zone,note\n")
        file.writelines(f"C{n},Mars,{'x' * 2_000}\n" for n in range(20_000))
    tracemalloc.start()
    try:
        report = customers(db, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.rejected_rows == 20_000
    assert peak < 10_000_000
