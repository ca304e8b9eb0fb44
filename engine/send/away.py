"""Which deliveries ended without anybody refusing their message: its provider could not be reached, or took nothing
from us just then. A delivery keeps only the reason, and pages and answers must not call such an attempt a refusal.
"""

from sqlalchemy import ColumnElement, and_, or_

from engine.storage.models import Delivery

# What the channels say where the fault is the provider's (`whose`), before the colon; a test compares.
_NOT_THERE = frozenset(
    {"unreachable", "closing", "not_available", "not_received_whole", "folder", "http_408", "http_425", "http_503"}
    | {"gate_closed", "nonsense"}
)
_TOOK_NOTHING = frozenset(
    {"too_many_requests", "wrong_key", "wrong_url", "wrong_login", "wrong_sender", "wrong_account_or_url"}
    | {"not_permitted", "data_residency", "sender_refused", "relaying_denied", "account_not_active", "not_public"}
    | {"http_401", "http_403", "http_404", "http_429"}
)


def away_words(state: str, reason: str | None) -> str | None:
    """What to say of a delivery that met its provider away; None of any other."""
    name = (reason or "").partition(":")[0]
    if state != "refused" or name not in _NOT_THERE | _TOOK_NOTHING:
        return None
    return "could not be reached" if name in _NOT_THERE else "took nothing from us just then"


def is_refused() -> ColumnElement[bool]:
    """Deliveries that a provider was asked to take, and that it refused for what they are."""
    away = (
        or_(Delivery.reason == name, Delivery.reason.startswith(f"{name}:", autoescape=True))
        for name in sorted(_NOT_THERE | _TOOK_NOTHING)
    )
    return and_(Delivery.state == "refused", Delivery.submitting_at.is_not(None), ~or_(*away))
