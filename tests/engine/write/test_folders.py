"""A template folder is read whole or refused, and every refusal names its file, its field and its line."""

from pathlib import Path

import pytest

from engine.errors import InvalidDefinition
from engine.write.folders import read_all, read_template_folder

ABOUT = """name: tea
family: celebrate
occasion: tea_time
values: [remembers]
feeling: 2
needs: [customer.first_name, mission.signature]
may_use: [also]
free_part: suggested
"""
EMAIL = """Subject: Tea, {{ customer.first_name }}

Tea is ready.

[[ hint: say which tea ]]

{% for line in also %}{{ line }} {% endfor %}
{{ mission.signature }}
"""


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    """A small folder in good order."""
    folder = tmp_path / "tea"
    (folder / "en").mkdir(parents=True)
    (folder / "template.yaml").write_text(ABOUT)
    (folder / "en" / "email.1.md").write_text(EMAIL)
    (folder / "en" / "sms.1.txt").write_text("Tea, {{ customer.first_name }}. {{ mission.signature }}")
    (folder / "en" / "line.txt").write_text("And there is tea.\n")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidDefinition) as refused:
        read_template_folder(folder)
    return str(refused.value).replace(str(folder), "tea")


def change(folder: Path, old: str, new: str, file: str = "template.yaml") -> None:
    path = folder / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))


def test_a_folder_is_read_with_all_its_texts(tea: Path) -> None:
    """Channels, languages, variants, subjects and the line for merging."""
    folder = read_template_folder(tea)
    assert (folder.name, folder.family, folder.occasion, folder.feeling) == ("tea", "celebrate", "tea_time", 2)
    assert [(t.channel, t.locale, t.variant, t.subject) for t in folder.texts] == [
        ("email", "en", 1, "Tea, {{ customer.first_name }}"),
        ("sms", "en", 1, None),
    ]
    assert folder.texts[0].body.startswith("Tea is ready.")
    assert dict(folder.lines) == {"en": "And there is tea."}


def test_folders_of_a_root_come_by_name_and_others_are_passed_by(tea: Path) -> None:
    """The layout and the mission lie beside the templates."""
    (tea.parent / "layout").mkdir()
    assert [folder.name for folder in read_all(tea.parent)] == ["tea"]


def test_windows_files_read_the_same(tea: Path) -> None:
    """A byte-order mark and other line ends change nothing."""
    plain = read_template_folder(tea)
    path = tea / "en" / "email.1.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_template_folder(tea) == plain


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: tea", "name: coffee", "tea/template.yaml: line 1: name: is coffee, but the folder is called tea"),
        ("name: tea\n", "", "tea/template.yaml: line 1: name: is missing"),
        ("family: celebrate", "family: sell", "line 2: family: is 'sell'; it may be celebrate, reassure, recover"),
        ("occasion: tea_time", "occasion: Tea Time", "line 3: occasion: must be a name in small letters"),
        ("occasion: tea_time", "occasion: yes", "line 3: occasion: must be a text"),
        ("values: [remembers]", "values: []", "line 4: values: there must be 1 to 7 of them, and there are 0"),
        ("values: [remembers]", "values: remembers", "line 4: values: must be a list"),
        ("values: [remembers]", "values: [a, a]", "line 4: values: names something twice"),
        ("feeling: 2", "feeling: 9", "line 5: feeling: must be a whole number from -5 to 5"),
        ("feeling: 2", "feeling: much", "line 5: feeling: must be a whole number from -5 to 5"),
        ("[also]", "[Also!]", "line 7: may_use: 'Also!' is not the name of a fact"),
        ("free_part: suggested", "free_part: maybe", "line 8: free_part: is 'maybe'"),
        (
            "free_part: suggested",
            "free_part: none",
            "line 8: free_part: is none, but wording 1 of email in en has a hint",
        ),
        (
            "free_part: suggested",
            "free_part: required",
            "line 8: free_part: is required, but wording 1 of sms in en has no hint",
        ),
        ("family: celebrate", "family: recover", "line 2: family: only celebrations are merged"),
        ("feeling: 2", "feeling: 2\nfeling: 3", "line 6: feling: is not a field we know"),
        ("feeling: 2", "feeling: 2\nfeeling: 3", "line 6: feeling: is there twice"),
        ("feeling: 2", "feeling: !!python/object/apply:os.getcwd []", "line 5: feeling: must be a whole number"),
        ("name: tea", "name: [tea", "line 2: "),
        (
            "mission.signature]",
            "mission.signature, years]",
            "line 6: needs: years is printed by no text without asking",
        ),
        (
            ", mission.signature]",
            "]",
            "line 6: needs: mission.signature is printed by a text, so it must be listed here",
        ),
        ("may_use: [also]\n", "", "line 6: needs: also is asked for by a text"),
        ("[also]", "[also, years]", "line 7: may_use: years is asked for by no text"),
        ("[also]", "[also, mission.signature]", "line 7: may_use: mission.signature is listed under needs as well"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tea: Path, old: str, new: str, said: str) -> None:
    """Whoever edits the file finds the place without searching."""
    change(tea, old, new)
    assert said in refusal(tea)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Subject: ", "", "tea/en/email.1.md: line 1: must be “Subject: …”"),
        ("}}\n\nTea", "}}\nTea", "tea/en/email.1.md: line 1: must be “Subject: …” with an empty line after it"),
        ("Tea is ready.", "{{ years * 2 }}", "tea/en/email.1.md: line 3: Templates cannot calculate."),
        ("Subject: Tea", "Subject: {{ x() }}", "tea/en/email.1.md: line 1: Templates cannot call anything."),
        ("Tea is ready.", "{{ years }}", "needs: years is printed by a text"),
        ("[[ hint: say which tea ]]", "[[ say which tea ]]", "a hint is written [[ hint: … ]]"),
        ("say which tea", "ask {{ customer.first_name }}", "a hint speaks to the agent and cannot hold a fact"),
        ("Subject: Tea", "Subject: Tea [[ hint: x ]]", "line 1: a hint cannot stand in the subject"),
    ],
)
def test_a_wrong_text_is_named_with_its_line(tea: Path, old: str, new: str, said: str) -> None:
    """Lines are those of the file, with the subject counted."""
    change(tea, old, new, "en/email.1.md")
    assert said in refusal(tea)


