"""The tone check: reads a plain text and answers with spans, a reason and a better direction. Rules are data; it never sends or stores."""

from engine.tone.check import check_tone
from engine.tone.finding import CATEGORIES, Category, Finding, Severity
from engine.tone.setting import Family, ToneContext

__all__ = ["CATEGORIES", "Category", "Family", "Finding", "Severity", "ToneContext", "check_tone"]
