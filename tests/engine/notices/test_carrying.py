"""Notices are carried out: by which way, how often, and what is left of them afterwards."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.notices.carrying import LEASE, MOST_ATTEMPTS, PAUSES, carry_due, claim_due, fate_of
from engine.notices.standing import undelivered
from engine.notices.telling import News, tell
from engine.notices.ways import Letter, Ways
from engine.people.access import ask_for_link, use_link
from engine.people.passwords import NO_PASSWORD
from engine.send.exchange import NoAnswer
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.switch import stop_sending
from engine.storage.models import AccessLink, Notice, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.people.staff import COMMAND, make_person

AWAY = Refused("unreachable", permanent=False, whose="provider")
NO_MAILBOX = Refused("no_such_mailbox", permanent=True, whose="address")
ALL = "To all"


@dataclass
class Mailer:
    """A mail channel that takes everything, or raises what it is told to."""

    error: Exception | None = None
    taken: list[OutgoingMessage] = field(default_factory=list)
    name: str = "email"
    rate: float = 100
    parallel: int = 1

    def send(self, message: OutgoingMessage) -> Accepted:
        self.taken.append(message)
        if self.error:
            raise self.error
        return Accepted("x")

    def find(self, message_id: UUID) -> None: ...

    def check(self) -> str:
        return "well"

    def close(self) -> None: ...


@dataclass
class Hook:
    """A receiver of the same kind."""

    error: Exception | None = None
    taken: list[tuple[UUID, str]] = field(default_factory=list)

    def post(self, own_id: UUID, body: str) -> Accepted:
        self.taken.append((own_id, body))
        if self.error:
            raise self.error
        return Accepted("x")

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ways(tmp_path: Path) -> Ways:
    """With mail and without a webhook."""
    return Ways(Mailer(), None, tmp_path / "notices", "Acme", "https://jubilee.example.com/")


@pytest.fixture
def mia(db: Database) -> UUID:
    with db.writing() as session:
        return make_person(session).id


def news(db: Database, person_id: UUID | None, **more: str) -> UUID:
    with db.writing() as session:
        key = f"draft:{new_id()}"
        one = News(key, "unreviewed", "A draft waits", "It is due at noon.", "/queue", person_id)
        tell(session, replace(one, **more), now=NOW)
        return session.scalars(select(Notice.id).where(Notice.key == key)).one()


def carry(db: Database, ways: Ways) -> int:
    return carry_due(db, ways, lambda: False)


def row(db: Database, notice_id: UUID) -> Notice:
    with db.writing() as session:
        return session.get_one(Notice, notice_id)


def test_a_colleague_gets_a_plain_mail_and_the_text_is_emptied(db: Database, ways: Ways, mia: UUID) -> None:
    """With the link into the console; automatic, without a way to unsubscribe; the subject stays for their list."""
    notice_id = news(db, mia)
    assert carry(db, ways) == 1
    mail = ways.mail.taken[0]
    assert (mail.address, mail.subject, mail.html) == ("mia@example.com", "A draft waits", "")
    assert "It is due at noon." in mail.text
    assert "https://jubilee.example.com/queue\n" in mail.text
    assert (mail.by_person, mail.unsubscribe_url, mail.message_id) == (False, "", notice_id)
    after = row(db, notice_id)
    assert (after.sent_at, after.body, after.subject) == (NOW, "", "A draft waits")
    assert carry(db, ways) == 0


def test_the_webhook_hears_that_there_is_something_and_not_what(db: Database, ways: Ways, mia: UUID) -> None:
    """Kind, subject, path and link, under the notice's own id."""
    ways = replace(ways, hook=Hook())
    notice_id = news(db, mia)
    carry(db, ways)
    own_id, body = ways.hook.taken[0]
    said = json.loads(body)
    assert (own_id, said["type"]) == (notice_id, "notice")
    assert said["data"] == {
        "kind": "unreviewed",
        "subject": "A draft waits",
        "path": "/queue",
        "link": "https://jubilee.example.com/queue",
        "to": "mia@example.com",
    }
    assert "noon" not in body
    assert len(ways.mail.taken) == 1


def test_what_is_for_all_goes_to_the_webhook_alone(db: Database, ways: Ways) -> None:
    """There is nobody to write a mail to."""
    ways = replace(ways, hook=Hook())
    notice_id = news(db, None)
    carry(db, ways)
    assert (len(ways.hook.taken), ways.mail.taken) == (1, [])
    assert row(db, notice_id).sent_at == NOW


