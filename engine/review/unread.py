"""What would go by itself if nobody looked: the one kind of draft that may stay out of the queue and of alerts.

The same question as `policy_may_release` answers for one message, asked for many. It errs on the side of a person:
where this cannot see that a text may go unread, the text waits in the queue.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, select
from sqlalchemy.orm import Session

from engine.storage.models import Message, Revision, TemplateVersion
from engine.write.folders import TemplateFolder
from engine.write.store import template_of


def goes_unread(session: Session) -> ColumnElement[bool]:
    """Written, light, a celebration, nobody's edit, without any remark, in nobody's name, and no words missing."""
    needing = _needing_a_person(session)
    remarkless = and_(Revision.findings == [], Revision.template_version_id.not_in(needing))
    # A scalar subquery is looked up for each draft that comes this far. EXISTS would be worked out for all revisions.
    plain = (
        select(remarkless).where(Revision.message_id == Message.id, Revision.number == Message.number).scalar_subquery()
    )
    return and_(
        Message.state == "in_review",
        Message.if_unreviewed == "send",
        Message.family == "celebrate",
        ~Message.must_read,
        ~Message.edited,
        Message.facts_changed.is_(None),
        func.coalesce(plain, false()),
    )


def needs_a_person(template: TemplateFolder) -> bool:
    """Whether its texts wait for words of a person, or speak of their sender by name."""
    said = (f"{text.subject or ''} {text.body}" for text in template.texts)
    return template.free_part == "required" or any("sender" in text for text in said)


def _needing_a_person(session: Session) -> list[UUID]:
    """There are few versions, and each is read once in a process. A line that names its sender may have been merged
    into a message of any of them."""
    versions = {version: template_of(session, version) for version in session.scalars(select(TemplateVersion.id))}
    if any("sender" in line for template in versions.values() for line in template.lines.values()):
        return list(versions)
    return [version for version, template in versions.items() if needs_a_person(template)]
