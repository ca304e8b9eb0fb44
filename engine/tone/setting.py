"""The setting a text is read in: which family speaks, to whom, with which facts. Plain values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["celebrate", "reassure", "recover"]


@dataclass(frozen=True)
class ToneContext:
    """Facts are plain values: text, numbers, dates, or lists and mappings of them.

    `names` are the customer's own names and the author's; they never count as a concrete fact. `serious` says that the
    problem behind the message was serious or repeated. `words_to_avoid` come from the mission. `earlier_texts` are what
    this customer, or the last customers, already got. `unsayable` are facts that must not be said aloud.
    """

    family: Family = "celebrate"
    locale: str = "en"
    facts: Mapping[str, object] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    serious: bool = False
    words_to_avoid: tuple[str, ...] = ()
    earlier_texts: tuple[str, ...] = ()
    unsayable: Mapping[str, object] = field(default_factory=dict)
