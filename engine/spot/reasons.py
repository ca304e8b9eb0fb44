"""Why a moment ended at spotting, or is no longer true. Stored on the moment, and shown in words by `why`."""

CELEBRATED_RECENTLY = "celebrated_recently"
INCIDENT_ALREADY_RECOVERED = "incident_already_recovered"

DATE_CHANGED = "date_changed"
PROBLEM_NOT_RESOLVED = "problem_not_resolved"
PROBLEM_NOT_SETTLED = "problem_not_settled"
PROBLEM_NOT_OPEN = "problem_not_open"
NEWS_OVERDUE = "news_overdue"

NO_LONGER_TRUE = "no_longer_true"
FACTS_CHANGED = "facts_changed"
ALREADY_TOLD = "already_told"

# A moment cancelled for one of these returns if it becomes true again.
UNTRUE_DATE = (DATE_CHANGED,)
UNTRUE_PROBLEM = (PROBLEM_NOT_RESOLVED, PROBLEM_NOT_SETTLED, PROBLEM_NOT_OPEN, NEWS_OVERDUE, FACTS_CHANGED)
UNTRUE_TOTAL = (NO_LONGER_TRUE, FACTS_CHANGED)
