"""Hostile mixtures: the dialect's refusal or a close, never a hang beyond the login limit."""

from __future__ import annotations

import gc
import tracemalloc

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.limits import Limits
from tests.center.fixtures import Client, HeldWorker, MemoryCenter
from tests.role.logs import listening_to_the_log

LOGIN = b"authenticate patient1 password111"
BAD = (LogLevel.error, LogLevel.critical)
LIST = b"1 Tue 01pm\n2 Mon 03pm\n3 Thu 02pm\n4 Wed 10am\n5 Sat 12pm\n6 Fri 04pm\n"


def answer(center: MemoryCenter, client: Client, data: bytes, pause: float = 0.0) -> bytes:
    """What came back for a segment, after a pause."""
    client.protocol.dataReceived(data)
    center.settle()
    if pause:
        center.clock.advance(pause)
    reply: bytes = client.transport.value()
    client.transport.clear()
    return reply


def is_closed(client: Client) -> bool:
    return client.transport.write_closed or client.transport.disconnecting


class TurnClock(Clock):
    """As a reactor, and unlike a ``Clock``: what is scheduled in a turn waits for the next."""

    def advance(self, amount: float) -> None:
        self.rightNow += amount
        for call in [call for call in self.calls if call.getTime() <= self.seconds()]:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)


class DialectTestCase(SynchronousTestCase):
    """No error may be logged."""

    def setUp(self) -> None:
        told = listening_to_the_log()
        self.told = told.__enter__()
        self.addCleanup(told.__exit__, None, None, None)
        self.addCleanup(lambda: self.assertEqual(self.told.texts(*BAD), []))
        self.center = MemoryCenter()

    def speak(self, data: bytes, pause: float = 0.0) -> tuple[Client, bytes]:
        client = self.center.connect()
        return client, answer(self.center, client, data, pause)


