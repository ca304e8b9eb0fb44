"""The ways by which a notice leaves: mail to one colleague, the company's webhook, or a folder where neither is.

Notices are not customers' messages. Nothing that holds those back holds these: no redirect mode, no caps, gates or
hours, no way to unsubscribe, and no stop-all switch, as what a person must hear of is most urgent just then.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.private import own_file, own_folder
from engine.send.channels import Channel, Channels
from engine.send.outgoing import OutgoingMessage
from engine.send.receiver import Place, Receiver
from engine.settings import Settings, read_environment

PREFIX = "JUBILEE_NOTICE_WEBHOOK_"
FOLDER = "notices"
MAIL = "email"


class NoticeWebhookSettings(BaseSettings):
    """Where notices of the team are posted; docs/how-to/people.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    url: str = Field("", description="Where notices for the team are posted; https only; empty: they are not posted")
    secret: str = Field("", description="Signs them: whsec_ and 24 to 64 bytes in base64; the receiver has the same")
    allow_private: bool = Field(False, description="Allow addresses inside your own network, and http: too")


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice as it leaves. `to` and `name` are of the colleague it is for, empty where it is for all; `link` leads
    into the console, and in an invitation to the account itself."""

    id: UUID
    kind: str
    subject: str
    body: str
    path: str
    link: str
    to: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """What this installation has; `folder` stands in where it has neither."""

    mail: Channel | None
    hook: Receiver | None
    folder: Path
    company: str
    public_url: str

    def link(self, path: str) -> str:
        """The address of a page of the console."""
        return f"{self.public_url.rstrip('/')}{path}"

    def by_mail(self, letter: Letter) -> None:
        """Raises Refused, or NoAnswer where nobody can tell."""
        assert self.mail is not None
        self.mail.send(
            OutgoingMessage(
                message_id=letter.id,
                delivery_id=letter.id,
                address=letter.to,
                recipient_name=letter.name,
                sender_name=f"Jubilee, {self.company}",
                subject=letter.subject,
                text=text_of(letter, self.company),
                html="",
                occasion="notice",
            )
        )

    def by_hook(self, letter: Letter) -> None:
        """Raises Refused or NoAnswer. The id is the notice's, so that the receiver can drop a repeat."""
        assert self.hook is not None
        self.hook.post(letter.id, document(letter))

    def into_folder(self, letter: Letter) -> None:
        """Kept for whoever may look into the home folder, and for nobody else."""
        own_folder(self.folder)
        made = self.folder / f".{letter.id}"
        own_file(made)
        made.write_text(f"To: {letter.to}\nSubject: {letter.subject}\n\n{text_of(letter, self.company)}", "utf-8")
        made.replace(self.folder / f"{letter.kind}-{letter.id}.txt")

    def close(self) -> None:
        """Let go of the webhook's connections; the mail's are the channel's."""
        if self.hook is not None:
            self.hook.close()


Way = Callable[[Letter], None]


def open_ways(settings: Settings, channels: Channels) -> Ways:
    """The ways that are configured. Raises InvalidInput, with the variable, where the webhook's are wrong."""
    return Ways(
        mail=channels.get(MAIL),
        hook=_open_hook(),
        folder=settings.home / FOLDER,
        company=settings.company_name,
        public_url=settings.public_url,
    )


def text_of(letter: Letter, company: str) -> str:
    """The mail's text: what happened, where to go, and why one gets it."""
    greeting = f"Hello {letter.name},\n\n" if letter.name else ""
    return (
        f"{greeting}{letter.body}\n\n{letter.link}\n\n-- \nYou get this because you work with Jubilee at {company}.\n"
    )


def document(letter: Letter) -> str:
    """What the webhook gets: that there is something and where it stands, not what it says."""
    data = {"kind": letter.kind, "subject": letter.subject, "path": letter.path, "link": letter.link, "to": letter.to}
    whole = {"type": "notice", "timestamp": machine_now().isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace").decode()


def _open_hook() -> Receiver | None:
    group = read_environment(NoticeWebhookSettings)
    if not group.url:
        return None
    place = Place(group.url, group.secret, group.allow_private, PREFIX)
    place.check()
    return Receiver(place)
