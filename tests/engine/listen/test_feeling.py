"""Whether a reply sounds unhappy: by its words, in three languages, and with simple negations."""

import time

import pytest

from engine.listen.feeling import hear

UNHAPPY = [
    ("en", "I am not happy with this at all."),
    ("en", "It is STILL not working. Never again."),
    ("en", "Why do you congratulate me? My last parcel never arrived and nobody answered."),
    ("en", "The parcel was late and the box damaged."),
    ("en", "I’m so disappointed"),
    ("de", "Ich bin damit nicht zufrieden."),
    ("de", "Leider ist sie schon wieder kaputt."),
    ("de", "Eine Frechheit!"),
    ("de", "This is unacceptable"),
    ("es", "No estoy contenta con el servicio."),
    ("es", "Estoy muy decepcionado"),
    ("es", "Sigo esperando. Nadie responde."),
    ("fr", "this is terrible"),
]
CALM = [
    ("en", "Thank you so much, that made my day!"),
    ("en", "Not angry at all, thanks"),
    ("en", "No problem, it was late but no worries"),
    ("en", "I was never disappointed"),
    ("en", "I couldn’t be happier"),
    ("en", "It was late."),
    ("en", "How do I change my address?"),
    ("en", ""),
    ("de", "Das ist nicht schlecht, danke!"),
    ("de", "Kein Problem, alles gut."),
    ("de", "Das hätte ich nicht gedacht, sehr schön."),
    ("es", "no, gracias, estoy bien"),
    ("es", "Muy contenta, nada mal"),
    ("fr", "Merci beaucoup"),
]


@pytest.mark.parametrize(("locale", "text"), UNHAPPY)
def test_it_sounds_unhappy(locale: str, text: str) -> None:
    """One strong word, two weak ones, or a negated glad one; English is heard in every language."""
    heard = hear(text, locale)
    assert heard.unhappy
    assert heard.words


@pytest.mark.parametrize(("locale", "text"), CALM)
def test_it_does_not(locale: str, text: str) -> None:
    """Negations turn a word, and one weak word is nothing."""
    assert hear(text, locale).words == ()


@pytest.mark.parametrize("text", ["not " * 5_000, "never \n" * 5_000, "bad " * 5_000 + "happy", "a" * 20_000])
def test_nobody_can_make_it_think_for_long(text: str) -> None:
    """A stranger writes these."""
    began = time.process_time()  # of this process alone: others may use the machine meanwhile
    hear(text, "de-AT")
    assert time.process_time() - began < 1
