"""How a template is looked at: which text, for whom, by which trigger, when and in which language; and the message that
would come of it. The controls of the preview are read here, from a form or from an address alike.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from engine import clock
from engine.dates import zones
from engine.definitions.schema import TriggerDefinition
from engine.errors import InvalidInput, NotAllowed
from engine.kinds import Fact
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.send.previewing import Letterhead
from engine.send.trying_out import Trial, try_out
from engine.storage.models.person import ROLES
from engine.write.folders import TemplateFolder
from engine.write.hypothetical import date_names, hypothetical_facts, triggers_using, whom_of
from engine.write.merging import says_others
from engine.write.mission import Mission
from engine.write.samples import SAMPLES, Whom, sample
from engine.write.standing import all_templates
from engine.write.store import mission_in_force, template_in_force
from engine.write.text_files import TemplateText
from engine.write.variants import best_locale
from engine.write.vocabulary import described
from engine.write.wording import speaking_locale
from triggers.table import KINDS
from web.letters import DESK, MAIL_VIEWS
from web.place import Place
from web.template_form import Key, TemplateForm, key_of
from web.visitors import Visitor

REAL = "customer:"
UNNAMED = "new-template"  # where the page of a template that is not stored yet lies
_FIRST = ("en", "email", 1)
_WORD = re.compile(r"[a-z][a-z0-9_.]*[a-z0-9_]")
_YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Look:
    """The controls as they were set. `show` is the text, `whom` a sample's key or a customer, `by` a trigger's name,
    `at` a local time, `reads` another language than the customer's own.
    """

    show: str = ""
    whom: str = SAMPLES[0].key
    by: str = ""
    at: str = ""
    reads: str = ""
    view: str = DESK
    also: bool = False
    q: str = ""

    @property
    def address(self) -> Mapping[str, str]:
        """The same for a query string."""
        given = {"show": self.show, "whom": self.whom, "by": self.by, "at": self.at, "reads": self.reads}
        return {name: value for name, value in given.items() if value} | ({"also": "yes"} if self.also else {})


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look shows: the message, or why there is none, and what it is made from. `theirs` is the text that the
    customer would get by this channel, in the language nearest to theirs; None where it has no text for them.
    `loses_other`: another celebration is merged into it and said nowhere."""

    key: Key
    whom: Whom
    facts: Mapping[str, Fact]
    locale: str
    arrives_at: datetime
    by: TriggerDefinition | None
    message: OutgoingMessage | None
    cannot: str = ""
    theirs: Key | None = None
    loses_other: bool = False

    @property
    def in_window(self) -> bool:
        """Whether the trigger would let it go at this hour."""
        if self.by is None:
            return True
        at, rules = self.arrives_at.time(), self.by.send
        if rules.window_start <= rules.window_end:
            return rules.window_start <= at <= rules.window_end
        return at >= rules.window_start or at <= rules.window_end


async def _look(request: Request) -> Look:
    sent = request.query_params if request.method == "GET" else await request.form()

    def said(name: str, default: str = "") -> str:
        value = sent.get(name, default)
        return value[:200] if isinstance(value, str) else default

    return Look(
        show=said("shows") or said("show"),
        whom=said("whom") or SAMPLES[0].key,
        by=said("by"),
        at=said("at"),
        reads=said("reads"),
        view=said("view") if said("view") in MAIL_VIEWS else DESK,
        also=said("also") == "yes",
        q=said("q"),
    )


Looking = Annotated[Look, Depends(_look)]


def may_see_customers(visitor: Visitor) -> bool:
    """Whether a template may be shown with the words of a real customer."""
    return ROLES.index(visitor.role) >= ROLES.index("agent")


def whom_to_show(session: Session, look: Look, visitor: Visitor) -> Whom:
    """The customer that the controls name. Raises NotAllowed where a viewer asks for a real one, NotFound."""
    if not look.whom.startswith(REAL):
        return sample(look.whom)
    if not may_see_customers(visitor):
        raise NotAllowed("Viewers look at templates with customers who are made up.")
    return whom_of(session, look.whom.removeprefix(REAL))


