"""The pages of templates: written, looked at, saved, compared and put back, every word kept whatever goes wrong."""

import io
import re
import zipfile
from collections.abc import Mapping
from html import unescape

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from engine.storage.models import AuditEntry, Delivery, Template, TemplateVersion, TriggerVersion
from engine.storage.session import Database
from engine.write.archives import packed
from engine.write.folders import TemplateFolder
from engine.write.sources import files_of
from engine.write.store import template_in_force
from tests.engine.builders import make_customer
from tests.engine.write.desk import FOLDERS, MISSION
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import HOSTILE, Office
from tests.web.test_pages import text_of
from web.template_form import form_of

pytestmark = pytest.mark.databases("sqlite")
BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")


def sent(folder: TemplateFolder = BIRTHDAY, version: int = 1, **changed: str) -> dict[str, str]:
    """The fields that the form of this folder sends, with some of them changed; dots in names are written as __."""
    form = form_of(folder, version)
    fields = {
        "version": str(version),
        "occasion": form.occasion,
        "feeling": form.feeling,
        "free_part": form.free_part,
        "lists_follow": "yes",
        "values": form.values[0],
        "reason": "warmer",
    }
    for (locale, channel, variant), words in form.texts.items():
        name = f"text.{locale}.{channel}.{variant}"
        fields |= {f"{name}.body": words.body} | ({f"{name}.subject": words.subject} if words.subject else {})
    fields |= {f"line.{locale}": line for locale, line in form.lines.items()}
    return fields | {name.replace("__", "."): value for name, value in changed.items()}


def press(visitor: Browser, address: str, fields: Mapping[str, str]) -> Response:
    return visitor.post(address, data={"csrf_token": visitor.token("/today"), **fields})


def box(page: str, name: str) -> str:
    """What stands in a text box."""
    return unescape(page.partition(f'name="{name}"')[2].partition(">\n")[2].partition("</textarea>")[0])


def number(db: Database, name: str = "birthday") -> int:
    with db.reading() as session:
        of = select(TemplateVersion.number).join(Template, Template.version_id == TemplateVersion.id)
        return session.scalar(of.where(Template.name == name)) or 0


@pytest.fixture
def marketing(browser: NewBrowser, office: Office) -> Browser:
    return browser("marketing")


def test_the_list_says_what_speaks_where(marketing: Browser) -> None:
    """Family, languages by channels, who uses it, which version; a value that the mission lost would be marked."""
    card = marketing.get("/templates").text.partition('id="birthday"')[2].partition("</li>")[0]
    read = text_of(card)
    assert "Spoken by Birthday." in read
    assert "E-mail App SMS English 2 2 2 German 2 2 2 Spanish 2 2 2" in read
    assert "Version 1 · Shipped with Jubilee" in read


def test_the_page_of_a_template_holds_every_text(marketing: Browser) -> None:
    """All languages, channels and wordings, its parts by their kind, and the facts with what they are."""
    page = marketing.get("/templates/birthday").text
    for text in BIRTHDAY.texts:
        assert box(page, f"text.{text.locale}.{text.channel}.{text.variant}.body") == text.body
    read = text_of(page)
    assert "Its parts: 5 suggested, 0 free, 1 fixed" in read
    assert "What the customer wants to be called." in read
    assert "The day of a date that comes round every year" in read


def test_what_is_saved_is_in_force_and_audited(marketing: Browser, db: Database) -> None:
    """A new version with its author and reason, and the list of facts follows the texts."""
    facts = "{{ birthday | date }}. Since {{ first_order_month | month }}."
    body = f"Hello {{{{ customer.first_name }}}},\n\n{facts}\n\n{{{{ mission.signature }}}}"
    answer = press(marketing, "/templates/birthday", sent(text__en__email__1__body=body.replace("\n", "\r\n")))
    assert answer.headers["location"] == "/templates/birthday?did=saved"
    with db.reading() as session:
        folder, version_id = template_in_force(session, "birthday")
        version = session.get_one(TemplateVersion, version_id)
        assert (version.number, version.author, version.reason) == (2, "Robin Marketing", "warmer")
        assert "first_order_month" in folder.needs
        assert next(text.body for text in folder.texts if text.locale == "en") == body
        assert session.scalar(select(func.count()).where(AuditEntry.action == "save_template")) == 1


