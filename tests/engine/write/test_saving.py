"""What marketing saves: kept as a version with author and reason, never over somebody else's, and never into a
message.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidDefinition
from engine.review.decisions import approve, edit
from engine.storage.models import Message, Template, TemplateVersion
from engine.storage.models import Mission as MissionRow
from engine.write.faults import Faulty
from engine.write.folders import TemplateFolder
from engine.write.mission import MissionValue
from engine.write.revisions import revision_of
from engine.write.standing import (
    Waiting,
    coverage,
    waiting_from_other_mission,
    waiting_from_other_version,
    write_anew_from_version,
    write_anew_under_mission,
)
from engine.write.store import (
    SavedMeanwhile,
    mission_in_force,
    newest_mission,
    save_mission,
    save_template,
    seed_templates,
    template_in_force,
)
from tests.engine.builders import NOW
from tests.engine.review.desk import person, written
from tests.engine.write.desk import FOLDERS, MISSION, birthday, body, orders, seed, write

BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")
LATER = NOW + timedelta(hours=1)
KINDER = replace(MISSION, statement="We want to be kind, and nothing else.")


def reworded(folder: TemplateFolder, said: str) -> TemplateFolder:
    """Every English letter with one more sentence."""
    texts = tuple(
        replace(text, body=f"{said}\n\n{text.body}") if (text.locale, text.channel) == ("en", "email") else text
        for text in folder.texts
    )
    return replace(folder, texts=texts)


def save(session: Session, folder: TemplateFolder, expected: int, author: str = "Mara") -> int:
    return save_template(session, folder, author=author, reason="warmer", expected=expected, now=LATER)


def save_words(session: Session, expected: int, statement: str = KINDER.statement) -> int:
    new = replace(MISSION, statement=statement)
    return save_mission(session, new, author="Mara", reason="kinder", expected=expected, now=LATER)


def test_a_saved_template_is_in_force_with_its_author_and_reason(session: Session) -> None:
    """The next version; the ones before stay, and a folder does not overwrite it any more."""
    seed(session)
    assert save(session, reworded(BIRTHDAY, "Good morning."), 1) == 2
    folder, version_id = template_in_force(session, "birthday")
    stored = session.get_one(TemplateVersion, version_id)
    assert (stored.number, stored.origin, stored.author, stored.reason) == (2, "person", "Mara", "warmer")
    assert folder == reworded(BIRTHDAY, "Good morning.")
    assert seed_templates(session, [replace(BIRTHDAY, feeling=5)], now=LATER) == []


def test_who_comes_second_overwrites_nothing(session: Session) -> None:
    """Both began from the first version; the second hears of it, and nothing of hers is stored."""
    seed(session)
    save(session, reworded(BIRTHDAY, "Good morning."), 1)
    with pytest.raises(SavedMeanwhile) as refused:
        save(session, reworded(BIRTHDAY, "Good evening."), 1, author="Nora")
    assert refused.value.number == 2
    assert template_in_force(session, "birthday")[0] == reworded(BIRTHDAY, "Good morning.")


def test_the_same_words_make_no_version(session: Session) -> None:
    """Saving twice is saving once."""
    seed(session)
    assert save(session, BIRTHDAY, 1) == 1


def test_a_new_template_is_made_once(session: Session) -> None:
    """Expecting none; a second one of its name is told."""
    seed(session)
    tea = replace(BIRTHDAY, name="tea_time")
    assert save(session, tea, 0) == 1
    with pytest.raises(SavedMeanwhile):
        save(session, reworded(tea, "x"), 0)


def test_a_template_stays_in_its_family_and_passes_every_check(session: Session) -> None:
    """What a folder may not hold is refused at this door too."""
    seed(session)
    with pytest.raises(InvalidDefinition, match="stays in its family"):
        save(session, replace(BIRTHDAY, family="recover", lines={}), 1)
    with pytest.raises(Faulty, match="cannot calculate"):
        save(session, reworded(BIRTHDAY, "{{ 2 ** 9 }}"), 1)
    assert session.scalars(select(Template).where(Template.name == "birthday")).one().family == "celebrate"


def test_a_new_version_alters_no_message_by_itself(session: Session) -> None:
    """Neither the approved one nor the one in review; what is written from now on speaks in the new words."""
    seed(session)
    approved, waiting = written(session, birthday(session)), written(session, birthday(session))
    ada = person(session, "Ada Agent")
    approve(session, approved.id, version=approved.version, person=ada, now=NOW)
    before = [revision_of(session, message).texts for message in (approved, waiting)]
    save(session, reworded(BIRTHDAY, "Good morning."), 1)
    write(session, now=LATER)
    session.expire_all()
    assert [revision_of(session, message).texts for message in (approved, waiting)] == before
    assert "Good morning." in body(session, written(session, birthday(session)))


def test_only_untouched_drafts_are_written_anew_and_only_when_asked(session: Session) -> None:
    """Of four in older words: one approved, one edited, one that somebody has open, one untouched."""
    seed(session)
    ada = person(session, "Ada Agent")
    approved, edited, opened, untouched = [written(session, birthday(session)) for _ in range(4)]
    approve(session, approved.id, version=approved.version, person=ada, now=NOW)
    texts = revision_of(session, edited).texts
    mine = {"email": {**texts["email"], "body": texts["email"]["body"] + "\n\nMine."}}
    edit(session, edited.id, mine, version=edited.version, person=ada, now=NOW)
    opened.taken_by, opened.taken_until = ada.id, LATER + timedelta(minutes=5)
    save(session, reworded(BIRTHDAY, "Good morning."), 1)
    _, version_id = template_in_force(session, "birthday")
    assert waiting_from_other_version(session, "birthday", version_id) == Waiting(2, 1, 1)
    assert write_anew_from_version(session, "birthday", version_id, now=LATER) == 1
    write(session, now=LATER)
    session.expire_all()
    assert [message.state for message in (approved, edited, opened, untouched)] == [
        "approved",
        "in_review",
        "in_review",
        "in_review",
    ]
    assert ["Good morning." in body(session, message) for message in (approved, edited, opened, untouched)] == [
        False,
        False,
        False,
        True,
    ]


def test_a_mission_changed_while_drafts_wait_has_a_clear_answer(session: Session) -> None:
    """How many were written under another one; those nobody touched are written again when somebody asks for it."""
    seed(session)
    first, second = (written(session, made(session)) for made in (birthday, orders))
    approved = written(session, birthday(session))
    approve(session, approved.id, version=approved.version, person=person(session, "Ada Agent"), now=NOW)
    _, before = mission_in_force(session)
    assert waiting_from_other_mission(session, before) == Waiting(0, 0, 0)
    assert save_words(session, 1) == 2
    _, now_in_force = mission_in_force(session)
    assert waiting_from_other_mission(session, now_in_force) == Waiting(2, 0, 1)
    assert write_anew_under_mission(session, now_in_force, now=LATER) == 2
    session.expire_all()
    assert [session.get_one(Message, one.id).state for one in (first, second)] == ["draft", "draft"]
    write(session, now=LATER)
    assert waiting_from_other_mission(session, now_in_force) == Waiting(0, 0, 1)
    assert session.get_one(Message, approved.id).state == "approved"


def test_two_windows_on_the_mission_lose_nothing(session: Session) -> None:
    """The second one hears of the first; the same words make no version."""
    seed(session)
    assert save_words(session, 1) == 2
    with pytest.raises(SavedMeanwhile):
        save_words(session, 1, "Another one.")
    assert save_words(session, 2) == 2
    assert newest_mission(session) == 2
    row = session.scalars(select(MissionRow).where(MissionRow.number == 2)).one()
    assert (row.author, row.reason) == ("Mara", "kinder")


def test_a_mission_that_no_file_may_hold_is_refused(session: Session) -> None:
    """Two values are too few."""
    seed(session)
    with pytest.raises(Faulty, match="there must be 3 to 7 of them"):
        save_mission(
            session, replace(MISSION, values=MISSION.values[:2]), author="Mara", reason="x", expected=1, now=LATER
        )


def test_a_renamed_value_is_told_and_breaks_nothing() -> None:
    """Templates go on naming it; the page says which, and that nothing expresses the new one."""
    renamed = replace(MISSION, values=(MissionValue("recalls", "We recall."), *MISSION.values[1:]))
    found = coverage(renamed, FOLDERS)
    assert list(found.silent) == ["recalls"]
    assert "birthday" in found.unknown["remembers"]
