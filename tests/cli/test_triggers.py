"""`jubilee triggers`: check files, apply them, switch on and off."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.place import SHIPPED_TRIGGERS
from tests.cli.conftest import Terminal

Write = Callable[[str, str], Path]
BIRTHDAY = (SHIPPED_TRIGGERS / "birthday.yaml").read_text(encoding="utf-8")
NAME_DAY = BIRTHDAY.replace("name: birthday", "name: name_day")
HEAD = "message_id,customer,name,occurred_at,property:amount_minor:int,currency\n"


def states(terminal: Terminal) -> dict[str, str]:
    return {trigger["name"]: trigger["state"] for trigger in terminal.ask("triggers", "list")}


def test_the_shipped_triggers_are_well(terminal: Terminal) -> None:
    """Without a path the shipped ones are checked; no installation is needed."""
    assert "birthday" in terminal.ask("triggers", "check")["triggers"]


def test_every_fault_is_told_with_file_and_line(terminal: Terminal, file: Write) -> None:
    """Exit code 3, and each line begins with the place to mend."""
    path = file("birthday.yaml", BIRTHDAY.replace("weight: 30", "weight: 300").replace("family: celebrate", "famly: x"))
    faults = terminal.run("triggers", "check", str(path), code=3).stderr.splitlines()
    wanted = {
        number for number, line in enumerate(path.read_text().splitlines(), 1) if "300" in line or "famly" in line
    }
    assert wanted <= {int(fault.split(":")[1]) for fault in faults}
    assert all(fault.startswith(f"{path}:") for fault in faults)


@pytest.mark.parametrize("command", ["check", "apply"])
@pytest.mark.parametrize("there", [(), ("README.md",), ("more/name_day.yaml",)], ids=["empty", "no triggers", "deeper"])
def test_a_folder_without_triggers_is_a_fault(
    terminal: Terminal, tmp_path: Path, command: str, there: tuple[str, ...]
) -> None:
    """A pipeline with a wrong path must not stay green."""
    folder = tmp_path / "triggers"
    for name in ("more/", *there):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for name in there:
        (folder / name).write_text(NAME_DAY, encoding="utf-8")
    assert f"{folder}: holds no triggers" in terminal.run("triggers", command, str(folder), code=3).stderr
    assert len(terminal.ask("triggers", command, str(folder), code=3)["faults"]) == 1


def test_either_ending_is_read(ready: Terminal, file: Write) -> None:
    """`.yaml` and `.yml`; the same trigger in both is a fault."""
    path = file("name_day.yml", NAME_DAY)
    assert ready.ask("triggers", "check", str(path.parent))["triggers"] == ["name_day"]
    assert ready.ask("triggers", "apply", str(path.parent)) == [{"name": "name_day", "state": "draft"}]
    file("name_day.yaml", NAME_DAY)
    assert "there is name_day.yaml as well" in ready.run("triggers", "check", str(path.parent), code=3).stderr


def test_a_faulty_file_is_not_applied(ready: Terminal, file: Write) -> None:
    """Nor the others of its folder; the exit code is that of `check`."""
    path = file("birthday.yaml", BIRTHDAY.replace("weight: 30", "weight: 300"))
    file("name_day.yaml", NAME_DAY)
    assert str(path) in ready.run("triggers", "apply", str(path), code=3).stderr
    assert "faults" in ready.ask("triggers", "apply", str(path.parent), code=3)
    assert "name_day" not in states(ready)


def test_shipped_triggers_are_on_or_off_as_their_files_say(ready: Terminal) -> None:
    """Spend and streak ship switched off."""
    found = states(ready)
    assert (found["birthday"], found["lifetime_spend"], found["monthly_streak"]) == ("active", "draft", "draft")


def test_pausing_needs_a_reason_and_resuming_takes_it_back(ready: Terminal) -> None:
    """The reason is shown in the list."""
    assert "Missing option '--reason'" in ready.run("triggers", "pause", "birthday", code=2).output
    ready.run("triggers", "pause", "birthday", "--reason", "new text first")
    assert states(ready)["birthday"] == "paused"
    assert "new text first" in ready.run("triggers", "list").output
    ready.run("triggers", "resume", "birthday")
    assert states(ready)["birthday"] == "active"


def test_retiring_asks_first_and_is_for_good(ready: Terminal) -> None:
    """With a reason that the audit trail keeps; what is retired does not come back, and is not retired twice."""
    assert "Missing option '--reason'" in ready.run("triggers", "retire", "birthday", code=2).output
    asked = ready.run("triggers", "retire", "birthday", "--reason", "no more birthdays", code=1).stderr
    assert "Retire birthday for good? 0 approved, 0 drafts and 0 spotted end unsent" in asked
    assert states(ready)["birthday"] == "active"
    done = ready.ask("triggers", "retire", "birthday", "--reason", "no more birthdays", "--yes")
    assert done == {"name": "birthday", "state": "retired", "reason": "no more birthdays", "ended": 0}
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        query = "SELECT detail, person_id FROM audit WHERE action = 'trigger_retired'"
        assert database.execute(query).fetchall() == [('{"reason": "no more birthdays"}', None)]
    assert "retired" in ready.run("triggers", "resume", "birthday", code=1).stderr
    assert "retired already" in ready.run("triggers", "retire", "birthday", "--reason", "x", "--yes", code=1).stderr


def test_a_trigger_that_is_not_there_is_named_with_those_that_are(ready: Terminal) -> None:
    """So that the right name can be copied."""
    error = ready.run("triggers", "resume", "birthdya", code=1).stderr
    assert "birthdya" in error
    assert "first_order_anniversary" in error


def test_applying_a_file_makes_a_trigger_of_its_own_name(ready: Terminal, file: Write) -> None:
    """It begins as a draft, unless it is to be switched on at once."""
    path = file("name_day.yaml", NAME_DAY)
    assert ready.ask("triggers", "apply", str(path)) == [{"name": "name_day", "state": "draft"}]
    assert ready.ask("triggers", "apply", str(path), "--activate") == [{"name": "name_day", "state": "active"}]


def test_a_draft_without_its_template_is_kept_and_not_switched_on(ready: Terminal, file: Write) -> None:
    """The template may come with the next folder; until then nothing of the trigger could be written."""
    text = BIRTHDAY.replace("name: birthday", "name: name_day").replace("template: birthday", "template: to_come")
    path = str(file("name_day.yaml", text))
    missing = "name_day: There is no template “to_come” yet"
    assert missing in ready.run("triggers", "apply", path).stderr
    assert missing in ready.run("triggers", "apply", path, "--activate", code=1).stderr
    assert missing in ready.run("triggers", "resume", "name_day", code=1).stderr
    assert states(ready)["name_day"] == "draft"
    assert ready.run("triggers", "resume", "lifetime_spend").stderr == ""


def test_what_is_at_work_takes_no_version_without_its_template(ready: Terminal, file: Write) -> None:
    """A file is in force at once. None of those with it is kept either."""
    file("birthday.yaml", BIRTHDAY.replace("template: birthday", "template: brithday"))
    folder = file("name_day.yaml", BIRTHDAY.replace("name: birthday", "name: name_day")).parent
    assert "“brithday”" in ready.run("triggers", "apply", str(folder), code=1).stderr
    assert "name_day" not in states(ready)
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        query = "SELECT count(*) FROM trigger_versions WHERE definition LIKE '%brithday%'"
        assert database.execute(query).fetchone() == (0,)


def test_a_milestone_that_is_switched_on_adds_up_what_came_before(ready: Terminal, file: Write) -> None:
    """490 dollars from before and 20 afterwards make the 500: the first order counts, only the second one speaks."""
    ready.run("import", "customers", str(file("c.csv", "id,first_name\nC1,Ana\n")))
    ready.run("import", "events", str(file("1.csv", HEAD + "e1,C1,order_completed,2026-01-05T10:00:00Z,49000,USD\n")))
    ready.run("triggers", "resume", "lifetime_spend")
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        assert database.execute("SELECT value FROM totals WHERE metric LIKE 'sum:%'").fetchall() == [(49_000,)]
    now = datetime.now(UTC).isoformat()
    ready.run("import", "events", str(file("2.csv", HEAD + f"e2,C1,order_completed,{now},2000,USD\n")))
    assert "Lifetime spend" in ready.run("why", "C1").output
