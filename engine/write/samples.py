"""Customers who are made up, for looking at a template: an ordinary one and the awkward ones, whom real lists are
full of. Pure. Nobody real is among them, so that everybody who works here may look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.kinds import Plain


@dataclass(frozen=True, slots=True)
class Whom:
    """A customer as a template sees them, real or made up. `dates` are months and days by name; `problem` what its
    record tells by the names of facts.
    """

    key: str
    label: str
    first_name: str | None
    last_name: str | None
    locale: str = "en"
    zone: str = "Europe/London"
    first_order_on: date | None = date(2021, 3, 14)
    dates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    problem: Mapping[str, Plain] = field(default_factory=dict)
    made_up: bool = True

    @property
    def name(self) -> str:
        """As one would call them."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or "No name"


SAMPLES: Sequence[Whom] = (
    Whom("ada", "Ada Marlowe", "Ada", "Marlowe"),
    Whom("nameless", "No first name", None, "Okonkwo"),
    Whom(
        "longest",
        "The longest name",
        "Wilhelmina-Friederike Charlotte",
        "von und zu Wolfeschlegelsteinhausenbergerdorff-Hohenlohe",
        zone="America/Los_Angeles",
    ),
    Whom(
        "leap", "Born on 29 February", "Liv", "Solberg", dates={"birthday": (2, 29)}, first_order_on=date(2024, 2, 29)
    ),
    Whom("austria", "Reads German, in Austria", "Jürgen", "Österreicher", locale="de-AT", zone="Europe/Vienna"),
    Whom("mexico", "Reads Spanish, in Mexico", "Íñigo", "Núñez", locale="es-MX", zone="America/Mexico_City"),
    Whom("japan", "Reads Japanese, in Tokyo", "葵", "佐藤", locale="ja", zone="Asia/Tokyo"),
    Whom("markup", "A name like code", "<b>*Bobby*</b> {{ x }}", "[[ signature ]]", zone="Asia/Kathmandu"),
)
ORDINARY = SAMPLES[0]


def sample(key: str) -> Whom:
    """The made-up customer of this key; the ordinary one where nobody is called so."""
    return next((whom for whom in SAMPLES if whom.key == key), ORDINARY)
