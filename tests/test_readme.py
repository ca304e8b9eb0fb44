"""The README tells the truth about settings, and every page it points to is there."""

import re
from pathlib import Path

import pytest

from engine.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_settings_table_names_every_setting_with_its_default_and_meaning() -> None:
    """No setting is left out, and none that is gone stays."""
    rows = re.findall(r"^\| `(JUBILEE_\w+)` \| (?:`(.*?)`)? ?\| (.*?) \|$", README, re.MULTILINE)
    wanted = [
        (PREFIX + name.upper(), str(field.default), field.description) for name, field in Settings.model_fields.items()
    ]
    assert rows == wanted


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing
