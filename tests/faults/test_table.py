"""docs/why/faults.md tells every fault, each with a test that there really is."""

import ast
import re
from pathlib import Path

import pytest

from tests.servers.run import ROOT

PAGE = ROOT / "docs" / "why" / "faults.md"
ROWS = [f"R{number}" for number in range(1, 26)]
LONG = {"R23": "make soak"}


def told() -> dict[str, list[str]]:
    """Row -> its cells."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| R\d+ \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row: rest for row, *rest in cells}


def there_are() -> set[str]:
    """The names of all tests of this folder."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(__file__).parent.glob("test_*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_fault_is_told_in_order() -> None:
    """From R1 to R25, and with something in every cell."""
    assert list(told()) == ROWS
    assert [row for row, cells in told().items() if len(cells) != 4 or not all(cells)] == []


@pytest.mark.parametrize("row", ROWS)
def test_every_fault_has_its_test(row: str) -> None:
    """One that exists, and is named after its row."""
    named = told()[row][-1].strip("`")
    if row in LONG:
        assert named == LONG[row]
    else:
        assert named in there_are()
        assert named.startswith(f"test_{row.lower()}_")
