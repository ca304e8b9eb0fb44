"""Guards about the house itself: what lies where, what no commit may hold, and that what is claimed was tested."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHON_ROOMS = ("engine", "triggers", "workers", "web", "cli")
ROOMS = (*PYTHON_ROOMS, "templates", "tests", "benchmarks", "docs")
PAPERS = (
    ".ci/run",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "docker-compose.yml",
    "pyproject.toml",
)
TESTED_PYTHONS = {"3.11"}  # add a version on the day .ci/run passes on it
LARGEST_FILE = 600_000
LOCK_FILE = re.compile(r"(uv\.lock|pylock|package-lock|yarn\.lock|poetry\.lock)", re.IGNORECASE)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in CONSTRAINTS}
REQUIREMENTS = [
    Requirement(line)
    for group in ([PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()])
    for line in group
]


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that a clone would have, and that is still here."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # the clone may belong to another account
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_of_the_design_is_there(room: str, tracked: list[Path]) -> None:
    """A room is a folder with something in it that a clone would have."""
    assert any(path.parts[0] == room and (ROOT / path).stat().st_size > 1 for path in tracked)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_of_the_house_is_there(paper: str, tracked: list[Path]) -> None:
    """The files a newcomer looks for are there and not empty."""
    assert Path(paper) in tracked
    assert (ROOT / paper).read_text(encoding="utf-8").strip()


def test_no_large_file_is_tracked(tracked: list[Path]) -> None:
    """Data is fetched or made, never committed."""
    assert [str(path) for path in tracked if (ROOT / path).stat().st_size > LARGEST_FILE] == []


def test_no_lock_file_is_tracked(tracked: list[Path]) -> None:
    """Lock files hold hundreds of registry addresses; constraints.txt holds names and versions."""
    assert [str(path) for path in tracked if LOCK_FILE.search(path.name)] == []


def test_every_module_says_what_it_owns(tracked: list[Path]) -> None:
    """Each Python module of the rooms opens with a docstring; an empty __init__ has nothing to say."""
    modules = [path for path in tracked if path.parts[0] in PYTHON_ROOMS and path.suffix == ".py"]
    trees = {str(path): ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in modules}
    assert [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_only_tested_pythons_are_claimed() -> None:
    """The classifiers name the versions that the tests were run on, and no other."""
    claimed = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    assert claimed == TESTED_PYTHONS


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned(requirement: Requirement) -> None:
    """constraints.txt has a version for each dependency, and it is one that pyproject.toml allows."""
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_pins_are_plain_names_and_versions() -> None:
    """No address, no range: the same versions everywhere, from whatever registry one has."""
    assert [str(pin) for pin in CONSTRAINTS if pin.url or not re.fullmatch(r"==[\w.+!]+", str(pin.specifier))] == []
