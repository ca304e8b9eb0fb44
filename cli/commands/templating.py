"""Commands for templates and the mission: list them, check folders of them, and take them out and in."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from cli.output import AsJson, Exit, err, out, say, say_json, show
from cli.place import SHIPPED_TEMPLATES, opened
from engine import clock
from engine.errors import InvalidInput
from engine.people.audit import Doer
from engine.storage.models import Template, TemplateVersion
from engine.write.archives import Sheaf, laid_out, packed, unpacked
from engine.write.bringing_in import bring_in, checked_sheaf
from engine.write.folders import TemplateFolder
from engine.write.sources import MISSION, files_of, source_of_mission
from engine.write.standing import all_templates
from engine.write.store import mission_in_force, template_in_force

templates = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List, check, export and import templates and the mission."
)
LARGEST_ARCHIVE = 10_000_000
Source = Annotated[Path, typer.Argument(help="A template's folder, a folder of them, or a zip archive.", exists=True)]


@templates.command("list")
def list_templates(as_json: AsJson = False) -> None:
    """List the templates that are kept here, with the version in force and who saved it."""
    with opened() as jubilee, jubilee.db.reading() as session:
        found = session.execute(
            select(Template, TemplateVersion)
            .join(TemplateVersion, TemplateVersion.id == Template.version_id)
            .order_by(Template.name)
        )
        rows = [
            {
                "name": template.name,
                "family": template.family,
                "occasion": template.occasion,
                "version": version.number,
                "author": version.author,
                "reason": version.reason,
            }
            for template, version in found
        ]
    shown = ("name", "family", "occasion", "version", "author", "reason")
    show(shown, [[row[column] for column in shown] for row in rows], rows, as_json)


@templates.command("check")
def check(path: Source = SHIPPED_TEMPLATES, as_json: AsJson = False) -> None:
    """Check folders as an import would; every fault is told with its file and line. Exit code 3 where there are any."""
    try:
        wanted = checked_sheaf(_sheaf(path))
    except InvalidInput as error:
        _tell_faults(error, as_json)
        raise typer.Exit(Exit.FOUND_FAULTS) from None
    names = [folder.name for folder in wanted.folders] + ([MISSION] if wanted.mission else [])
    say(f"{len(names)} checked, all well: {', '.join(names)}.", {"checked": names, "faults": []}, as_json)


@templates.command("export")
def export(
    to: Annotated[Path, typer.Argument(help="A folder to write into, or an archive whose name ends in .zip.")],
    name: Annotated[list[str] | None, typer.Option(help="Only this template; may be given several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write templates out as folders, and the mission beside them unless some were named."""
    with opened() as jubilee, jubilee.db.reading() as session:
        folders = [template_in_force(session, one)[0] for one in name] if name else all_templates(session)
        mission = None if name else mission_in_force(session)[0]
    if to.suffix == ".zip":
        to.write_bytes(packed(folders, mission))
    else:
        _write(to, folders)
        if mission is not None:
            (to / MISSION).write_text(source_of_mission(mission), encoding="utf-8")
    names = [folder.name for folder in folders]
    say(f"{to}: {', '.join(names)}.", {"to": str(to), "templates": names}, as_json)


@templates.command("import")
def take_in(
    path: Source,
    reason: Annotated[str, typer.Option(help="Why it changes; kept with the version.")] = "from a folder",
    as_json: AsJson = False,
) -> None:
    """Keep folders as the newest versions of their templates: all of them, or none where one is broken."""
    wanted = checked_sheaf(_sheaf(path))
    who = f"command line ({getpass.getuser()})"
    with opened() as jubilee, jubilee.db.writing() as session:
        brought = bring_in(session, wanted, doer=Doer(who), reason=reason, now=clock.now(session))
    if as_json:
        say_json([{"name": one.name, "became": one.became, "version": one.version} for one in brought])
    for one in [] if as_json else brought:
        said = {"new": "is new", "changed": f"is changed, now version {one.version}", "same": "says the same as before"}
        out.print(f"{one.name} {said[one.became]}.", markup=False)


def _sheaf(path: Path) -> Sheaf:
    if path.is_dir():
        return laid_out(path)
    if path.stat().st_size > LARGEST_ARCHIVE:
        raise InvalidInput(f"{path}: is larger than {LARGEST_ARCHIVE:,} bytes")
    return unpacked(path.read_bytes())


def _write(root: Path, folders: list[TemplateFolder]) -> None:
    """Over what is there: texts that a template no longer has are taken away, and nothing else is touched."""
    for folder in folders:
        files = files_of(folder)
        place = root / folder.name
        for old in place.glob("*/*.*") if place.is_dir() else ():
            if old.relative_to(place).as_posix() not in files and old.suffix in (".md", ".txt"):
                old.unlink()
        for name, data in files.items():
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def _tell_faults(error: InvalidInput, as_json: bool) -> None:
    faults = str(error).splitlines()
    if as_json:
        say_json({"checked": [], "faults": faults})
    for fault in [] if as_json else faults:
        err.print(fault, markup=False, soft_wrap=True)
