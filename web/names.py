"""Names that people type as they would say them, and the small letters that are stored. Pure."""

import re
import unicodedata

LONGEST = 60
_STORED = re.compile(r"[a-z][a-z0-9_]{1,59}")


def show_name(name: str) -> str:
    """`order_completed` as people write it: order completed."""
    said = name.replace("_", " ")
    return said if read_name(said) == name else name


def read_name(text: str) -> str:
    """The name that was meant: small letters, and underscores where there are spaces."""
    return re.sub(r"[\s-]+", "_", text.strip().lower())


def name_from(title: str, kind: str) -> str:
    """A lasting name made from a title: letters and digits, beginning with a letter; else with `kind` before them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    name = read_name(re.sub(r"[^A-Za-z0-9]+", " ", plain))
    return (name if name[:1].isalpha() else f"{kind}_{name}")[:LONGEST].rstrip("_")


def stored_name(typed: str, kind: str) -> str:
    """A stored name as it is, whatever else was typed as a name that may be stored, and nothing where nothing was."""
    said = typed.strip()
    return said if not said or _STORED.fullmatch(said) else name_from(said, kind)
