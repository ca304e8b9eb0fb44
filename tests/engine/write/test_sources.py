"""What is stored can be written out as a folder, and read back as the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.write.faults import Faulty
from engine.write.folders import TemplateFolder, read_template
from engine.write.sources import checked_mission, checked_template, files_of, listed_facts
from engine.write.text_files import TemplateText
from tests.engine.write.desk import FOLDERS, MISSION, TEMPLATES

BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_template_comes_back_from_its_files_as_it_was(folder: TemplateFolder) -> None:
    """Every shipped one, with all its texts and lines; and the files are those of its folder."""
    files = files_of(folder)
    assert read_template(Path(folder.name), files) == folder
    for name in files:
        if name != "template.yaml":
            assert files[name].decode().strip() == (TEMPLATES / folder.name / name).read_text().strip()


def test_the_mission_comes_back_from_its_file_as_it_was() -> None:
    """Statement, values, words and signatures."""
    assert checked_mission(MISSION) == MISSION


def test_approved_words_come_back_with_their_blanks() -> None:
    """Two blanks that the same fact fills stay two."""
    name = "{{ customer.first_name }}"
    words = TemplateText(
        "whatsapp",
        "en",
        1,
        None,
        f"Hi {name}, it is {{{{ birthday | date }}}}. Bye {name}, {name}.",
        "HX1",
        (("1", name), ("2", "{{ birthday | date }}"), ("who", name)),
    )
    folder = replace(BIRTHDAY, texts=(*(one for one in BIRTHDAY.texts if one.channel != "whatsapp"), words))
    assert set(checked_template(folder).texts) == set(folder.texts)


def test_what_no_folder_may_hold_cannot_be_stored_either() -> None:
    """All that is wrong is told at once, each with its file and line."""
    texts = (
        replace(BIRTHDAY.texts[0], body="Hello.\n\n{{ 2 ** 3 }}"),
        replace(BIRTHDAY.texts[1], subject="{{ customer.x() }}"),
        *BIRTHDAY.texts[2:],
    )
    with pytest.raises(Faulty) as refused:
        checked_template(replace(BIRTHDAY, texts=texts, occasion="Tea Time"))
    assert {(str(fault.path), fault.line, fault.field) for fault in refused.value.faults} == {
        ("birthday/de/email.1.md", 5, ""),
        ("birthday/de/email.2.md", 1, ""),
        ("birthday/template.yaml", 3, "occasion"),
    }


def test_the_lists_of_facts_follow_the_texts() -> None:
    """What is listed stays in its order, what is new comes after it, what nobody prints goes."""
    folder = replace(BIRTHDAY, needs=("birthday", "years", "mission.signature"), may_use=())
    assert listed_facts(folder) == (["birthday", "mission.signature", "customer.first_name"], ["also"])
