"""Configuration: read once, checked, and a wrong value is answered with the name of its variable."""

from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.settings import settings


@pytest.fixture(autouse=True)
def _fresh() -> None:
    settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("JUBILEE_PORT", "abc"),
        ("JUBILEE_PORT", "70000"),
        ("JUBILEE_TEAM_ZONE", "Mars"),
        ("JUBILEE_DATABASE_URL", "foo"),
        ("JUBILEE_TEAM_START", "nine"),
        ("JUBILEE_RELEASE_SECONDS", "-1"),
        ("JUBILEE_QUEUE_FROM_WEIGHT", "101"),
        ("JUBILEE_ALERT_HOURS", "8,4"),
        ("JUBILEE_ALERT_HOURS", "2,4,8"),
        ("JUBILEE_ALERT_HOURS", "900,4,2"),
        ("JUBILEE_ALERT_HOURS", "soon,4,2"),
        ("JUBILEE_DAILY_CAPS", "email"),
        ("JUBILEE_DAILY_CAPS", "email=many"),
        ("JUBILEE_DAILY_CAPS", "email=-1"),
        ("JUBILEE_DAILY_CAPS", "pigeon=200"),
        ("JUBILEE_REDIRECT_TO", "test@example.com"),
        ("JUBILEE_REDIRECT_TO", "pigeon=test@example.com"),
        ("JUBILEE_REDIRECT_TO", "email=nonsense"),
        ("JUBILEE_REDIRECT_TO", "sms=030123456"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """So that whoever set it knows where to look."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=variable):
        settings()


def test_caps_and_redirects_are_read_by_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are written: pairs with commas between them."""
    monkeypatch.setenv("JUBILEE_DAILY_CAPS", "email=200, sms=50")
    monkeypatch.setenv("JUBILEE_REDIRECT_TO", "email=test+a=b@example.com,sms=+4930123456")
    assert settings().caps == {"email": 200, "sms": 50}
    assert settings().redirects == {"email": "test+a=b@example.com", "sms": "+4930123456"}


def test_links_lead_to_the_port_of_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless somebody says where else."""
    monkeypatch.setenv("JUBILEE_PORT", "8231")
    assert settings().public_url == "http://127.0.0.1:8231"
    settings.cache_clear()
    monkeypatch.setenv("JUBILEE_PUBLIC_URL", "https://care.example.com")
    assert settings().public_url == "https://care.example.com"


def test_a_secret_can_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Docker hands them over; white space at its ends is not part of it."""
    file = tmp_path / "key"
    file.write_text("hidden\n")
    monkeypatch.setenv("JUBILEE_SECRET_KEY_FILE", str(file))
    assert settings().secret_key == "hidden"


def test_a_secret_file_that_is_not_there_names_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the path that was tried."""
    monkeypatch.setenv("JUBILEE_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(InvalidInput, match="JUBILEE_SECRET_KEY_FILE"):
        settings()
