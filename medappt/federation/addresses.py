"""Where peers are: host names to the addresses that datagrams carry."""

from __future__ import annotations

import socket

from medappt.federation.link import Address
from medappt.role.startup import CannotStart


def resolve(host: str, port: int) -> Address:
    """The literal address of a host. Raises ``CannotStart`` where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise CannotStart(f"{host}: {error.strerror or error}") from None
    address = found[0][4]
    return str(address[0]), port
