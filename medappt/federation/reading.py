"""How much of a UDP socket is read before the reactor gets its turn."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.udp import Port

BYTES_AT_ONCE = 16_384
"""Read in one turn of the reactor. Twisted's own 256 KiB are a quarter of a million datagrams of
a byte, and no timer runs until they are through."""

EMPTY_AT_ONCE = 1_000
"""Empty datagrams read in one turn: Twisted counts bytes, and would read them as long as they
come."""


class Reading:
    """Paces one port. ``clock`` gives the turns."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._port: Port | None = None
        self._empty = 0
        self._rest: IDelayedCall | None = None

    def start(self, transport: object) -> None:
        """Pace ``transport``, if it is a socket."""
        if isinstance(transport, Port):
            self._port = transport
            transport.maxThroughput = BYTES_AT_ONCE

    def count_empty(self) -> None:
        """An empty datagram was read."""
        self._empty += 1
        if self._port is not None and self._rest is None and self._empty >= EMPTY_AT_ONCE:
            self._port.maxThroughput = 0
            self._rest = self._clock.callLater(0, self._read_on, self._port)

    def _read_on(self, port: Port) -> None:
        self._rest = None
        self._empty = 0
        port.maxThroughput = BYTES_AT_ONCE

    def stop(self) -> None:
        """The port is closed."""
        self._port = None
        self._empty = 0
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