class StrangerTests(DialectTestCase):
    """Who speaks none of the dialects."""

    def test_strangers(self) -> None:
        """Text gets ``Failure``, other bytes nothing, and both a close; a line that is too long
        its refusal. What still comes is dropped."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2
        for data, expected in (
            (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"Failure"),
            (b"EHLO somebody\r\n" + b"MAIL FROM:<a@b>\r\n", b"Failure"),
            (b"hello\n", b"Failure"),
            (hello, b""),
            (b"\x80\x81\x82\0\x01", b""),
            (b"\x01" * 1_000_000, b""),
            (b"\x01" * 1_000_000 + LOGIN + b"\0", b""),
            (b"x" * 1_000_000 + LOGIN + b"\0", b"error too-long a line has at most 512 bytes\n"),
        ):
            client, reply = self.speak(data, 0.2)
            self.assertEqual(reply, expected, data[:20])
            self.assertTrue(is_closed(client), data[:20])
            self.assertEqual(answer(self.center, client, LOGIN + b"\0", 0.2), b"")
        self.center.clock.advance(5)
        self.assertEqual(self.center.clock.getDelayedCalls(), [])

    def test_a_bare_login_of_http(self) -> None:
        """Two words are a login, and a bad one."""
        client, reply = self.speak(b"GET /\r\n")
        self.assertEqual((reply, is_closed(client)), (b"Failure", True))

    def test_what_never_ends_meets_the_login_limit(self) -> None:
        """Whatever it is; bytes do not lengthen it."""
        for data in (b"", b"a", LOGIN[:-20], b"help\0", b"help", b"\n", b"@tag", b"\x16\x03"):
            client, _ = self.speak(data)
            for _ in range(9):
                self.assertEqual(
                    answer(self.center, client, b"\n" if data == b"\n" else b"", 1), b""
                )
            self.assertFalse(is_closed(client), data)
            self.center.clock.advance(1.1)
            self.assertTrue(is_closed(client), data)

    def test_blank_lines_are_not_kept(self) -> None:
        """Ten megabytes of them cost nothing."""
        client = self.center.connect()
        blank = b"\r\n \t" * 16_000
        client.protocol.dataReceived(blank)
        gc.collect()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for _ in range(160):
            client.protocol.dataReceived(blank)
        self.assertLess(tracemalloc.get_traced_memory()[0], 100_000)


class SwitchTests(DialectTestCase):
    """The dialect is decided once."""

    def test_line_stays_line(self) -> None:
        """A NUL is a byte of a word there, silence ends nothing."""
        client, reply = self.speak(LOGIN + b"\n")
        self.assertEqual(reply, b"success\n")
        self.assertEqual(answer(self.center, client, b"available\0", 0.6), b"")
        self.assertTrue(answer(self.center, client, b"\n").startswith(b"error unknown-command"))
        self.assertEqual(answer(self.center, client, b"2\n")[:21], b"error unknown-command")
        self.assertEqual(answer(self.center, client, b"selection 2\n"), b"doc2 42000\n")

    def test_a_line_that_is_too_long(self) -> None:
        """Later ones are refused as the first."""
        for line in (b"x" * 513 + b"\n", b"x" * 600):
            client, _ = self.speak(LOGIN + b"\n")
            self.assertEqual(answer(self.center, client, line)[:14], b"error too-long")
            self.assertTrue(is_closed(client))

    def test_packet_stays_packet(self) -> None:
        """Other spellings, lines and tags are answered in its words."""
        client, _ = self.speak(LOGIN + b"\0")
        for data in (b"Authenticate patient1 password111\0", LOGIN + b"\n", b"selection 99\n"):
            self.assertEqual(answer(self.center, client, data), b"notavailable\0")
        self.assertEqual(answer(self.center, client, b"@t selection 1\n"), b"doc1 41000\0")

    def test_bare_stays_bare(self) -> None:
        """A second login is an error there, too."""
        client, _ = self.speak(b"patient1 password111\n")
        for data in (LOGIN + b"\n", b"patient2 password222\n", b"@t help me\n", b"quit now\n"):
            self.assertEqual(answer(self.center, client, data), b"Invalid")
        self.assertEqual(answer(self.center, client, b"available\n"), LIST)

    def test_NULs_inside_of_words(self) -> None:
        """They end the request, and what follows is padding."""
        client, reply = self.speak(b"authenticate patient1 pass\0word111\0")
        self.assertEqual((reply, is_closed(client)), (b"failure\0", True))
        client, reply = self.speak(LOGIN + b"\0")
        self.assertEqual(answer(self.center, client, b"avail\0able\0", 0.6), b"")
        self.assertEqual(answer(self.center, client, b"selection\0 2\0"), b"notavailable\0")
        self.assertEqual(answer(self.center, client, b"selection 2\0"), b"doc2 42000\0")
        client, reply = self.speak(b"aut\0henticate a b\0", 0.6)
        self.assertTrue(is_closed(client))

    def test_strange_bytes_in_requests(self) -> None:
        """No word of any blank, and no byte, is an error of ours."""
        for login in (LOGIN + b"\0", b"patient1 password111\n", LOGIN + b"\n"):
            client, _ = self.speak(login)
            for byte in range(256):
                for end in (b"\0", b"\n"):
                    client.send(bytes([byte]) + end)
                    client.send(b"selection " + bytes([byte]) + end)
            self.assertFalse(is_closed(client))
            client.protocol.connectionLost(Failure(ConnectionDone()))


class BoundTests(DialectTestCase):
    """Neither records nor requests pile up."""

    def test_a_record_that_never_completes(self) -> None:
        """2,048 bytes close, also while a login is being looked at."""
        worker = HeldWorker(holding=True)
        self.center = MemoryCenter(hash_worker=worker)
        client, _ = self.speak(LOGIN + b"\0")
        self.assertEqual(answer(self.center, client, b"selection " + b"9" * 3000), b"")
        self.assertFalse(client.transport.is_reading)
        worker.release()
        self.center.settle()
        self.assertEqual(client.transport.value(), b"success\0")
        self.assertTrue(is_closed(client))

    def test_an_incomplete_request_meets_the_idle_limit(self) -> None:
        """Bytes do not renew it."""
        client, _ = self.speak(LOGIN + b"\0")
        for _ in range(59):
            answer(self.center, client, b"s", 10)
        answer(self.center, client, b"selection ", 9)
        self.assertFalse(is_closed(client))
        self.center.clock.advance(1.1)
        self.assertTrue(is_closed(client))

    def test_padding_without_end(self) -> None:
        """Is not kept."""
        client, _ = self.speak(LOGIN + b"\0")
        self.assertEqual(answer(self.center, client, b"x\n\0\xff" * 250_000), b"")
        self.assertEqual(answer(self.center, client, b"available\0"), LIST + b"\0")

    def test_a_hundred_unanswered(self) -> None:
        """What one segment holds beyond them waits, and nothing is lost or doubled."""
        worker = HeldWorker()
        self.center = MemoryCenter(store_worker=worker, limits=Limits(unanswered=100))
        for login, request, first, later in (
            (LOGIN + b"\0", b"selection 1\0", b"doc1 41000\0", b"notavailable\0"),
            (b"patient1 password111\n", b"3\n", b"41000 ", b"notavailable"),
        ):
            client, _ = self.speak(login)
            worker.hold()
            client.protocol.dataReceived(request * 250)
            self.assertEqual(len(client.protocol._conversation._turns), 100)
            self.assertFalse(client.transport.is_reading)
            worker.release()
            self.center.settle()
            self.assertEqual(client.transport.value(), first + later * 249)
            self.assertTrue(client.transport.is_reading)

    def test_nobody_listens_while_reading_is_held(self) -> None:
        """What is not read is no silence."""
        client, _ = self.speak(LOGIN + b"\0")
        client.protocol.dataReceived(b"selection 1")
        producer = client.transport.producer
        assert producer is not None
        producer.pauseProducing()
        self.center.clock.advance(5)
        producer.resumeProducing()
        self.assertEqual(answer(self.center, client, b"1", 0.6), b"notavailable\0")
        self.assertEqual(answer(self.center, client, b"selection 1\0"), b"doc1 41000\0")

    def test_requests_behind_the_last(self) -> None:
        """Are dropped, one by one or in the same segment."""
        client, _ = self.speak(LOGIN + b"\0")
        reply = answer(self.center, client, b"quit\0" + b"selection 1\0" * 1000)
        self.assertEqual(reply, b"bye\0")
        self.assertEqual(self.center.login().ask("selection 1"), ["doc1 41000"])

    def test_the_end_of_input_while_a_login_is_looked_at(self) -> None:
        """Ends what is complete, and all of it is answered."""
        worker = HeldWorker(holding=True)
        self.center = MemoryCenter(hash_worker=worker)
        client, _ = self.speak(LOGIN + b"\0available\0selection 2")
        client.protocol.readConnectionLost()
        worker.release()
        self.center.settle()
        self.assertEqual(client.transport.value(), b"success\0" + LIST + b"\0doc2 42000\0")
        self.assertTrue(is_closed(client))


class TimerTests(DialectTestCase):
    """Timers: as many as needed, and for a line client none."""

    def test_a_line_client_never_pays(self) -> None:
        """One timer, that of the connection; the first answer needs no time to pass."""
        client = self.center.connect()
        for data, expected in (
            (b"authenticate patient1 ", b""),
            (b"password111\n", b"success\n"),
            (b"available\n", LIST + b".\n"),
            (b"selec", b""),
            (b"tion 9\nselection 2\n", b"invalid\ndoc2 42000\n"),
            (b"2\n", b"error unknown-command no such request, try help\n"),
        ):
            self.assertEqual(answer(self.center, client, data), expected)
            self.assertEqual(len(self.center.clock.getDelayedCalls()), 1, data)

    def test_nor_one_whose_login_is_cut(self) -> None:
        """Where the first part could be a login of *packet*, the timer ends with the next byte."""
        client, _ = self.speak(b"authenticate patient1 pass")
        self.assertEqual(len(self.center.clock.getDelayedCalls()), 2)
        self.assertEqual(answer(self.center, client, b"word111\n"), b"success\n")
        self.assertEqual(len(self.center.clock.getDelayedCalls()), 1)

    def test_what_came_meanwhile_is_read_first(self) -> None:
        """Timers run before reads: one more turn of the reactor is no silence."""
        clock = TurnClock()
        self.center.factory.clock = clock
        client = self.center.connect()
        client.protocol.dataReceived(b"authenticate patient1 pass")
        clock.advance(0.2)  # the timer fires; the rest is in the socket
        client.protocol.dataReceived(b"word111")
        clock.advance(0)
        self.center.settle()
        self.assertEqual(client.transport.value(), b"")
        clock.advance(0.2)
        clock.advance(0)
        self.center.settle()
        self.assertEqual(client.transport.value(), b"success")

    def test_no_timer_outlives_a_connection(self) -> None:
        """However it ends, and whatever it waits for."""
        for data in (b"a b", LOGIN, b"hello\n", LOGIN + b"\0selection 1", b"a b\n", b"\x16\0"):
            client, _ = self.speak(data)
            client.protocol.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(self.center.clock.getDelayedCalls(), [], data)

    def test_a_failed_login_lingers(self) -> None:
        """The sending side is shut, what comes is dropped for a second, then all is closed."""
        for data, reply in ((b"a b\n", b"Failure"), (b"authenticate a b\0", b"failure\0")):
            client, said = self.speak(data)
            self.assertEqual((said, client.transport.write_closed), (reply, True))
            self.assertEqual(answer(self.center, client, b"available\0" * 100, 0.9), b"")
            self.assertFalse(client.transport.disconnecting)
            self.center.clock.advance(0.2)
            self.assertTrue(client.transport.disconnecting)

    def test_a_blocked_login_gets_its_NUL(self) -> None:
        """``failure`` at once, in the words of who sends LF and NUL."""
        for _ in range(5):
            self.speak(b"authenticate patient1 nonsense\0")
        self.assertEqual(self.speak(b"authenticate patient1 nonsense\n\0")[1], b"failure\0")
