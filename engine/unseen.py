"""Letters that nobody sees in a name of one line, and that break the line or turn the direction of what stands beside
it. The marks and joiners that names in Arabic, Hebrew, Persian and emoji need (U+200C to U+200F) are none of them.
"""

import re

TURNING = "\u202a-\u202e\u2066-\u2069"
_UNSEEN = re.compile(f"[\u0000-\u001f\u007f-\u009f\u2028\u2029{TURNING}]")


def unseen_in(name: str) -> str | None:
    """The first of them in words for who typed the name, if there is one."""
    found = _UNSEEN.search(name)
    if found is None:
        return None
    said = "there is a letter here that nobody sees and that disturbs what stands beside it"
    return f"{said} (U+{ord(found[0]):04X}); type it anew"
