"""The anniversary: a date of the customer comes round, by years, months or days.

Always stepped from the original date. It names the original dates that are due, so that an index answers who they are.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.dates.anniversaries import (
    LeapPolicy,
    originals_months_before,
    originals_of_year,
    originals_years_before,
)
from engine.kinds import DateMatch

# Half a year and a day: two celebrations of one yearly date are never nearer than this.
APART_DAYS = 183
_BIRTH = ("birth", "born")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
Counts = Annotated[tuple[Annotated[int, Field(ge=1, le=100_000)], ...], Field(min_length=1, max_length=50)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Original(_Strict):
    """What comes round: a date that is known of the customer, or the local day of their first event of a name."""

    date: Name | None = None
    first_event: Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Original":
        if (self.date is None) == (self.first_event is None):
            raise ValueError("name either a `date` or a `first_event`")
        return self


class AnniversaryParams(_Strict):
    """Exactly one of `every: year`, `years`, `months` and `days` says when.

    `leap_day` is where 29 February goes in a year without one.
    """

    of: Original
    every: Literal["year"] | None = None
    years: Counts | None = None
    months: Counts | None = None
    days: Counts | None = None
    leap_day: LeapPolicy = "feb28"

    @model_validator(mode="after")
    def _says_when_once(self) -> "AnniversaryParams":
        said = [name for name in ("every", "years", "months", "days") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"say exactly one of `every: year`, `years`, `months`, `days`, not {len(said)}")
        if said != ["every"] and is_birth(self.of.date):
            raise ValueError("a birthday comes `every: year`; anything else would tell the customer's age")
        return self


class Anniversary:
    """Occurrence keys: the nominal calendar year, `months:6`, `days:1000`."""

    shape: Literal["dates"] = "dates"
    params: type[BaseModel] = AnniversaryParams

    def date_name(self, params: AnniversaryParams) -> str:
        """The date's own name, or `first:<event>`."""
        return params.of.date or f"first:{params.of.first_event}"

    def first_event(self, params: AnniversaryParams) -> str | None:
        """The event whose first day is meant, which recording keeps up to date."""
        return params.of.first_event

    def fact_name(self, params: AnniversaryParams) -> str | None:
        """Never a number for a birthday: it would be the age."""
        if is_birth(params.of.date):
            return None
        return "months" if params.months else "days" if params.days else "years"

    def tells(self, params: AnniversaryParams) -> Mapping[str, bool]:
        """The day, under its date's own name too; the number and since when, but never of a birthday."""
        counted = self.fact_name(params)
        names = ("month", "day", params.of.date, counted, counted and "since")
        return {name: True for name in names if name}

    def matches(self, params: AnniversaryParams, nominal_on: date) -> Sequence[DateMatch]:
        """The original dates whose anniversary is `nominal_on`, in order."""
        if params.every:
            return _every_year(nominal_on, params.leap_day)
        if params.years:
            return _listed_years(nominal_on, params.years, params.leap_day)
        if params.months:
            return _listed_months(nominal_on, params.months)
        return _listed_days(nominal_on, params.days or ())


def is_birth(date_name: str | None) -> bool:
    """Whether the years since this date are somebody's age."""
    return date_name is not None and any(part in date_name for part in _BIRTH)


def _every_year(nominal_on: date, policy: LeapPolicy) -> list[DateMatch]:
    month_days = sorted(month * 100 + day for month, day in originals_of_year(nominal_on, policy))
    return [DateMatch(nominal_on, month_day, None, _year(nominal_on), None, APART_DAYS) for month_day in month_days]


def _listed_years(nominal_on: date, years: Counts, policy: LeapPolicy) -> list[DateMatch]:
    return [
        DateMatch(nominal_on, _month_day(original), original.year, _year(nominal_on), count, APART_DAYS)
        for count in sorted(set(years))
        for original in sorted(originals_years_before(nominal_on, count, policy))
    ]


def _listed_months(nominal_on: date, months: Counts) -> list[DateMatch]:
    return [
        DateMatch(nominal_on, _month_day(original), original.year, f"months:{count}", count)
        for count in sorted(set(months))
        for original in sorted(originals_months_before(nominal_on, count))
    ]


def _listed_days(nominal_on: date, days: Counts) -> list[DateMatch]:
    originals = ((count, nominal_on - timedelta(days=count)) for count in sorted(set(days)))
    return [
        DateMatch(nominal_on, _month_day(original), original.year, f"days:{count}", count)
        for count, original in originals
    ]


def _year(nominal_on: date) -> str:
    """The key of a yearly occurrence: the calendar year of the day itself, before any lead or shift."""
    return f"{nominal_on.year:04d}"


def _month_day(original: date) -> int:
    return original.month * 100 + original.day
