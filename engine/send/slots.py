"""When a message may go next: now, or at the next opening of its local window before it expires."""

from datetime import datetime, timedelta

from engine.dates.windows import Window, next_send_time
from engine.storage.models import Message


def next_slot(message: Message, *, now: datetime) -> datetime | None:
    """The first instant from `now` on inside the message's local windows; None when it expires before."""
    window = Window(message.window_start, message.window_end)
    on = message.send_on
    while True:
        at = next_send_time(now, on, window, message.zone)
        if at is not None:
            return at if at < message.expires_at else None
        on += timedelta(days=1)
