"""Which addresses of the network a message may be handed to. Kept apart from who sends: an address that somebody sets
must never make our own server ask the machines beside it (SSRF).
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from engine.errors import JubileeError

Resolver = Callable[[str, int], Sequence[str]]
# Addresses of the sixth version that carry one of the fourth, where a gateway translates.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# What the registries of special addresses hold besides what every supported Python knows (a metadata service is there).
_SPECIAL = tuple(ip_network(net) for net in ("192.0.0.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16"))


class NotPublic(JubileeError):
    """This name leads to a machine inside, where outgoing webhooks may not go."""


def resolve(host: str, port: int) -> list[str]:
    """Every numeric address of the name, in the system's order. Raises OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def public_addresses(host: str, port: int, *, resolver: Resolver = resolve) -> Sequence[str]:
    """The numeric addresses to connect to. Raises NotPublic where any address of the name is not public: a name that
    leads inside and outside at once is a trap. Who connects must use these very addresses and not ask again.
    """
    found = resolver(host, port)
    if not found or not all(is_public(address) for address in found):
        raise NotPublic(f"{host}: leads to an address that is not public, where webhooks may not go")
    return found


def is_public(address: str) -> bool:
    """Whether this numeric address belongs to the open internet, whatever it is wrapped in."""
    try:
        number = ip_address(address)
    except ValueError:
        return False
    inner = _inside(number)
    return _is_open(number) if inner is None else _is_open(inner)


def _inside(number: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The address of the fourth version that one of the sixth stands for."""
    if isinstance(number, IPv4Address):
        return None
    if number in _TRANSLATED:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)


def _is_open(number: IPv4Address | IPv6Address) -> bool:
    """`is_global` alone lets multicast and the old site-local addresses pass."""
    site_local = isinstance(number, IPv6Address) and number.is_site_local
    special = any(number in net for net in _SPECIAL)
    return number.is_global and not (number.is_multicast or number.is_reserved or site_local or special)
