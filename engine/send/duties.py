"""What this installation puts into everything it sends, as the law and good manners want it, and where it is
configured."""

from dataclasses import dataclass

from engine.links import Links
from engine.secret import open_secret
from engine.send.channels.mail import MailSettings
from engine.settings import Settings, read_environment


@dataclass(frozen=True)
class Duties:
    """Without `links` (in tests) a message holds none; `reply_domain` is where answers are taken in."""

    postal_address: str = ""
    links: Links | None = None
    reply_domain: str = ""


NO_DUTIES = Duties()


def open_duties(settings: Settings) -> Duties:
    """The duties as configured. Raises InvalidInput, with the variable."""
    return Duties(
        postal_address=settings.postal_address,
        links=Links(open_secret(settings), settings.public_url),
        reply_domain=read_environment(MailSettings).email_reply_domain,
    )
