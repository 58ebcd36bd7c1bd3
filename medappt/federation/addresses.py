"""The IP addresses of this center and its peers: names are looked up once, before the start.

A link compares the source of each reply with its peer's address, so a name is of no use to it.
Looking one up blocks, as listening does: nothing is served yet.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Protocol, TypeAlias

from medappt.federation.link import Address
from medappt.role.startup import CannotStart

Found: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""A row of ``getaddrinfo``: family, kind, protocol, canonical name, and the socket's address."""


class LookUp(Protocol):
    """Looks a host up: ``socket.getaddrinfo``."""

    def __call__(self, host: str, port: int, family: int, kind: int, /) -> Sequence[Found]:
        """Raises ``OSError`` for a host that has no address of ``family``."""


def resolve(
    host: str, port: int, *, beside: Address | None = None, look_up: LookUp = socket.getaddrinfo
) -> Address:
    """The address of a host, which may be an IP address or a name: the first one that the system
    gives. A peer's has to be of the family of ``beside``, the address this center listens at.

    Raises ``CannotStart`` where there is none.
    """
    family = socket.AF_UNSPEC if beside is None else _family(beside[0])
    try:
        found = look_up(host, port, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        # a name with an empty or an overlong part is refused by the encoding for names
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise CannotStart(f"{host}: {_kind(family)} cannot be found: {reason}") from None
    for *_, address in found:
        return str(ip_address(address[0])), port
    raise CannotStart(f"{host}: {_kind(family)} cannot be found")


def _family(host: str) -> int:
    return socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET


def _kind(family: int) -> str:
    return {socket.AF_INET: "an IPv4 address", socket.AF_INET6: "an IPv6 address"}.get(
        socket.AddressFamily(family), "an address"
    )
