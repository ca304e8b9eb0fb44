"""A faulty definition is told by file, line and field, and nothing in a file can do anything but be read."""

from datetime import time
from pathlib import Path

import pytest

from engine.definitions.reading import read_definition, read_definitions, read_values
from engine.definitions.schema import TriggerDefinition
from engine.errors import InvalidDefinition
from tests.engine.definitions.kinds import KINDS

GOOD = """\
# The day itself.
name: birthday
title: Birthday
family: celebrate
occasion: birthday
kind: anniversary
params: {of: birthday}
template: birthday
send:
  window_start: 10:30
  window_end: 12:00
"""
REST = {"family": "celebrate", "occasion": "one", "kind": "anniversary", "template": "one"}


def written(folder: Path, text: str, name: str = "birthday.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    """What is wrong with the text, without the path in front."""
    path = written(folder, text)
    with pytest.raises(InvalidDefinition) as refused:
        read_definition(path, KINDS)
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Hours are hours: YAML 1.1 would read 10:30 as the number 630."""
    definition = read_definition(written(tmp_path, GOOD), KINDS)
    assert (definition.name, definition.send.window_start) == ("birthday", time(10, 30))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("weight: many", "weight: must be a whole number"),
        ("weight: 101", "weight: must be at most 100"),
        ("control_share: 0.6", "control_share: must be at most 0.5"),
        ("send: {weekdays: []}", "send.weekdays: must have at least 1 of them, not 0"),
        ("send: {window_start: late}", "send.window_start: must be a time such as 09:00"),
        ("clash: never", "clash: must be 'merge' or 'weightiest'"),
        ("shipped_on: perhaps", "shipped_on: must be true or false"),
        ("caps: 5", "caps: must be fields with their values"),
        ("brake: {times_forecast: 1}", "brake.times_forecast: must be more than 1"),
    ],
)
def test_a_fault_is_said_in_words(tmp_path: Path, line: str, said: str) -> None:
    """In ours, and not in those of the library that found it."""
    text = GOOD.partition("send:")[0] + line + "\n"
    assert faults(tmp_path, text) == [f"{len(text.splitlines())}: {said}"]


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    """Some editors on Windows write one."""
    assert read_definition(written(tmp_path, "\ufeff" + GOOD), KINDS).name == "birthday"


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    """A wrong value, a missing field, an unknown one, and a parameter of the kind, all at once and in order."""
    text = GOOD.replace("10:30", "late").replace("title: Birthday", "titel: Birthday").replace("of:", "off:")
    found = faults(tmp_path, text)
    assert [line.split(": ")[:2] for line in found] == [
        ["2", "title"],  # missing, so the line is that of the first field
        ["3", "titel"],
        ["7", "params.of"],
        ["7", "params.off"],
        ["10", "send.window_start"],
    ]
    assert found[0] == "2: title: is missing"
    assert found[1].startswith("3: titel: there is no such field; fields here are name, title, family")
    assert found[3] == "7: params.off: there is no such field; fields here are of, every"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD + "name: twice\n", "12: name: stands here twice, first in line 2"),
        (GOOD.replace("{of: birthday}", "{of: a, of: b}"), "7: params.of: stands here twice, first in line 7"),
        (GOOD.replace("title: Birthday", "title: !!python/name:os.system x"), "3: title: the tag !!python/name"),
        (GOOD + "!!python/name:os.system x: 1\n", "12: the tag !!python/name:os.system is not read here"),
        (GOOD.replace("title: Birthday", "title: !!binary aGk="), "3: title: the tag !!binary is not read here"),
        (GOOD.replace("title: Birthday", "title: &a Birthday") + "weight: *a\n", "12: aliases (*name) are not read"),
        ("a: " + "[" * 50 + "]" * 50, "1: this is nested too deep"),
        (GOOD + "send: [\n", "13: "),
        ("", "0: a trigger is a list of fields"),
        ("- name: birthday\n", "1: a trigger is a list of fields"),
        (GOOD.replace("kind: anniversary", "kind: streak"), "6: kind: there is no kind 'streak', only anniversary"),
        (GOOD.replace("name: birthday\n", "name: birth\n"), "2: name: must be birthday, as the file is called"),
        (GOOD.replace("title: Birthday", "title: Bir\x07thday"), "3: holds a character that YAML does not know"),
        (
            GOOD + "exceptions:\n  - name: a1\n    when: {all: [{field: customer.age, op: eq, value: 1}]}\n"
            "    then: hold\n",
            "14: exceptions[0].when.all[0].field: there is no field 'customer.age'",
        ),
        (
            GOOD + "exceptions:\n  - name: late\n    when: {field: trait.vip, op: exists}\n    then: alternative\n",
            "13: exceptions[0]: `template` goes with `then: alternative`",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """Each sort of fault, and where it is said to stand."""
    assert any(line.startswith(fault) for line in faults(tmp_path, text)), faults(tmp_path, text)


@pytest.mark.parametrize("word", ["Germany", "de", "USA", "Germny", "ZZ", "A", "DE-BAVARIA"])
def test_a_word_that_is_no_code_of_a_country_is_refused_with_its_line(tmp_path: Path, word: str) -> None:
    """Customers are stored by the code, so that it would be true of nobody, and nobody would be told."""
    among = f"audience:\n  all:\n  - field: customer.country\n    op: in\n    value:\n    - AT\n    - {word}\n"
    (fault,) = faults(tmp_path, GOOD + among)
    assert fault.startswith(f"18: audience.all[0].value[1]: “{word}” is no code of a country: write ")
    except_there = (
        f"  - name: there\n    when: {{not: {{field: customer.country, op: eq, value: {word}}}}}\n    then: skip\n"
    )
    (fault,) = faults(tmp_path, GOOD + "exceptions:\n" + except_there)
    assert fault.startswith(f"14: exceptions[0].when.not.value: “{word}”")


def test_codes_of_countries_and_their_parts_are_read_and_a_trait_is_called_as_it_likes(tmp_path: Path) -> None:
    """As customers may be stored under either."""
    for field, value in (("customer.country", "[DE, DE-BY, NO]"), ("trait.country", "[Germany, de]")):
        text = GOOD + f"audience: {{field: {field}, op: in, value: {value}}}\n"
        assert read_definition(written(tmp_path, text), KINDS).audience


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\ntitle: Sale: now\n", "2: a colon has no place here: a text that holds one needs quotes, and"),
        ("name: a\ntitle: Sale: now\n", "in one column (column 12)"),
        ("name: a\nsend:\n\tlead_days: 2\n", "3: a tab stands here: only spaces may indent (column 1)"),
        ("name: a\ntitle: 'x\nkind: b\n", "2: a text in quotes begins here and does not end (column 8)"),
        ("name: @a\n", "1: a text that begins with @ needs quotes (column 7)"),
        (
            "caps: {days: 3\nname: a\n",
            "2: what was opened in brackets before this is not closed: } is missing (column 5)",
        ),
        ("a:\n  - b\n c: d\n", "3: this does not fit what stands before it: look at indentation and quotes (column 2)"),
        ("name: a\ntitle\nkind: b", "3: the name of a field is not followed by a colon (column 1)"),
        ("name: a\n---\nname: b\n", "2: a file holds one trigger: --- begins another (column 1)"),
        ('name: "\\q"\n', "1: this is not YAML: found unknown escape character 'q' (column 9)"),
    ],
)
def test_what_is_no_yaml_is_said_in_plain_words(tmp_path: Path, text: str, said: str) -> None:
    """The usual reasons, with line and column; what is rare in the words of the parser."""
    (fault,) = faults(tmp_path, text)
    assert said in fault


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("control_share: 0.1", "12: control_share: a recovery has no control group"),
        ("review: {if_unreviewed: send}", "12: review.if_unreviewed: only light celebrations"),
        ("class: service", "12: class: a celebration is marketing"),
    ],
)
def test_a_rule_of_the_whole_points_to_the_field_it_speaks_of(tmp_path: Path, lines: str, said: str) -> None:
    """Not to the first line of the file."""
    family = "celebrate" if "class" in lines else "recover"
    (fault,) = faults(tmp_path, GOOD.replace("family: celebrate", f"family: {family}") + lines + "\n")
    assert fault.startswith(said)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """The wrong encoding is named, rather than read as something else."""
    path = tmp_path / "birthday.yaml"
    path.write_bytes(GOOD.replace("Birthday", "Geburtstag für").encode("latin-1"))
    with pytest.raises(InvalidDefinition, match="is not UTF-8"):
        read_definition(path, KINDS)


