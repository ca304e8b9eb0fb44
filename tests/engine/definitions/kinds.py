"""A table of kinds for tests of the engine, which is handed its kinds and imports none."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.kinds import DateMatch


class Params(BaseModel):
    """Two fields of which one is needed, so that both sorts of fault can be shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    every: int = 1


class YearlyKind:
    """The least a date kind can be."""

    shape: Literal["dates"] = "dates"
    params: type[BaseModel] = Params

    def date_name(self, params: Params) -> str:
        return params.of

    def matches(self, params: Params, nominal_on: date) -> Sequence[DateMatch]:
        month_day = nominal_on.month * 100 + nominal_on.day
        return (DateMatch(nominal_on, month_day, None, str(nominal_on.year), None),)

    def fact_name(self, params: Params) -> str:
        return "years"

    def tells(self, params: Params) -> Mapping[str, bool]:
        return {"years": True}


KINDS = MappingProxyType({"anniversary": YearlyKind()})
