"""`jubilee templates`: list, check, export and import."""

import zipfile
from pathlib import Path

from cli.place import SHIPPED_TEMPLATES
from tests.cli.conftest import Terminal


def versions(terminal: Terminal) -> dict[str, int]:
    return {one["name"]: one["version"] for one in terminal.ask("templates", "list")}


def test_the_shipped_templates_are_well(terminal: Terminal) -> None:
    """Without a path the shipped ones are checked, with the mission; no installation is needed."""
    checked = terminal.ask("templates", "check")["checked"]
    assert "birthday" in checked
    assert "mission.yaml" in checked


def test_what_is_exported_comes_in_again(ready: Terminal, tmp_path: Path) -> None:
    """As folders and as an archive; what says the same makes no version, what was changed does."""
    folder, archive = tmp_path / "out", tmp_path / "out.zip"
    ready.run("templates", "export", str(folder))
    ready.run("templates", "export", str(archive), "--name", "birthday")
    assert zipfile.ZipFile(archive).testzip() is None
    text = folder / "birthday" / "en" / "sms.1.txt"
    assert text.read_text().strip() == (SHIPPED_TEMPLATES / "birthday" / "en" / "sms.1.txt").read_text().strip()
    assert {one["became"] for one in ready.ask("templates", "import", str(folder))} == {"same"}
    text.write_text("New: {{ birthday | date }}. {{ mission.signature }}\n")
    became = {one["name"]: one["became"] for one in ready.ask("templates", "import", str(folder / "birthday"))}
    assert became == {"birthday": "changed"}
    assert versions(ready)["birthday"] == 2


def test_a_broken_folder_stores_nothing_and_says_where(ready: Terminal, tmp_path: Path) -> None:
    """Exit code 3 of a check names every fault; an import of the same stores none of the folders."""
    ready.run("templates", "export", str(tmp_path / "out"))
    (tmp_path / "out" / "birthday" / "en" / "sms.1.txt").write_text("Fine: {{ birthday | date }}.\n")
    (tmp_path / "out" / "outage_over" / "en" / "sms.1.txt").write_text("{{ 2 ** 9 }}\n")
    told = ready.run("templates", "check", str(tmp_path / "out"), code=3).stderr
    assert "outage_over/en/sms.1.txt: line 1: Templates cannot calculate." in told
    assert "line 1" in ready.run("templates", "import", str(tmp_path / "out"), code=1).stderr
    assert versions(ready)["birthday"] == 1