def test_saving_says_at_the_top_which_texts_are_remarked_on(marketing: Browser) -> None:
    """Saved all the same, but not with a plain "Saved." over words that hurt; the notice leads to the remark."""
    page = marketing.get("/templates/birthday?did=saved").text
    notice = page.partition('role="status">')[2].partition("</div>")[0]
    assert "<a" not in notice
    hurting = "{{ birthday | date }}. We apologize for any inconvenience.\n\n{{ mission.signature }}"
    stiff = "To whom it may concern: {{ birthday | date }}.\n\n{{ mission.signature }}"
    fields = sent(text__en__email__1__body=hurting, text__en__email__2__body=stiff)
    answer = press(marketing, "/templates/birthday", fields)
    page = marketing.get(answer.headers["location"]).text
    notice = page.partition('role="status">')[2].partition("</div>")[0]
    held, _, doubted = notice.partition("1 text reads as if it could hurt")
    assert "But no draft of these can go as they stand" in text_of(held)
    assert 'href="#said-en-email-1">English, E-mail, wording 1</a>' in held
    assert 'href="#said-en-email-2"' in doubted
    assert 'id="said-en-email-1"' in page


def test_what_cannot_go_is_said_when_it_is_saved(marketing: Browser) -> None:
    """Selling inside care: no draft of it can be approved as it is."""
    with_offer = {"reason": "an offer", "text.en.email.1.body": "Buy now and save 20%. {{ mission.signature }}"}
    folder = next(one for one in FOLDERS if one.family == "recover")
    answer = press(marketing, f"/templates/{folder.name}", sent(folder, **with_offer))
    page = marketing.get(answer.headers["location"]).text
    notice = page.partition('role="status">')[2].partition("</div>")[0]
    assert "But no draft of these can go as they stand" in text_of(notice)
    assert 'href="#said-en-email-1"' in notice


def test_a_fault_stands_beside_its_text_and_nothing_is_lost(marketing: Browser, db: Database) -> None:
    """All of them at once, with the lines of the text box; not one letter is changed."""
    fields = sent(
        text__en__email__1__body="Hello.\n\n{{ years * 2 }}",
        text__de__sms__2__body="{{ x() }}",
        text__es__email__1__subject="",
        line__de="",
        feeling="much",
    )
    answer = press(marketing, "/templates/birthday", fields)
    page = answer.text
    assert (answer.status_code, number(db)) == (422, 1)
    for name, said in {
        "en-email-1": "Line 3: Templates cannot calculate.",
        "de-sms-2": "Line 1: Templates cannot call anything.",
        "es-email-1": "A subject is missing.",
        "de-line": "There is nothing here yet",
    }.items():
        assert said in unescape(page.partition(f'id="said-{name}"')[2].partition("</div>")[0]), name
    assert "5 things cannot stay" in text_of(page)
    assert box(page, "text.en.email.1.body") == "Hello.\n\n{{ years * 2 }}"
    assert 'value="much"' in page


def test_faults_are_told_as_of_a_form_and_not_of_a_file(marketing: Browser) -> None:
    """Whatever is left empty, and what only the texts together can tell."""
    none = {name: value for name, value in sent().items() if name != "values"}
    hint = "Hi [[ hint: what you saw ]] {{ birthday | date }} {{ mission.signature }}"
    for fields, said in (
        (none, "There must be 1 to 7 of them, and there are 0"),
        (sent(occasion=""), "There is nothing here yet"),
        (sent(text__en__sms__1__body=" "), "There is nothing here yet"),
        (sent(text__en__email__1__body=hint), "Is none, but wording 1 of email in en has a hint on line 1"),
        (sent(approved="- locale: en\n  template: HX1\n"), "Text: is missing"),
    ):
        page = unescape(press(marketing, "/templates/birthday/check", fields).text)
        assert f'class="field-error">{said}' in page
        assert "put it in quotes" not in page


