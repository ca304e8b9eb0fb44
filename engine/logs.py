"""What a log says of an error: where it was, of which type, and of the database's what it said; no values, as those are
what is known of customers, or what they wrote.
"""

import traceback
from typing import TextIO

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.typing import ExcInfo


def keep_values_out() -> None:
    """For every process that logs. The library's own way shows the variables of every frame."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
            structlog.dev.ConsoleRenderer(exception_formatter=_write_places),
        ]
    )


def _write_places(out: TextIO, exc_info: ExcInfo) -> None:
    """The frames of the error and of those it came from, the first cause first."""
    chain: list[BaseException] = []
    error: BaseException | None = exc_info[1]
    while error is not None and error not in chain:
        chain.insert(0, error)
        error = error.__cause__ or error.__context__
    for one in chain:
        out.write("\n" + "".join(traceback.format_tb(one.__traceback__)))
        out.write(f"{type(one).__name__}{f': {one}' if isinstance(one, DBAPIError) else ''}")
