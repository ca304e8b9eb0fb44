"""The one small tree of errors. Each docstring is the default message; "not sending" is a stored hold, not an error."""


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
