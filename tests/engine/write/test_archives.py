"""Archives of templates: down and up again as they were, and nothing of what a stranger could put into one."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.write.archives import MOST_BYTES, packed, unpacked
from engine.write.bringing_in import checked_sheaf
from engine.write.document import MAX_BYTES
from engine.write.faults import Faulty
from engine.write.sources import files_of
from tests.engine.write.desk import FOLDERS, MISSION, TEMPLATES

BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries:
            made.writestr(name, data, zipfile.ZIP_DEFLATED)
    return place.getvalue()


def test_what_goes_down_comes_up_as_it_was() -> None:
    """Every shipped template and the mission, checked on the way in."""
    wanted = checked_sheaf(unpacked(packed(FOLDERS, MISSION)))
    assert (list(wanted.folders), wanted.mission) == (list(FOLDERS), MISSION)
    assert packed(FOLDERS, MISSION) == packed(FOLDERS, MISSION)


def test_a_folder_around_everything_and_what_machines_add_do_no_harm() -> None:
    """As a file manager packs the folder `templates`."""
    files = [(f"templates/birthday/{name}", data) for name, data in files_of(BIRTHDAY).items()]
    layout = (TEMPLATES / "layout" / "email.html").read_bytes()
    noise = [
        ("__MACOSX/templates/._x", b"x"),
        ("templates/.DS_Store", b"x"),
        ("templates/README.md", b"x"),
        ("templates/layout/email.html", layout),
        ("templates/mission.yaml", (TEMPLATES / "mission.yaml").read_bytes()),
    ]
    wanted = checked_sheaf(unpacked(archive(*files, *noise)))
    assert ([folder.name for folder in wanted.folders], wanted.mission) == (["birthday"], MISSION)


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("birthday/en/email.1.md")
    entry.external_attr = 0o120777 << 16
    return entry


def bomb() -> bytes:
    return archive(*((f"birthday/en/sms.{n}.txt", b"0" * MAX_BYTES) for n in range(1, 2 + MOST_BYTES // MAX_BYTES)))


def lying() -> bytes:
    """Says of itself that it is small."""
    data = bytearray(archive(("birthday/template.yaml", b"0" * 5_000_000)))
    small = (10).to_bytes(4, "little")
    head, central = data.find(b"PK\x03\x04"), data.find(b"PK\x01\x02")
    data[head + 22 : head + 26] = small
    data[central + 24 : central + 28] = small
    return bytes(data)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: b"", "not a zip archive"),
        (lambda: b"PK\x03\x04 nonsense", "not a zip archive"),
        (lambda: packed(FOLDERS)[:-30], "not a zip archive"),
        (lambda: archive(("notes.txt", b"x")), "notes.txt: has no place beside template folders"),
        (lambda: archive(("../../etc/cron.d/x", b"x")), "leads out of the archive"),
        (lambda: archive(("birthday/../../x.md", b"x")), "leads out of the archive"),
        (lambda: archive(("/etc/passwd", b"x")), "leads out of the archive"),
        (lambda: archive(("C:\\x\\template.yaml", b"x")), "leads out of the archive"),
        (lambda: archive((link(), b"/etc/passwd")), "is a link, and not a text"),
        (bomb, "larger than 8,000,000 bytes when it is unpacked"),
        (lying, "not a zip archive"),
        (lambda: archive(*((f"t{n}/template.yaml", b"x") for n in range(101))), "more than 100 templates"),
    ],
)
def test_what_is_no_archive_of_ours_is_refused_in_words(made: Callable[[], bytes], said: str) -> None:
    """Ways out, links, bombs, lies about sizes, and things that are no archive at all."""
    with pytest.raises(InvalidInput) as refused:
        checked_sheaf(unpacked(made()))
    assert said in str(refused.value)


def test_every_fault_of_an_archive_is_told_with_its_file_and_line() -> None:
    """Of all its folders at once."""
    files = dict(files_of(BIRTHDAY))
    files["en/email.1.md"] = b"Subject: Hi\n\n\n{{ x() }}\n"
    broken = [(f"birthday/{name}", data) for name, data in files.items()]
    with pytest.raises(Faulty) as refused:
        checked_sheaf(unpacked(archive(*broken, ("tea/template.yaml", b"name: [tea"), ("mission.yaml", b"values: 1"))))
    said = str(refused.value).splitlines()
    assert any(line.startswith("birthday/en/email.1.md: line 4: Templates cannot call anything.") for line in said)
    assert any(line.startswith("tea/template.yaml: line 1: ") for line in said)
    assert any(line.startswith("mission.yaml: line 1: ") for line in said)


def test_nothing_is_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking happens in memory alone."""
    monkeypatch.chdir(tmp_path)
    unpacked(packed(FOLDERS, MISSION))
    assert list(tmp_path.iterdir()) == []
