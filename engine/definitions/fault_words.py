"""What pydantic finds wrong, in words for somebody who writes a trigger. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} of them, not {actual_length}",
    "too_long": "must have at most {max_length} of them, not {actual_length}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "time_parsing": "must be a time such as 09:00",
    "time_type": "must be a time such as 09:00",
    "date_type": "must be a date such as 2026-01-31",
    "date_parsing": "must be a date such as 2026-01-31",
    "date_from_datetime_parsing": "must be a date such as 2026-01-31",
    "date_from_datetime_inexact": "must be a date such as 2026-01-31",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be fields with their values",
    "model_type": "must be fields with their values",
    "model_attributes_type": "must be fields with their values",
}
_CURRENCY = "must be three capital letters, such as EUR"
_NAME = "must be small letters from a to z, digits and underscores, beginning with a letter; 2 to 60 of them"


# Rules of the whole definition, by how they begin, and the field that each speaks of.
RULES: Mapping[str, tuple[str, ...]] = {
    "a recovery has no control group": ("control_share",),
    "a celebration is marketing": ("class",),
    "only light celebrations may go unreviewed": ("review", "if_unreviewed"),
}


def field_of_rule(message: str) -> tuple[str, ...]:
    """The field that a broken rule of the whole definition speaks of; none where it is no such rule."""
    return next((field for begin, field in RULES.items() if message.startswith(begin)), ())


def fault_words(error: ErrorDetails) -> str:
    """By the type of the error; what a rule of ours says is said already."""
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return _CURRENCY if context["pattern"].startswith("^[A-Z]") else _NAME
    words = _WORDS.get(error["type"])
    return words.format(**context) if words else error["msg"].removeprefix("Value error, ")
