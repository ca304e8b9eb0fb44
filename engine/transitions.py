"""The permitted changes of state of triggers, moments, messages, deliveries, answers and rehearsals, in one place.

The CHECK constraints list the states, these tables the ways between them, and a test attempts every other way.
"""

from collections.abc import Mapping

States = Mapping[str, frozenset[str]]

# draft: says what it would do. shadow: spots and checks, and sends nothing. A retired one stays retired: its name is
# never used for something else, as its occurrence keys say what was told already.
TRIGGER: States = {
    "draft": frozenset({"shadow", "active", "retired"}),
    "shadow": frozenset({"active", "paused", "retired"}),
    "active": frozenset({"shadow", "paused", "retired"}),
    "paused": frozenset({"shadow", "active", "retired"}),
    "retired": frozenset(),
}

# A cancelled moment that becomes true again returns to spotted, as does one that lost a clash to a message that died
# unsent. skipped -> written: an agent's skip, undone within the minute. closed -> written: what was taken came back
# (a bounce), and another channel is tried.
MOMENT: States = {
    "spotted": frozenset({"planned", "skipped", "expired", "cancelled", "control"}),
    "planned": frozenset({"written", "spotted", "skipped", "expired", "cancelled", "control"}),
    "written": frozenset({"closed", "planned", "spotted", "skipped", "expired", "cancelled"}),
    "closed": frozenset({"written"}),
    "skipped": frozenset({"written"}),
    "expired": frozenset(),
    "cancelled": frozenset({"spotted"}),
    "control": frozenset(),
}

# in_review -> draft: a fact changed or a moment joined, so the text is written again. approved -> in_review: undone, or
# pulled back. handed_over or closed -> approved: the provider clearly refused it, or it bounced, and another attempt
# follows.
MESSAGE: States = {
    "draft": frozenset({"in_review", "approved", "skipped", "expired", "cancelled"}),
    "in_review": frozenset({"draft", "approved", "skipped", "expired", "cancelled"}),
    "approved": frozenset({"in_review", "handed_over", "skipped", "expired", "cancelled"}),
    "handed_over": frozenset({"approved", "closed"}),
    "closed": frozenset({"approved"}),
    "skipped": frozenset({"in_review"}),
    "expired": frozenset(),
    "cancelled": frozenset(),
}

# claimed -> refused: the second check found a hold, or the lease ended before anything was submitted.
DELIVERY: States = {
    "claimed": frozenset({"submitting", "refused"}),
    "submitting": frozenset({"accepted", "refused", "unconfirmed"}),
    "accepted": frozenset({"delivered", "bounced"}),
    "delivered": frozenset({"bounced"}),
    "refused": frozenset(),
    "bounced": frozenset(),
    "unconfirmed": frozenset({"accepted", "delivered", "refused", "bounced"}),
}

# A person's answer to a reply. Back to waiting: nothing was handed over, or a person says that it did not arrive.
# accepted -> refused: it came back.
ANSWER: States = {
    "waiting": frozenset({"claimed", "withdrawn", "refused"}),
    "claimed": frozenset({"submitting", "waiting", "refused"}),
    "submitting": frozenset({"accepted", "refused", "unconfirmed", "waiting"}),
    "accepted": frozenset({"refused"}),
    "refused": frozenset(),
    "unconfirmed": frozenset({"accepted", "refused", "waiting"}),
    "withdrawn": frozenset(),
}

# A run that is kept. running -> waiting: its worker died or was asked to stop, and another begins anew.
REHEARSAL: States = {
    "waiting": frozenset({"running", "stopped"}),
    "running": frozenset({"done", "stopped", "failed", "waiting"}),
    "done": frozenset(),
    "stopped": frozenset(),
    "failed": frozenset(),
}

# Messages in these states occupy the customer's celebration of the day.
LIVE_MESSAGE = ("draft", "in_review", "approved", "handed_over", "closed")
# Deliveries in any other state may have reached the customer, or still might: no second one may be opened.
FAILED_DELIVERY = ("refused", "bounced")


def sources_of(states: States, target: str) -> tuple[str, ...]:
    """The states from which `target` may be entered, for the WHERE of a conditional UPDATE."""
    return tuple(state for state, ways in states.items() if target in ways)
