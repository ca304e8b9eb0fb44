"""How the pages say what was done: pure. What is not listed here is shown by its own name, so nothing is hidden."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from web.phrases import brief, capital, day, fact_words, reason_words, words

ACTIONS: Mapping[str, str] = {
    "add_key": "made a key for a machine",
    "add_outcome": "named an outcome",
    "add_reading": "wrote down a reading",
    "add_sensitive_day": "wrote down a sensitive day",
    "add_to_problem": "added to a problem",
    "answer_flag": "answered what felt wrong",
    "answer_reply": "answered a reply",
    "apply_trigger": "changed a trigger",
    "approve": "approved",
    "approve_first": "approved; a second reader is needed",
    "ask_backtest": "asked for a backtest",
    "ask_for_pause": "asked for a “not now”",
    "ask_forecast": "asked for a forecast",
    "ask_second_read": "asked for a second pair of eyes",
    "ask_to_publish": "asked for a second person, to publish a trigger",
    "assign": "handed over",
    "begin_pause": "said “not now”",
    "bring_back": "brought back to try again",
    "bring_back_outcome": "looks for an outcome again",
    "call": "wrote down a call",
    "change_account": "changed their own account",
    "change_outcome": "changed an outcome",
    "change_password": "changed their password",
    "change_person": "changed an account",
    "change_sensitive_day": "changed a sensitive day",
    "create_person": "added an account",
    "disable_person": "disabled an account",
    "drop": "dropped",
    "edit": "edited",
    "enable_person": "enabled an account",
    "end_pause": "ended a “not now”",
    "end_visit": "signed out in one browser",
    "end_visits": "signed out everywhere",
    "erased": "erased a customer",
    "export_audit": "exported the trail",
    "export_quiet": "exported the list of quiet customers",
    "export_rehearsal": "exported a run",
    "facts_changed": "brought back, as facts had changed",
    "fell_back": "moved to another channel",
    "flag": "stopped: this feels wrong",
    "give_back": "gave back",
    "give_up_drafts": "passed all their drafts on",
    "handle_reply": "dealt with a reply",
    "hear_complaint": "opened a problem for a complaint",
    "import_mission": "took a mission in",
    "import_template": "took a template in",
    "leave_note": "left a note",
    "moved": "moved to another channel",
    "pause_trigger": "paused a trigger",
    "publish": "published a trigger",
    "put_back_mission": "put an earlier mission back",
    "put_back_template": "put an earlier version of a template back",
    "refuse_to_publish": "did not publish a trigger",
    "remove_sensitive_day": "took a sensitive day away",
    "resume_trigger": "switched a trigger on again",
    "retire_outcome": "retired an outcome",
    "revoke_key": "took a key back",
    "save_mission": "changed the mission",
    "save_template": "changed a template",
    "save_trigger": "saved a version of a trigger",
    "say_answer_arrived": "said that an answer arrived",
    "say_answer_lost": "said that an answer did not arrive",
    "say_arrived": "said that it arrived",
    "say_complaint": "said that it is a complaint",
    "say_lost": "said that it did not arrive",
    "say_no_complaint": "said that it is no complaint",
    "second_read": "read it for a colleague",
    "send_link": "had a link sent that sets a password",
    "send_test": "sent themselves a test",
    "set_password": "set their password by a link",
    "settled": "settled what became of it",
    "share_out": "shared out what was unassigned",
    "show": "put into the queue after all",
    "show_link": "was shown a link that sets a password",
    "sign_in": "signed in",
    "sign_out": "signed out",
    "skip": "skipped",
    "snooze": "snoozed",
    "solve_complaint": "solved a complaint",
    "start_sending": "started sending again",
    "stop_rehearsal": "stopped a run",
    "stop_sending": "stopped all sending",
    "take": "took",
    "trigger_active": "switched a trigger on",
    "trigger_paused": "paused a trigger",
    "trigger_retired": "retired a trigger",
    "trigger_shadow": "let a trigger watch",
    "undo": "took an approval back",
    "unhappy_call": "opened a problem for a call",
    "unskip": "took a skip back",
    "unsnooze": "brought back from snoozing",
    "want_one_person": "let one person publish a trigger",
    "want_two_people": "asked that two people publish a trigger",
    "withdraw_answer": "took an answer back",
    "withdraw_note": "took a note back",
    "withdraw_reading": "took a reading back",
    "withdraw_second_read": "took the question to a second reader back",
    "write_anew": "had untouched drafts written anew",
}
# What opens and closes a draft for its reader: it fills the trail, and says nothing about what was decided.
TAKING = ("take", "give_back")
SUBJECTS: Mapping[str, str] = {
    "answer": "answer to a reply",
    "apikey": "key",
    "customer": "customer",
    "delivery": "delivery",
    "followupcall": "call",
    "message": "message",
    "mission": "mission",
    "note": "note",
    "outcome": "outcome",
    "pause": "not now",
    "person": "account",
    "problem": "problem",
    "reading": "reading",
    "rehearsal": "run",
    "reply": "reply",
    "sensitiveday": "sensitive day",
    "template": "template",
    "trigger": "trigger",
}


def action_words(action: str) -> str:
    """`approve` as people read it: approved."""
    return ACTIONS.get(action, words(action))


def subject_words(subject: str) -> str:
    """`apikey` as people read it: key."""
    return SUBJECTS.get(subject, words(subject))


def actor_words(actor: str, *, by_itself: bool) -> str:
    """Who did it; a part of Jubilee that acted by itself is Jubilee, with what made it act."""
    return f"Jubilee ({_PARTS.get(actor, actor)})" if by_itself else actor


def detail_words(detail: Mapping[str, Any], people: Mapping[str, str], zone: str) -> str:
    """What stands beside it, in one line: colleagues by name, times on the reader's clock."""
    told = Reader(people, zone)
    lines = ((_LABELS.get(name, capital(words(name))), told.value(name, value)) for name, value in detail.items())
    return "; ".join(f"{label}: {said}" for label, said in lines)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: `people` are id and name of everybody, `zone` is where the clock hangs."""

    people: Mapping[str, str]
    zone: str

    def value(self, name: str, value: Any) -> str:
        """One value in words; what no words are known for stands as it is, so that nothing is hidden."""
        if value is None:
            return _NONE.get(name, "nothing")
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return self._text(name, value)
        if isinstance(value, list):
            between = " to " if name == "role" else ", "
            return between.join(self.value("", one) for one in value)
        if isinstance(value, Mapping):
            return ", ".join(f"{fact_words(key)} {self.value(key, one)}" for key, one in value.items())
        return f"{value:,}" if isinstance(value, int) else json.dumps(value, ensure_ascii=False)

    def _text(self, name: str, text: str) -> str:
        if text in self.people:
            return self.people[text]
        if name == "reason" and _REASON.fullmatch(text):
            return reason_words(text)
        if name == "action":
            return action_words(text)
        if _NAME.fullmatch(text):
            return words(text)
        if not _TIME.match(text):
            return text
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return day(at.date()) if len(text) == len("2026-06-01") else brief(at, self.zone) if at.tzinfo else text


_PARTS = {
    "deadline": "at a deadline",
    "writer": "while writing",
    "policy": "by the trigger's policy",
    "listening": "while listening",
    "sending": "while sending",
}
_LABELS = {
    "to": "To whom",
    "over": "From whom",
    "of": "Whom",
    "revision": "Wording",
    "left": "Left over",
    "given": "Passed on",
}
_NONE = {"to": "the team", "of": "anybody"}
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_REASON = re.compile(r"[a-z_]+(?::.+)?")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}")
