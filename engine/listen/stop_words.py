"""What a short answer asks for by itself: to stop, to start again, to be helped. Pure.

The words are those that count by law wherever they are said (stop, quit, end, revoke, opt out, cancel, unsubscribe:
cx-rules L4), with the German and Spanish ones that people use. The whole answer has to mean it, politeness aside:
"please stop" does, "I cannot stop smiling" does not.
"""

import re
import unicodedata
from typing import Literal

Meaning = Literal["text", "stop", "start", "help"]


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP_WORDS = _set_of("""stop stopp stopall stop-all quit revoke optout opt-out cancel unsubscribe unsubscribed unsub
    abmelden abmeldung abbestellen abbestellung austragen widerruf widerrufen widerspruch beenden aufhören
    baja parar paren cancelar basta desuscribir desuscribirme anular""")
# These mean too much else: only alone, or with a please.
LONELY_STOP_WORDS = _set_of("end ende remove alto para")
STOP_PHRASES = (
    "opt out",
    "opt me out",
    "stop all",
    "sign me off",
    "take me off",
    "remove me",
    "leave me alone",
    "no more",
    "do not text me",
    "dont text me",
    "do not write to me",
    "dont write to me",
    "do not email me",
    "dont email me",
    "do not contact me",
    "dont contact me",
    "i want to unsubscribe",
    "i want to opt out",
    "i revoke my consent",
    "revoke my consent",
    "unsubscribe me",
    "cancel my subscription",
    "bitte melden sie mich ab",
    "melden sie mich ab",
    "melde mich ab",
    "ich widerspreche",
    "ich widerrufe",
    "ich widerrufe meine einwilligung",
    "ich möchte mich abmelden",
    "ich möchte keine nachrichten mehr",
    "ich möchte keine mails mehr",
    "keine nachrichten mehr",
    "keine mails mehr",
    "keine sms mehr",
    "keine werbung mehr",
    "keine werbung",
    "schreiben sie mir nicht mehr",
    "schreibt mir nicht mehr",
    "hört auf",
    "hören sie auf",
    "nehmen sie mich aus dem verteiler",
    "dar de baja",
    "darme de baja",
    "dame de baja",
    "denme de baja",
    "quiero darme de baja",
    "no más mensajes",
    "no mas mensajes",
    "no más correos",
    "no mas correos",
    "no me escriban más",
    "no me escriban mas",
    "no me escriba más",
    "no enviar más",
    "quiero cancelar mi suscripción",
)
START_WORDS = _set_of("start unstop resume subscribe anmelden starten alta iniciar comenzar empezar")
HELP_WORDS = _set_of("help info hilfe ayuda información informacion")

# What may stand around such a word and takes nothing from its meaning.
_POLITE = _set_of("""please pls plz now thanks thank you immediately hi hello dear sirs sir madam me it this these that
    all any further messages message texts text texting mails mail emails email e-mails sms mailing mailings writing
    sending
    from of to with your list lists mailinglist newsletter subscription
    bitte jetzt sofort danke alle alles mir diese diesen dieses nachrichten nachricht mich newsletter liste von der
    dem den vielen dank hallo
    por favor ya gracias todo todos los las el la mensajes mensaje correos correo lista de su hola""")
_PLEASE = _set_of("please pls plz thanks now bitte danke jetzt por favor ya gracias")
_LONGEST = 200
_MARKS = re.compile(r"[^\w\s-]|_", re.UNICODE)


def meaning_of(text: str) -> Meaning:
    """What the whole answer asks for, or its first line where a signature or a quotation follows it."""
    said = text.strip()
    lines = [line for line in said.splitlines() if line.strip()]
    for candidate in (said, *lines[:1]):
        if len(candidate) <= _LONGEST and (found := _meaning(_words(candidate))) != "text":
            return found
    return "text"


def _meaning(words: list[str]) -> Meaning:
    whole = " ".join(words)
    core = [word for word in words if word not in _POLITE]
    if whole in STOP_PHRASES or _without_politeness(words) in STOP_PHRASES:
        return "stop"
    if core and all(word in STOP_WORDS for word in core):
        return "stop"
    if len(lonely := [word for word in words if word not in _PLEASE]) == 1 and lonely[0] in LONELY_STOP_WORDS:
        return "stop"
    if len(core) == 1 and core[0] in START_WORDS:
        return "start"
    return "help" if len(words) == 1 and words[0] in HELP_WORDS else "text"


def _words(text: str) -> list[str]:
    """Small letters, no marks, no invisible characters, whatever alphabet's width they were typed in."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn", "Me", "So", "Sk"))
    return [word.strip("-") for word in _MARKS.sub(" ", plain.replace("'", "").replace("’", "")).split()]


def _without_politeness(words: list[str]) -> str:
    """The phrase between the politeness before and after it; what stands inside it belongs to it."""
    first, last = 0, len(words)
    while first < last and words[first] in _POLITE:
        first += 1
    while last > first and words[last - 1] in _POLITE:
        last -= 1
    trimmed = " ".join(words[first:last])
    return trimmed if trimmed in STOP_PHRASES else _with_ending(words, first, last)


def _with_ending(words: list[str], first: int, last: int) -> str:
    """Politeness and a phrase's last words may be the same ("take me off your list"): try each ending."""
    endings = (" ".join(words[first:end]) for end in range(last, len(words) + 1))
    return next((phrase for phrase in endings if phrase in STOP_PHRASES), "")
