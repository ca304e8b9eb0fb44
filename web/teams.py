"""The working hours of the team, as the settings say them."""

from engine.dates.team import TeamHours
from engine.settings import Settings


def team_of(settings: Settings) -> TeamHours:
    """When the team works."""
    return TeamHours(settings.team_zone, settings.team_start, settings.team_end, settings.team_country or None)
