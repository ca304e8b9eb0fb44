"""What the forms about people say: only the fields that are named here count, whatever else a request brings."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel

from engine.dates.zones import first_instant, local_date
from engine.errors import InvalidInput
from engine.people.details import Duties, checked_zone
from engine.people.roster import Profile, Terms
from engine.storage.models import Person


class OwnFields(BaseModel):
    """What somebody may say of themselves."""

    name: str = ""
    zone: str = ""
    substitute: str = ""
    away_until: str = ""

    @classmethod
    def of(cls, person: Person) -> "OwnFields":
        """As it stands."""
        return cls(
            name=person.name,
            zone=person.zone,
            substitute=str(person.substitute_id or ""),
            away_until=_first_day(person),
        )

    def profile(self) -> Profile:
        """Raises InvalidInput, with the field."""
        return Profile(self.name, self.zone, _person(self.substitute), _back_on(self.away_until, self.zone))


class AdminFields(OwnFields):
    """What an admin may say of somebody."""

    role: str = "viewer"
    skills: str = ""
    locales: str = ""
    ticket_names: str = ""

    @classmethod
    def of(cls, person: Person) -> "AdminFields":
        """As it stands."""
        return cls(
            **OwnFields.of(person).model_dump(),
            role=person.role,
            skills=", ".join(person.skills),
            locales=", ".join(person.locales),
            ticket_names=", ".join(person.ticket_names),
        )

    @property
    def duties(self) -> Duties:
        """The three lists, written with commas or on lines."""
        return Duties(_list(self.skills), _list(self.locales), _list(self.ticket_names))

    def terms(self) -> Terms:
        """Raises InvalidInput, with the field."""
        own = self.profile()
        return Terms(self.name, self.role, self.zone, self.duties, own.substitute_id, own.away_until)


class InviteFields(AdminFields):
    """What an invitation needs."""

    email: str = ""


Own = Annotated[OwnFields, Form()]
Admin = Annotated[AdminFields, Form()]
Invite = Annotated[InviteFields, Form()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", ",").split(",") if part.strip())


def _person(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidInput("substitute: somebody else who works here") from error


def _first_day(person: Person) -> str:
    return local_date(person.away_until, person.zone).isoformat() if person.away_until else ""


def _back_on(text: str, zone: str) -> datetime | None:
    """The beginning of their first day back, where they are."""
    if not text:
        return None
    try:
        return first_instant(date.fromisoformat(text), time(), checked_zone(zone))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("away until: a day such as 2026-08-31") from error
