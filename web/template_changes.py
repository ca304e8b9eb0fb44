"""What changed between two states of a template or of the mission, text by text, as pages show it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.write.mission import Mission
from web.diffs import Piece, word_diff
from web.phrases import language, words
from web.template_form import TemplateForm, files_of_form

_ABOUT = "About the template"
_CHANNELS = {
    "email": "e-mail",
    "inapp": "in the app",
    "letter": "letter",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "call": "for a call",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One text, line or set of fields that is not the same. `became` new, gone or changed."""

    label: str
    became: str
    pieces: Sequence[Piece]


def changes_between(before: TemplateForm, after: TemplateForm) -> list[Change]:
    """Everything that differs, the fields first, then text by text."""
    return _changes(_texts(before), _texts(after))


def first_state(form: TemplateForm) -> list[Change]:
    """Everything that the first version brought."""
    return _changes({}, _texts(form))


def mission_changes(before: Mission | None, after: Mission) -> list[Change]:
    """What differs in the mission, part by part; `before` None where there was none."""
    return _changes(_said(before) if before else {}, _said(after))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """In the order of what is there now; what is gone comes last."""
    found = []
    for label in dict.fromkeys((*after, *before)):
        old, new = before.get(label), after.get(label)
        if old != new:
            became = "new" if old is None else "gone" if new is None else "changed"
            found.append(Change(label, became, word_diff(old or "", new or "")))
    return found


def _said(mission: Mission) -> dict[str, str]:
    """The parts of a mission, which together say all of it."""
    return {
        "The statement": mission.statement,
        "What we stand for": ", ".join(words(value.name) for value in mission.values),
        **{f"What it looks like: {words(value.name)}": value.looks_like for value in mission.values},
        "Words to use": ", ".join(mission.words_to_use),
        "Words to avoid": ", ".join(mission.words_to_avoid),
        "How we sign where a person has read it": mission.signature_read_by_a_person,
        "How we sign where it goes by itself": mission.signature_read_by_no_one,
    }


def _texts(form: TemplateForm) -> dict[str, str]:
    """What a template says, text by text, its description first. The lists that follow the texts are left out: they say
    nothing that the texts do not."""
    files = sorted((name, data.decode(errors="replace").strip()) for name, data in files_of_form(form).items())
    return {_ABOUT: _about(form)} | {_label(name): text for name, text in files if "/" in name}


def _about(form: TemplateForm) -> str:
    lines = {
        "Family": form.family,
        "Occasion": words(form.occasion),
        "Values": ", ".join(map(words, form.values)),
        "Feeling": form.feeling,
        "Free part": form.free_part,
        "Words that WhatsApp approved": form.approved.strip(),
    }
    return "\n".join(f"{name}: {said}" for name, said in lines.items() if said)


def _label(file: str) -> str:
    locale, _, name = file.partition("/")
    if name == "line.txt":
        return f"{language(locale)}: the line for merging"
    channel, variant, _ = name.split(".")
    return f"{language(locale)}, {_CHANNELS.get(channel, words(channel))}, wording {variant}"