@pytest.mark.parametrize("name", ["email.md", "email.0.md", "email.1.txt", "sms.1.md", "fax.1.txt", "notes.txt"])
def test_a_file_that_would_never_be_used_is_refused(tea: Path, name: str) -> None:
    """A misspelt name must not pass for a text that nobody wrote."""
    (tea / "en" / name).write_text("Tea.")
    assert f"tea/en/{name}: has no place here" in refusal(tea)


def test_a_folder_that_is_no_language_is_refused(tea: Path) -> None:
    """`english/` would be passed over in silence otherwise."""
    (tea / "english").mkdir()
    assert "tea/english: has no place in a template folder" in refusal(tea)


def test_variants_count_without_a_gap(tea: Path) -> None:
    """A third text without a second one is a mistake."""
    (tea / "en" / "sms.3.txt").write_text("Tea.")
    assert "en/sms: variants count from 1 without a gap" in refusal(tea)


def test_a_celebration_has_a_line_in_each_language(tea: Path) -> None:
    """Without it a merged moment would be lost in that language."""
    (tea / "en" / "line.txt").unlink()
    assert "a celebration has texts and a line.txt in each language; see en" in refusal(tea)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "there is nothing here yet"),
        ("Two\nlines.", "must be one sentence on one line"),
        ("With [[ hint: x ]]", "must be one sentence on one line"),
    ],
)
def test_a_line_is_one_sentence(tea: Path, line: str, said: str) -> None:
    """It stands inside another text."""
    (tea / "en" / "line.txt").write_text(line)
    assert f"tea/en/line.txt: line 1: {said}" in refusal(tea)


def test_a_file_in_another_encoding_is_refused(tea: Path) -> None:
    """With the line on which the first odd letter stands."""
    (tea / "en" / "sms.1.txt").write_bytes(b"Tea\nf\xfcr dich")
    assert "tea/en/sms.1.txt: line 2: is not written in UTF-8" in refusal(tea)


def test_a_huge_file_is_refused_unread(tea: Path) -> None:
    """Nobody writes a hundred kilobytes by hand."""
    (tea / "template.yaml").write_text("#" * 100_001)
    assert "tea/template.yaml: is larger than 100,000 bytes" in refusal(tea)


def test_an_empty_description_is_refused(tea: Path) -> None:
    """A file without fields."""
    (tea / "template.yaml").write_text("")
    assert "tea/template.yaml: line 1: the file: must hold fields" in refusal(tea)


def test_a_folder_without_texts_is_refused(tea: Path) -> None:
    """It could never say anything."""
    for file in (tea / "en").iterdir():
        file.unlink()
    assert "has no text in any language" in refusal(tea)