def test_without_a_reason_nothing_is_saved(marketing: Browser, db: Database) -> None:
    """Who reads the versions later wants to know why."""
    answer = press(
        marketing, "/templates/birthday", sent(reason=" ", text__en__sms__1__body="New {{ birthday | date }}")
    )
    assert (answer.status_code, number(db)) == (422, 1)
    assert "A few words for whoever reads the versions later" in answer.text


def test_two_windows_see_both_and_lose_nothing(marketing: Browser, browser: NewBrowser, db: Database) -> None:
    """The second one sees who saved what, its own words in the form, and saves on top of it if it wants to."""
    first = sent(text__en__sms__1__body="From the first window, {{ birthday | date }}. {{ mission.signature }}")
    second = sent(text__en__sms__1__body="From the second one, {{ birthday | date }}. {{ mission.signature }}")
    assert press(marketing, "/templates/birthday", first).status_code == 303
    answer = press(browser("admin"), "/templates/birthday", second)
    assert (answer.status_code, number(db)) == (409, 2)
    assert "Robin Marketing saved version 2 while you were writing." in text_of(answer.text)
    assert re.search(r"<del>[^<]*first[^<]*</del>", answer.text)
    assert "From the second one" in box(answer.text, "text.en.sms.1.body")
    assert 'name="version" value="2"' in answer.text
    assert press(browser("admin"), "/templates/birthday", second | {"version": "2"}).status_code == 303
    assert number(db) == 3


@pytest.mark.parametrize(
    ("do", "more", "there", "gone"),
    [
        ("add:en.email", {}, "text.en.email.3.body", ""),
        ("add:en.whatsapp", {}, "text.en.whatsapp.1.body", ""),
        ("remove:en.email.1", {}, "text.en.email.1.body", "text.en.email.2.body"),
        ("drop:es", {}, "text.en.email.1.body", "text.es.email.1.body"),
        ("language", {"language": "pt-BR", "copied": "en"}, "text.pt-BR.sms.2.body", ""),
    ],
)
def test_wordings_channels_and_languages_come_and_go_in_the_form(
    marketing: Browser, db: Database, do: str, more: dict[str, str], there: str, gone: str
) -> None:
    """Nothing is saved by it, and what was typed stays; later wordings move up."""
    fields = sent(text__en__email__2__body="Typed {{ birthday | date }}.") | more | {"do": do}
    page = press(marketing, "/templates/birthday", fields)
    assert (page.status_code, number(db)) == (200, 1)
    assert f'name="{there}"' in page.text
    assert not gone or f'name="{gone}"' not in page.text
    kept = "text.en.email.1.body" if do.startswith("remove") else "text.en.email.2.body"
    assert box(page.text, kept) == "Typed {{ birthday | date }}."
    assert "not saved yet" in page.text


def test_a_language_that_is_none_is_refused_in_words(marketing: Browser) -> None:
    """And one that is there already."""
    for language, said in (("english", "named like en, de or pt-BR"), ("de", "There are texts in de already")):
        page = press(marketing, "/templates/birthday", sent() | {"do": "language", "language": language})
        assert (page.status_code, said in page.text) == (422, True)


def test_a_new_template_from_a_copy(marketing: Browser, db: Database) -> None:
    """The page begins with everything of the old one; the name is made of the words, and one that is taken is told."""
    page = marketing.get("/templates/new-template?of=birthday").text
    assert 'value="Birthday copy"' in page
    assert box(page, "text.de.sms.1.body") == next(
        text.body for text in BIRTHDAY.texts if (text.locale, text.channel) == ("de", "sms")
    )
    fields = sent(version=0) | {"name": "Náme Day", "occasion": "Name day", "family": "celebrate"}
    assert press(marketing, "/templates/new-template", fields).headers["location"] == "/templates/name_day?did=saved"
    assert number(db, "name_day") == 1
    with db.reading() as session:
        assert template_in_force(session, "name_day")[0].occasion == "name_day"
    assert 'name="occasion" value="name day"' in marketing.get("/templates/name_day").text
    again = press(marketing, "/templates/new-template", fields)
    assert (again.status_code, "There is a template “Name day” already" in unescape(again.text)) == (409, True)