@pytest.mark.databases("sqlite")
def test_without_mail_and_webhook_it_is_kept_in_a_folder(db: Database, ways: Ways, mia: UUID) -> None:
    """For whoever may read the home folder, and for nobody else."""
    notice_id = news(db, mia)
    carry(db, replace(ways, mail=None))
    kept = ways.folder / f"unreviewed-{notice_id}.txt"
    assert "To: mia@example.com\nSubject: A draft waits\n\nHello Mia,\n\nIt is due at noon." in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert row(db, notice_id).sent_at == NOW


def test_stopping_all_sending_does_not_stop_notices(db: Database, ways: Ways, mia: UUID) -> None:
    """What a person must hear of is most urgent just then."""
    with db.writing() as session:
        stop_sending(session)
    news(db, mia)
    assert carry(db, ways) == 1
    assert len(ways.mail.taken) == 1


def test_what_fails_is_tried_again_later_and_later_and_then_dropped(
    db: Database, ways: Ways, mia: UUID, travel: time_machine.Traveller
) -> None:
    """Eight times over a day; it keeps its text until then, and says why at last."""
    ways.mail.error = AWAY
    notice_id = news(db, mia)
    for pause in PAUSES:
        assert carry(db, ways) == 1
        waits = row(db, notice_id)
        assert (waits.next_at - waits.next_at.replace(microsecond=0)).seconds == 0
        assert (waits.body, waits.reason) == ("It is due at noon.", "email: unreachable")
        travel.shift(pause - timedelta(seconds=1))
        assert carry(db, ways) == 0
        travel.shift(timedelta(seconds=1))
    assert carry(db, ways) == 1
    ended = row(db, notice_id)
    assert (ended.attempts, ended.body, ended.reason) == (MOST_ATTEMPTS, "", "email: unreachable")
    assert ended.dropped_at is not None
    assert ended.sent_at is None
    travel.shift(timedelta(days=2))
    assert carry(db, ways) == 0


def test_what_is_refused_for_good_is_dropped_at_once(db: Database, ways: Ways, mia: UUID) -> None:
    """Trying again would be no use."""
    ways.mail.error = NO_MAILBOX
    notice_id = news(db, mia)
    carry(db, ways)
    assert (row(db, notice_id).dropped_at, row(db, notice_id).reason) == (NOW, "email: no_such_mailbox")


@pytest.mark.parametrize("error", [NoAnswer("cut"), RuntimeError("a library's own")])
def test_an_answer_that_was_lost_is_asked_for_again(db: Database, ways: Ways, mia: UUID, error: Exception) -> None:
    """A colleague may get it twice, which harms nobody; never not at all."""
    ways.mail.error = error
    notice_id = news(db, mia)
    carry(db, ways)
    assert row(db, notice_id).next_at == NOW + PAUSES[0]


def test_the_mail_goes_once_while_the_webhook_is_away(
    db: Database, ways: Ways, mia: UUID, travel: time_machine.Traveller
) -> None:
    """That its text is empty is how we know."""
    ways = replace(ways, hook=Hook(error=AWAY))
    notice_id = news(db, mia)
    carry(db, ways)
    assert (row(db, notice_id).sent_at, row(db, notice_id).body) == (None, "")
    ways.hook.error = None
    travel.shift(PAUSES[0])
    carry(db, ways)
    assert (len(ways.mail.taken), len(ways.hook.taken)) == (1, 2)
    assert row(db, notice_id).sent_at == NOW + PAUSES[0]


def test_the_webhook_does_not_wait_for_the_mail(db: Database, ways: Ways, mia: UUID) -> None:
    """While the mail server is away, the company's own channel is told."""
    ways = replace(ways, hook=Hook())
    ways.mail.error = AWAY
    news(db, mia)
    carry(db, ways)
    assert len(ways.hook.taken) == 1


def test_a_provider_that_says_when_is_believed() -> None:
    """Not before that."""
    busy = Refused("busy", permanent=False, whose="provider", retry_after=7200)
    assert fate_of({"email": busy}, ways=["email"], mailed=False, attempt=1).pause == timedelta(hours=2)


def test_one_way_that_worked_is_enough(db: Database, ways: Ways, mia: UUID) -> None:
    """Sent, with a reason that says what did not work."""
    ways = replace(ways, hook=Hook(error=Refused("gone", permanent=True)))
    notice_id = news(db, mia)
    carry(db, ways)
    assert (row(db, notice_id).sent_at, row(db, notice_id).reason) == (NOW, "webhook: gone")


def test_a_disabled_person_is_told_nothing(db: Database, ways: Ways, mia: UUID) -> None:
    """It is dropped, with that reason."""
    notice_id = news(db, mia)
    with db.writing() as session:
        session.execute(update(Person).values(active=False))
    carry(db, ways)
    assert ways.mail.taken == []
    assert (row(db, notice_id).reason, row(db, notice_id).body) == ("the account is disabled", "")


