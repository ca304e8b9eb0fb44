"""Whether this process can work, for machines that ask. No sign-in, and nothing about customers."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select

from engine import clock
from engine.storage.models import Message
from web.place import Reading

router = APIRouter()


class Health(BaseModel):
    """`oldest_due_seconds`: how long the oldest approved message has been waiting to be handed over, if any is due."""

    status: str = "ok"
    oldest_due_seconds: int | None


@router.get("/health")
@router.head("/health")
def health(session: Reading) -> Health:
    """Answers once the database did."""
    now = clock.now(session)
    oldest = session.scalar(
        select(func.min(Message.send_at)).where(
            Message.state == "approved", Message.send_at <= now, Message.release_at <= now
        )
    )
    return Health(oldest_due_seconds=int((now - oldest).total_seconds()) if oldest else None)
