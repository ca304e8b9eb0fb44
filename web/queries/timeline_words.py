"""How the timeline says what tables keep: receipts, replies, events and changes of the record, in plain words. Pure."""

from collections.abc import Mapping
from typing import Any

from web.phrases import by_channel, capital, fact_value, words

# What a provider says, in plain words; what it gave as its reason follows.
HEARD: Mapping[str, str] = {
    "processed": "on its way",
    "deferred": "delayed on its way; the provider keeps trying",
    "delivered": "delivered",
    "read": "read",
    "opened": "opened",
    "clicked": "a link in it was followed",
    "bounced": "came back",
    "dropped": "not sent on by the provider",
    "complained": "marked as spam; nothing more goes to this address",
    "unsubscribed": "unsubscribed; no more messages of this kind",
    "failed": "could not be delivered",
}
# Why is worth saying only where something went wrong.
WITH_REASON = ("deferred", "bounced", "dropped", "failed")
REPLIED: Mapping[str, str] = {
    "text": "wrote back",
    "stop": "asked not to hear from us",
    "start": "wants to hear from us again",
    "help": "asked for help",
    "automatic": "answered automatically",
}
ANSWERED: Mapping[str, str] = {
    "waiting": "about to go",
    "claimed": "about to go",
    "submitting": "being handed over",
    "accepted": "sent",
    "refused": "refused by the provider",
    "unconfirmed": "we don't know whether it arrived",
    "withdrawn": "taken back",
}
CALLED: Mapping[str, str] = {
    "reached": "reached",
    "left_message": "left a message",
    "no_answer": "no answer",
    "wrong_number": "wrong number",
    "asked_not_to_call": "asked not to be called",
    "given_up": "given up",
}
NOTED: Mapping[str, str] = {
    "complaint": "a complaint",
    "compliment": "a compliment",
    "life_event": "a life event",
    "not_now": "not a good time",
    "other": "something else",
}
_WORDS_OF_EVENTS = ("comment", "text", "what_happened", "what_we_did", "next_step", "reason")
_LONGEST = 400


def event_detail(said: Mapping[str, Any]) -> str | None:
    """What of an event's properties is worth reading: a score, an amount, words, a value that changed."""
    parts = []
    if isinstance(score := said.get("score"), int | float | str) and not isinstance(score, bool):
        parts.append(f"score {score}")
    if (money := amount(said)) is not None:
        parts.append(money)
    parts += [" ".join(value.split()) for name in _WORDS_OF_EVENTS if isinstance(value := said.get(name), str)]
    text = " · ".join(part for part in parts if part.strip())
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …") or None


def amount(said: Mapping[str, Any]) -> str | None:
    """`12.50 EUR`; minor units have two digits in most currencies, and these alone are shown."""
    minor, currency = said.get("amount_minor"), said.get("currency")
    if not isinstance(minor, int) or isinstance(minor, bool) or not isinstance(currency, str) or len(currency) != 3:
        return None
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d} {currency}"


def field_words(field: str) -> str:
    """`traits.plan` as people read it: plan."""
    group, _, rest = field.partition(".")
    if group == "contacts":
        return f"address {by_channel(rest)}"
    if group == "preferences":
        return f"wish about {_occasion(rest)}"
    if group == "consents":
        channel, _, occasion = rest.partition(".")
        return f"consent for {_occasion(occasion)} ({'any channel' if channel == '*' else channel})"
    if group == "suppressions":
        return f"not to be written to ({'at all' if rest == '*' else by_channel(rest)})"
    return words(rest or group)


def change_words(field: str, old: Any, new: Any) -> tuple[str, str | None]:
    """What changed, and from what to what."""
    group, _, rest = field.partition(".")
    if group == "preferences":
        return capital(_wish(rest, new)), None
    if group == "consents":
        return _consent(rest, new)
    if group == "suppressions":
        where = "at all" if rest == "*" else by_channel(rest)
        return (f"May be written to again {where}" if new is None else f"Must not be written to {where}"), None
    name = capital(field_words(field))
    if new is None:
        return f"{name} taken away", f"was {_value(old)}"
    return name, _value(new) if old is None else f"{_value(old)} → {_value(new)}"


def _wish(occasion: str, new: Any) -> str:
    about = _occasion(occasion)
    if not isinstance(new, Mapping):
        return f"no wish about {about} any more"
    return f"{'wants' if new.get('wanted') else 'does not want'} to hear about {about}"


def _consent(rest: str, new: Any) -> tuple[str, str | None]:
    channel, _, occasion = rest.partition(".")
    where = "any channel" if channel == "*" else channel
    what = f"Consent for {_occasion(occasion)}, {where}"
    if not isinstance(new, Mapping):
        return f"{what}: taken away", None
    until = f", until {str(new['expires_at'])[:10]}" if new.get("expires_at") else ""
    return f"{what}: {new.get('state')}", f"{words(str(new.get('basis')))}{until}"


def _occasion(name: str) -> str:
    return "every occasion" if name in ("*", "") else words(name)


def _value(value: Any) -> str:
    text = fact_value(value) if not isinstance(value, Mapping | list) else "a list"
    return text if len(text) <= 120 else f"{text[:120]} …"
