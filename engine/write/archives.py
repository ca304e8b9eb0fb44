"""Templates and the mission as one archive of folders, down and up. What comes up is a stranger's: its size, its
shape and its names are looked at before anything is unpacked, and nothing is ever written to a disk.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import InvalidInput
from engine.write.document import MAX_BYTES
from engine.write.faults import Fault, Faulty
from engine.write.folders import DESCRIPTION, MOST_FILES, Files, TemplateFolder, files_under, template_folders
from engine.write.mission import Mission
from engine.write.sources import MISSION, files_of, source_of_mission

MOST_TEMPLATES = 100
MOST_BYTES = 8_000_000  # unpacked, all together
_MADE = (2026, 1, 1, 0, 0, 0)  # the same words make the same archive
_ENCRYPTED = 0x1
_LINK = 0o120000
_NOT_OURS = ("__MACOSX",)


class NotAnArchive(InvalidInput):
    """This is not a zip archive of template folders."""


@dataclass(frozen=True, slots=True)
class Sheaf:
    """Template folders by their names, and the mission's source where there is one."""

    templates: Mapping[str, Files]
    mission: bytes | None = None


def packed(folders: Sequence[TemplateFolder], mission: Mission | None = None) -> bytes:
    """The folders as a zip archive."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for name, data in files_of(folder).items():
                archive.writestr(zipfile.ZipInfo(f"{folder.name}/{name}", _MADE), data, zipfile.ZIP_DEFLATED)
        if mission is not None:
            source = source_of_mission(mission).encode()
            archive.writestr(zipfile.ZipInfo(MISSION, _MADE), source, zipfile.ZIP_DEFLATED)
    return place.getvalue()


def unpacked(data: bytes) -> Sheaf:
    """The templates that an archive holds. Raises InvalidInput for what `files_in` refuses, and where none are."""
    return _sheaf(files_in(data))


def files_in(data: bytes) -> Mapping[str, bytes]:
    """What an archive holds. Raises InvalidInput for what is no archive, too large, or names places outside of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and _is_ours(entry.filename)]
            _check_shape(entries)
            return {entry.filename: _read(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError, RuntimeError, OSError):
        raise NotAnArchive from None
    except Exception as error:  # zlib.error and the like, of a broken archive
        if isinstance(error, InvalidInput):
            raise
        raise NotAnArchive from None


def laid_out(root: Path) -> Sheaf:
    """What a folder on a disk holds: one template, or several and a mission."""
    if (root / DESCRIPTION).is_file():
        return Sheaf({root.resolve().name: files_under(root)})
    found = {folder.name: files_under(folder) for folder in template_folders(root)}
    mission = root / MISSION
    return Sheaf(found, mission.read_bytes()[: MAX_BYTES + 1] if mission.is_file() else None)


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not any(part in _NOT_OURS or (part.startswith(".") and part != "..") for part in parts)


def _check_shape(entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_TEMPLATES * MOST_FILES:
        raise InvalidInput("The archive holds more files than there can be texts.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise InvalidInput(f"The archive is larger than {MOST_BYTES:,} bytes when it is unpacked.")
    for entry in entries:
        name = entry.filename
        if name.startswith(("/", "\\")) or "\\" in name or ":" in name or ".." in name.split("/"):
            raise InvalidInput(f"{_shown(name)}: leads out of the archive.")
        if entry.flag_bits & _ENCRYPTED:
            raise InvalidInput(f"{_shown(name)}: is encrypted.")
        if (entry.external_attr >> 16) & 0o170000 == _LINK:
            raise InvalidInput(f"{_shown(name)}: is a link, and not a text.")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise InvalidInput("The archive holds a file twice.")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Never more than a text may have, whatever the archive says of its size."""
    with archive.open(entry) as file:
        return file.read(MAX_BYTES + 1)


def _sheaf(files: Mapping[str, bytes]) -> Sheaf:
    """Folders by their names, at the top of the archive or within one folder that holds everything."""
    files = _without_wrapping(files)
    templates: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        folder, _, rest = name.partition("/")
        if rest:
            templates.setdefault(folder, {})[rest] = data
        elif name not in (MISSION, "README.md"):
            raise Faulty([Fault(Path(name), f"has no place beside template folders and {MISSION}")])
    templates.pop("layout", None)  # lies beside the shipped templates and is none
    if not templates and MISSION not in files:
        raise NotAnArchive
    if len(templates) > MOST_TEMPLATES:
        raise InvalidInput(f"The archive holds more than {MOST_TEMPLATES} templates.")
    return Sheaf(templates, files.get(MISSION))


def _without_wrapping(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    tops = {name.partition("/")[0] for name in files}
    (top,) = tops if len(tops) == 1 else ("",)
    if not top or f"{top}/{DESCRIPTION}" in files or not any(name.count("/") >= 1 for name in files):
        return files
    inner = {name.partition("/")[2]: data for name, data in files.items()}
    wrapped = MISSION in inner or any(name.endswith(f"/{DESCRIPTION}") for name in inner)
    return inner if wrapped else files


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:100]
