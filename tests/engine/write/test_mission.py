"""The mission: what it must hold, and whose name may stand under what."""

from pathlib import Path

import pytest

from engine.errors import InvalidDefinition, MissingFact
from engine.write.mission import Mission, read_mission, sign

MISSION = """statement: We remember people.
values:
  - {name: remembers, looks_like: We bring it up.}
  - {name: plain, looks_like: We say it.}
  - name: stays
    looks_like: We stay.
words_to_use: [thank you]
words_to_avoid: [valued customer]
signature:
  read_by_a_person: "{{ sender.name }}, {{ company.name }}"
  read_by_no_one: "{{ sender.team }}, {{ company.name }}"
"""
FACTS = {"sender": {"name": "Rosa Lind", "team": "Customer care"}, "company": {"name": "Loom"}}


def read(folder: Path, source: str = MISSION) -> Mission:
    path = folder / "mission.yaml"
    path.write_text(source)
    return read_mission(path)


def test_a_mission_is_read_as_a_value(tmp_path: Path) -> None:
    """Statement, values, words and signatures."""
    mission = read(tmp_path)
    assert mission.statement == "We remember people."
    assert [value.name for value in mission.values] == ["remembers", "plain", "stays"]
    assert (mission.words_to_use, mission.words_to_avoid) == (("thank you",), ("valued customer",))


def test_a_name_stands_only_under_what_its_owner_read(tmp_path: Path) -> None:
    """Read by a person, the person signs; read by no one, the team does."""
    mission = read(tmp_path)
    assert sign(mission, FACTS, read_by_a_person=True) == "Rosa Lind, Loom"
    assert sign(mission, FACTS, read_by_a_person=False) == "Customer care, Loom"


def test_a_signature_without_its_name_stops_the_draft(tmp_path: Path) -> None:
    """Nothing is signed by nobody."""
    with pytest.raises(MissingFact):
        sign(read(tmp_path), FACTS | {"sender": {"name": "", "team": "x"}}, read_by_a_person=True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("statement: We remember people.\n", "", "line 1: statement: is missing"),
        ("statement: We remember people.", "statement: ''", "line 1: statement: there is nothing here yet"),
        (
            "  - {name: plain, looks_like: We say it.}\n",
            "",
            "line 2: values: there must be 3 to 7 of them, and there are 2",
        ),
        ("name: plain", "name: remembers", "line 2: values: names a value twice"),
        ("name: plain", "name: Plain Words", "line 4: values[1].name: must be a name in small letters"),
        ("    looks_like: We stay.\n", "", "line 5: values[2].looks_like: is missing"),
        (
            "looks_like: We stay.",
            "looks_like: We stay.\n    colour: red",
            "line 7: values[2].colour: is not a field we know",
        ),
        (
            "[valued customer]",
            "[valued customer, Thank You]",
            "line 8: words_to_avoid: 'thank you' is among the words to use",
        ),
        (
            "{{ sender.team }}",
            "{{ sender.name }}",
            "line 11: signature.read_by_no_one: no one's name stands under a text",
        ),
        ("{{ sender.team }}", "{{ sender.team() }}", "line 11: signature.read_by_no_one: Templates cannot call"),
        (
            "{{ sender.team }}",
            "{{ customer.first_name }}",
            "line 11: signature.read_by_no_one: customer.first_name cannot",
        ),
        ("  read_by_no_one", "  unread", "line 10: signature.read_by_no_one: is missing"),
        ("statement:", "motto: x\nstatement:", "line 1: motto: is not a field we know"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Whoever edits the file finds the place without searching."""
    assert old in MISSION
    with pytest.raises(InvalidDefinition) as refused:
        read(tmp_path, MISSION.replace(old, new))
    assert f"mission.yaml: {said}" in str(refused.value)