def test_a_folder_tells_the_faults_of_all_its_files(tmp_path: Path) -> None:
    """One look is enough to mend them all."""
    written(tmp_path, GOOD + "wight: 3\n")
    written(tmp_path, GOOD.replace("name: birthday", "name: other"), "another.yaml")
    with pytest.raises(InvalidDefinition) as refused:
        read_definitions(tmp_path, KINDS)
    assert "birthday.yaml:12: wight" in str(refused.value)
    assert "another.yaml:2: name: must be another" in str(refused.value)


def test_a_folder_gives_its_triggers_by_name(tmp_path: Path) -> None:
    """What is no .yaml file is not looked at."""
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace("name: birthday", "name: another"), "another.yaml")
    written(tmp_path, "notes", "README.md")
    assert [definition.name for definition in read_definitions(tmp_path, KINDS)] == ["another", "birthday"]


def test_plain_values_are_checked_alike() -> None:
    """A form in the browser has no lines, but the same fields."""
    definition, faults = read_values({"name": "birthday", "kind": "anniversary", "params": {}}, KINDS)
    assert definition is None
    assert ("params.of", "is missing") in [(".".join(map(str, fault.field)), fault.message) for fault in faults]


@pytest.mark.parametrize("mark", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "\\n", "\\x07", "\\u2028"])
def test_a_title_turns_nothing_that_stands_beside_it(tmp_path: Path, mark: str) -> None:
    """It is listed between others, whose names it would turn or break."""
    said = faults(tmp_path, GOOD.replace("title: Birthday", f'title: "Birth{mark}day"'))
    assert [one.partition(" (")[0] for one in said] == [
        "3: title: there is a letter here that nobody sees and that disturbs what stands beside it"
    ]


@pytest.mark.parametrize("title", ["يوم ميلاد", "יום הולדת\u200f!", "روز\u200cتولد", "👩\u200d👧 day", "A\u200eB day"])
def test_a_title_is_in_any_language(tmp_path: Path, title: str) -> None:
    """With the marks and joiners that its letters need."""
    good = GOOD.replace("title: Birthday", f"title: {title}")
    assert read_definition(written(tmp_path, good), KINDS).title == title


def test_a_stored_title_is_not_asked_again() -> None:
    """What is at work goes on: the rule is for what is written from now on."""
    values = read_values({"name": "one", "title": "a\u202eb c", "params": {"of": "x"}} | REST, KINDS)
    assert values[0] is None
    assert TriggerDefinition.model_validate({"name": "one", "title": "a\u202eb c", "params": {"of": "x"}} | REST)
