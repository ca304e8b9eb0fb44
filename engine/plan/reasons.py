"""The names of all holds, what each means to a person, how it ends, and which of them are final.

A final one skips the moment at once; all others wait, while expiry runs on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EXCEPTION = "exception:"
FEELS_WRONG = "feels_wrong"


@dataclass(frozen=True, slots=True)
class Reason:
    """One named hold: a sentence about the customer or trigger for people to read, and how it ends."""

    sentence: str
    ends: str
    final: bool = False


REASONS: Mapping[str, Reason] = {
    "deceased": Reason("The customer has died.", "never", final=True),
    "closed": Reason("The customer closed their account.", "never", final=True),
    "erased": Reason("The customer asked to be erased.", "never", final=True),
    "trigger_retired": Reason("The trigger was retired.", "never", final=True),
    "minor": Reason("The customer is a minor, and celebrations are not sent to children.", "when the record says so"),
    "life_event": Reason("Somebody noted a life event that celebrations must not disturb.", "when the note expires"),
    "not_now": Reason("The customer asked to be left alone for now.", "when the note expires"),
    "pause": Reason(
        "Everything like this waits for now, as the company said “not now”.", "when somebody ends it, or at its date"
    ),
    "sensitive_day": Reason("Where the customer lives it is a day on which this would hurt.", "when the day is over"),
    "relationship_quiet": Reason(
        "The customer did nothing with us in the twelve months before, so years together would ring hollow.",
        "when the customer does something",
    ),
    "consent_unknown": Reason("No consent is recorded for this channel and occasion.", "when consent is recorded"),
    "consent_refused": Reason("The customer refused messages like this one.", "when the customer agrees again"),
    "consent_expired": Reason("The consent for messages like this one has expired.", "when consent is renewed"),
    "suppressed": Reason("The customer, or the address, must not be written to.", "when the suppression is lifted"),
    "occasion_off": Reason("The customer does not want to hear about this occasion.", "when they want to"),
    "no_channel": Reason("There is no address to reach the customer on this channel.", "when an address is recorded"),
    "open_problem": Reason("Something that went wrong for the customer is still open.", "when it is resolved"),
    "settling": Reason(
        "A problem was resolved and has to stay resolved for a while first.", "four days after the resolution"
    ),
    "recovery_first": Reason(
        "A message about what went wrong is on its way and goes first.", "when it went, or ended unsent"
    ),
    "recovery_gap": Reason("A message about a problem went out a short while ago.", "seven days after that message"),
    "low_answer": Reason("The customer recently gave us a low score.", "thirty days after that answer"),
    "cap": Reason("The customer hears enough from us around this day.", "when a planned message ends unsent"),
    "clash_lost": Reason(
        "Another celebration of the same day goes instead.", "when that message ends unsent; then it is planned afresh"
    ),
    "audience_not_met": Reason("The customer is not among those this trigger is meant for.", "when they are"),
    "trigger_paused": Reason("The trigger is paused.", "when somebody switches it on"),
    "shadow": Reason("The trigger only watches for now and sends nothing.", "when the trigger is switched on"),
    "missing_fact": Reason("A fact that the text needs is not known.", "when the fact is recorded"),
    "template_refused": Reason("The template cannot be used as it is.", "when the template is mended"),
    FEELS_WRONG: Reason("Somebody who read it said that it feels wrong.", "when marketing has answered"),
    "redirect_mode": Reason(
        "Redirect mode is on, and no test address is set for this channel.",
        "when a test address is set, or the installation goes live",
    ),
}

# Why a moment or message ended, other than by a hold.
ENDINGS: Mapping[str, str] = {
    "too_late": "It would have come too late.",
    "unreviewed": "Nobody read it before its deadline.",
    "control": "The customer is in the control group, by lot, so that the effect can be measured.",
    "date_changed": "The date it was about was corrected.",
    "problem_not_resolved": "The problem was not resolved after all.",
    "problem_not_settled": "The problem did not stay resolved.",
    "problem_not_open": "The problem is not open any more.",
    "news_overdue": "The news it promised are overdue.",
    "no_longer_true": "What it says is no longer true.",
    "facts_changed": "What it says has changed since; it is planned afresh.",
    "already_told": "The customer was told of this already.",
    "celebrated_recently": "The same was celebrated a short while ago.",
    "incident_already_recovered": "The customer already heard about what went wrong.",
    "restored": "A backup was restored, and it may have gone out in the time that was lost.",
    "outside_window": "It was outside the hours in which its trigger sends.",
    "quiet_hours": "The customer does not want to be disturbed at the hours that were left.",
    "legal_hours": "The law lets no text or call reach the customer at the hours that were left.",
    "other_weekday": "Its trigger does not send on the days of the week that were left.",
    "public_holiday": "Its trigger does not send on public holidays, and no other day was left.",
    "post_too_late": "A letter would not have been there in time.",
    "channel_changed": "The customer is to be reached by another channel now.",
    "gave_up": "It could not be handed over in several attempts.",
    "lease_ended": "The worker that had it was not heard of in time, and had not handed it over.",
    "sending_stopped": "Sending was stopped.",
    "pause_began": "Somebody said “not now” before its channel was called; it is checked once more.",
    "gate_closed": "The provider answered others that it could not take any just then.",
    "worker_stopping": "The worker that had it was asked to stop.",
    "never_taken": "The provider never took it.",
}
HELD_REASON = "held:"
_REFUSED = "refused:"
_BOUNCED = "bounced:"
_NOT_COMPOSED = "cannot_compose:"

# Opened and released by those who write and read, never by looking at the customer.
KEPT = frozenset({"missing_fact", "template_refused", FEELS_WRONG})


def is_final(name: str) -> bool:
    """Whether a hold ends the moment. What a trigger's own exception means, the trigger says."""
    return name in REASONS and REASONS[name].final


def sentence(name: str) -> str:
    """What a hold means, in plain words."""
    if name.startswith(EXCEPTION):
        return f"The trigger's exception “{name.removeprefix(EXCEPTION).replace('_', ' ')}” applies."
    return REASONS[name].sentence if name in REASONS else name


def ending(reason: str) -> str:
    """Why a moment or message ended, in plain words; what a person wrote as its reason is quoted."""
    if reason.startswith(HELD_REASON):
        return f"It was held until it was too late: {sentence(reason.removeprefix(HELD_REASON))}"
    if reason.startswith(_REFUSED):
        return f"The channel refused it: {reason.removeprefix(_REFUSED)}."
    if reason.startswith(_BOUNCED):
        return f"It came back: {reason.removeprefix(_BOUNCED)}."
    if reason.startswith(_NOT_COMPOSED):
        return f"No message could be made of it for its channel: {reason.removeprefix(_NOT_COMPOSED)}."
    if reason in ENDINGS:
        return ENDINGS[reason]
    said = sentence(reason)
    return f"The reason given was “{reason}”." if said == reason else said


def paused_why(reason: str) -> str:
    """What is said of a planned message while its trigger is paused, instead of when it goes."""
    return f"Its trigger is paused: {reason.rstrip('. ')}. It waits, and its time runs on."
