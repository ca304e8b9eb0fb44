"""Everything the page of one template shows: its form with what is wrong and how it sounds, what it is made into, and
what there is to know about its facts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from engine.errors import JubileeError
from engine.write.bodies import folder_from
from engine.write.checking import check_files
from engine.write.folders import TemplateFolder
from engine.write.hypothetical import date_names, told_by
from engine.write.merging import LOST, lost_beside
from engine.write.parts import Part, parts_of_source
from engine.write.samples import SAMPLES
from engine.write.source_tone import check_source
from engine.write.text_files import FORMATS
from engine.write.vocabulary import GROUPS, MOMENT, PROBLEM, VOCABULARY, KnownFact, described
from triggers.table import KINDS
from web.letters import MAIL_VIEWS
from web.place import Place
from web.remarks import Remark, remarks_on
from web.template_form import (
    FAMILIES,
    FREE_PARTS,
    NO_FAULTS,
    Faults,
    Key,
    TemplateForm,
    files_of_form,
    key_of,
    said_key,
    sorted_faults,
)
from web.template_look import Ground, Look, Seen, see, shown_key
from web.visitors import Visitor

CHANNELS: Mapping[str, str] = {
    "email": "E-mail",
    "inapp": "In the app",
    "letter": "Letter",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "call": "For a call",
}
# What the page has a place for, beside which its faults are told.
FIELDS = ("name", "family", "occasion", "feeling", "free_part", "values", "needs", "may_use", "whatsapp")


@dataclass(frozen=True, slots=True)
class Examined:
    """A form as the checks see it: the folder that it makes, or what is wrong; how each sound text sounds."""

    folder: TemplateFolder | None
    faults: Faults
    remarks: Mapping[str, Sequence[Remark]]
    parts: Mapping[str, Sequence[Part]]


def examined(form: TemplateForm, ground: Ground) -> Examined:
    """Check it as a folder, in a child; then read the sound texts for what would hurt."""
    try:
        body, found = check_files(form.stored_name or "new", files_of_form(form), lists_follow=form.lists_follow)
        faults = sorted_faults(found)
    except JubileeError as stopped:
        return Examined(None, Faults({}, {}, (str(stopped),)), {}, {})
    sound = [key for key in form.texts if said_key(key) not in faults.texts]
    return Examined(
        folder_from(body) if body else None,
        faults,
        {said_key(key): _remarks(form, key, sound, ground) for key in sound},
        {said_key(key): parts_of_source(form.texts[key].body) for key in sound},
    )


def page_values(
    place: Place,
    visitor: Visitor,
    form: TemplateForm,
    look: Look,
    ground: Ground,
    *,
    now: datetime,
    fresh: bool = False,
) -> dict[str, Any]:
    """What the page shows of a form; what only a stored template has is added by its route. `fresh`: nobody has written
    anything yet, so nothing is remarked."""
    found = examined(form, ground)
    key = shown_key(form, look)
    return {
        "form": form,
        "look": look,
        "shown": said_key(key) if key else "",
        "faults": NO_FAULTS if fresh else found.faults,
        "remarks": found.remarks,
        "remarked": remarked_texts(found.remarks),
        "parts": found.parts,
        "folder": found.folder,
        "mission": ground.mission,
        "triggers": ground.triggers,
        "seen": seen_or_not(ground, form, look, place, signer_of(visitor), now=now),
        "query": urlencode(look.address),
        "samples": SAMPLES,
        "whom": ground.whom,
        "channels": CHANNELS,
        "formats": FORMATS,
        "views": MAIL_VIEWS,
        "families": FAMILIES,
        "field_names": FIELDS,
        "free_parts": FREE_PARTS,
        "fact_groups": fact_groups(form),
        "unknown_facts": unknown_facts(found.folder, ground),
        "untold_facts": untold_facts(found.folder, ground),
        "editable": visitor.may_audit,
        "now": now,
    }


def seen_or_not(
    ground: Ground, form: TemplateForm, look: Look, place: Place, person: str | None, *, now: datetime
) -> Seen | None:
    """The look, or None where there is nothing to look at."""
    return see(ground, form, look, place, person, now=now) if form.texts else None


def signer_of(visitor: Visitor) -> str | None:
    """Whose name stands under a look: the visitor's, as if they let it go; the team's where they may not."""
    return visitor.signs_as


def fact_groups(form: TemplateForm) -> list[tuple[str, Sequence[KnownFact]]]:
    """The facts: first those that the texts print, then by what they are about, without those of other families."""
    written = "\n".join(part for words in form.texts.values() for part in (words.subject, words.body))
    away = MOMENT if form.family in ("recover", "reassure") else PROBLEM
    told = [fact for fact in VOCABULARY if fact.group != away]
    used = [fact for fact in told if re.search(rf"\b{re.escape(fact.name)}\b", written)]
    may = [fact for fact in told if fact.sayable != "no" and fact not in used]
    groups = [("In these texts", used), *((name, [fact for fact in may if fact.group == name]) for name in GROUPS)]
    groups.append(("Known, and never said", [fact for fact in told if fact.sayable == "no"]))
    return [(name, facts) for name, facts in groups if facts]


def remarked_texts(remarks: Mapping[str, Sequence[Remark]]) -> Mapping[str, Sequence[Key]]:
    """The texts by the gravest that is remarked on them: `block`, of which no draft can go as it is, or `warn`; and
    `lost`, which are silent of another celebration of the day."""
    found: dict[str, list[Key]] = {"block": [], "warn": [], "lost": []}
    for name, of_text in remarks.items():
        key, gravest = key_of(name), next((one.severity for one in of_text), "")  # the gravest stands first
        if key and gravest in found:
            found[gravest].append(key)
        if key and any(one.category == LOST for one in of_text):
            found["lost"].append(key)
    return found


def unknown_facts(folder: TemplateFolder | None, ground: Ground) -> Sequence[str]:
    """Facts that the texts name and nothing makes: every draft would wait for them."""
    if folder is None:
        return ()
    dates = _dates(ground)
    return [name for name in (*folder.needs, *folder.may_use) if described(name, dates=dates) is None]


def untold_facts(folder: TemplateFolder | None, ground: Ground) -> Mapping[str, Sequence[str]]:
    """Facts of a moment that the texts need -> the triggers whose moments do not tell them, by title: each draft of
    theirs is held. What a text asks for before it says it does no harm."""
    if folder is None:
        return {}
    dates = _dates(ground)
    of_moment = [name for name in folder.needs if (known := described(name, dates=dates)) and known.group == MOMENT]
    told = [(one.title, told_by(one, KINDS)) for one in ground.triggers]
    found = {name: [title for title, facts in told if not facts.get(name)] for name in of_moment}
    return {name: titles for name, titles in found.items() if titles}


def _dates(ground: Ground) -> set[str]:
    """The customers' dates that give facts their names."""
    return set(ground.whom.dates).union(*(date_names(one.params) for one in ground.triggers))


def _remarks(form: TemplateForm, key: Key, sound: Sequence[Key], ground: Ground) -> Sequence[Remark]:
    text = form.text(key)
    assert text is not None
    near = [form.text(one) for one in sound if one[:2] == key[:2] and one[2] < key[2]]
    family: Any = form.family if form.family in FAMILIES else "celebrate"
    rows = check_source(
        text, [one for one in near if one is not None], family=family, words_to_avoid=ground.mission.words_to_avoid
    )
    if family == "celebrate" and ground.merges:
        rows += lost_beside(text)
    return remarks_on(rows, {"subject": text.subject, "body": text.body})
