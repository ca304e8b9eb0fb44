"""What a run found as plain JSON, and back. A result that an older Jubilee kept in another shape is read as far as it
says what is asked of it, and else not at all: a page then tells that it has to be run anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.backtest.results import Result, Sample
from engine.storage.base import Json

_RESULT, _SAMPLE = TypeAdapter(Result), TypeAdapter(Sample)


def plain_counts(result: Result) -> Json:
    """Everything but the customers that are shown."""
    values: Json = _RESULT.dump_python(replace(result, samples=()), mode="json")
    return values


def plain_sample(sample: Sample) -> Json:
    """One customer that is shown."""
    values: Json = _SAMPLE.dump_python(sample, mode="json")
    return values


def read_result(counts: Any, samples: Sequence[Any]) -> Result | None:
    """The result as it was, with these of its samples. None where it says too little for the page of today."""
    try:
        return replace(_RESULT.validate_python(counts), samples=tuple(_readable(samples)))
    except ValidationError:
        return None


def _readable(samples: Sequence[Any]) -> list[Sample]:
    found = []
    for values in samples:
        try:
            found.append(_SAMPLE.validate_python(values))
        except ValidationError:
            continue
    return found
