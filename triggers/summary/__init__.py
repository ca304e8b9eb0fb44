"""A trigger in plain words: pure, from its definition alone."""

from triggers.summary.lines import Line, in_a_sentence, summary

__all__ = ["Line", "in_a_sentence", "summary"]
