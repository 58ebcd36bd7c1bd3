"""The protocol: back-pressure, and how many connections there are."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.protocol import LINES_A_TURN, HealthCenterFactory
from medappt.model.limits import Limits
from tests.center.fixtures import CLIENT, Client, HeldWorker, MemoryCenter
from tests.role.logs import listening_to_the_log

TOO_LONG = ["error too-long a line has at most 512 bytes"]


def hang_up(client: Client) -> None:
    client.protocol.connectionLost(Failure(CONNECTION_DONE))


class BackPressureTests(SynchronousTestCase):
    """Neither questions nor answers pile up."""

    def test_reading_pauses_at_a_hundred_unanswered(self) -> None:
        """And goes on when they are answered."""
        worker = HeldWorker()
        center = MemoryCenter(store_worker=worker)
        client = center.login()
        worker.hold()
        client.send(b"selection 1\n" * 99)
        self.assertTrue(client.transport.is_reading)
        client.send(b"selection 1\n" * 30)
        self.assertFalse(client.transport.is_reading)
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take(), ["doc1 41000"] + ["notavailable"] * 128)
        self.assertTrue(client.transport.is_reading)

    def test_many_answers_at_once_leave_some_unanswered(self) -> None:
        """Reading goes on only when there is room again."""
        worker = HeldWorker()
        center = MemoryCenter(limits=Limits(unanswered=2), store_worker=worker)
        client = center.login()
        worker.hold()
        client.send(b"selection 1\nslots\nselection 2\n")
        self.assertFalse(client.transport.is_reading)
        client.protocol.go_on_reading("nothing of this kind")
        self.assertFalse(client.transport.is_reading)
        worker.step()
        center.settle()
        self.assertEqual(client.transport.take()[0], "doc1 41000")
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take(), ["doc2 42000"])
        self.assertTrue(client.transport.is_reading)

    def test_reading_pauses_while_replies_are_not_read(self) -> None:
        """The transport says when its buffer is full, and when it is empty again."""
        client = MemoryCenter().login()
        producer = client.transport.producer
        assert producer is not None
        producer.pauseProducing()
        self.assertFalse(client.transport.is_reading)
        producer.resumeProducing()
        self.assertTrue(client.transport.is_reading)
        producer.stopProducing()

    def test_both_reasons_must_be_gone(self) -> None:
        """One reason to pause does not end the other."""
        worker = HeldWorker()
        center = MemoryCenter(limits=Limits(unanswered=2), store_worker=worker)
        client = center.login()
        worker.hold()
        client.send(b"selection 1\nselection 1\n")
        producer = client.transport.producer
        assert producer is not None
        producer.pauseProducing()
        worker.release()
        center.settle()
        self.assertFalse(client.transport.is_reading)
        producer.resumeProducing()
        self.assertTrue(client.transport.is_reading)

    def test_a_peer_that_never_reads_is_ended(self) -> None:
        """The idle limit closes, and as the close cannot end, the connection is aborted."""
        center = MemoryCenter()
        client = center.login()
        producer = client.transport.producer
        assert producer is not None
        producer.pauseProducing()
        center.clock.advance(600)
        self.assertIsNone(client.transport.producer)
        center.clock.advance(2)
        self.assertTrue(client.transport.aborted)


class FairnessTests(SynchronousTestCase):
    """Nobody keeps the reactor for themselves."""

    def test_a_turn_is_a_bounded_number_of_lines(self) -> None:
        """Blank ones count, and what is left comes in the turns that follow."""
        center = MemoryCenter()
        client = center.login()
        client.protocol.dataReceived(b"\n" * (LINES_A_TURN - 1) + b"help\n" * 3)
        self.assertEqual(client.transport.take().count("."), 1)
        self.assertFalse(client.transport.is_reading)
        center.clock.advance(0)
        self.assertEqual(client.transport.take().count("."), 2)
        self.assertTrue(client.transport.is_reading)

    def test_a_connection_lost_between_two_turns(self) -> None:
        """Nothing is looked at any more, and no timer is left."""
        center = MemoryCenter()
        client = center.login()
        client.protocol.dataReceived(b"help\n" * (LINES_A_TURN + 1))
        client.protocol.connectionLost()
        self.assertEqual(center.clock.getDelayedCalls(), [])


class FactoryTests(SynchronousTestCase):
    """How many connections, and from when to when."""

    def test_more_than_the_limit_are_closed_at_once(self) -> None:
        """And when one goes, another may come."""
        center = MemoryCenter(most_connections=2)
        first, _ = center.connect(), center.connect()
        self.assertIsNone(center.factory.buildProtocol(CLIENT))
        hang_up(first)
        self.assertEqual(center.connect().ask("help")[0], "authenticate USER PASSWORD")

    def test_nothing_is_served_before_the_center_is_open(self) -> None:
        """A connection that comes too early is closed."""
        center = MemoryCenter()
        factory = HealthCenterFactory(
            clock=Clock(),
            limits=Limits(),
            most_connections=1,
            sentences=center.sentences,
            notices=center.notices,
        )
        self.assertIsNone(factory.buildProtocol(CLIENT))
        self.assertRaises(RuntimeError, lambda: factory.portal)

    def test_nagle_waits_for_nothing(self) -> None:
        """TCP_NODELAY is set: replies are small and somebody waits."""
        self.assertTrue(MemoryCenter().connect().transport.has_no_delay)

    def test_closing_answers_what_was_read(self) -> None:
        """Then every connection is ended, and the last one tells."""
        worker = HeldWorker()
        center = MemoryCenter(store_worker=worker)
        client, idle = center.login(), center.connect()
        worker.hold()
        client.ask("selection 2")
        center.factory.close()
        self.assertFalse(client.transport.is_reading)
        self.assertIsNone(center.factory.buildProtocol(CLIENT))
        stopped = center.writer.stop()
        worker.release()
        center.settle()
        self.successResultOf(stopped)
        self.assertEqual(client.transport.take(), ["doc2 42000"])
        emptied: Deferred[None] = center.factory.hang_up()
        self.assertTrue(idle.transport.write_closed)
        self.assertNoResult(emptied)
        hang_up(client)
        self.assertNoResult(emptied)
        hang_up(idle)
        self.successResultOf(emptied)

    def test_closing_without_connections_is_done_at_once(self) -> None:
        """There is nobody to wait for."""
        center = MemoryCenter()
        center.factory.close()
        self.successResultOf(center.factory.hang_up())

    def test_a_unix_socket_has_no_port(self) -> None:
        """Its peers are told as local."""
        center = MemoryCenter()
        with listening_to_the_log() as told:
            client = center.connect(UNIXAddress(b"/run/center"))
            client.ask("authenticate patient1 password111")
            client.ask("available")
        self.assertIn(
            "Phase2: The Health Center Server receives a request for available time slots from"
            " patients with port number: 0 and IP Address: local",
            told.texts(),
        )

    def test_addresses_are_apart(self) -> None:
        """Failed logins from one address do not count for another."""
        center = MemoryCenter(limits=replace(Limits(), failures_per_user=1))
        self.assertEqual(center.connect().ask("authenticate patient1 x"), ["failure"])
        self.assertEqual(center.connect().ask("authenticate patient1 password111"), ["failure"])
        other = center.connect(IPv4Address("TCP", "127.0.0.2", 1))
        self.assertEqual(other.ask("authenticate patient1 password111"), ["success"])