def shown_key(form: TemplateForm, look: Look) -> Key | None:
    """The text that is looked at: the one that was asked for, else the first."""
    asked = key_of(look.show)
    if asked in form.texts:
        return asked
    return min(form.texts, key=lambda key: (key != _FIRST, key[0] != "en", key), default=None)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a look needs from the database, read before the child is asked."""

    whom: Whom
    mission: Mission
    triggers: Sequence[TriggerDefinition]
    other: TemplateFolder | None

    @property
    def merges(self) -> bool:
        """Whether anything that speaks by the template lets another celebration into its message."""
        return not self.triggers or any(one.clash == "merge" for one in self.triggers)


def ground_of(session: Session, form: TemplateForm, look: Look, visitor: Visitor) -> Ground:
    """Read it. Raises what `whom_to_show` raises."""
    used = triggers_using(session).get(form.name, [])
    merged = look.also and form.family == "celebrate"
    return Ground(
        whom_to_show(session, look, visitor),
        mission_in_force(session)[0],
        used,
        _other_celebration(session, form) if merged else None,
    )


def ground_now(place: Place, visitor: Visitor, form: TemplateForm, look: Look) -> tuple[Ground, datetime]:
    """The same in a session of its own, and the time."""
    with place.db.reading() as session:
        return ground_of(session, form, look, visitor), clock.now(session)


def of_template(place: Place, form: TemplateForm, name: str) -> TemplateForm:
    """The form of this very template: its name is the address's, and its family stays. Raises NotFound."""
    with place.db.reading() as session:
        folder, _ = template_in_force(session, name)
    return replace(form, name=name, family=folder.family)


def of_page(place: Place, form: TemplateForm, name: str) -> TemplateForm:
    """The form as its page means it: only the page of a new template has fields for the name and the family."""
    return form if name == UNNAMED else of_template(place, form, name)


def see(ground: Ground, form: TemplateForm, look: Look, place: Place, person: str | None, *, now: datetime) -> Seen:
    """The message that the form's text would make. Raises InvalidInput where there is no text yet."""
    key = shown_key(form, look)
    text = form.text(key) if key else None
    if key is None or text is None:
        raise InvalidInput("There is no text to show yet.")
    by = next((one for one in ground.triggers if one.name == look.by), ground.triggers[0] if ground.triggers else None)
    whom = replace(ground.whom, locale=look.reads) if look.reads else ground.whom
    at = arriving(look.at, whom.zone, by, now)
    ours: dict[str, Any] = {"company": place.settings.company_name, "team": place.settings.team_name, "kinds": KINDS}
    facts = hypothetical_facts(_named(text, whom, by), whom, by, at.date(), **ours)
    other = None
    if ground.other is not None:
        names = (*ground.other.needs, *ground.other.may_use)
        other = (ground.other, hypothetical_facts(names, whom, None, at.date(), **ours))
    locale = speaking_locale(text.locale, whom.locale)
    trial = Trial(text, form.occasion, form.family, whom, facts, ground.mission, locale, person, other)
    lost = other is not None and not says_others(text)
    seen = Seen(key, whom, {}, locale, at, by, None, theirs=_text_for(form, key, whom.locale), loses_other=lost)
    try:
        tried = try_out(trial, letterhead(place), public_url=place.settings.public_url)
    except InvalidInput as why:
        return replace(seen, cannot=str(why))
    used = {name: fact for name, fact in facts.items() if name in tried.used}
    return replace(seen, message=tried.message, cannot=tried.cannot, facts=used)


def _text_for(form: TemplateForm, key: Key, reads: str) -> Key | None:
    """The text of the same channel that the writer would take for who reads this locale; the same wording if it can."""
    of_channel = [one for one in form.texts if one[1] == key[1]]
    locale = best_locale({one[0] for one in of_channel}, reads)
    return min((one for one in of_channel if one[0] == locale), key=lambda one: (one[2] != key[2], one), default=None)


def letterhead(place: Place) -> Letterhead:
    """In whose name this installation writes; the links of a look are nobody's and made where it is made."""
    settings = place.settings
    return Letterhead(settings.company_name, settings.team_name, Duties(settings.postal_address))


def arriving(at: str, zone: str, by: TriggerDefinition | None, now: datetime) -> datetime:
    """The local time that was set, if it is one; else tomorrow, when the trigger's window opens."""
    local = zones.zone(zone)
    with suppress(ValueError):
        set_to = datetime.fromisoformat(at).replace(tzinfo=local)
        if set_to.year in _YEARS:
            return set_to
    opens = by.send.window_start if by else time(9)
    return datetime.combine(now.astimezone(local).date() + timedelta(days=1), opens, local)


def _named(text: TemplateText, whom: Whom, by: TriggerDefinition | None) -> list[str]:
    """The facts that the text may name, by its words alone: what is not checked yet is not parsed in this process."""
    words = set(_WORD.findall(f"{text.subject or ''} {text.body}"))
    dates = {*whom.dates, *date_names(by.params if by else {})}
    return sorted(word for word in words if described(word, dates=dates) is not None)


def _other_celebration(session: Session, form: TemplateForm) -> TemplateFolder | None:
    others = [one for one in all_templates(session) if one.lines and one.name != form.name]
    return others[0] if others else None
