"""Good human messages pass; canned phrases do not."""

import pytest

from engine.tone import ToneContext, check_tone
from tests.engine.tone.notes import GOOD_NOTES

CANNED = {
    "hollow_empathy": [
        "I understand your frustration",
        "I know exactly how you feel",
        "I know you feel angry",
        "I hear what you're saying",
        "I understand how frustrating this must be, and I'm here to help",
    ],
    "non_apology": [
        "We're sorry for your inconvenience",
        "We apologize for any inconvenience this may have caused",
        "I'm sorry if…",
        "sorry you feel that way",
    ],
    "blame_dodging": ["if you were affected", "mistakes were made", "you've made a mistake", "You don't understand"],
    "status_cliche": [
        "you're a valued customer",
        "Your call is important to us",
        "Your call is very important to us",
        "please listen carefully",
        "our menu has changed",
        "unexpected call volumes",
        "Dear valued customer",
    ],
    "policy_wall": [
        "That's our policy",
        "Our system can't do that",
        "it's not my problem",
        "I don't know",
        "You'll have to…",
        "per our records",
    ],
    "calming_order": ["There's no need to shout", "There's no need to get upset", "calm down"],
    "pity": [
        "You poor thing",
        "that's awful!",
        "I'm sorry you're having a bad day",
        "I'm so sorry that happened, but I'm afraid there's nothing I can do",
        "at least…",
        "thoughts and prayers",
    ],
    "minimiser": ["just", "only a small issue", "no problem!", "it shouldn't be like that"],
    "over_apology_promise": [
        "we promise",
        "it will never happen again",
        "it won't happen again",
        "we will do better",
        "we'll do better",
    ],
    "fake_intimacy": ["we noticed you like tea", "to be honest"],
    "over_formal": ["Dear Sir/Madam", "kindly be advised", "Dear ticket 48213,"],
    "unfilled_template": ["{{", "Dear ,", "Hi NULL,", "Hi None,", "Dear Friend,"],
    "assumption": ["enjoy your day with loved ones", "you must be thrilled"],
}


@pytest.mark.parametrize(("text", "context"), GOOD_NOTES, ids=[str(i) for i in range(len(GOOD_NOTES))])
def test_a_good_note_passes(text: str, context: ToneContext) -> None:
    """Twenty-one notes of all three families draw no more than notes."""
    assert [f for f in check_tone(text, context) if f.severity != "note"] == []


@pytest.mark.parametrize(("category", "phrase"), [(c, phrase) for c, phrases in CANNED.items() for phrase in phrases])
@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_a_canned_phrase_is_caught(category: str, phrase: str, apostrophe: str) -> None:
    """Every phrase quoted in the notes on customer experience, with either apostrophe."""
    context = ToneContext(names=("Ana",), facts={"order_count": 10})
    assert category in {f.category for f in check_tone(phrase.replace("'", apostrophe), context)}
