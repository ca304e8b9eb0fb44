"""On which local day a moment's message would go, and from which instant on it would come too late. Pure."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from engine.dates.workdays import Shift, shift_to_working_day
from engine.dates.zones import day_bounds
from engine.definitions.schema import SendRules

_KEPT = 16_384


def send_day(nominal_on: date, rules: SendRules, country: str | None) -> date:
    """Lead and delay first, then the shift to a working day of the customer's country."""
    wanted = nominal_on + timedelta(days=rules.delay_days - rules.lead_days)
    return wanted if rules.shift == "none" else _shifted(wanted, country, rules.shift)


def expiry(send_on: date, rules: SendRules, zone: str) -> datetime:
    """The end of the customer's local day, `expires_after_days` after the day to send on."""
    return _end_of_day(send_on + timedelta(days=rules.expires_after_days), zone)


@lru_cache(maxsize=_KEPT)
def _shifted(wanted: date, country: str | None, shift: Shift) -> date:
    return shift_to_working_day(wanted, country, shift)


@lru_cache(maxsize=_KEPT)
def _end_of_day(on: date, zone: str) -> datetime:
    return day_bounds(on, zone)[1]
