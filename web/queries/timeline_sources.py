"""Where the timeline takes its lines from, in the order in which those of one instant are shown."""

from web.queries.timeline_answers import ANSWERS
from web.queries.timeline_events import EVENTS
from web.queries.timeline_lines import Source
from web.queries.timeline_messages import MESSAGES
from web.queries.timeline_moments import MOMENTS
from web.queries.timeline_record import CHANGES, NOTES

# Of one instant, what stands first here is shown first: the later step of one way above the earlier.
SOURCES: tuple[Source, ...] = (*ANSWERS, *MESSAGES, *MOMENTS, *NOTES, *EVENTS, *CHANGES)
