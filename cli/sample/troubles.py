"""What goes wrong in the sample, in the customer's words, and what was done about it: written once, as data.

`what_happened` follows "You told us:", `what_we_did` is a sentence of its own. Customers who speak German or
Spanish have light troubles in their own language only, as the shipped texts for grave ones speak English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """What a ticket is about, and what was done about it."""

    category: str
    priority: str
    what_happened: str
    what_we_did: str


TROUBLES: Mapping[str, Sequence[Trouble]] = {
    "en": (
        Trouble(
            "delivery",
            "normal",
            "the parcel went to your old address",
            "I sent it again to the right one, by express, and the old address is gone from your account.",
        ),
        Trouble(
            "delivery",
            "normal",
            "two of your CDs came nine days late",
            "Your orders now go with a faster carrier, and I gave you the postage back.",
        ),
        Trouble(
            "damaged",
            "normal",
            "the case of your CD arrived cracked",
            "A new copy is with you, and the cracked one is yours to keep.",
        ),
        Trouble(
            "wrong_item",
            "normal",
            "you got the single instead of the album",
            "I sent the album the same day, and you keep the single.",
        ),
        Trouble(
            "account",
            "normal",
            "you could not sign in after changing your e-mail address",
            "You had two accounts; I joined them into one, and all your orders are in it.",
        ),
        Trouble(
            "damaged",
            "high",
            "three CDs arrived scratched and would not play",
            "All three were replaced the same day, and the packer now uses stiffer boxes.",
        ),
        Trouble(
            "billing",
            "high",
            "your card was charged twice",
            "The second charge is returned, and I checked with the bank that it arrived.",
        ),
        Trouble(
            "billing",
            "urgent",
            "your card was charged five times in one night",
            "Every wrong charge is returned, and the fault in our billing is fixed.",
        ),
    ),
    "de": (
        Trouble(
            "delivery",
            "normal",
            "das Paket ging an die alte Adresse",
            "Ich habe es per Express noch einmal an die richtige geschickt.",
        ),
        Trouble(
            "damaged",
            "normal",
            "die Hülle der CD kam zerbrochen an",
            "Eine neue CD ist unterwegs, und die alte darf bleiben.",
        ),
    ),
    "es": (
        Trouble(
            "delivery",
            "normal",
            "el paquete llegó a la dirección antigua",
            "Lo envié de nuevo, por mensajería urgente, a la dirección correcta.",
        ),
        Trouble(
            "wrong_item",
            "normal",
            "llegó el sencillo en lugar del álbum",
            "Envié el álbum el mismo día, y el sencillo es un regalo.",
        ),
    ),
}

QUESTIONS: Mapping[str, Sequence[str]] = {
    "en": ("Do you sell gift cards?", "Is the new album out in March?", "Can I change my delivery address?"),
    "de": ("Verkauft ihr Gutscheine?", "Kann ich meine Lieferadresse ändern?"),
    "es": ("¿Venden tarjetas de regalo?", "¿Puedo cambiar la dirección de entrega?"),
}

# What is still being worked on: the next step, in a sentence of its own.
STILL_OPEN: Sequence[tuple[Trouble, str]] = (
    (
        Trouble("delivery", "normal", "a parcel of yours has been missing for a week", ""),
        "The carrier is searching its depot in Memphis, and answers me this week.",
    ),
    (
        Trouble("damaged", "normal", "a boxed set came with one disc missing", ""),
        "The label is sending us the missing disc, and it goes on to you the same day.",
    ),
    (
        Trouble("billing", "high", "a refund of ours did not reach your card", ""),
        "I have asked your bank for a trace, which takes them some days.",
    ),
)

REFUNDED = ("the CD that skipped", "the boxed set with a missing disc", "the album you had twice")
