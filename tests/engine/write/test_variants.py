"""Which wording a customer gets: their language, and the variant they had longest ago."""

from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ids import new_id
from engine.write.folders import TemplateFolder
from engine.write.text_files import TemplateText
from engine.write.variants import choose_variant, locale_of, texts_of
from tests.engine.write.desk import FOLDERS

BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")
MESSAGE = UUID(int=7)


@pytest.mark.parametrize(
    ("wanted", "found"), [("de-AT", "de"), ("de", "de"), ("es", "es"), ("fr-CA", "en"), ("en-GB", "en")]
)
def test_the_language_falls_back_step_by_step(wanted: str, found: str) -> None:
    """Austrian German, German, English."""
    assert locale_of(BIRTHDAY, "email", wanted) == found


def test_a_region_of_its_own_comes_before_its_language() -> None:
    """de-AT is written where there is a de-AT text."""
    austrian = replace(BIRTHDAY, texts=(*BIRTHDAY.texts, TemplateText("email", "de-AT", 1, "Servus", "Servus")))
    assert locale_of(austrian, "email", "de-AT") == "de-AT"


def test_without_english_there_may_be_no_language_at_all() -> None:
    """A Spanish template says nothing to a German."""
    spanish = replace(BIRTHDAY, texts=tuple(text for text in BIRTHDAY.texts if text.locale == "es"))
    assert locale_of(spanish, "email", "de") is None


@pytest.mark.parametrize(
    ("received", "chosen"),
    [
        ([1], 2),  # never had comes first
        ([2], 1),
        ([2, 1], 1),  # newest first: 1 was longer ago
        ([1, 2], 2),
        ([1, 1, 1, 2], 2),
        ([2, 1, 2], 1),  # the last time it was received counts: 2 just now
        ([3, 1, 2], 2),  # a variant that is no longer offered is no matter
    ],
)
def test_the_variant_received_longest_ago_is_next(received: list[int], chosen: int) -> None:
    """Newest first."""
    assert choose_variant([1, 2], received, MESSAGE) == chosen


@given(st.lists(st.integers(1, 5), min_size=1, unique=True), st.lists(st.integers(1, 5)), st.uuids())
def test_asking_again_gives_the_same_variant(offered: list[int], received: list[int], message_id: UUID) -> None:
    """The order in which variants are offered makes no difference either."""
    chosen = choose_variant(offered, received, message_id)
    assert chosen == choose_variant(sorted(offered, reverse=True), received, message_id)
    assert chosen in offered
    assert chosen not in received or set(offered) <= set(received)


def test_new_customers_are_spread_over_the_variants() -> None:
    """Of a thousand first messages each variant gets a fair share."""
    chosen = [choose_variant([1, 2], [], new_id()) for _ in range(1_000)]
    assert 400 < chosen.count(1) < 600


def test_a_channel_with_fewer_variants_takes_turns() -> None:
    """One text message serves the third email too."""
    texts = (
        TemplateText("email", "en", 1, "a", "a"),
        TemplateText("email", "en", 2, "b", "b"),
        TemplateText("email", "en", 3, "c", "c"),
        TemplateText("sms", "en", 1, None, "s1"),
        TemplateText("sms", "en", 2, None, "s2"),
        TemplateText("sms", "de", 1, None, "nein"),
    )
    folder: TemplateFolder = replace(BIRTHDAY, texts=texts, lines=MappingProxyType({}))
    assert [text.body for text in texts_of(folder, "en", 3)] == ["c", "s1"]
    assert [text.body for text in texts_of(folder, "en", 2)] == ["b", "s2"]
