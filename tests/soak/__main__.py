"""`make soak`: the long faults. Twenty thousand messages with three kill -9 at random points, and a hundred thousand
with everything that could grow watched. Writes the figures to docs/soak.md; fails where a promise broke.

    python -m tests.soak [--killed 20000] [--long 100000] [--page docs/soak.md]
"""

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.servers.run import Run
from tests.soak.figures import Figures
from tests.soak.killed import killed_three_times
from tests.soak.long_run import long_run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "soak.md"
HEAD = """# What the long faults showed

Made by `make soak` on {day}: {cores} cores, {memory:.0f} GB, Python {python}; PostgreSQL, Redis, the provider stub and
the workers share them. Rates are of that machine; what counts is what must be nothing, and what must be flat.

"""


def main() -> int:
    """Run both; 0 where every promise held."""
    options = _options()
    page = HEAD.format(
        day=f"{datetime.now(UTC):%d %B %Y}",
        cores=os.cpu_count(),
        memory=psutil.virtual_memory().total / 2**30,
        python=platform.python_version(),
    )
    broken: list[str] = []
    run = Run.begin()
    try:
        for number, title, soak in (
            (options.killed, "Killed three times", killed_three_times),
            (options.long, "A long run", long_run),
        ):
            if not number:
                continue
            with tempfile.TemporaryDirectory(prefix="jubilee-soak-") as home:
                figures: Figures = soak(run, Path(home), number)
            page += f"## {title}\n\n{figures.page()}\n"
            broken += figures.broken
    finally:
        run.end()
    options.page.write_text(page.rstrip() + "\n", encoding="utf-8")
    print(page)  # noqa: T201
    for one in broken:
        print(f"BROKEN: {one}", file=sys.stderr)  # noqa: T201
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The long faults.")
    parser.add_argument("--killed", type=int, default=20_000, help="messages of the run with kills; 0: leave out")
    parser.add_argument("--long", type=int, default=100_000, help="messages of the long run; 0: leave out")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the figures are written")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
