"""Tests of datagrams from those who are no peers: silence, no effect, and a count."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import LogLevel

from medappt.federation.drops import Drop
from medappt.wire.envelope import Envelope, Header, Incarnation, Kind
from medappt.wire.federation import Confirm, format_request
from tests.federation.network import ADDRESSES, FOREIGN_KEY, KEY, RECORD, FederationCase
from tests.role.logs import listening_to_the_log

REQUEST = format_request(1, Confirm(id=RECORD))
STRANGER = ("192.0.2.9", 666)


class HostileTests(FederationCase):
    """Who has not the key gets nothing, not even an answer."""

    def assert_nothing_happened(self) -> None:
        self.assertEqual(self.network.sent, [])
        self.assertEqual((self.que.handled, self.que.runs), ([], {}))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def send(self, datagram: bytes) -> None:
        self.que.link.datagramReceived(datagram, STRANGER)

    def test_forged(self) -> None:
        """What was sealed with another key does nothing, whoever it claims to be."""
        for kind in Kind:
            self.send(self.mtl.forge(REQUEST, "QUE", kind=kind, key=FOREIGN_KEY).data)
        self.assertEqual(self.que.dropped(), {Drop.UNOPENED: len(Kind)})
        self.assert_nothing_happened()

    def test_bits_and_ends(self) -> None:
        """A true datagram with a bit flipped or an end cut off does nothing."""
        datagram = self.mtl.forge(REQUEST, "QUE").data
        for place in range(8 * len(datagram)):
            flipped = bytearray(datagram)
            flipped[place // 8] ^= 1 << place % 8
            self.send(bytes(flipped))
        for length in range(len(datagram)):
            self.send(datagram[:length])
        self.assertEqual(sum(self.que.dropped().values()), 9 * len(datagram))
        self.assert_nothing_happened()

    def test_too_long(self) -> None:
        """A datagram of more than 1,200 bytes is not looked at."""
        self.send(self.mtl.forge(REQUEST, "QUE").data.ljust(1_201, b"\0"))
        self.assertEqual(self.que.dropped(), {Drop.MALFORMED: 1})

    def test_other_receivers(self) -> None:
        """A datagram for another center, or back to its sender, does nothing."""
        self.send(self.mtl.forge(REQUEST, "SHE").data)
        self.send(self.que.forge(REQUEST, "MTL").data)
        self.assertEqual(self.que.dropped(), {Drop.MISDIRECTED: 2})
        self.assert_nothing_happened()

    def test_unknown_city(self) -> None:
        """A center that nobody configured is refused before anything is opened or written, with
        the true key too."""
        self.send(self.mtl.forge(REQUEST, "QUE", sender="TOR").data)
        self.send(self.mtl.forge(REQUEST, "QUE", sender="QUE").data)
        self.assertEqual(self.que.dropped(), {Drop.STRANGER: 2})
        self.assert_nothing_happened()

    def test_replayed(self) -> None:
        """A datagram that was heard has no second effect, from whatever address."""
        datagram = self.mtl.forge(REQUEST, "QUE")
        self.network.deliver(datagram)
        self.network.take()
        self.que.handled.clear()
        for _ in range(3):
            self.send(datagram.data)
        self.assertEqual((self.que.handled, self.network.sent), ([], []))
        self.assertEqual(self.que.dropped(), {Drop.REPEATED: 3})

    def test_flood(self) -> None:
        """However much of it comes, one line a kind is logged, at the lowest level, and it says
        nothing of what was in it."""
        with listening_to_the_log() as told:
            for number in range(500):
                self.send(b"MTLP2345 %d" % number)
        self.assertEqual(
            told.texts(),
            [
                "QUE: a datagram has no effect: no sealed datagram of at most 1,200 bytes "
                "(192.0.2.9:666). Further ones are only counted."
            ],
        )
        self.assertEqual(told.texts(LogLevel.debug), told.texts())
        self.assertEqual(self.que.dropped(), {Drop.MALFORMED: 500})

    def test_any_bytes(self) -> None:
        """Whatever bytes come, nothing happens and nothing is raised."""

        @settings(deadline=None)
        @given(st.binary(max_size=1_300))
        def check(datagram: bytes) -> None:
            self.send(datagram)
            self.assertEqual(self.network.sent, [])

        check()
        self.assertLessEqual(set(self.que.dropped()), {Drop.MALFORMED})
        self.assert_nothing_happened()

    def test_any_payload_of_a_peer(self) -> None:
        """Whatever a peer seals that is no message of ours, nothing happens beyond its run."""
        number = iter(range(10**6))
        kinds = [kind for kind in Kind if kind is not Kind.ECHO]  # nobody waits for one

        @settings(deadline=None)
        @given(
            st.binary(max_size=200),
            st.sampled_from(kinds),
        )
        def check(payload: bytes, kind: Kind) -> None:
            header = Header(
                sender="MTL",
                receiver="QUE",
                incarnation=Incarnation(boot=1, random=bytes(16)),
                number=next(number),
                kind=kind,
            )
            datagram = Envelope([KEY]).seal(header, payload)
            self.que.link.datagramReceived(datagram, ADDRESSES["MTL"])
            self.assertEqual((self.network.sent, self.que.handled), ([], []))

        check()
        self.assertEqual(set(self.que.dropped()), {Drop.UNREADABLE})
