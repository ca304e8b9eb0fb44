"""`jubilee import`: mapping, reports, exit codes, dry runs."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Terminal

Write = Callable[[str, str], Path]
CUSTOMERS = "Nr;Name;Geb.\nC1;Ana;1990-04-17\nC2;Bo;31.02.1990\n"
MAPPED = ("--map", "Nr=external_id", "--map", "Name=first_name", "--map", "Geb.=date:birthday")
EVENTS = "message_id,customer,name,occurred_at,amount_minor\ne1,C1,order_completed,2026-01-05T10:00:00Z,1200\n"


def test_good_rows_are_kept_and_bad_ones_reported(ready: Terminal, file: Write) -> None:
    """Exit code 3 says that rows were rejected; the report names line, column and reason, and where the rows lie."""
    path = file("customers.csv", CUSTOMERS)
    output = ready.run("import", "customers", str(path), *MAPPED, code=3).output
    assert "2 rows read: 1 created, 1 rejected." in output
    assert "rejected: line 3, Geb.:" in output
    assert str(path.with_name("customers.rejected.csv")) in output
    assert path.with_name("customers.rejected.csv").exists()


def test_the_report_as_one_document(ready: Terminal, file: Write) -> None:
    """`--json` holds the same, and nothing else stands on standard output."""
    report = ready.ask("import", "customers", str(file("customers.csv", CUSTOMERS)), *MAPPED, code=3)
    assert (report["read"], report["created"], report["rejected"]) == (2, 1, 1)
    assert report["rejections"][0]["line"] == 3


def test_events_are_recorded_once(ready: Terminal, file: Write) -> None:
    """The second import of the same file finds duplicates only."""
    ready.run("import", "customers", str(file("c.csv", "id,first_name\nC1,Ana\n")))
    path = file("events.csv", EVENTS)
    assert ready.ask("import", "events", str(path))["recorded"] == 1
    again = ready.ask("import", "events", str(path))
    assert (again["recorded"], again["duplicates"]) == (0, 1)


def test_a_dry_run_keeps_nothing(ready: Terminal, file: Write) -> None:
    """Everything is done and reported, and the next import still creates the customer."""
    path = file("c.csv", "id,first_name\nC1,Ana\n")
    assert "nothing was kept" in ready.run("import", "customers", str(path), "--dry-run").output
    assert ready.ask("import", "customers", str(path))["created"] == 1


def test_a_mapping_that_is_none_is_refused(ready: Terminal, file: Write) -> None:
    """`--map` wants COLUMN=FIELD."""
    path = file("c.csv", "id,first_name\nC1,Ana\n")
    assert "--map: 'first_name'" in ready.run("import", "customers", str(path), "--map", "first_name", code=1).stderr


def test_events_without_a_column_for_their_name_get_one(ready: Terminal, file: Write) -> None:
    """`--name`, `--id-prefix` and `--zone` say once what the file does not say."""
    ready.run("import", "customers", str(file("c.csv", "id,first_name\nC1,Ana\n")))
    path = file("orders.csv", "customer,occurred_at\nC1,2026-01-05 10:00\n")
    options = ("--name", "order_completed", "--id-prefix", "shop:", "--zone", "Europe/Berlin")
    assert ready.ask("import", "events", str(path), *options)["recorded"] == 1
