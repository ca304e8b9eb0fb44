"""When a message may go, under the names that sending knows: one decision with planning, in `engine.dates.openings`."""

from engine.dates.openings import Intent, Slot, is_open, slots

__all__ = ["Intent", "Slot", "is_open", "slots"]
