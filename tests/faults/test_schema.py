"""R25: the database is migrated while workers run, or workers start before it is."""

import time as pause

import pytest
from sqlalchemy import text

from engine.storage.migrate import newest_revision
from engine.storage.schema import WrongSchema, check_schema, wanted_revision
from engine.storage.session import Database
from tests.faults.site import Site
from tests.workers.celery_processes import until


def be_at(db: Database, revision: str) -> None:
    with db.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_r25_the_revision_in_the_name_is_the_newest() -> None:
    """It is read from the file names, without Alembic."""
    assert wanted_revision() == newest_revision()


@pytest.mark.parametrize(("revision", "advice"), [("9999", "start it anew"), ("0001", "run `jubilee migrate`")])
def test_r25_code_and_database_of_different_age(db: Database, revision: str, advice: str) -> None:
    """The error names both revisions and says what to do."""
    be_at(db, revision)
    with db.reading() as session, pytest.raises(WrongSchema, match=f"schema {revision}.*{advice}"):
        check_schema(session)


@pytest.mark.databases("postgres")
def test_r25_migrated_under_a_running_worker(site: Site) -> None:
    """The old worker refuses, in words, and hands over nothing; when database and code agree again, all goes."""
    site.due(2)
    with site.worker():
        site.sweep(accepted=2)
        be_at(site.db, "9999")
        site.due(3)
        site.ring("jubilee.send", "jubilee.send")
        until(lambda: "the database is at schema 9999" in site.log())
        pause.sleep(1)  # whoever went on all the same would have sent by now
        assert site.deliveries() == {"accepted": 2}
        be_at(site.db, wanted_revision())
        site.sweep(accepted=5)
    site.all_is_well()
