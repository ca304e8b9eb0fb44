"""Reads the purchases: CDNOW's from the installed `lifetimes` package, or a small made list with the same columns.

CDNOW: the orders of 23,570 customers from January 1997 to June 1998 (69,659 lines, 255 of them exact duplicates, with
many ties on a day). The message id is therefore the line number. Only the data file is read, nothing is imported.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

# On this day of the data the first run takes place; 9,806 orders lie after it.
FIRST_RUN_ON = date(1998, 2, 14)
FILE = "lifetimes/datasets/CDNOW_master.txt"
MADE_CUSTOMERS = 400


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the file. `cents` are US cents."""

    line: int
    customer: str
    on: date
    items: int
    cents: int


def cdnow_file() -> Path | None:
    """Where the data lie on this machine, or None where the package is not installed."""
    try:
        path = Path(str(distribution("lifetimes").locate_file(FILE)))
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None


def read_purchases(path: Path) -> Iterator[Purchase]:
    """The lines of the file in its order, by customer and then by day; the first line is the heading."""
    with path.open(encoding="ascii") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 or not line.strip():
                continue
            customer, day, items, dollars = line.split()
            yield Purchase(
                line=number,
                customer=customer,
                on=date(int(day[:4]), int(day[4:6]), int(day[6:])),
                items=int(items),
                cents=round(float(dollars) * 100),
            )


def made_purchases() -> Iterator[Purchase]:
    """A made list for machines without the real one: the same columns, span and habits, always the same."""
    dice = random.Random(1998)  # noqa: S311 - made data, not a secret
    line = 1
    for number in range(1, MADE_CUSTOMERS + 1):
        day = date(1997, 1, 1) + timedelta(days=dice.randrange(84))
        for _ in range(1 + int(dice.expovariate(1 / 3))):
            line += 1
            yield Purchase(line, f"{number:05d}", day, dice.randint(1, 4), dice.randint(700, 6000))
            day += timedelta(days=int(dice.expovariate(1 / 45)))
            if day > date(1998, 6, 30):
                break
