"""`jubilee triggers backtest` and `forecast`: what a person reads, and the same as data."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cli.place import SHIPPED_TRIGGERS
from tests.cli.conftest import Terminal

Write = Callable[[str, str], Path]


def of_now(days: int) -> date:
    """So many days from today: asked anew each time, as suites run for long."""
    return datetime.now(UTC).date() + timedelta(days=days)


def _with_customers(ready: Terminal, file: Write, on: date) -> Terminal:
    birthday = f"1988-{on:%m-%d}"  # a leap year knows every day
    rows = f"C1,Ana,{birthday},granted\nC2,Ben,{birthday},\n"
    ready.run("import", "customers", str(file("c.csv", f"id,first_name,date:birthday,consent:*\n{rows}")))
    return ready


def test_a_forecast_tells_who_would_hear_and_what_stops_the_others(ready: Terminal, file: Write) -> None:
    """Ana agreed, Ben was never asked; the message that Ana would get is shown."""
    told = _with_customers(ready, file, of_now(3)).run("triggers", "forecast", "birthday", "--days", "14").stdout
    assert "consent_unknown" in told
    assert "Ana" in told


def test_the_same_as_data(ready: Terminal, file: Write) -> None:
    """One document with every day."""
    on = of_now(3)  # once: the test may run over midnight
    data = _with_customers(ready, file, on).ask("triggers", "forecast", "birthday", "--days", "14")
    (birthday,) = data["triggers"]
    assert (birthday["spotted"], birthday["sent"]) == (2, 1)
    assert birthday["days"] == [{"on": on.isoformat(), "sent": 1, "stopped": 1, "control": 0}]


def test_a_draft_file_is_tried_without_being_applied(ready: Terminal, file: Write) -> None:
    """A backtest of a file of a new name; afterwards there is no such trigger."""
    text = (SHIPPED_TRIGGERS / "birthday.yaml").read_text(encoding="utf-8")
    path = file("name_day.yaml", text.replace("name: birthday", "name: name_day"))
    yesterday = of_now(-1).isoformat()
    data = ready.ask("triggers", "backtest", str(path), "--from", yesterday, "--to", yesterday)
    assert [one["name"] for one in data["triggers"]] == ["name_day"]
    assert "name_day" not in {one["name"] for one in ready.ask("triggers", "list")}


def test_what_cannot_be_asked_is_answered_in_words(ready: Terminal) -> None:
    """An unknown trigger, a day that is none, and days that are not over."""
    assert "there is no trigger birthdya" in ready.run("triggers", "backtest", "birthdya", code=1).stderr
    assert "--from" in ready.run("triggers", "backtest", "birthday", "--from", "yesterday", code=1).stderr
    assert "over" in ready.run("triggers", "backtest", "birthday", "--to", of_now(3).isoformat(), code=1).stderr
