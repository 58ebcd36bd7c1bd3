"""The federation's port while the process that will use it is still being made."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol


class Doorway(DatagramProtocol):
    """Holds a port open: what comes is dropped until there is somebody behind it.

    A port is opened while twistd still has its terminal, and the boot number of the run that
    answers there is committed later, in the process that runs.
    """

    noisy = False

    def __init__(self) -> None:
        self._behind: DatagramProtocol | None = None

    def open(self, behind: DatagramProtocol) -> None:
        """From now on ``behind`` is this port's protocol."""
        self._behind = behind
        if self.transport is not None:
            behind.makeConnection(self.transport)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if self._behind is not None:
            self._behind.datagramReceived(datagram, addr)

    def logPrefix(self) -> str:
        return "Federation"

    def stopProtocol(self) -> None:
        if self._behind is not None:
            self._behind.doStop()
