"""Tests of the simulated world itself: what it promises to the histories in it."""

from __future__ import annotations

from random import Random

from twisted.internet.endpoints import TCP4ClientEndpoint, serverFromString
from twisted.internet.error import AlreadyCalled, ConnectionLost
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.machine import Machine
from tests.simulation.network import Network
from tests.simulation.timeline import Timeline
from tests.simulation.weather import Weather

HERE, THERE = "10.0.0.1", "10.0.0.2"


class Wall(Protocol):
    """Remembers what came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


class WallFactory(Factory):
    noisy = False

    def __init__(self) -> None:
        self.made: list[Wall] = []

    def buildProtocol(self, addr: IAddress | None) -> Wall:
        wall = Wall()
        self.made.append(wall)
        return wall


class Mailbox(DatagramProtocol):
    noisy = False

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.got.append(datagram)


class KernelCase(SynchronousTestCase):
    """Two machines, and a network whose weather each test chooses."""

    def setUp(self) -> None:
        self.timeline = Timeline(Random(1))
        self.network = Network(self.timeline, Random(2), Weather())
        self.here = Machine(self.network, HERE, "here", 3)
        self.there = Machine(self.network, THERE, "there", 3)

    def run_for(self, seconds: float) -> None:
        self.timeline.run_until(self.timeline.now + seconds, lambda: None)

    def connect(self) -> tuple[Wall, Wall]:
        """A client here, its server there."""
        doors, clients = WallFactory(), WallFactory()
        endpoint = serverFromString(self.there, f"tcp:80:interface={THERE}")
        self.successResultOf(endpoint.listen(doors))
        connected = TCP4ClientEndpoint(self.here, THERE, 80).connect(clients)
        self.run_for(0.1)
        self.successResultOf(connected)
        return clients.made[0], doors.made[0]


class TimelineTests(KernelCase):
    def test_order(self) -> None:
        """Calls happen at their time, and time stands at each of them."""
        happened: list[float] = []
        for delay in (3.0, 1.0, 2.0):
            self.timeline.call_later(delay, lambda: happened.append(self.timeline.now))
        self.run_for(2.5)
        self.assertEqual(happened, [1.0, 2.0])
        self.assertEqual(self.timeline.now, 2.5)

    def test_cancelled(self) -> None:
        """A cancelled call does not happen."""
        happened: list[int] = []
        self.here.callLater(1.0, happened.append, 1).cancel()
        self.run_for(2.0)
        self.assertEqual(happened, [])

    def test_put_off_and_brought_forward(self) -> None:
        """A call happens at the time it was last set to."""
        happened: list[tuple[str, float]] = []

        def note(name: str) -> None:
            happened.append((name, self.timeline.now))

        late = self.here.callLater(1.0, note, "late")
        soon = self.here.callLater(9.0, note, "soon")
        late.delay(4.0)
        soon.reset(2.0)
        self.run_for(10.0)
        self.assertEqual(happened, [("soon", 2.0), ("late", 5.0)])

    def test_same_seed_same_trace(self) -> None:
        """What is noted at the same times makes the same trace, and anything else another."""
        traces = []
        for word in ("a", "a", "b"):
            timeline = Timeline(Random(1))
            timeline.note("word", word)
            traces.append(timeline.trace)
        self.assertEqual(traces[0], traces[1])
        self.assertNotEqual(traces[0], traces[2])


class MachineTests(KernelCase):
    def test_killed_machine_does_nothing(self) -> None:
        """After its death no timer fires, nothing is sent, and none of its dice are the world's."""
        happened: list[int] = []
        box = Mailbox()
        self.there.listenUDP(7, box, THERE)
        port = Mailbox()
        self.here.listenUDP(8, port, HERE)
        self.here.callLater(1.0, happened.append, 1)
        self.here.kill()
        before = self.network.dice.getstate()
        assert port.transport is not None
        port.transport.write(b"ghost", (THERE, 7))
        self.here.callLater(1.0, happened.append, 2)
        self.assertEqual(self.network.dice.getstate(), before)
        self.run_for(5.0)
        self.assertEqual((happened, box.got), ([], []))

    def test_killed_machine_hangs_up(self) -> None:
        """The other ends of its connections notice, within a second."""
        client, server = self.connect()
        self.there.kill()
        self.run_for(1.1)
        assert client.lost is not None
        self.assertIsNone(server.lost)

    def test_paused_machine_acts_late(self) -> None:
        """Timers and datagrams of a paused machine wait until it goes on."""
        happened: list[float] = []
        box = Mailbox()
        self.there.listenUDP(7, box, THERE)
        self.there.callLater(1.0, lambda: happened.append(self.timeline.now))
        self.network.pause(THERE, 3.0)
        self.network.send_datagram((HERE, 8), (THERE, 7), b"hello")
        self.run_for(2.5)
        self.assertEqual((happened, box.got), ([], []))
        self.run_for(1.0)
        self.assertEqual((happened, box.got), ([3.0], [b"hello"]))

    def test_timer_of_paused_machine_can_be_cancelled(self) -> None:
        """A timer that is due while its machine is paused has not fired yet."""
        happened: list[int] = []
        call = self.there.callLater(1.0, happened.append, 1)
        self.network.pause(THERE, 3.0)
        self.run_for(2.0)
        call.cancel()
        self.run_for(2.0)
        self.assertEqual(happened, [])
        fired = self.there.callLater(0.0, happened.append, 2)
        self.run_for(1.0)
        self.assertRaises(AlreadyCalled, fired.cancel)


