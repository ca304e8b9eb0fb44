"""The shape of a trigger's definition. Everything that a trigger says is here; the kinds add the shape of `params`."""

from datetime import time
from typing import Any, Literal, get_args

from pydantic import ConfigDict, Field, model_validator

from engine.conditions import Condition
from engine.strict import Name, Strict

Family = Literal["celebrate", "reassure", "recover"]


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class SendRules(Strict):
    """When it goes, in the customer's local time. `lead_days` before the day, `delay_days` after it; then the shift.

    On other days than `weekdays`, and on public holidays of the customer's country where `holidays` is `skip`, nothing
    goes: it waits for the next day that is allowed, if that comes before the expiry.
    """

    window_start: time = time(9)
    window_end: time = time(11)
    lead_days: int = Field(0, ge=0, le=60)
    delay_days: int = Field(0, ge=0, le=60)
    shift: Literal["none", "before", "after", "nearest"] = "none"
    weekdays: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1)
    holidays: Literal["send", "skip"] = "send"
    expires_after_days: int = Field(2, ge=0, le=90)


class ReviewRules(Strict):
    """Who lets it go. `person`: someone approves each. `auto`: goes by itself below `must_read_weight`.

    `write_ahead_days` are working days of the team between the draft and the send. `four_eyes`: besides who approves
    it, another person reads each. `skill` is what a person must be good at to be given these drafts.
    """

    policy: Literal["person", "auto"] = "person"
    must_read_weight: int = Field(50, ge=0, le=100)
    write_ahead_days: int = Field(3, ge=0, le=20)
    if_unreviewed: Literal["drop", "send"] = "drop"
    four_eyes: bool = False
    skill: Name | None = None


class Caps(Strict):
    """At most `messages` of the family within `days` days for one customer, this one included."""

    messages: int = Field(2, ge=1)
    days: int = Field(30, ge=1, le=366)


class ExceptionRule(Strict):
    """Where `when` is true, the moment waits or is skipped, or another template speaks (read by a person first)."""

    name: Name
    when: Condition
    then: Literal["hold", "skip", "alternative"]
    template: Name | None = None
    must_read: bool = False

    @model_validator(mode="after")
    def _alternative_names_a_template(self) -> "ExceptionRule":
        if (self.then == "alternative") != (self.template is not None):
            raise ValueError("`template` goes with `then: alternative`, and only with it")
        return self


class Brake(Strict):
    """Above `times_forecast` x the daily forecast, or `daily_ceiling`, the trigger pauses itself and asks."""

    daily_ceiling: int = Field(5_000, ge=1)
    times_forecast: float = Field(3.0, gt=1)


class TriggerDefinition(Strict):
    """One trigger. `class` is marketing unless it is the recovery of the customer's own problem without an offer."""

    name: Name
    title: str = Field(min_length=3, max_length=120)
    family: Family
    occasion: Name
    kind: Literal["anniversary", "milestone", "streak", "recovery"]
    params: dict[str, Any]
    template: Name
    legal_class: Literal["marketing", "service"] = Field("marketing", alias="class")
    shipped_on: bool = True
    audience: Condition | None = None
    send: SendRules = SendRules()
    review: ReviewRules = ReviewRules()
    caps: Caps = Caps()
    clash: Literal["merge", "weightiest"] = "merge"
    control_share: float = Field(0.0, ge=0, le=0.5)
    weight: int = Field(30, ge=0, le=100)
    holds_quiet_relationship: bool = False
    exceptions: tuple[ExceptionRule, ...] = ()
    brake: Brake = Brake()

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template it speaks by, each once: its own, then the alternatives of its exceptions."""
        return tuple(dict.fromkeys((self.template, *(rule.template for rule in self.exceptions if rule.template))))

    @model_validator(mode="after")
    def _families_keep_their_rules(self) -> "TriggerDefinition":
        if self.family == "recover" and self.control_share:
            raise ValueError("a recovery has no control group: set control_share to 0")
        if self.legal_class == "service" and self.family == "celebrate":
            raise ValueError("a celebration is marketing: class must be `marketing`")
        if self.review.if_unreviewed == "send" and self.family != "celebrate":
            raise ValueError("only light celebrations may go unreviewed: if_unreviewed must be `drop`")
        return self
