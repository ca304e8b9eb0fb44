"""Every name by which something is not sent has a meaning in words, on the page and on the screen."""

import ast
import re
from pathlib import Path

import pytest

from engine.plan import reasons
from engine.plan.reasons import ENDINGS, REASONS, ending, is_final, sentence
from engine.spot import reasons as spotting

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "why" / "holds.md").read_text(encoding="utf-8")


def names_in_rules() -> set[str]:
    """What the rules call their holds: texts that look like a name, in calls of `hold_row`, `HoldView` and `case`."""
    found = set()
    for path in [*(ROOT / "engine" / "plan" / "rules").glob("*.py"), ROOT / "engine" / "plan" / "planning.py"]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("hold_row", "HoldView", "_noted"):
                texts = (one.value for one in call.args if isinstance(one, ast.Constant))
                found |= {text for text in texts if isinstance(text, str)}
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "case":
                texts = (one.value for one in ast.walk(call) if isinstance(one, ast.Constant))
                found |= {text for text in texts if isinstance(text, str) and re.fullmatch("[a-z]+_[a-z]+", text)}
    return found


def test_every_hold_that_a_rule_opens_is_in_the_table() -> None:
    """A rule whose name nobody can read would be a silent one."""
    opened = names_in_rules()
    assert {"deceased", "consent_refused", "trigger_paused", "cap", "clash_lost", "life_event"} <= opened
    assert opened <= set(REASONS)


@pytest.mark.parametrize("name", REASONS)
def test_the_page_explains_every_hold(name: str) -> None:
    """With its sentence, and how it ends."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    assert REASONS[name].sentence in row
    assert ("final" if is_final(name) else REASONS[name].ends) in row


@pytest.mark.parametrize("reason", ENDINGS)
def test_the_page_explains_every_other_end(reason: str) -> None:
    """In the words that people see."""
    assert f"| `{reason}` | {ENDINGS[reason]} |" in PAGE


def test_the_page_knows_no_name_that_the_code_has_lost() -> None:
    """Old names would send people looking."""
    on_page = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert on_page == set(REASONS) | set(ENDINGS)


def test_what_spotting_calls_untrue_has_words() -> None:
    """Spotting has its own names for why a moment ended."""
    names = {value for name, value in vars(spotting).items() if name.isupper() and isinstance(value, str)}
    assert names
    assert names <= set(ENDINGS)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("too_late", "It would have come too late."),
        ("deceased", "The customer has died."),
        ("held:minor", f"It was held until it was too late: {REASONS['minor'].sentence}"),
        ("exception:second_time", "The trigger's exception “second time” applies."),
        ("refused:no such mailbox", "The channel refused it: no such mailbox."),
        ("she knows already", "The reason given was “she knows already”."),
    ],
)
def test_an_end_is_told_in_words(reason: str, words: str) -> None:
    """Also where a hold or a person ended it."""
    assert ending(reason) == words


def test_the_four_that_never_end_are_final() -> None:
    """All others wait: what they name may change before the expiry."""
    assert {name for name in REASONS if is_final(name)} == {"deceased", "closed", "erased", "trigger_retired"}
    assert sentence("unknown_name") == "unknown_name"
    assert set(REASONS) >= reasons.KEPT