# looking


def look(visitor: Browser, text: str = "en.email.1", **controls: str) -> str:
    return visitor.get("/templates/birthday/preview", params={"show": text, **controls}).text


def test_a_look_is_the_message_of_the_text_that_stands_there(marketing: Browser) -> None:
    """Unsaved words, laid out, signed, in each of the views."""
    fields = sent(text__en__email__1__body="All new, {{ birthday | date }}.\n\n{{ mission.signature }}")
    for view in ("desktop", "phone", "dark", "text"):
        shown = press(marketing, "/templates/birthday/preview", fields | {"show": "en.email.1", "view": view}).text
        assert "All new, February 14" in text_of(shown), view
        assert "Robin Marketing, Loom & Lantern" in unescape(shown)
    assert "14. Februar" in look(marketing, "de.sms.2", whom="austria")


def test_whose_language_another_text_is_in_is_told_which_one_they_get(marketing: Browser) -> None:
    """With a button that leads there; where there is none in their language, that they get this one."""
    there = text_of(marketing.get("/templates/birthday?show=en.email.1&reads=de-AT").text)
    assert "This is the English text. Whoever reads German gets the one in German." in there
    page = press(marketing, "/templates/birthday/check", sent() | {"show": "en.sms.1", "whom": "austria"}).text
    assert 'formaction="/templates/birthday/preview"' in page
    assert 'value="de.sms.1"' in page
    assert "This is the" not in text_of(marketing.get("/templates/birthday?show=de.email.1&reads=de").text)
    nowhere = text_of(marketing.get("/templates/birthday?show=en.email.1&reads=fr").text)
    assert "There is no text in French for this channel, so they get this one, in English." in nowhere


def test_awkward_customers_are_at_hand(marketing: Browser) -> None:
    """No first name says what would be asked; a leap day, another locale, a very long name and markup read well."""
    nameless = unescape(look(marketing, whom="nameless"))
    assert "The first name (customer.first_name) is not known of them, and line 1 says it." in nameless
    assert "Customers without it get nothing by this text: their drafts are held." in nameless
    assert "February 29 is in our calendar" in look(marketing, whom="leap")
    assert "14 February is in our calendar" in look(marketing, reads="en-GB")
    assert "Wilhelmina-Friederike Charlotte" in look(marketing, whom="longest")
    markup = look(marketing, whom="markup")
    assert "<b>" not in markup
    assert "&lt;b&gt;*Bobby*&lt;/b&gt; {{ x }}" in markup


def test_a_real_customer_is_found_and_shown_to_those_who_may(
    marketing: Browser, browser: NewBrowser, office: Office
) -> None:
    """By name; with their own words, and never with their link. Viewers look at customers who are made up."""
    page = press(marketing, "/templates/birthday", sent() | {"do": "find", "q": "marlowe"})
    assert 'value="customer:cd-00042"' in page.text
    shown = look(marketing, whom="customer:cd-00042")
    assert "Hello Ada," in shown
    token = re.search(r"/preferences/([\w.-]+)", shown)
    assert token is not None
    assert browser().get(f"/preferences/{token[1]}").status_code == 404
    viewer = browser("viewer")
    assert viewer.get("/templates/birthday/preview?whom=customer:cd-00042").status_code == 403
    assert viewer.get("/templates/birthday?whom=customer:cd-00042").status_code == 403
    assert viewer.get("/templates/birthday/preview?whom=leap").status_code == 200
    assert "Find a customer" not in viewer.get("/templates/birthday").text


def test_the_hour_and_the_other_celebration_of_the_day_are_part_of_it(marketing: Browser) -> None:
    """Outside of the trigger's window it would wait; the other one's sentence stands in the text."""
    page = marketing.get("/templates/birthday?at=2026-06-07T23:30&also=yes").text
    read = text_of(page)
    assert "Arrives Sun 7 Jun 2026, 23:30 in London" in read
    assert "at this hour it would wait" in read
    line = text_of(look(marketing, also="yes"))
    assert len(line) > len(text_of(look(marketing)))
    assert marketing.get("/templates/birthday?at=9999-12-31T23:59&reads=nonsense").status_code == 200


