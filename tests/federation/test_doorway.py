"""The federation's port before its run begins."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.doorway import Doorway
from tests.role.memory import MemoryUDPReactor


class Behind(DatagramProtocol):
    """Remembers what happens to it."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def startProtocol(self) -> None:
        self.events.append("start")

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.events.append((datagram, addr))

    def stopProtocol(self) -> None:
        self.events.append("stop")


class DoorwayTests(SynchronousTestCase):
    """A port, and who answers there in the end."""

    def test_what_comes_early_is_dropped(self) -> None:
        """Nothing is answered before there is a run that could."""
        doorway, behind = Doorway(), Behind()
        port = MemoryUDPReactor().listenUDP(21_100, doorway)
        port.receive(b"early")
        doorway.open(behind)
        port.receive(b"now")
        assert behind.transport is not None
        behind.transport.write(b"back", ("192.0.2.1", 5000))
        port.stopListening()
        self.assertEqual(behind.events, ["start", (b"now", ("192.0.2.1", 5000)), "stop"])
        self.assertEqual(port.replies(), [b"back"])

    def test_nobody_comes(self) -> None:
        """A port may close before."""
        port = MemoryUDPReactor().listenUDP(21_100, Doorway())
        port.stopListening()
        self.assertFalse(port.is_listening)

    def test_without_a_port(self) -> None:
        """Where there are no peers there is none, and nothing is started."""
        doorway, behind = Doorway(), Behind()
        doorway.open(behind)
        self.assertEqual(behind.events, [])

    def test_its_name_in_the_log(self) -> None:
        """Twisted tells of ports by the names of their protocols."""
        self.assertEqual(Doorway().logPrefix(), "Federation")
