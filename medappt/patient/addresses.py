"""Addresses as they are: literal, so that the one that was asked can be told from another."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from twisted.internet import address
from twisted.internet.interfaces import IAddress


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """An IP address and a port. Write ``host`` as ``canonical_host`` gives it."""

    host: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host


def canonical_host(host: str) -> str | None:
    """The one spelling of a literal address, or ``None`` for a name.

    An IPv4 address in IPv6's clothes (``::ffff:127.0.0.1``) is the IPv4 address; a scope
    (``fe80::1%eth0``) stays.
    """
    try:
        literal: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return None
    if isinstance(literal, IPv6Address) and literal.ipv4_mapped is not None:
        literal = literal.ipv4_mapped
    return str(literal)


def address_of(end: IAddress) -> Address:
    """The address of one end of a socket. Raises ``ValueError`` for what is no IP address."""
    if isinstance(end, address.IPv4Address | address.IPv6Address):
        host = canonical_host(end.host)
        if host is not None:
            return Address(host=host, port=end.port)
    raise ValueError(f"{end!r} is no IP address with a port")