def test_a_text_that_loses_the_other_celebration_of_the_day_is_told(marketing: Browser, db: Database) -> None:
    """Beside the text while it is written, below the preview where it was to be shown, and at the top once saved."""
    lost = sent(text__en__sms__1__body="Happy birthday. {{ mission.signature }}", show="en.sms.1", also="yes")
    page = press(marketing, "/templates/birthday/check", lost).text
    said = "Nothing in this text says what else there is to celebrate."
    assert said in page.partition('id="said-en-sms-1"')[2].partition('id="said-en-sms-2"')[0]
    assert page.count(said) == 1
    assert "The other celebration of that day is lost here." in page.partition('id="made-from"')[2]
    saved = press(marketing, "/templates/birthday", lost)
    assert (saved.status_code, number(db)) == (303, 2)
    top = text_of(marketing.get(saved.headers["location"]).text)
    assert "1 text loses another celebration of the same day" in top
    kept = press(marketing, "/templates/birthday/check", sent(show="en.sms.1", also="yes", version=2)).text
    assert said not in kept
    assert "is lost here" not in kept


def test_what_is_never_merged_loses_nothing(marketing: Browser, db: Database, office: Office) -> None:
    """A recovery, and a celebration whose triggers all let the weightiest go alone."""
    lost = sent(text__en__sms__1__body="Happy birthday. {{ mission.signature }}")
    with db.writing() as session:
        for row in session.scalars(select(TriggerVersion)):
            row.definition = row.definition | {"clash": "weightiest"}
    assert "what else there is to celebrate" not in press(marketing, "/templates/birthday/check", lost).text
    ticket = next(folder for folder in FOLDERS if folder.name == "ticket_solved")
    assert (
        "what else there is to celebrate" not in press(marketing, "/templates/ticket_solved/check", sent(ticket)).text
    )


def test_an_age_is_neither_shown_nor_passed_over(marketing: Browser) -> None:
    """A birthday's moment tells no years: the draft would be held, so the preview shows none and the page says so."""
    aged = sent(
        text__en__email__1__body="Hello, you are now {{ years }} years old! {{ mission.signature }}", by="birthday"
    )
    asked = sent(
        text__en__email__1__body="Hello.{% if years %} Already {{ years }}!{% endif %} {{ mission.signature }}"
    )
    frame = marketing.post("/templates/birthday/preview", data=aged | {"csrf_token": marketing.token("/today")}).text
    assert "you are now" not in frame
    assert "The years (years) is nothing that this trigger tells of anybody" in text_of(frame)
    said = "years: Birthday does not tell it, or does not let it be said. Drafts of it would be held."
    for address, more in (("/templates/birthday/check", {}), ("/templates/birthday", {"do": "check"})):
        assert said in text_of(press(marketing, address, aged | more).text)
        assert said not in text_of(press(marketing, address, asked | more).text)


def test_checking_while_writing_answers_for_every_place(marketing: Browser) -> None:
    """Faults and remarks beside their texts, and what the look is made from, each for its own place."""
    fields = sent(text__en__sms__1__body="Dear valued customer!!! {{ birthday | date }}", text__en__sms__2__body="{{")
    page = press(marketing, "/templates/birthday/check", fields | {"show": "en.sms.1"}).text
    assert "valued customer" in page.partition('id="said-en-sms-1"')[2].partition('id="said-en-sms-2"')[0]
    assert "cannot be read as a template" in page.partition('id="said-en-sms-2"')[2]
    assert 'id="made-from"' in page
    assert "<html" not in page


def test_a_test_goes_to_oneself_for_somebody_made_up(marketing: Browser, db: Database, office: Office) -> None:
    """Without mail it lies in the postbox, marked; for a real customer there is none."""

    def deliveries() -> int | None:
        with db.reading() as session:
            return session.scalar(select(func.count()).select_from(Delivery))

    before = deliveries()
    answer = press(marketing, "/templates/birthday/test", sent() | {"show": "en.email.1"})
    letter = marketing.get(answer.headers["location"]).text
    assert "[Test] Happy birthday, Ada" in letter
    assert "marketing@example.com" in letter
    assert deliveries() == before
    real = press(marketing, "/templates/birthday/test", sent() | {"whom": "customer:cd-00042"})
    assert (real.status_code, "customer who is made up" in real.text) == (422, True)


