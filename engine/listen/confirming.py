"""The one text that answers STOP, START and HELP, in the customer's language and without a word of marketing. Pure."""

from collections.abc import Mapping
from html import escape

from engine.listen.replies import Kept

_WORDS: Mapping[str, Mapping[str, str]] = {
    "stop": {
        "en": "{company}: you will get no more messages from us here. Reply START to undo this.",
        "de": "{company}: Sie bekommen hier keine Nachrichten mehr von uns. Mit START nehmen Sie das zurück.",
        "es": "{company}: no recibirá más mensajes nuestros por aquí. Responda START para deshacerlo.",
    },
    "start": {
        "en": "{company}: you can get messages from us here again. Reply STOP to end them.",
        "de": "{company}: Sie können hier wieder Nachrichten von uns bekommen. Mit STOP beenden Sie das.",
        "es": "{company}: puede volver a recibir mensajes nuestros por aquí. Responda STOP para terminarlos.",
    },
    "help": {
        "en": "{company}: a person reads what you write here. Reply STOP to get no more messages.",
        "de": "{company}: Was Sie hier schreiben, liest ein Mensch. Mit STOP bekommen Sie keine Nachrichten mehr.",
        "es": "{company}: una persona lee lo que escribe aquí. Responda STOP para no recibir más mensajes.",
    },
}
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def confirmation(kept: Kept | None, *, company: str, locale: str) -> str:
    """TwiML with one text, or without any: a STOP that was known already is not confirmed again (cx-rules L4)."""
    if kept is None or kept.meaning not in _WORDS or (kept.meaning != "help" and not kept.changed):
        return NOTHING
    words = _WORDS[kept.meaning]
    text = words.get(locale[:2], words["en"]).format(company=company)
    return NOTHING.replace("<Response/>", f"<Response><Message>{escape(text)}</Message></Response>")
