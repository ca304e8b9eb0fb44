"""One model per file, and here the list of all of them."""

from engine.storage.base import Base
from engine.storage.models.access_link import AccessLink
from engine.storage.models.answer import Answer
from engine.storage.models.api_key import ApiKey
from engine.storage.models.audit import AuditEntry
from engine.storage.models.call_outcome import CallOutcome
from engine.storage.models.consent import Consent
from engine.storage.models.contact_point import ContactPoint
from engine.storage.models.customer import Customer
from engine.storage.models.customer_change import CustomerChange
from engine.storage.models.customer_date import CustomerDate
from engine.storage.models.delivery import Delivery
from engine.storage.models.effect_count import EffectCount
from engine.storage.models.event import Event
from engine.storage.models.event_ledger import EventLedger
from engine.storage.models.flag import Flag
from engine.storage.models.follow_up_call import FollowUpCall
from engine.storage.models.gate import Gate
from engine.storage.models.hold import Hold
from engine.storage.models.incident import Incident
from engine.storage.models.installation import Installation
from engine.storage.models.message import Message
from engine.storage.models.message_moment import MessageMoment
from engine.storage.models.mission import Mission
from engine.storage.models.moment import Moment
from engine.storage.models.note import Note
from engine.storage.models.notice import Notice
from engine.storage.models.outcome import Outcome
from engine.storage.models.pause import Pause
from engine.storage.models.person import Person
from engine.storage.models.preference import Preference
from engine.storage.models.problem import Problem
from engine.storage.models.publication import Publication
from engine.storage.models.reading import Reading
from engine.storage.models.receipt import Receipt
from engine.storage.models.rehearsal import Rehearsal
from engine.storage.models.rehearsal_sample import RehearsalSample
from engine.storage.models.rejected_event import RejectedEvent
from engine.storage.models.reply import Reply
from engine.storage.models.revision import Revision
from engine.storage.models.saved_filter import SavedFilter
from engine.storage.models.second_read import SecondRead
from engine.storage.models.sensitive_day import SensitiveDay
from engine.storage.models.suppression import Suppression
from engine.storage.models.template import Template
from engine.storage.models.template_version import TemplateVersion
from engine.storage.models.total import Total
from engine.storage.models.tries import Tries
from engine.storage.models.trigger import Trigger
from engine.storage.models.trigger_version import TriggerVersion
from engine.storage.models.visit import Visit

__all__ = [
    "AccessLink",
    "Answer",
    "ApiKey",
    "AuditEntry",
    "Base",
    "CallOutcome",
    "Consent",
    "ContactPoint",
    "Customer",
    "CustomerChange",
    "CustomerDate",
    "Delivery",
    "EffectCount",
    "Event",
    "EventLedger",
    "Flag",
    "FollowUpCall",
    "Gate",
    "Hold",
    "Incident",
    "Installation",
    "Message",
    "MessageMoment",
    "Mission",
    "Moment",
    "Note",
    "Notice",
    "Outcome",
    "Pause",
    "Person",
    "Preference",
    "Problem",
    "Publication",
    "Reading",
    "Receipt",
    "Rehearsal",
    "RehearsalSample",
    "RejectedEvent",
    "Reply",
    "Revision",
    "SavedFilter",
    "SecondRead",
    "SensitiveDay",
    "Suppression",
    "Template",
    "TemplateVersion",
    "Total",
    "Tries",
    "Trigger",
    "TriggerVersion",
    "Visit",
]
