"""What a process of workers opened is closed when it leaves, and SQLite's log holds nothing any more."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from engine.storage.session import Database
from tests.servers.run import ROOT
from tests.workers.celery_processes import PATIENCE, environment

pytestmark = pytest.mark.databases("sqlite")

PROGRAM = """
import sys
from pathlib import Path
from sqlalchemy import text
from workers.place import leave, place
log, db = Path(sys.argv[1]), place().db
with db.writing() as session:
    session.execute(text("CREATE TABLE kept (it)"))
with db.reading() as session:
    session.connection()
    before = log.stat().st_size
    leave()
    print(before > 0, log.stat().st_size)
"""


def test_the_log_is_emptied_though_a_task_has_a_connection_in_its_hands(db: Database, tmp_path: Path) -> None:
    """Only the last connection that is closed takes the log away; a task that was late must not leave it full."""
    program = [sys.executable, "-c", PROGRAM, f"{make_url(db.url).database}-wal"]
    env = environment(db.url, "memory://", tmp_path)
    done = subprocess.run(program, cwd=ROOT, env=env, check=True, timeout=PATIENCE, capture_output=True, text=True)
    assert done.stdout == "True 0\n"
