"""Small words that every sentence of a summary needs: lists, counts, names, and how numbers are said. Pure."""

from collections.abc import Sequence

_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`1, 5 and 10`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def counted(count: int, one: str, many: str = "") -> str:
    """`one day`, `three working days`, `1,000 days`."""
    said = _FEW[count] if 0 <= count < len(_FEW) else f"{count:,}"
    return f"{said} {one if count == 1 else many or one + 's'}"


def named(name: str) -> str:
    """`order_completed` as people say it: order completed."""
    return name.replace("_", " ")


def quoted(name: str) -> str:
    """The name of something that people chose, in quotation marks."""
    return f"“{named(name)}”"


def number(value: float) -> str:
    """`1,000`, `2.5`."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def ordinal(value: int) -> str:
    """`1st`, `10th`, `23rd`."""
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value:,}{ending}"


def capital(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