def test_a_worker_that_died_with_it_in_hand_loses_nothing(
    db: Database, ways: Ways, mia: UUID, travel: time_machine.Traveller
) -> None:
    """After its lease another takes it; until then none does."""
    news(db, mia)
    with db.writing() as session:
        assert len(claim_due(session, now=NOW)) == 1
    assert carry(db, ways) == 0
    travel.shift(LEASE)
    assert carry(db, ways) == 1


def test_one_that_kills_every_worker_ends(db: Database, ways: Ways, mia: UUID, travel: time_machine.Traveller) -> None:
    """Claimed eight times and never settled: it is not tried a ninth time."""
    notice_id = news(db, mia)
    for _ in range(MOST_ATTEMPTS):
        with db.writing() as session:
            claim_due(session, now=NOW)
            session.execute(update(Notice).values(next_at=NOW))
    carry(db, ways)
    assert ways.mail.taken == []
    assert row(db, notice_id).reason == "gave up after 8 attempts"


def test_a_slow_worker_does_not_undo_what_a_later_one_did(db: Database, ways: Ways, mia: UUID) -> None:
    """Its claim is old when its answer comes."""
    notice_id = news(db, mia)

    class Slow(Mailer):
        def send(self, message: OutgoingMessage) -> Accepted:
            with db.writing() as session:
                session.execute(update(Notice).values(next_at=NOW, attempts=Notice.attempts + 1))
            raise AWAY

    carry_due(db, replace(ways, mail=Slow()), iter([False, True]).__next__)
    assert row(db, notice_id).reason is None


@pytest.mark.databases("postgres")
def test_two_workers_carry_each_notice_once(db: Database, ways: Ways, mia: UUID) -> None:
    """What one is just taking is left to it."""
    for _ in range(20):
        news(db, mia)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        carry(db, ways)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sent = [mail.message_id for mail in ways.mail.taken]
    assert len(sent) == len(set(sent)) == 20


def link_in(mail: OutgoingMessage) -> str:
    return re.search(r"https://jubilee\.example\.com/access/(\S+)", mail.text)[1]


def test_the_link_of_an_invitation_is_made_when_the_mail_goes(db: Database, ways: Ways) -> None:
    """No table ever held it; it sets the password; and the webhook is told nothing of it."""
    ways = replace(ways, hook=Hook())
    with db.writing() as session:
        ask_for_link(session, make_person(session, password_hash=NO_PASSWORD), doer=COMMAND, now=NOW)
    carry(db, ways)
    secret = link_in(ways.mail.taken[0])
    assert ways.hook.taken == []
    with db.writing() as session:
        kept = session.scalars(select(AccessLink)).one()
        assert secret not in kept.secret_hash
        assert secret not in "".join(f"{n.body}{n.path}{n.reason}" for n in session.scalars(select(Notice)))
        assert use_link(session, secret, "new hash", now=NOW, machine=NOW).password_hash == "new hash"


def test_a_second_attempt_carries_a_link_that_works(
    db: Database, ways: Ways, mia: UUID, travel: time_machine.Traveller
) -> None:
    """The one that may have arrived is void then: the newest is the one."""
    with db.writing() as session:
        ask_for_link(session, session.get_one(Person, mia), doer=COMMAND, now=NOW)
    ways.mail.error = NoAnswer("cut")
    carry(db, ways)
    ways.mail.error = None
    travel.shift(PAUSES[0])
    carry(db, ways)
    first, second = (link_in(mail) for mail in ways.mail.taken)
    with db.writing() as session:
        live = session.scalars(select(AccessLink).where(AccessLink.expires_at > NOW + PAUSES[0])).all()
        assert (first != second, len(live)) == (True, 1)
        use_link(session, second, "new hash", now=NOW, machine=NOW + PAUSES[0])


def test_how_notices_stand(session: Session) -> None:
    """How many wait, for how long the oldest, and how late the earliest is."""
    assert undelivered(session, now=NOW).count == 0
    tell(session, News("a", "unreviewed", ALL, "x"), now=NOW - timedelta(hours=2))
    stands = undelivered(session, now=NOW)
    assert (stands.count, stands.oldest, stands.late) == (1, timedelta(hours=2), timedelta(hours=2))


def test_a_letter_in_any_script_reaches_the_webhook() -> None:
    """What cannot be encoded does not stop it."""
    from engine.notices.ways import document

    letter = Letter(new_id(), "unreviewed", "Grüße \ud800 🎂", "", "/queue", "https://x/queue")
    assert "🎂" in json.loads(document(letter))["data"]["subject"]
