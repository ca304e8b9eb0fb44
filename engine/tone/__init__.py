"""The tone check: reads a plain text and answers with spans, a reason and a better direction.

Rules are data. It stands apart because it knows no session and no message: anyone may ask about any text.
"""

from engine.tone.check import check_tone, words_said
from engine.tone.finding import CATEGORIES, Category, Finding, Severity
from engine.tone.setting import Family, ToneContext

__all__ = ["CATEGORIES", "Category", "Family", "Finding", "Severity", "ToneContext", "check_tone", "words_said"]
