"""The table of kinds that the engine is handed. A new kind is one module and one line here."""

from engine.kinds import KindTable
from triggers.kinds.anniversary import Anniversary
from triggers.kinds.milestone import Milestone
from triggers.kinds.recovery import Recovery
from triggers.kinds.streak import Streak

KINDS: KindTable = {
    "anniversary": Anniversary(),
    "milestone": Milestone(),
    "recovery": Recovery(),
    "streak": Streak(),
}
