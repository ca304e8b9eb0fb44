"""Typical facts for every shipped occasion, in each language that it is written in."""

import datetime as dt

from engine.write.folders import TemplateFolder

EN = {
    "customer": {"first_name": "Maria"},
    "sender": {"name": "Rosa Lind", "team": "Customer care"},
    "company": {"name": "Loom & Lantern"},
    "mission": {"signature": "Rosa Lind, Loom & Lantern"},
    "birthday": dt.date(2000, 2, 14),  # its year says nothing
    "years": 5,
    "first_order_month": dt.date(1997, 2, 1),
    "days": 1000,
    "order_count": 10,
    "months_in_a_row": 6,
    "what_happened": "the parcel came without the lamp shade",
    "what_we_did": "we sent the shade by courier",
    "outage_on": dt.date(1998, 2, 12),
    "what_was_refunded": "the second lamp",
    "refunded_on": dt.date(1998, 2, 12),
    "next_news_on": dt.date(1998, 2, 19),
    "next_step": "the workshop is testing a new switch",
}
# In these two the next step is not known: whatever follows `if next_step` must read well without it.
ES = {
    **EN,
    "what_happened": "falta la pantalla del flexo",
    "what_we_did": "hemos enviado la pantalla",
    "next_step": None,
}
DE = {
    **EN,
    "what_happened": "die Lampe kam ohne Schirm",
    "what_we_did": "wir haben den Schirm geschickt",
    "next_step": None,
}

FACTS: dict[str, dict[str, object]] = {"en": EN, "es": ES, "de": DE}
OUTAGE = {"what_happened": "sign-in failed from noon until three", "what_we_did": "we replaced the failed server"}


def typical_facts(folder: TemplateFolder, locale: str) -> dict[str, object]:
    """What the records hold on an ordinary day, and nothing that this occasion did not ask for."""
    facts = FACTS[locale] | (OUTAGE if folder.occasion == "outage_over" else {})
    if folder.occasion in ("ticket_solved", "ticket_solved_serious"):
        facts |= {"next_step": None}
    asked = {fact.partition(".")[0] for fact in (*folder.needs, *folder.may_use)}
    return {name: value for name, value in facts.items() if name in asked}
