"""Letters: a print-ready PDF for each message, in a folder that a printer or a mailing service takes them from.

A file is named after our message id and made exclusively, so that even two workers cannot make a letter twice. The
folder `.made` beside them remembers each, because whoever prints them takes the files away.
"""

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from babel import UnknownLocaleError
from babel.dates import format_date
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.errors import InvalidInput, JubileeError
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage, Refused
from engine.settings import Settings, read_environment

if TYPE_CHECKING:
    import typst

LAYOUT = Path(__file__).parents[3] / "templates" / "layout" / "letter.typ"
MOST_LINES = 6  # that fit into the window
LONGEST_LINE = 60
_BREAK = re.compile(r"\s*[\n;]\s*")
_COMMA = re.compile(r"\s*,\s*+(?![A-Z]{2} \d{5})")  # not within "Springfield, IL 62704"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_FOOTERS = {
    "en": "You receive this letter because you are a customer of {company}. Tell us if you would rather not have post.",
    "de": "Du bekommst diesen Brief, weil du bei {company} Kunde bist. Sag uns, wenn du keine Post mehr möchtest.",
    "es": "Recibes esta carta porque eres cliente de {company}. Dinos si prefieres no recibir más correo.",
}


class LetterSettings(BaseSettings):
    """Where letters are laid; docs/how-to/letter.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix="JUBILEE_LETTER_", extra="ignore", frozen=True)

    folder: str = Field("", description="Where the PDFs are laid for printing; empty: the channel is not offered")
    lead_days: int = Field(5, ge=0, le=60, description="Working days that a letter is on its way, printing included")


class Letters:
    """A folder of PDFs. It can always say whether a letter was made."""

    name = "letter"
    rate = 20.0
    parallel = 1

    def __init__(self, folder: Path, *, company: str, postal_address: str = "", lead_days: int = 5) -> None:
        import typst

        self.lead_days = lead_days
        self._folder, self._made = folder, folder / ".made"
        self._company, self._postal_address = company, postal_address
        self._fonts = typst.Fonts()

    def send(self, message: OutgoingMessage) -> Accepted:
        """Make the letter and lay it down, whole and durable. One that was made already was this one."""
        accepted = Accepted(str(message.message_id))
        if self.find(message.message_id) == accepted:
            return accepted
        on = machine_now().date()
        content = letter_content(message, company=self._company, postal_address=self._postal_address, on=on)
        pdf = make_pdf(content, self._fonts)
        try:
            self._lay_down(message.message_id, pdf)
        except OSError as error:
            if not isinstance(error, FileExistsError):
                raise Refused(f"folder: {error.strerror}", permanent=False, whose="provider") from error
        return accepted

    def find(self, message_id: UUID) -> Accepted | NotTaken:
        """Whether it was made, be it there still or taken away."""
        made = self._path(message_id).exists() or (self._made / str(message_id)).exists()
        return Accepted(str(message_id)) if made else NotTaken()

    def check(self) -> str:
        """Whether letters can be laid down there."""
        probe = self._made / f".{uuid4().hex}"
        try:
            self._made.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise JubileeError(f"JUBILEE_LETTER_FOLDER: {self._folder}: {error.strerror}") from error
        return f"lays letters into {self._folder}"

    def close(self) -> None:
        """Nothing is open."""

    def _lay_down(self, message_id: UUID, pdf: bytes) -> None:
        """The link decides who was first. The marker comes after it: in the other order a crash would lose a letter."""
        self._made.mkdir(parents=True, exist_ok=True)
        draft = self._made / f".{message_id}.{uuid4().hex}"
        try:
            with draft.open("xb") as file:
                file.write(pdf)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, self._path(message_id))
            (self._made / str(message_id)).touch()
        finally:
            draft.unlink(missing_ok=True)

    def _path(self, message_id: UUID) -> Path:
        return self._folder / f"{message_id}.pdf"


def letter_content(message: OutgoingMessage, *, company: str, postal_address: str = "", on: date) -> dict[str, object]:
    """What stands on the sheet. Raises Refused where the address does not fit into the window."""
    return {
        "language": message.locale[:2],
        "sender": message.sender_name,
        "company": company,
        "return_line": " · ".join((company, *_lines_of(postal_address))),
        "address": address_lines(message.recipient_name, message.address),
        "date": long_date(on, message.locale),
        "subject": message.subject,
        "paragraphs": [block.split("\n") for block in re.split(r"\n{2,}", message.text.strip())],
        "footer": _FOOTERS.get(message.locale[:2], _FOOTERS["en"]).format(company=company),
    }


def make_pdf(content: dict[str, object], fonts: "typst.Fonts | None" = None, *, picture: bool = False) -> bytes:
    """The PDF, or with `picture` the PNG of its first page. `content` is given as data, and never becomes code."""
    import typst

    given = {"letter": json.dumps(_printable(content))}
    pages = typst.compile(
        LAYOUT,
        root=LAYOUT.parent,
        font_paths=fonts or typst.Fonts(),
        sys_inputs=given,
        format="png" if picture else "pdf",
    )
    return pages[0] if isinstance(pages, list) else pages


def address_lines(name: str, address: str) -> list[str]:
    """What shows in the window: the name, and the address line by line. Lines are parted by semicolons, or else by
    commas. Raises Refused where there is none, or more than the window holds."""
    lines = _lines_of(address)
    if not lines:
        raise Refused("no_address", permanent=True, whose="address")
    if name and lines[0].casefold() != name.casefold():
        lines = [name, *lines]
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines[1:]):
        raise Refused("address_too_long", permanent=True, whose="address")
    return [line[:LONGEST_LINE] for line in lines]


def long_date(on: date, locale: str) -> str:
    """A date as a letter of this language bears it."""
    try:
        return str(format_date(on, "long", locale=locale.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return str(format_date(on, "long", locale="en"))


def open_channel(settings: Settings) -> Letters | None:
    """Letters, where a folder for them is configured. They need the extra `letter`."""
    group = read_environment(LetterSettings)
    if not group.folder:
        return None
    try:
        return Letters(
            Path(group.folder),
            company=settings.company_name,
            postal_address=settings.postal_address,
            lead_days=group.lead_days,
        )
    except ImportError as error:
        wanted = "pip install 'jubilee[letter]'"
        raise InvalidInput(f"JUBILEE_LETTER_FOLDER: letters need the extra `letter`, as in {wanted}") from error


def _lines_of(address: str) -> list[str]:
    parting = _BREAK if _BREAK.search(address.strip()) else _COMMA
    return [line for line in parting.split(address.strip()) if line]


def _printable(value: object) -> object:
    """The same without control characters and halves of letters, which no sheet of paper shows."""
    if isinstance(value, dict):
        return {name: _printable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value.replace("\n", " ").encode("utf-8", "replace").decode())
    return value
