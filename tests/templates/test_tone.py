"""Every shipped English text passes our own tone check without a warning."""

import pytest

from engine.tone import ToneContext, check_tone
from engine.write.folders import TemplateFolder
from engine.write.mission import read_mission
from engine.write.text_files import TemplateText
from tests.templates.facts import typical_facts
from tests.templates.test_shipped import NAMED, TEMPLATES, TEXTS, fill, write

ENGLISH = [(pair, name) for pair, name in zip(TEXTS, NAMED, strict=True) if pair[1].locale == "en"]


@pytest.mark.parametrize(("folder", "text"), [pair for pair, _ in ENGLISH], ids=[name for _, name in ENGLISH])
def test_a_shipped_text_gives_the_tone_check_nothing_to_say(folder: TemplateFolder, text: TemplateText) -> None:
    """Read with the facts of its own occasion only, under the default mission; notes are allowed, warnings are not."""
    facts = typical_facts(folder, "en")
    context = ToneContext(
        family=folder.family,
        facts=facts,
        names=("Maria", "Rosa Lind"),
        serious=folder.free_part == "required",
        words_to_avoid=read_mission(TEMPLATES / "mission.yaml").words_to_avoid,
    )
    for said in (
        write(folder, text),
        *([fill(text.subject, facts, text) + ".\n\n" + write(folder, text)] if text.subject else []),
    ):
        assert [(f.severity, f.rule, f.text) for f in check_tone(said, context) if f.severity != "note"] == []


def test_the_check_would_notice() -> None:
    """The same set-up warns about a canned phrase, so that the silence above means something."""
    found = check_tone("Dear valued customer, we apologize for any inconvenience.", ToneContext(family="recover"))
    assert {finding.severity for finding in found} & {"warn", "block"}
