"""Templates and the mission in the database: folders seed them, and never overwrite what a person saved."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.ids import new_id
from engine.storage.models import Mission as MissionRow
from engine.storage.models import Template, TemplateVersion
from engine.write.store import (
    mission_in_force,
    mission_of,
    seed_mission,
    seed_templates,
    template_in_force,
    template_of,
)
from tests.engine.builders import NOW
from tests.engine.write.desk import FOLDERS, MISSION

LATER = NOW + timedelta(days=1)
BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")
CHANGED = replace(BIRTHDAY, feeling=4)


def test_every_shipped_folder_comes_back_from_the_database_as_it_was(session: Session) -> None:
    """Nothing of a folder is lost on the way in and out, read from the rows and not from memory."""
    assert seed_templates(session, FOLDERS, now=NOW) == [folder.name for folder in FOLDERS]
    assert [template_in_force(session, folder.name)[0] for folder in FOLDERS] == FOLDERS


def test_seeding_again_changes_nothing(session: Session) -> None:
    """The same folders make no second version."""
    seed_templates(session, FOLDERS, now=NOW)
    assert seed_templates(session, FOLDERS, now=LATER) == []
    assert session.scalar(select(func.count()).select_from(TemplateVersion)) == len(FOLDERS)


def test_a_changed_folder_is_a_new_version(session: Session) -> None:
    """The old version stays readable, as revisions point to it."""
    seed_templates(session, [BIRTHDAY], now=NOW)
    _, before = template_in_force(session, "birthday")
    assert seed_templates(session, [CHANGED], now=LATER) == ["birthday"]
    folder, after = template_in_force(session, "birthday")
    assert (folder, template_of(session, before)) == (CHANGED, BIRTHDAY)
    assert before != after


def test_what_a_person_saved_is_not_overwritten_by_a_folder(session: Session) -> None:
    """The current version is a person's, so the changed folder is left alone."""
    seed_templates(session, [BIRTHDAY], now=NOW)
    template = session.scalars(select(Template)).one()
    seeded = session.scalars(select(TemplateVersion)).one()
    edited = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=2,
        body=seeded.body | {"feeling": 1},
        body_hash="another",
        origin="person",
        author="Mo",
        created_at=NOW,
    )
    session.add(edited)
    template.version_id = edited.id
    session.flush()
    assert seed_templates(session, [CHANGED], now=LATER) == []
    assert template_in_force(session, "birthday")[1] == edited.id


def test_an_unknown_template_is_not_found(session: Session) -> None:
    """The error names it."""
    with pytest.raises(NotFound, match="no_such"):
        template_in_force(session, "no_such")


def test_the_mission_is_seeded_once(session: Session) -> None:
    """It comes back as it was, and a changed file does not replace what is there."""
    with pytest.raises(NotFound):
        mission_in_force(session)
    assert seed_mission(session, MISSION, now=NOW)
    assert not seed_mission(session, replace(MISSION, statement="Another one."), now=LATER)
    assert mission_in_force(session)[0] == MISSION


def test_the_newest_mission_is_in_force(session: Session) -> None:
    """A higher number rules; the older version stays readable."""
    seed_mission(session, MISSION, now=NOW)
    first = session.scalars(select(MissionRow)).one()
    second = MissionRow(number=2, body=first.body | {"statement": "Newer."}, author="Mo", created_at=LATER)
    session.add(second)
    session.flush()
    mission, mission_id = mission_in_force(session)
    assert (mission.statement, mission_id) == ("Newer.", second.id)
    assert mission_of(session, first.id) == MISSION
