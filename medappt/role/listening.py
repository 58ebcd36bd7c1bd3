"""Listening before the role is a process of its own.

Roles listen while twistd still has the terminal, so that a busy port is told there and not in a
log; nothing is accepted before the reactor runs, and the descriptors survive the fork of a
daemon.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorUDP,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure

from medappt.role.startup import CannotStart

_NO_SUCH_ADDRESS = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))

MAX_DATAGRAM_BYTES = 8_192
"""Twisted's own: what is longer is cut, and so is longer than any datagram we answer."""

LOOPBACK_HOSTS = ("127.0.0.1", "::1")
"""Both: clients that resolve ``localhost`` to ``::1`` would wait for ever on UDP (section 5)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An endpoint to listen on, and how the operator wrote it.

    ``is_optional`` marks a default that the machine may not offer (no IPv6): it is left out then,
    but not when its port is busy.
    """

    description: str
    endpoint: IStreamServerEndpoint
    is_optional: bool = False


def parse_place(reactor: object, description: str, *, is_optional: bool = False) -> Place:
    """The endpoint that a string such as ``tcp:21000:interface=127.0.0.1`` describes.

    Raises ``CannotStart`` where Twisted knows no such endpoint or its files cannot be read.
    """
    try:
        endpoint = serverFromString(reactor, description)
    except Exception as error:  # noqa: BLE001 - each kind of endpoint has its own complaints
        raise CannotStart(f"cannot listen on {description}: {error}") from None
    return Place(description=description, endpoint=endpoint, is_optional=is_optional)


@dataclass
class Ports:
    """Ports that listen, to be closed together."""

    listening: list[IListeningPort] = field(default_factory=list)

    def listen(self, place: Place, factory: IProtocolFactory) -> None:
        """Listen on a stream endpoint, now. Raises ``CannotStart``."""
        ports: list[IListeningPort] = []
        failures: list[Failure] = []
        place.endpoint.listen(factory).addCallbacks(ports.append, failures.append)
        if failures:
            self._refuse(place.description, failures[0].value, place.is_optional)
        elif not ports:
            raise CannotStart(f"cannot listen on {place.description}: it does not open at once")
        self.listening.extend(ports)

    def listen_udp(
        self,
        reactor: IReactorUDP,
        host: str,
        port: int,
        protocol: DatagramProtocol,
        *,
        is_optional: bool = False,
    ) -> None:
        """Listen for datagrams, now. Raises ``CannotStart``."""
        try:
            self.listening.append(reactor.listenUDP(port, protocol, host, MAX_DATAGRAM_BYTES))
        except (CannotListenError, ValueError) as error:
            self._refuse(f"UDP {host} port {port}", error, is_optional)

    def _refuse(self, where: str, error: BaseException | None, is_optional: bool) -> None:
        reason = getattr(error, "socketError", error)
        is_missing = isinstance(reason, OSError) and reason.errno in _NO_SUCH_ADDRESS
        if not (is_optional and is_missing):
            raise CannotStart(f"cannot listen on {where}: {_words(reason)}") from None

    def close(self) -> Deferred[list[None]]:
        """Stop listening; fires when every port is closed."""
        ports, self.listening = self.listening, []
        closing = [
            port_closed
            for port in ports
            if isinstance(port_closed := port.stopListening(), Deferred)
        ]
        return gatherResults(closing, consumeErrors=True)


def _words(reason: object) -> object:
    return getattr(reason, "strerror", None) or reason
