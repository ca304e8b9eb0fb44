"""The page of the mission: saved with a reason, compared, put back; what stands to it, and the drafts from before."""

from collections.abc import Mapping
from html import unescape

import pytest
from httpx2 import Response

from engine.storage.models import Message
from engine.storage.session import Database
from engine.write.revisions import revision_of
from engine.write.store import mission_in_force, newest_mission
from tests.engine.write.desk import MISSION
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import Office
from tests.web.test_pages import text_of

pytestmark = pytest.mark.databases("sqlite")


def sent(version: int = 1, **changed: str) -> dict[str, str]:
    fields = {
        "version": str(version),
        "reason": "kinder",
        "statement": MISSION.statement,
        "words_to_use": "\n".join(MISSION.words_to_use),
        "words_to_avoid": "\n".join(MISSION.words_to_avoid),
        "read_by_a_person": MISSION.signature_read_by_a_person,
        "read_by_no_one": MISSION.signature_read_by_no_one,
    }
    for place, value in enumerate(MISSION.values):
        fields |= {f"value.{place}.name": value.name, f"value.{place}.looks_like": value.looks_like}
    return fields | {name.replace("__", "."): value for name, value in changed.items()}


def press(visitor: Browser, address: str, fields: Mapping[str, str]) -> Response:
    return visitor.post(address, data={"csrf_token": visitor.token("/today"), **fields})


def newest(db: Database) -> int:
    with db.reading() as session:
        return newest_mission(session)


@pytest.fixture
def marketing(browser: NewBrowser, office: Office) -> Browser:
    return browser("marketing")


def test_the_mission_is_read_by_everybody_and_changed_by_marketing(browser: NewBrowser, office: Office) -> None:
    """Statement, values with what each looks like, words, signatures, and which templates express what."""
    page = browser("viewer").get("/mission").text
    read = text_of(page)
    assert "shop around the corner" in read
    assert "We name the day of the next news" in read
    assert 'href="/templates/birthday"' in page
    assert 'value="save"' not in page
    assert press(browser("agent"), "/mission", sent()).status_code == 403


def test_what_is_saved_is_in_force_and_compared(marketing: Browser, db: Database) -> None:
    """The form as it is makes no version; a change is one, with its reason, word by word."""
    assert press(marketing, "/mission", sent()).status_code == 303
    assert newest(db) == 1
    assert press(marketing, "/mission", sent(words_to_avoid="synergy\nsynergy, leverage")).status_code == 303
    with db.reading() as session:
        assert mission_in_force(session)[0].words_to_avoid == ("synergy", "leverage")
    page = marketing.get("/mission/versions").text
    assert "kinder" in page
    assert "synergy" in page.partition("<ins>")[2]
    assert "Words to avoid changed" in text_of(page)
    assert "We name the day" not in text_of(page)  # what has not changed
    assert press(marketing, "/mission/versions/1/restore", {"version": "1"}).status_code == 409
    assert press(marketing, "/mission/versions/1/restore", {"version": "2"}).status_code == 303
    with db.reading() as session:
        assert mission_in_force(session)[0] == MISSION


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"value__1__name": ""}, "Name: there is nothing here yet"),
        ({"statement": " "}, "There is nothing here yet"),
        ({"read_by_no_one": ""}, "There is nothing here yet"),
        ({"read_by_no_one": "{{ sender.name }}"}, "no one's name stands under a text they did not read"),
        ({"read_by_a_person": "{{ customer.first_name }}"}, "cannot stand in a signature"),
        ({"read_by_a_person": "{{ 2 ** 9 }}"}, "Templates cannot calculate."),
        ({"words_to_avoid": "thank you"}, "is among the words to use as well"),
        (
            {f"value__{n}__{part}": "" for n in range(2, 6) for part in ("name", "looks_like")},
            "There must be 3 to 7 of them, and there are 2",
        ),
    ],
)
def test_a_fault_stands_beside_its_field(marketing: Browser, db: Database, changed: dict[str, str], said: str) -> None:
    """Nothing is stored, and every word stays in the form."""
    answer = press(marketing, "/mission", sent(**changed))
    assert (answer.status_code, newest(db)) == (422, 1)
    page = unescape(answer.text)
    assert said.lower() in page.lower()
    assert "field-error" in answer.text
    assert "put it in quotes" not in page
    assert all(value in page for value in changed.values())


