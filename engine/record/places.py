"""Where a customer lives, as far as dates and languages need it: country, time zone, locale."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError, get_global

from engine.dates.text_law import clocks_of, is_region, regions_of
from engine.dates.zones import UnknownZone, zone
from engine.record.rejection import RowRefused
from engine.record.texts import clean_line

NO_ZONE = "UTC"
_COUNTRY = re.compile(r"(?!ZZ)[A-Z]{2}(-[A-Z0-9]{1,3})?")
_REGION = re.compile(r"[A-Z0-9]{1,3}")
_WINTER_AND_SUMMER = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


def clean_zone(text: str | None) -> str | None:
    """An IANA name that we know."""
    name = clean_line("zone", text)
    try:
        if name is not None:
            zone(name)
    except UnknownZone as error:
        raise RowRefused("zone", str(error)) from None
    return name


def clean_country(text: str | None) -> str | None:
    """Two letters, or with a subdivision: DE, DE-BY."""
    name = clean_line("country", text, 10)
    if name is None:
        return None
    code = name.upper()
    if not _COUNTRY.fullmatch(code) or code.partition("-")[0] not in get_global("territory_zones"):
        raise RowRefused("country", f"{name!r} is not a country: two letters such as DE or US-CA are expected")
    return code


def clean_region(text: str | None, country: str | None) -> tuple[str | None, str | None]:
    """The country and the subdivision that `US-TX` names, or `TX` in a country that is known: (US, TX)."""
    name = clean_line("region", text, 10)
    if name is None:
        return None, None
    said, _, region = name.upper().rpartition("-")
    country = (country or "").partition("-")[0] or None
    code = clean_country(said) if said else country
    if not _REGION.fullmatch(region) or (code and not is_region(code, region)):
        raise RowRefused("region", f"{name!r} is not a part of a country: such as US-TX or DE-BY are expected")
    if country and code != country:
        raise RowRefused("region", f"{name!r} lies in {code}, and the country is {country}")
    return code, region


def clean_locale(text: str | None) -> str | None:
    """A language, or a language and its country, as de or de-AT."""
    name = clean_line("locale", text, 35)
    if name is None:
        return None
    locale = _locale(name)
    if locale is None:
        raise RowRefused("locale", f"{name!r} is not a language we know, such as en, es or de-AT")
    return locale


def guessed_zone(country: str | None, region: str | None) -> str:
    """The zone to go by where nobody said it: that of most people of a state, else that of the country."""
    code, _, part = (country or "").partition("-")
    if region := region or part:
        of_state = clocks_of(code, region)
        if is_region(code, region) and regions_of(code) and of_state:
            return of_state[0]
    return zone_of_country(country)


@lru_cache(maxsize=512)
def zone_of_country(country: str | None) -> str:
    """The zone of a country whose clocks all agree, in winter and in summer; else UTC, as guessing would be wrong.

    Germany has two zones by name and one by clock; Spain, with the Canary Islands, has two by clock.
    """
    names = get_global("territory_zones").get((country or "").partition("-")[0], [])
    clocks = {tuple(at.astimezone(zone(name)).utcoffset() for at in _WINTER_AND_SUMMER) for name in names}
    return names[0] if len(clocks) == 1 else NO_ZONE


@lru_cache(maxsize=1024)
def _locale(name: str) -> str | None:
    try:
        return str(Locale.parse(name.replace("-", "_"))).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        return None
