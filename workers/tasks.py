"""The tasks: short doorways into the engine. Each works through what is due and rings the next one's bell."""

import os
import socket

from celery import shared_task

from engine import rounds
from workers.place import place


@shared_task(name="jubilee.spot")
def spot() -> None:
    """Spot moments from the calendar and from problems that settled."""
    rounds.spot(place())


@shared_task(name="jubilee.plan")
def plan() -> None:
    """Plan moments that are due."""
    rounds.plan(place())


@shared_task(name="jubilee.write")
def write() -> None:
    """Write drafts that are due."""
    rounds.write(place())


@shared_task(name="jubilee.deadlines")
def deadlines() -> None:
    """Drop or release drafts that nobody reviewed in time."""
    rounds.meet_deadlines(place())


@shared_task(name="jubilee.send")
def send() -> None:
    """Hand over messages whose time has come."""
    rounds.send(place(), worker=f"{socket.gethostname()}:{os.getpid()}")


@shared_task(name="jubilee.settle")
def settle() -> None:
    """Settle deliveries that a dead worker left behind."""
    rounds.settle(place())