# versions and folders


def test_versions_tell_what_changed_and_can_be_put_back(marketing: Browser, db: Database) -> None:
    """Word by word, by whom and why; putting one back is a new version, unless somebody saved meanwhile."""
    press(marketing, "/templates/birthday", sent(text__en__email__1__subject="Good day, {{ customer.first_name }}"))
    first = text_of(marketing.get("/templates/birthday/versions/1").text)
    assert "Values: remembers, gives freely" in first
    assert "gives_freely" not in first
    page = marketing.get("/templates/birthday/versions").text
    assert "English, e-mail, wording 1" in page
    assert "<del>Happy" in page
    assert "<ins>Good" in page
    assert "warmer" in page
    late = press(marketing, "/templates/birthday/versions/1/restore", {"version": "1"})
    assert late.status_code == 409
    assert press(marketing, "/templates/birthday/versions/1/restore", {"version": "2"}).status_code == 303
    assert number(db) == 3
    with db.reading() as session:
        assert template_in_force(session, "birthday")[0] == BIRTHDAY


def upload(visitor: Browser, data: bytes) -> Response:
    return visitor.post(
        "/templates/import-zip",
        data={"csrf_token": visitor.token("/today"), "reason": "from the agency"},
        files={"archive": ("t.zip", data, "application/zip")},
    )


def test_folders_go_down_and_come_up(marketing: Browser, db: Database) -> None:
    """What says the same makes no version; what is new or changed does, with its reason."""
    down = marketing.get("/templates/all.zip")
    assert zipfile.ZipFile(io.BytesIO(down.content)).testzip() is None
    same = upload(marketing, down.content)
    assert "Birthday: says the same as before." in text_of(same.text)
    changed = dict(files_of(BIRTHDAY)) | {"en/sms.1.txt": b"New {{ birthday | date }}. {{ mission.signature }}"}
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as made:
        for name, data in changed.items():
            made.writestr(f"birthday/{name}", data)
    assert "Birthday: changed, now version 2." in text_of(upload(marketing, place.getvalue()).text)
    assert number(db) == 2


def test_a_broken_archive_stores_nothing_and_says_where(marketing: Browser, db: Database) -> None:
    """One fault in one of two folders: neither is stored, and the line says which file and line."""
    good = [folder for folder in FOLDERS if folder.name == "outage_over"]
    place = io.BytesIO(packed(good, MISSION))
    with zipfile.ZipFile(place, "a") as made:
        for name, data in files_of(BIRTHDAY).items():
            made.writestr(f"tea/{name}", data.replace(b"name: birthday", b"name: tea"))
        made.writestr("tea/en/sms.3.txt", "{{ 2 ** 9 }}")
    answer = upload(marketing, place.getvalue())
    assert answer.status_code == 422
    assert "tea/en/sms.3.txt: line 1: Templates cannot calculate." in unescape(answer.text)
    assert (number(db, "tea"), number(db, "outage_over")) == (0, 1)
    assert "not a zip archive" in upload(marketing, b"nonsense").text


def test_a_viewer_reads_and_is_shown_no_button(browser: NewBrowser, office: Office) -> None:
    """Every text can be read and looked at; nothing can be changed."""
    page = browser("viewer").get("/templates/birthday").text
    assert "readonly" in page
    assert 'value="save"' not in page
    assert "Write a new one" not in browser("viewer").get("/templates").text


def test_names_of_customers_do_nothing_on_the_page(marketing: Browser, db: Database) -> None:
    """Found by search, a name like code is only letters."""
    with db.writing() as session:
        make_customer(session, external_id="evil", first_name=HOSTILE, last_name="Zzz")
    page = press(marketing, "/templates/birthday", sent() | {"do": "find", "q": "zzz"}).text
    assert HOSTILE not in page
    assert 'value="customer:evil"' in page
