"""What celebrations did, on the command line."""

from datetime import timedelta

import pytest

from engine import clock
from engine.settings import settings
from engine.storage.session import Database
from tests.cli.conftest import Terminal
from tests.engine.builders import make_customer, make_trigger
from tests.engine.insight.history import send

pytestmark = pytest.mark.databases("sqlite")


def test_the_table_of_triggers_counts_what_became_of_moments(ready: Terminal) -> None:
    """Every trigger that is on has its line; of one that sent something the counts are there, as JSON too."""
    database = Database(settings().database)
    with database.writing() as session:
        trigger = make_trigger(session, name="five_years")
        today = clock.now(session).date()
        for days in (1, 100):
            send(session, make_customer(session), trigger, on=today - timedelta(days=days))
    database.dispose()
    found = {row["trigger"]: row for row in ready.ask("insight", "--days", "30")}
    assert (found["five_years"]["spotted"], found["five_years"]["sent"]) == (1, 1)
    assert found["birthday"]["sent"] == 0
    assert {row["trigger"]: row["sent"] for row in ready.ask("insight", "--days", "200")}["five_years"] == 2
    assert "need not have come from it" in ready.run("insight").stdout
