"""Whether a celebration's text has a place for what else there is to celebrate that day.

Where two celebrations of a customer fall on one day they become one message, written by the text of the weightier one.
The other speaks by its line, which that text has to print: where it does not, the other one is counted as said.
"""

import re
from typing import Any

from engine.write.facts import ALSO
from engine.write.text_files import TemplateText

LOST = "lost_celebration"
# By its words alone: a text that nobody has checked yet is not parsed here.
_SAYS = re.compile(r"\{[%{][^{}]*\b" + ALSO + r"\b[^{}]*[%}]\}")
_REASON = (
    "Nothing in this text says what else there is to celebrate. Where another celebration falls on the same day it "
    "becomes part of this message, and the customer never hears of it."
)
_BETTER = "Where a sentence about it fits, write {% for line in also %}{{ line }} {% endfor %}"


def says_others(text: TemplateText) -> bool:
    """Whether it prints the lines of what is merged into it."""
    return _SAYS.search(text.body) is not None


def lost_beside(text: TemplateText) -> list[dict[str, Any]]:
    """The remark on a text that does not, as a row like those of the tone check."""
    if says_others(text):
        return []
    told = {"category": LOST, "severity": "note", "reason": _REASON, "better": _BETTER, "rule": LOST.replace("_", "-")}
    return [{"part": "body", "start": 0, "end": 0, "text": ""} | told]
