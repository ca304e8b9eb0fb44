"""Whose a draft should be, and why: a recovery goes to whoever solved it, all else to who can and has the least to do.
Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

# Why a draft is whose it is, as it is stored; what follows the colon is a name or a skill.
SOLVED, STANDS_IN, FITS, BY_HAND, TEAM = "solved", "stands_in", "fits", "by_hand", "team"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may write. `names` are those by which a ticket may mean them, folded; no skills or locales: any."""

    id: UUID
    name: str
    names: frozenset[str]
    skills: frozenset[str]
    languages: frozenset[str]
    present: bool
    substitute_id: UUID | None

    def can(self, task: "Task") -> bool:
        """Whether these drafts are theirs to write."""
        skilled = not task.skill or not self.skills or task.skill in self.skills
        return skilled and (not self.languages or task.language in self.languages)

    def is_called(self, name: str | None) -> bool:
        """Whether a ticket means them by this name."""
        return bool(name) and folded(str(name)) in self.names


@dataclass(frozen=True, slots=True)
class Task:
    """What is known of a draft: who solved its problem and whom a complaint is about, by name; skill and language."""

    solver: str | None = None
    about: str | None = None
    skill: str | None = None
    language: str = "en"
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose it is, or nobody's, and the stored reason."""

    owner_id: UUID | None
    reason: str


def folded(name: str) -> str:
    """Names are compared without case and spare blanks."""
    return " ".join(name.split()).casefold()


def language_of(locale: str) -> str:
    """`de` of de-AT."""
    return locale.replace("_", "-").partition("-")[0].lower()


def choose_owner(task: Task, team: Sequence[Colleague], load: Mapping[UUID, int]) -> Choice:
    """Who it goes to. `load` is how many open drafts each has.

    An owner who is not there hands on to their substitute. Whom a complaint is about never gets it, in any way.
    """
    by_id = {colleague.id: colleague for colleague in team}
    had = by_id.get(task.owner_id) if task.owner_id else None
    if had is not None and (substitute := _stand_in(had, task, by_id)):
        return substitute
    solver = next((colleague for colleague in team if colleague.is_called(task.solver)), None)
    if solver is not None and not solver.is_called(task.about):
        if solver.present:
            return Choice(solver.id, SOLVED)
        if substitute := _stand_in(solver, task, by_id):
            return substitute
    able = [one for one in team if one.present and one.can(task) and not one.is_called(task.about)]
    if able:
        least = min(able, key=lambda one: (load.get(one.id, 0), str(one.id)))
        return Choice(least.id, FITS)
    return Choice(None, f"{NOBODY}:{task.skill or ''}:{task.language}")


def hand_back(task: Task, team: Sequence[Colleague]) -> Choice:
    """Where a draft goes that its owner lets out of their hands: to whoever stands in for them, else to everybody."""
    by_id = {colleague.id: colleague for colleague in team}
    owner = by_id.get(task.owner_id) if task.owner_id else None
    substitute = _stand_in(owner, task, by_id) if owner is not None else None
    return substitute or Choice(None, f"{TEAM}:{owner.name if owner is not None else ''}")


def _stand_in(away: Colleague, task: Task, by_id: Mapping[UUID, Colleague]) -> Choice | None:
    """Whoever stands in for them, and for those who stand in; nobody twice."""
    seen, next_id = {away.id}, away.substitute_id
    while next_id is not None and next_id in by_id and next_id not in seen:
        one = by_id[next_id]
        if one.present and not one.is_called(task.about):
            return Choice(one.id, f"{STANDS_IN}:{away.name}")
        seen.add(next_id)
        next_id = one.substitute_id
    return None


def owner_words(reason: str | None, *, mine: bool, owner: str | None) -> str:
    """Why it is whose it is, in words: `Yours: you solved it.`, `Kim's: ...`, `Nobody's yet: ...`."""
    kind, _, rest = (reason or "").partition(":")
    who = "Yours" if mine else f"{owner}'s" if owner else "Nobody's yet"
    if kind == NOBODY and not owner:
        skill, _, language = rest.partition(":")
        asked = f"with the skill {skill} " if skill else ""
        return f"{who}: nobody {asked}who writes {language} was there when it was written."
    why = {
        SOLVED: f"{'you' if mine else 'they'} solved the problem it is about",
        FITS: f"it fits, and {'you' if mine else 'they'} had the fewest open",
        STANDS_IN: f"{'you stand' if mine else 'they stand'} in for {rest}",
        BY_HAND: f"{rest} handed it over",
        TEAM: f"{rest} gave it to the team",
    }.get(kind)
    if why:
        return f"{who}: {why}."
    return f"{who}: {reason}" if reason else "Anybody may take it." if not owner else f"{who}."
