"""The protocol: framing, closing, timers, back-pressure."""

from __future__ import annotations

from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from medappt.model.limits import Limits
from tests.center.fixtures import CLIENT, Client, HeldWorker, MemoryCenter
from tests.role.logs import listening_to_the_log

TOO_LONG = ["error too-long a line has at most 512 bytes"]


def hang_up(client: Client) -> None:
    client.protocol.connectionLost(Failure(CONNECTION_DONE))


class FramingTests(SynchronousTestCase):
    """Lines end in LF or CRLF and have at most 512 bytes before it."""

    def test_512_bytes_are_a_line(self) -> None:
        """With either end; what is in it is another matter."""
        client = MemoryCenter().connect()
        line = b"@t " + b"x" * 509
        for end in (b"\n", b"\r\n"):
            self.assertEqual(len(line), 512)
            self.assertTrue(client.send(line + end)[0].startswith("@t error unknown-command"))
        self.assertFalse(client.transport.disconnecting)

    def test_513_bytes_are_too_many(self) -> None:
        """The line is refused, nothing behind it is read, and the server closes."""
        for end in (b"\n", b"\r\n"):
            client = MemoryCenter().connect()
            self.assertEqual(client.send(b"x" * 513 + end + b"help\n"), TOO_LONG)
            self.assertTrue(client.transport.write_closed)
            self.assertFalse(client.transport.is_reading)
            self.assertEqual(client.ask("help"), [])

    def test_a_line_without_an_end_is_too_long(self) -> None:
        """As soon as it is, whatever would come."""
        client = MemoryCenter().connect()
        self.assertEqual(client.send(b"x" * 514), TOO_LONG)
        self.assertFalse(client.transport.is_reading)

    def test_ten_megabytes_are_not_kept(self) -> None:
        """What comes in spite of that is dropped."""
        client = MemoryCenter().login()
        self.assertEqual(client.send(b"x" * 10_000_000), TOO_LONG)
        client.send(b"x" * 10_000_000)
        self.assertEqual(len(client.protocol._buffer), 0)

    def test_the_refusal_comes_in_its_turn(self) -> None:
        """What was asked before a line that is too long is answered before."""
        client = MemoryCenter().login()
        lines = client.send(b"selection 1\n" + b"x" * 600)
        self.assertEqual(lines, ["doc1 41000", *TOO_LONG])

    def test_a_peer_that_does_not_go_is_cut_off(self) -> None:
        """Two seconds after ``too-long`` the connection is aborted."""
        center = MemoryCenter()
        client = center.connect()
        client.send(b"x" * 600)
        center.clock.advance(1.99)
        self.assertFalse(client.transport.aborted)
        center.clock.advance(0.02)
        self.assertTrue(client.transport.aborted)


