"""Tests of how much is read before the reactor gets its turn."""

from __future__ import annotations

import errno
from unittest import mock

from twisted.internet.udp import Port

from medappt.federation.reading import BYTES_AT_ONCE, EMPTY_AT_ONCE
from tests.federation.network import FederationCase


class ReadingTests(FederationCase):
    """A flood leaves the reactor its turns, for Twisted reads as much as it may at a time."""

    def setUp(self) -> None:
        super().setUp()
        self.mtl.stop()
        self.port = Port(0, self.mtl.link)
        self.mtl.link.makeConnection(self.port)
        self.read = 0

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        if self.read > 100_000:
            raise BlockingIOError(errno.EAGAIN, "nothing any more")
        self.read += 1
        return self.datagram, ("192.0.2.9", 666)

    def read_one_turn(self, datagram: bytes) -> int:
        self.datagram, self.read = datagram, 0
        self.port.socket = mock.Mock(recvfrom=self.recvfrom)
        self.port.doRead()
        return self.read

    def test_small_ones(self) -> None:
        """One turn reads so many bytes."""
        self.assertEqual(self.read_one_turn(b"\0" * 100), BYTES_AT_ONCE // 100 + 1)

    def test_empty_ones(self) -> None:
        """Empty datagrams, of which Twisted would read all there are, end the turn too; the next
        one reads on."""
        self.assertEqual(self.read_one_turn(b""), EMPTY_AT_ONCE)
        self.assertEqual(self.read_one_turn(b""), 0)
        self.clock.advance(0)
        self.assertEqual(self.read_one_turn(b""), EMPTY_AT_ONCE)
        self.clock.advance(0)
        self.assertEqual(self.read_one_turn(b"\0" * 100), BYTES_AT_ONCE // 100 + 1)

    def test_a_few_empty_ones(self) -> None:
        """A few empty datagrams are nothing to rest from."""
        for _ in range(EMPTY_AT_ONCE - 1):
            self.mtl.link.datagramReceived(b"", ("192.0.2.9", 666))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopped_while_it_rests(self) -> None:
        """A port that is closed while it rests leaves no timer behind."""
        self.read_one_turn(b"")
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.mtl.link.doStop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.mtl.link.datagramReceived(b"", ("192.0.2.9", 666))
        self.assertEqual(self.clock.getDelayedCalls(), [])