class DatagramTests(KernelCase):
    def send(self, number: int) -> list[bytes]:
        """What arrives of so many."""
        box = Mailbox()
        port = self.there.listenUDP(7, box, THERE)
        for each in range(number):
            self.network.send_datagram((HERE, 8), (THERE, 7), b"%d" % each)
        self.run_for(60.0)
        port.stopListening()
        return box.got

    def test_fair_weather(self) -> None:
        """In fair weather each datagram arrives once."""
        self.assertEqual(sorted(self.send(9)), [b"%d" % each for each in range(9)])

    def test_lost_and_doubled(self) -> None:
        """In bad weather some are lost, some come twice, and some overtake others."""
        self.network.weather = Weather(lost=0.3, doubled=0.5, late=0.1)
        got = self.send(100)
        self.assertLess(len(set(got)), 100)
        self.assertGreater(len(got), len(set(got)))
        self.assertNotEqual(got, sorted(got, key=int))
        self.assertEqual(self.network.doubles[self.there], len(got) - len(set(got)))

    def test_cut_one_way(self) -> None:
        """A cut from one host to another stops nothing the other way."""
        self.network.cut.add((HERE, THERE))
        self.assertEqual(self.send(3), [])
        self.assertFalse(self.network.is_cut(THERE, HERE))


class StreamTests(KernelCase):
    def test_in_order_whatever_the_pieces(self) -> None:
        """Bytes arrive in order, cut anywhere."""
        self.network.weather = Weather(stream_pieces=0.8)
        client, server = self.connect()
        assert client.transport is not None
        for number in range(20):
            client.transport.write(b"line %d\n" % number)
        self.run_for(1.0)
        self.assertEqual(b"".join(server.pieces), b"".join(b"line %d\n" % n for n in range(20)))
        self.assertGreater(len(server.pieces), 20)

    def test_breaks(self) -> None:
        """A connection that breaks delivers a beginning of what was written, and both ends are
        lost."""
        client, server = self.connect()
        self.network.weather = Weather(stream_breaks=1.0)
        assert client.transport is not None
        client.transport.write(b"to be or not to be")
        self.run_for(2.0)
        self.assertTrue(b"to be or not to be".startswith(b"".join(server.pieces)))
        self.assertNotEqual(b"".join(server.pieces), b"to be or not to be")
        for end in (client, server):
            assert end.lost is not None
            self.assertTrue(end.lost.check(ConnectionLost))

    def test_waits_for_a_cut(self) -> None:
        """Where a way is cut a stream goes on when it is mended."""
        client, server = self.connect()
        self.network.cut.add((HERE, THERE))
        assert client.transport is not None
        client.transport.write(b"patience")
        self.run_for(3.0)
        self.assertEqual(server.pieces, [])
        self.network.clear()
        self.run_for(1.0)
        self.assertEqual(b"".join(server.pieces), b"patience")

    def test_close_comes_behind_the_bytes(self) -> None:
        """Who closes is heard to the end first."""
        client, server = self.connect()
        assert client.transport is not None
        client.transport.write(b"goodbye")
        client.transport.loseConnection()
        self.run_for(1.0)
        self.assertEqual(b"".join(server.pieces), b"goodbye")
        self.assertIsNotNone(server.lost)

    def test_refused(self) -> None:
        """Where nobody listens a connection is refused."""
        refused = TCP4ClientEndpoint(self.here, THERE, 81).connect(WallFactory())
        self.run_for(1.0)
        self.failureResultOf(refused)
