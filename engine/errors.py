"""The one small tree of errors. Each docstring is the default message; "not sending" is a stored hold, not an error."""

from collections.abc import Sequence


class JubileeError(Exception):
    """Something went wrong in Jubilee."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))


class NotFound(JubileeError):
    """There is no such thing here."""


class Conflict(JubileeError):
    """Somebody else changed this in the meantime."""


class NotAllowed(JubileeError):
    """Your role does not allow this."""


class InvalidInput(JubileeError):
    """This input cannot be used."""


class InvalidDefinition(InvalidInput):
    """This definition cannot be used."""


class TemplateRefused(InvalidDefinition):
    """This template holds something that templates may not do."""

    def __init__(self, problems: Sequence[object]) -> None:
        """`problems` are the `TemplateProblem`s, each with its line and a message for the template's author."""
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in problems) or None)


class MissingFact(JubileeError):
    """A fact that the template prints is not known, so the draft stops."""

    def __init__(self, fact: str, template: str = "", line: int = 0) -> None:
        self.fact, self.template, self.line = fact, template, line
        place = f" (line {line} of {template})" if template else ""
        super().__init__(f"The fact {fact} is missing{place}.")


class NotPlain(InvalidInput):
    """A template may be given plain values only: texts, whole and decimal numbers, dates, lists and dicts of them."""


class WrongKindOfFact(InvalidInput):
    """A template asked of a fact what only another kind of fact can do."""


class OutputTooLong(InvalidInput):
    """The text grew longer than any message may be."""