class ClosingTests(SynchronousTestCase):
    """How a connection ends."""

    def test_quit_closes_behind_bye(self) -> None:
        """Our side is closed, what still comes is dropped, and after a second all is closed."""
        center = MemoryCenter()
        client = center.login()
        self.assertEqual(client.send(b"quit\nhelp\n"), ["bye"])
        self.assertTrue(client.transport.write_closed)
        self.assertTrue(client.transport.is_reading)
        self.assertEqual(client.ask("help"), [])
        center.clock.advance(1)
        self.assertTrue(client.transport.disconnecting)

    def test_a_peer_that_closes_ends_the_lingering(self) -> None:
        """Nobody waits for a peer that has gone."""
        client = MemoryCenter().login()
        client.ask("quit")
        self.assertFalse(client.transport.disconnecting)
        client.protocol.readConnectionLost()
        self.assertTrue(client.transport.disconnecting)

    def test_no_timer_outlives_a_connection(self) -> None:
        """However it ends."""
        for line in (b"", b"help\n", b"quit\n", b"x" * 600, b"authenticate a b\n"):
            center = MemoryCenter()
            client = center.connect()
            client.send(line)
            hang_up(client)
            center.settle()
            self.assertEqual(center.clock.getDelayedCalls(), [], line)

    def test_a_half_closed_peer_gets_its_answers(self) -> None:
        """Who sends everything and closes their side still reads the replies."""
        worker = HeldWorker(holding=True)
        center = MemoryCenter(hash_worker=worker)
        client = center.connect()
        self.assertTrue(IHalfCloseableProtocol.providedBy(client.protocol))
        client.send(b"authenticate patient1 password111\nselection 2\n")
        client.protocol.readConnectionLost()
        self.assertFalse(client.transport.disconnecting)
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take(), ["success", "doc2 42000"])
        self.assertTrue(client.transport.disconnecting)
        client.protocol.writeConnectionLost()

    def test_a_login_nobody_waits_for_is_not_hashed(self) -> None:
        """A peer that hangs up while it waits costs nothing more."""
        worker = HeldWorker(holding=True)
        center = MemoryCenter(hash_worker=worker)
        clients = [center.connect() for _ in range(3)]
        for client in clients:
            client.ask("authenticate patient1 password111")
        for client in clients:
            hang_up(client)
        worker.release()
        center.settle()
        self.assertEqual(len(center.hasher.verified), 2)
        self.assertEqual(clients[0].transport.take(), [])

    def test_answers_to_who_has_gone_are_dropped(self) -> None:
        """The effect stands all the same."""
        worker = HeldWorker()
        center = MemoryCenter(store_worker=worker)
        client = center.login()
        worker.hold()
        client.ask("selection 2")
        hang_up(client)
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take(), [])
        self.assertIn("2 Mon 03pm doc2 taken", center.login().ask("slots"))

    def test_tls_is_closed_whole(self) -> None:
        """TLS knows no half closing."""
        client = MemoryCenter().login()
        alsoProvides(client.transport, ISSLTransport)
        self.assertEqual(client.ask("quit"), ["bye"])
        self.assertFalse(client.transport.write_closed)
        self.assertTrue(client.transport.disconnecting)

    def test_a_session_that_breaks_is_dropped(self) -> None:
        """A defect in sending a reply ends that connection, not others."""
        worker = HeldWorker()
        center = MemoryCenter(store_worker=worker)
        client = center.login()

        def broken(data: bytes) -> None:
            raise OSError("no")

        worker.hold()
        client.send(b"selection 1\n@t selection\n")
        self.patch(client.protocol.transport, "write", broken)
        worker.release()
        center.settle()
        self.assertTrue(self.flushLoggedErrors(OSError))
        self.assertTrue(client.transport.disconnecting)
        client.protocol.drop()
        self.assertEqual(center.login().ask("selection 1"), ["notavailable"])

    def test_the_last_close_is_for_who_is_still_there(self) -> None:
        """A connection that is lost between two steps of its closing is left alone."""
        center = MemoryCenter()
        client = center.login()
        client.ask("quit")
        center.clock.advance(1)
        hang_up(client)
        self.assertEqual(center.clock.getDelayedCalls(), [])
        client.protocol.finish()
        self.assertEqual(center.clock.getDelayedCalls(), [])

    def test_other_streams_have_no_nagle(self) -> None:
        """A UNIX socket is served as well, and closed whole."""
        center = MemoryCenter()
        transport = StringTransport()
        protocol = center.factory.buildProtocol(CLIENT)
        assert protocol is not None
        Protocol.makeConnection(protocol, transport)
        protocol.dataReceived(b"quit\n")
        self.assertEqual(transport.value(), b"bye\n")
        self.assertTrue(transport.disconnecting)


class TimeTests(SynchronousTestCase):
    """The time to log in is absolute, the time to be idle runs from the last complete line."""

    def test_no_login_in_time(self) -> None:
        """Other lines do not lengthen it."""
        center = MemoryCenter()
        client = center.connect()
        center.clock.advance(9)
        client.ask("help")
        client.send(b"authent")
        center.clock.advance(0.9)
        self.assertFalse(client.transport.disconnecting)
        center.clock.advance(0.2)
        self.assertTrue(client.transport.disconnecting)

    def test_the_wait_for_the_hash_does_not_count(self) -> None:
        """Who has sent a login in time is not cut off for our slowness."""
        worker = HeldWorker(holding=True)
        center = MemoryCenter(hash_worker=worker)
        client = center.connect()
        center.clock.advance(9.9)
        client.ask("authenticate patient1 password111")
        center.clock.advance(100)
        self.assertFalse(client.transport.disconnecting)
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take(), ["success"])

    def test_idle_after_the_last_line(self) -> None:
        """Every complete line starts it anew, a byte does not."""
        center = MemoryCenter()
        client = center.login()
        center.clock.advance(599)
        client.ask("help")
        center.clock.advance(599)
        client.send(b"hel")
        self.assertFalse(client.transport.disconnecting)
        center.clock.advance(1.1)
        self.assertTrue(client.transport.disconnecting)
        center.clock.advance(2)
        self.assertTrue(client.transport.aborted)

    def test_one_timer_a_connection(self) -> None:
        """Not one a line."""
        center = MemoryCenter()
        client = center.login()
        for _ in range(50):
            client.ask("help")
        self.assertEqual(len(center.clock.getDelayedCalls()), 1)

    def test_limits_are_settings(self) -> None:
        """Each is told once, when it is first met."""
        center = MemoryCenter(limits=Limits(login_seconds=1, close_seconds=5))
        with listening_to_the_log() as told:
            clients = [center.connect(), center.connect()]
            center.clock.advance(1.1)
        self.assertTrue(all(client.transport.disconnecting for client in clients))
        self.assertEqual(told.texts(), ["The limit login_seconds (1) was met for the first time."])