def test_values_are_named_as_people_say_them(marketing: Browser, db: Database) -> None:
    """In the form and in the versions; what is stored for templates to name is made of it."""
    assert 'value="speaks plainly"' in marketing.get("/mission").text
    assert press(marketing, "/mission", sent(value__1__name="Speaks Plainly & briefly")).status_code == 303
    with db.reading() as session:
        assert mission_in_force(session)[0].values[1].name == "speaks_plainly_briefly"
    read = text_of(marketing.get("/mission/versions").text)
    assert "What it looks like: speaks plainly briefly new" in read
    assert "What it looks like: speaks plainly gone" in read
    assert "_" not in read


def test_values_come_and_go_in_the_form(marketing: Browser, db: Database) -> None:
    """Up to seven; nothing is stored by it."""
    page = press(marketing, "/mission", sent(statement="Typed.") | {"do": "add"})
    assert (page.status_code, 'name="value.6.name"' in page.text, "Typed." in page.text) == (200, True, True)
    page = press(marketing, "/mission", sent() | {"do": "remove:0"})
    assert 'value="remembers"' not in page.text
    assert newest(db) == 1


def test_two_windows_see_both_and_lose_nothing(marketing: Browser, browser: NewBrowser, db: Database) -> None:
    """Who comes second sees who saved what, and their own words in the form."""
    assert press(marketing, "/mission", sent(statement="From the first window.")).status_code == 303
    answer = press(browser("admin"), "/mission", sent(statement="From the second one."))
    assert (answer.status_code, newest(db)) == (409, 2)
    assert "Robin Marketing saved version 2 while you were writing." in text_of(answer.text)
    assert "From the second one." in answer.text.partition("<textarea")[2]
    assert "first" in answer.text.partition("<del>")[2]
    assert 'name="version" value="2"' in answer.text


def test_a_renamed_value_is_a_warning_and_no_loss(marketing: Browser) -> None:
    """Templates that name it go on; the page says which, and theirs too."""
    press(marketing, "/mission", sent(value__0__name="recalls"))
    read = text_of(marketing.get("/mission").text)
    assert "Templates name values that the mission does not have" in read
    assert "Recalls no template expresses it" in read
    assert "not in the mission any more" in text_of(marketing.get("/templates/birthday").text)
    assert "No template expresses recalls" in text_of(marketing.get("/templates").text)


def test_drafts_from_before_are_counted_and_written_anew_by_a_button(
    marketing: Browser, db: Database, office: Office
) -> None:
    """Three wait untouched; the button names the version it was shown for, and a second window hears of a change."""
    assert "Written before it changed" not in marketing.get("/mission").text
    press(marketing, "/mission", sent(statement="Kinder."))
    read = text_of(marketing.get("/mission").text)
    assert "3 drafts wait that were written under an earlier mission." in read
    with db.reading() as session:
        assert session.get_one(Message, office.orders).state == "in_review"
    assert press(marketing, "/mission/anew", {"version": "1"}).status_code == 409
    assert press(marketing, "/mission/anew", {"version": "2"}).headers["location"] == "/mission?did=anew"
    with db.reading() as session:
        assert session.get_one(Message, office.orders).state == "draft"


def test_templates_and_drafts_that_say_a_word_to_avoid_are_named(marketing: Browser, office: Office) -> None:
    """Whoever forbids a word sees at once which templates say it, and the writing room tells the agent."""
    assert "Templates that say what we avoid" not in marketing.get("/mission").text
    avoid = "\n".join((*MISSION.words_to_avoid, "happy birthday"))
    press(marketing, "/mission", sent(words_to_avoid=avoid))
    read = text_of(marketing.get("/mission").text)
    assert "Templates that say what we avoid What is written with these words cannot go as it stands. birthday" in read
    assert "This text cannot go" in text_of(marketing.get(f"/messages/{office.birthday}").text)


def test_a_mission_put_back_is_asked_again(marketing: Browser, office: Office, db: Database) -> None:
    """Putting an earlier version back lifts what the later one forbade."""
    avoid = "\n".join((*MISSION.words_to_avoid, "happy birthday"))
    press(marketing, "/mission", sent(words_to_avoid=avoid))
    press(marketing, "/mission/versions/1/restore", {"version": "2"})
    with db.reading() as session:
        birthday = session.get_one(Message, office.birthday)
        assert revision_of(session, birthday).findings == []
