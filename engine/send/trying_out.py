"""One text of a template as a customer would get it: rendered, signed and laid out by the code that does it for what
goes.

`try_out` has it done in a child process, as the words are not checked yet; `try_here` is what the child does. Its
links are nobody's: whoever presses them changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.confined import confined
from engine.errors import JubileeError, MissingFact
from engine.kinds import Fact
from engine.links import Links
from engine.send.channels.sms import with_opt_out
from engine.send.composing import Sheet, compose_sheet
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.send.previewing import NOBODY, Letterhead
from engine.write.bodies import body_of, folder_from, mission_body, mission_from, text_from
from engine.write.facts import fact_from, to_json
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission
from engine.write.questions import say_unwritten
from engine.write.samples import Whom
from engine.write.signing import Signer, signed
from engine.write.syntax import facts_used
from engine.write.text_files import TemplateText
from engine.write.wording import Line, render_texts

PHONE = "+14155550100"  # of nobody: the number that films use


@dataclass(frozen=True, slots=True)
class Trial:
    """What one look at a template is made from. `other` is the celebration that is merged into it, with its facts."""

    text: TemplateText
    occasion: str
    family: str
    whom: Whom
    facts: Mapping[str, Fact]
    mission: Mission
    locale: str
    person: str | None
    other: tuple[TemplateFolder, Mapping[str, Fact]] | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """The message as it would go, or why there is none; and the names of the facts in its text."""

    message: OutgoingMessage | None
    cannot: str
    used: Sequence[str]


def try_out(trial: Trial, letterhead: Letterhead, *, public_url: str) -> Tried:
    """Have it made in a child. Raises `Stopped`."""
    answer = confined(f"{__name__}:try_values", _values(trial, letterhead, public_url))
    made = answer["message"]
    message = OutgoingMessage(message_id=NOBODY, delivery_id=NOBODY, **made) if made else None
    return Tried(message, answer["cannot"], answer["used"])


def try_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the child does: the message as plain values, or `cannot` with the reason."""
    text = values["text"]
    facts = [facts_used(source) for source in (text["subject"], text["body"]) if source]
    used = sorted(frozenset[str]().union(*(one.needed | one.optional for one in facts)))
    try:
        made = try_here(values)
    except MissingFact as why:
        return {"message": None, "cannot": say_unwritten(why, _facts(values["facts"])), "used": used}
    except JubileeError as why:
        return {"message": None, "cannot": str(why), "used": used}
    fields = ("address", "recipient_name", "sender_name", "subject", "text", "html", "occasion", "family", "locale")
    return {"message": {name: getattr(made, name) for name in fields}, "cannot": "", "used": used}


def try_here(values: Mapping[str, Any]) -> OutgoingMessage:
    """Render, sign, lay out. Raises whatever keeps the text from being written."""
    text, mission, locale = text_from(values["text"]), mission_from(values["mission"]), values["locale"]
    lines = [Line(folder_from(body), _facts(facts)) for body, facts in values["others"]]
    texts = render_texts([text], _facts(values["facts"]), lines, mission, locale=locale)
    signer = Signer(values["person"], values["team"], values["company"])
    channel = text.channel
    sheet = Sheet(
        id=NOBODY,
        channel=channel,
        address=PHONE if channel in ("sms", "whatsapp", "call") else "",
        message_id=NOBODY,
        occasion=values["occasion"],
        family=values["family"],
        customer_id=NOBODY,
        texts=signed(texts, mission, signer, locale),
        locale=locale,
        external_id="",
        first_name=values["first_name"],
        last_name=values["last_name"],
        approver=values["person"],
    )
    duties = Duties(values["postal_address"], Links("nobody's", values["public_url"]))
    made = compose_sheet(sheet, company=values["company"], team=values["team"], duties=duties)
    if channel != "sms":
        return made
    return replace(made, text=with_opt_out(made.text, made.address, family=made.family, locale=made.locale))


def _values(trial: Trial, letterhead: Letterhead, public_url: str) -> dict[str, Any]:
    return {
        "text": asdict(trial.text),
        "facts": to_json(trial.facts),
        "others": [(body_of(trial.other[0]), to_json(trial.other[1]))] if trial.other else [],
        "mission": mission_body(trial.mission),
        "locale": trial.locale,
        "person": trial.person,
        "team": letterhead.team,
        "company": letterhead.company,
        "postal_address": letterhead.duties.postal_address,
        "public_url": public_url,
        "occasion": trial.occasion,
        "family": trial.family,
        "first_name": trial.whom.first_name,
        "last_name": trial.whom.last_name,
    }


def _facts(stored: Mapping[str, Any]) -> dict[str, Fact]:
    return {name: fact_from(fact) for name, fact in stored.items()}
