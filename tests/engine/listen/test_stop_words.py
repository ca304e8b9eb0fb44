"""Which short answers ask us to stop, to start again, or for help (cx-rules L4)."""

import pytest

from engine.listen.stop_words import meaning_of

STOP = [
    *(
        "stop",
        "STOP",
        "Stop.",
        "stop!!!",
        " stop ",
        "\tStop\n",
        "ＳＴＯＰ",
        "s\u200btop",
        "🛑 STOP 🛑",
        "stop stop",
        "STOPALL",
    ),
    *("quit", "Quit", "end", "END.", "revoke", "opt out", "Opt-Out", "OPTOUT", "opt me out", "cancel", "CANCEL!"),
    *("unsubscribe", "Unsubscribe me please", "please unsubscribe", "unsubscribe, thanks", "please stop"),
    *(
        "Stop texting me",
        "please stop sending me these messages",
        "Please remove me from your list",
        "no more messages",
    ),
    *("don't text me", "Don’t email me", "I revoke my consent", "I want to opt out", "leave me alone"),
    *("STOP\nSent from my phone", "Stop\n\nOn Monday you wrote:\n> Happy birthday"),
    *(
        "Stopp",
        "abmelden",
        "Bitte abmelden!",
        "Abbestellen",
        "keine Nachrichten mehr",
        "Keine SMS mehr bitte",
        "Widerruf",
    ),
    *("Ich widerspreche", "Ich möchte mich abmelden", "Aufhören!", "Ende", "beenden"),
    *(
        "baja",
        "BAJA",
        "Darme de baja, por favor",
        "quiero darme de baja",
        "cancelar",
        "parar",
        "Para, por favor",
        "alto",
    ),
    *("No más mensajes", "no mas mensajes", "basta", "basta ya"),
]
NOT_STOP = [
    *("", " ", "thank you", "I cannot stop smiling", "Don't stop", "cancel my order", "the end", "END OF MESSAGE"),
    *(
        "When does the sale end?",
        "How do I opt out of paper bills?",
        "unsubscribed customers are sad",
        "quit smoking, day 3",
    ),
    *(
        "Nonstop!",
        "bus stop",
        "Das Ende war schön",
        "Ende gut, alles gut",
        "para mi madre",
        "Para todos",
        "alto y claro",
    ),
    *("baja temperatura", "I will stop by on Tuesday", "yes", "ok", "x" * 300, "stop " * 100 + "it"),
]


@pytest.mark.parametrize("text", STOP)
def test_this_means_stop(text: str) -> None:
    """In every case, with every mark, politely or not, in three languages."""
    assert meaning_of(text) == "stop"


@pytest.mark.parametrize("text", NOT_STOP)
def test_this_does_not(text: str) -> None:
    """Words that only look like it: the customer would miss what they asked for."""
    assert meaning_of(text) != "stop"


@pytest.mark.parametrize("text", ["start", "START!", "Unstop", "anmelden", "alta", "start please"])
def test_this_means_start(text: str) -> None:
    """A yes alone is no start: it may answer anything."""
    assert meaning_of(text) == "start"


@pytest.mark.parametrize("text", ["help", "HELP!", "Info", "Hilfe", "ayuda"])
def test_this_means_help(text: str) -> None:
    """Only the word alone; a question is for a person."""
    assert meaning_of(text) == "help"
    assert meaning_of(f"{text} me with my order") == "text"
