"""The secret: the configured one, or one that every process of the installation shares."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.secret import open_secret
from engine.settings import Settings


def test_a_configured_secret_is_used_and_none_is_kept(tmp_path: Path) -> None:
    """Several machines share it."""
    assert open_secret(Settings(home=tmp_path, secret_key="configured")) == "configured"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_whoever_comes_first(tmp_path: Path) -> None:
    """Eight at the same time read the same one, which its owner alone may read."""
    settings = Settings(home=tmp_path / "new")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(open_secret, [settings] * 8))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


def test_a_secret_that_is_too_short_is_refused(tmp_path: Path) -> None:
    """A file cut short would sign with what can be guessed."""
    (tmp_path / "secret").write_text("short")
    with pytest.raises(ValueError, match="remove it, and a new one is made"):
        open_secret(Settings(home=tmp_path))
