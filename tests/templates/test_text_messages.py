"""The shipped text messages: every occasion has one, and with all that may come along it stays within two segments."""

import pytest

from engine.send.channels.sms import with_opt_out
from engine.send.segments import segments_of
from engine.write.folders import TemplateFolder
from engine.write.text_files import TemplateText
from tests.templates.test_shipped import FOLDERS, SHIPPED, TEXTS, write

SHORT = [(folder, text) for folder, text in TEXTS if text.channel == "sms"]
NAMES = [f"{folder.name}-{text.locale}-{text.variant}" for folder, text in SHORT]


def test_every_occasion_has_a_text_message_in_each_of_its_languages() -> None:
    """Else customers who like texts would miss it."""
    found = {(folder.name, text.locale) for folder, text in SHORT}
    assert found == {(name, locale) for name in FOLDERS for locale in SHIPPED[name]}


@pytest.mark.parametrize(("folder", "text"), SHORT, ids=NAMES)
def test_a_text_message_takes_two_segments_at_most(folder: TemplateFolder, text: TemplateText) -> None:
    """With the line of another moment, and with how to stop it where America asks for that."""
    changed: dict[str, object] = {}
    if "also" in folder.may_use:
        changed["also"] = ["Today you have also been with us for five years: thank you for that."]
    said = write(folder, text, **changed)
    sent = with_opt_out(said, "+14155550100", family=folder.family, locale=text.locale)
    assert segments_of(sent).encoding == "GSM-7"
    assert segments_of(sent).count <= 2
