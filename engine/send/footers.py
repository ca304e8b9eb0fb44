"""What every mail owes its reader below the text: why it came, how to hear less, and who sent it from where.

The sources are the CAN-SPAM act (postal address, a way out), § 7 (3) UWG (each use names the right to object) and
CASL; an answer counts as leaving too. Recoveries carry it as well: where a mail ends and advertising begins is for
courts, and who just had a problem shall find the way out all the same.
"""

from functools import lru_cache

from markupsafe import Markup, escape

_REASONS = {
    "en": "You receive this because you are a customer of {company}.",
    "de": "Du bekommst das, weil du bei {company} Kunde bist.",
    "es": "Recibes esto porque eres cliente de {company}.",
}
_ANSWER = {
    "en": "Just answer if you would rather not hear from us.",
    "de": "Antworte einfach, wenn du nichts mehr hören möchtest.",
    "es": "Si prefieres no recibir más mensajes, basta con responder.",
}
_CHOOSE = {
    "en": "Choose what you hear from us, or leave",
    "de": "Wähle, was du von uns hörst, oder widersprich ganz",
    "es": "Elige qué quieres recibir, o date de baja",
}
_SEPARATOR = "-- "  # mail programs leave out what stands below it when somebody answers


def footer_html(company: str, locale: str, postal_address: str = "", preferences_url: str = "") -> Markup:
    """The lines of the footer, escaped, with the way out as a link."""
    before, after = _html(company, locale[:2], postal_address, bool(preferences_url))
    return before + escape(preferences_url) + after


def footer_text(company: str, locale: str, postal_address: str = "", preferences_url: str = "") -> str:
    """The same for the plain part, below the line that separates it from the letter."""
    before, after = _text(company, locale[:2], postal_address, bool(preferences_url))
    return f"{before}{preferences_url}{after}"


@lru_cache(maxsize=256)
def _html(company: str, language: str, postal_address: str, linked: bool) -> tuple[Markup, Markup]:
    """What stands before the link's address and after it."""
    reason, answer, choose = (escape(line) for line in _lines(company, language))
    address = Markup("").join("\n" + escape(line) for line in _address(postal_address))
    if not linked:
        return reason + " " + answer, address
    after = Markup('" style="color:inherit;">') + choose + Markup("</a>") + address
    return reason + " " + answer + Markup('\n<a href="'), after


@lru_cache(maxsize=256)
def _text(company: str, language: str, postal_address: str, linked: bool) -> tuple[str, str]:
    reason, answer, choose = _lines(company, language)
    address = "".join(f"\n{line}" for line in _address(postal_address))
    return f"{_SEPARATOR}\n{reason} {answer}" + (f"\n{choose}: " if linked else ""), address


def _lines(company: str, language: str) -> tuple[str, str, str]:
    spoken = language if language in _REASONS else "en"
    return _REASONS[spoken].format(company=company), _ANSWER[spoken], _CHOOSE[spoken]


def _address(postal_address: str) -> list[str]:
    """One line or several: a variable of the environment may hold line ends written as \\n."""
    return [line.strip() for line in postal_address.replace("\\n", "\n").splitlines() if line.strip()]
