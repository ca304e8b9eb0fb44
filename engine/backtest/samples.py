"""Ten real customers of a run with what they would have got: the awkward ones first, then some of the rest."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, false, func, insert, literal, or_, select, true

from engine.backtest.days import Stage
from engine.backtest.ensemble import Ensemble
from engine.backtest.facts import facts_by_days, staged_facts
from engine.backtest.outcomes import CONTROL, OPEN, OUTCOMES, SENT, SHOWN, STOPS
from engine.backtest.players import PLAYERS
from engine.backtest.results import Sample
from engine.backtest.scratch import Scratch
from engine.errors import JubileeError, MissingFact
from engine.plan.reasons import HELD_REASON, ending, sentence
from engine.storage.models import Customer, CustomerDate, Message, Moment, Problem
from engine.write.composing import compose
from engine.write.facts import facts_of, facts_of_moment
from engine.write.material import FIRST_ORDER, Material, Spoken
from engine.write.questions import say_unwritten

COUNT = 10
# For how many a text is tried before it is taken that no fact is missing.
_TRIED = 100
_LEAP_DAY = 229
Row = Any
# What a message speaks of, each with the facts that were staged for it.
Told = Sequence[tuple[Row, Any]]


def choose_samples(played: Ensemble, first: date, last: date, *, company: str, team: str) -> list[Sample]:
    """Each customer once, with everything that makes them awkward; those of the same kind by the lot that everybody has
    drawn once for all, so that a run that is asked for again shows the same."""
    played.each(lambda run: _gather(run, played, first, last))
    chosen: dict[UUID, tuple[Row, list[str]]] = {}
    for why, which in _awkward(played):
        rows = _first(played, COUNT, which, longest=why == _LONGEST)
        known = [row for row in rows if row.customer_id in chosen]
        for row in known:
            chosen[row.customer_id][1].append(why)
        new = next((row for row in rows if row.customer_id not in chosen), None)
        if new is not None and (not known or why in _SEVERAL) and len(chosen) < COUNT:
            chosen[new.customer_id] = (new, [why])
    for row in _first(played, 4 * COUNT):
        if len(chosen) < COUNT and row.customer_id not in chosen:
            chosen[row.customer_id] = (row, [])
    told = [_sample(played, row, tuple(why), company=company, team=team) for row, why in chosen.values()]
    if any(one.missing for one in told):
        return told
    unwritten = _unwritten(played, chosen.keys(), company=company, team=team)
    return [*told[: COUNT - 1], unwritten] if unwritten else told


def _unwritten(played: Ensemble, known: Collection[UUID], *, company: str, team: str) -> Sample | None:
    """One for whom a fact is missing: that shows only when it is written, so some are tried, of each trigger."""
    for trigger_id in sorted(played.cast.subjects):
        for row in _first(played, _TRIED, partial(_speaks_of, trigger_id)):
            if row.customer_id not in known:
                told = _sample(played, row, (), company=company, team=team)
                if told.missing:
                    return told
    return None


_LONGEST = "the longest name"
_SEVERAL = ("speaks another language",)
_S = SHOWN.c
Which = Callable[[Scratch], ColumnElement[bool]]


def _gather(run: Scratch, played: Ensemble, first: date, last: date) -> None:
    """What the choice is made by, so that it is read from the large tables once."""
    customers, o = run.stored(Customer).c, OUTCOMES.c
    length = func.length(func.coalesce(customers.first_name, "")) + func.length(func.coalesce(customers.last_name, ""))
    language = func.lower(func.substr(customers.locale, 1, 2))
    rows = (
        select(o.moment_id, o.customer_id, o.trigger_id, o.occurrence_key, o.position)
        .add_columns(length, customers.bucket, language, customers.first_name.is_(None), o.reason)
        .join(customers.id.table, customers.id == o.customer_id)
        .where(o.trigger_id.in_(played.cast.subjects), o.on_day.between(first, last), run.mine(customers.id))
    )
    run.session.execute(insert(SHOWN).from_select([column.name for column in _S], rows))
    run.measure(SHOWN.name)


def _first(played: Ensemble, many: int, which: Which = lambda _run: true(), *, longest: bool = False) -> list[Row]:
    """Those that come first, whichever part they are of: by lot, or the longest names."""

    def limited(run: Scratch) -> Select[Any]:
        length = _S.name_length if longest else literal(0)
        order = (length.desc(), _S.bucket, _S.customer_id, _S.trigger_id, _S.occurrence_key)
        columns = (_S.moment_id, _S.customer_id, length.label("length"), _S.bucket)
        picked = select(*columns).where(which(run)).order_by(*order).limit(many).subquery("picked")
        customers, o = run.stored(Customer).c, OUTCOMES.c
        return (
            select(OUTCOMES, customers.external_id, customers.first_name, customers.last_name)
            .add_columns(picked.c.length, picked.c.bucket)
            .join(picked, and_(picked.c.moment_id == o.moment_id, picked.c.customer_id == o.customer_id))
            .join(customers.id.table, customers.id == o.customer_id)
        )

    def place(row: Row) -> Any:
        return -row.length, row.bucket, row.customer_id, row.trigger_id, row.occurrence_key

    return sorted(played.rows(limited), key=place)[:many]


def _awkward(played: Ensemble) -> Iterator[tuple[str, Which]]:
    yield _LONGEST, lambda _: true()
    yield "no first name", lambda _: _S.is_nameless
    yield "a date on 29 February", _leap
    for language in _rarest_languages(played):
        yield "speaks another language", partial(_speaks, language)
    yield "an open problem", lambda _: _held("open_problem", "settling", "recovery_first")
    yield "held", lambda _: _held()
    yield "several moments in one message", lambda _: _S.position > 0


def _leap(run: Scratch) -> ColumnElement[bool]:
    dates = run.stored(CustomerDate).c
    return _S.customer_id.in_(select(dates.customer_id).where(dates.month_day == _LEAP_DAY))


def _speaks(language: str, _run: Scratch) -> ColumnElement[bool]:
    return _S.language == language


def _speaks_of(trigger_id: UUID, _run: Scratch) -> ColumnElement[bool]:
    return _S.trigger_id == trigger_id


def _held(*names: str) -> ColumnElement[bool]:
    """By one of these, or by any."""
    ended = _S.reason.in_([HELD_REASON + name for name in names]) if names else _S.reason.startswith(HELD_REASON)
    others = select(STOPS.c.moment_id).where(STOPS.c.name.in_(names) if names else true())
    return or_(func.coalesce(ended, false()), _S.moment_id.in_(others))


def _rarest_languages(played: Ensemble) -> Sequence[str]:
    """All but the one that most speak, the rarest first; two are enough."""
    spoken: Counter[str] = Counter()
    for language, many in played.rows(lambda _: select(_S.language, func.count()).group_by(_S.language)):
        spoken[language] += many
    return sorted(spoken, key=lambda language: (spoken[language], language))[:-1][:2]


def _sample(played: Ensemble, row: Row, why: tuple[str, ...], *, company: str, team: str) -> Sample:
    stage, days = played.of(row.customer_id, (row.moment_id, row.problem_id))
    spoken = [(one, staged_facts(stage.run, one)) for one in _spoken_together(stage, row)]
    missing, written = days.ask(_written, row, spoken, company, team)
    return _told(stage, row, (*why, "a missing fact") if missing else why, **written)


def _written(days: Stage, row: Row, spoken: Told, company: str, team: str) -> tuple[bool, dict[str, Any]]:
    """Whether a fact is missing, and what would be written, or why nothing."""
    material = _material(days, row, spoken)
    try:
        composed = compose(days.run.session, material, company=company, team=team)
    except MissingFact as missing:
        facts = facts_of_moment(facts_of(material, company=company, team=team), 0)
        return True, {"missing": say_unwritten(missing, facts)}
    except JubileeError as error:
        return False, {"missing": str(error)}
    return False, {"locale": composed.locale, "subject": composed.subject, "body": composed.body}


def _told(stage: Stage, row: Row, why: tuple[str, ...], **written: Any) -> Sample:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    of = {"customer_id": row.customer_id, "customer": row.external_id, "name": name}
    of |= {"why": why, "trigger": stage.cast.name(row.trigger_id)}
    return Sample(**of, on=row.on_day, outcome=_outcome(stage, row), **({"locale": ""} | written))


def _outcome(stage: Stage, row: Row) -> str:
    if row.state == SENT:
        return "It would go."
    if row.state == OPEN:
        names = stage.run.session.scalars(select(STOPS.c.name).where(STOPS.c.moment_id == row.moment_id))
        return " ".join(["It is still on its way.", *(sentence(name) for name in names)])
    return ending(CONTROL if row.state == CONTROL else row.reason)


def _spoken_together(stage: Stage, row: Row) -> Sequence[Row]:
    """What the message speaks of, the lead first."""
    o = OUTCOMES.c
    same = o.customer_id == row.customer_id, o.message_id == row.message_id
    together = select(OUTCOMES).where(*same).order_by(o.position)
    return stage.run.session.execute(together).all() if row.message_id else [row]


def _material(days: Stage, row: Row, spoken: Told) -> Material:
    """What it would be written from: of those who were played day by day as they were on that day."""
    session = days.run.session
    played = session.scalar(select(PLAYERS.c.customer_id).where(PLAYERS.c.customer_id == row.customer_id))
    days.run.set_clock(row.planned_at or datetime.combine(row.on_day, time(12), UTC))
    table: Table = Customer.__table__ if played else days.run.stored(Customer)  # type: ignore[assignment]
    customer = Customer(**session.execute(select(*table.c).where(table.c.id == row.customer_id)).one()._mapping)
    message = session.get(Message, row.message_id) if row.message_id and played else None
    made = Message(
        id=row.message_id or row.moment_id,
        customer_id=row.customer_id,
        template=message.template if message else days.cast.definitions[spoken[0][0].trigger_id].template,
        channel=message.channel if message else days.offered.default,
    )
    return Material(made, customer, [_spoken(days, *one) for one in spoken], _first_order(days, row), ())


def _spoken(stage: Stage, row: Row, staged: Any) -> Spoken:
    versions = {trigger.id: trigger.version_id for trigger in stage.cast.triggers}
    by_days = facts_by_days(stage.run, row)
    problem = stage.run.session.get(Problem, row.problem_id) if row.problem_id else None
    moment = Moment(
        id=row.moment_id,
        customer_id=row.customer_id,
        trigger_id=row.trigger_id,
        trigger_version_id=versions[row.trigger_id],
        occurrence_key=row.occurrence_key,
        family=row.family,
        nominal_on=row.nominal_on,
        facts=staged if by_days is None else by_days,
    )
    return Spoken(moment, problem)


def _first_order(stage: Stage, row: Row) -> date | None:
    dates = stage.run.stored(CustomerDate)
    found = stage.run.session.execute(
        select(dates.c.year, dates.c.month, dates.c.day).where(
            dates.c.customer_id == row.customer_id, dates.c.name == FIRST_ORDER, dates.c.placeholder.is_(None)
        )
    ).first()
    return date(found.year, found.month, found.day) if found and found.year else None
