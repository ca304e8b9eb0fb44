"""Why a text is no YAML, in words for somebody who writes a trigger and not the parser of it. Pure."""

import re
from collections.abc import Sequence

# Of a text in quotes, which the parser notices at the end of the file.
UNENDED = "found unexpected end of stream"
_WORDS: Sequence[tuple[str, str]] = (
    (
        r"mapping values are not allowed here",
        "a colon has no place here: a text that holds one needs quotes, and fields of one level begin in one column",
    ),
    (r"found character '\\t' that cannot start any token", "a tab stands here: only spaces may indent"),
    (r"found character '(.)' that cannot start any token", "a text that begins with {0} needs quotes"),
    (UNENDED, "a text in quotes begins here and does not end"),
    (r"expected ',' or '([\]}])', but got .*", "what was opened in brackets before this is not closed: {0} is missing"),
    (r"expected <block end>, but found .*", "this does not fit what stands before it: look at indentation and quotes"),
    (r"could not find expected ':'", "the name of a field is not followed by a colon"),
    (r"but found another document", "a file holds one trigger: --- begins another"),
)


def yaml_words(problem: str, column: int) -> str:
    """What the parser found, with the column; what has no words here as the parser says it."""
    for pattern, words in _WORDS:
        if found := re.fullmatch(pattern, problem, re.DOTALL):
            return f"{words.format(*found.groups())} (column {column})"
    return f"this is not YAML: {problem} (column {column})"
