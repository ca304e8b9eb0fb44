"""The shipped definitions: all of them read, keep the design's promises, and have a template that speaks for them."""

from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conditions import matches
from engine.definitions.reading import read_definition, read_definitions
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import active_triggers, seed_shipped
from engine.storage.models import Trigger
from tests.engine.spot.story import at
from triggers.table import KINDS

ROOT = Path(__file__).parents[2]
SHIPPED = {one.name: one for one in read_definitions(ROOT / "triggers" / "definitions", KINDS)}
ALL = sorted(SHIPPED.values(), key=lambda one: one.name)
OFF = {"lifetime_spend", "monthly_streak"}


def named(definition: TriggerDefinition) -> str:
    return definition.name


def test_the_ten_of_the_first_release() -> None:
    """As the README lists them."""
    assert set(SHIPPED) == {
        "birthday",
        "first_order_anniversary",
        "days_together",
        "order_milestone",
        "lifetime_spend",
        "monthly_streak",
        "ticket_solved",
        "outage_over",
        "refund_completed",
        "still_working_on_it",
    }


def test_spend_and_streak_ship_switched_off(session: Session) -> None:
    """Somebody has to want them; all others spot from the first day."""
    seed_shipped(session, ALL, now=at("2026-02-14 09:00"))
    assert {one.name for one in active_triggers(session, KINDS)} == set(SHIPPED) - OFF
    assert set(session.scalars(select(Trigger.name).where(Trigger.state == "draft"))) == OFF


@pytest.mark.parametrize("definition", ALL, ids=named)
def test_its_template_is_there_and_of_its_family(definition: TriggerDefinition) -> None:
    """Also those of its exceptions, whose occasion may be one of their own."""
    for name in {definition.template, *(rule.template for rule in definition.exceptions if rule.template)}:
        template = yaml.safe_load((ROOT / "templates" / name / "template.yaml").read_text(encoding="utf-8"))
        assert template["family"] == definition.family
    own = yaml.safe_load((ROOT / "templates" / definition.template / "template.yaml").read_text(encoding="utf-8"))
    assert own["occasion"] == definition.occasion


@pytest.mark.parametrize("definition", ALL, ids=named)
def test_what_goes_unread_is_light(definition: TriggerDefinition) -> None:
    """Only a celebration below the weight that must be read; everything else is dropped at its deadline."""
    assert definition.review.policy == "person"
    if definition.review.if_unreviewed == "send":
        assert definition.family == "celebrate"
        assert definition.weight < definition.review.must_read_weight


@pytest.mark.parametrize("definition", ALL, ids=named)
def test_a_recovery_is_always_read_and_never_withheld(definition: TriggerDefinition) -> None:
    """Nobody is kept out at random, and nothing about trouble goes without a person."""
    assert definition.control_share == 0
    if definition.family != "celebrate":
        assert definition.legal_class == "service"
        assert definition.weight >= definition.review.must_read_weight


@pytest.mark.parametrize("definition", ALL, ids=named)
def test_its_window_is_a_decent_hour_everywhere(definition: TriggerDefinition) -> None:
    """Between nine and five, whatever the zone."""
    assert 9 <= definition.send.window_start.hour < definition.send.window_end.hour <= 17


@pytest.mark.parametrize(
    ("serious", "repeated", "template"),
    [
        (False, False, "ticket_solved"),
        (True, False, "ticket_solved_serious"),
        (False, True, "ticket_solved_serious"),
        (True, True, "ticket_solved_serious"),
    ],
)
def test_a_serious_or_repeated_ticket_is_written_by_a_person(serious: bool, repeated: bool, template: str) -> None:
    """By the first exception that is true of the moment's facts."""
    definition = SHIPPED["ticket_solved"]
    view = {"moment.serious": serious, "moment.repeated": repeated}
    rule = next((rule for rule in definition.exceptions if matches(rule.when, view)), None)
    assert (rule.template if rule else definition.template) == template
    assert rule is None or rule.must_read


def test_tenure_is_not_celebrated_in_a_quiet_relationship() -> None:
    """A birthday is; it is the person's own day."""
    assert {name for name, one in SHIPPED.items() if one.holds_quiet_relationship} == {
        "first_order_anniversary",
        "days_together",
    }


def test_amounts_are_never_said() -> None:
    """Nor does the birthday have a number to say."""
    assert SHIPPED["lifetime_spend"].params.get("sayable") is not True
    kind = KINDS["anniversary"]
    assert kind.shape == "dates"
    assert kind.fact_name(kind.params.model_validate(SHIPPED["birthday"].params)) is None


def test_the_how_to_names_every_field_and_its_example_reads(tmp_path: Path) -> None:
    """A field nobody can find is a field nobody uses."""
    page = (ROOT / "docs" / "how-to" / "add-a-trigger.md").read_text(encoding="utf-8")
    fields = [field.alias or name for name, field in TriggerDefinition.model_fields.items()]
    assert [name for name in fields if f"`{name}" not in page and f"\n{name}:" not in page] == []
    example = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "contract_start.yaml").write_text(example, encoding="utf-8")
    assert read_definition(tmp_path / "contract_start.yaml", KINDS).name == "contract_start"
