"""The how-to of each channel tells the truth about its settings."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from engine.notices.ways import NoticeWebhookSettings
from engine.send.channels.call import CallSettings
from engine.send.channels.inapp import InAppSettings
from engine.send.channels.letter import LetterSettings
from engine.send.channels.mail import MailSettings
from engine.send.channels.sendgrid import SendGridSettings
from engine.send.channels.smtp import SmtpSettings
from engine.send.channels.twilio import TwilioSettings
from engine.send.channels.webhook import WebhookSettings

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"
PAGES: dict[str, tuple[type[BaseSettings], ...]] = {
    "sendgrid.md": (SendGridSettings, MailSettings),
    "smtp.md": (SmtpSettings, MailSettings),
    "in-app.md": (InAppSettings,),
    "calls.md": (CallSettings,),
    "twilio.md": (TwilioSettings,),
    "webhook.md": (WebhookSettings,),
    "letter.md": (LetterSettings,),
    "people.md": (NoticeWebhookSettings,),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_how_to_names_every_setting_of_its_channel(page: str) -> None:
    """With default and meaning; none that is gone stays."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(JUBILEE_\w+)` \| (?:`(.*?)`)? ?\| (.*?) \|$", text, re.MULTILINE)
    assert rows == [row for kind in PAGES[page] for row in rows_of(kind)]


def rows_of(kind: type[BaseSettings]) -> list[tuple[str, str, str]]:
    """What the table must say of this group."""
    prefix = str(kind.model_config["env_prefix"])
    fields = kind.model_fields.items()
    return [(f"{prefix}{name.upper()}", str(field.default), str(field.description)) for name, field in fields]
