"""Tests of the sealed envelope: what opens, and what never does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.wire.envelope import (
    CACHED_KEYS,
    DATAGRAM_BYTES,
    HIGHEST,
    PAYLOAD_BYTES,
    Envelope,
    Header,
    Incarnation,
    Kind,
    Opened,
    read_header,
)

KEY, OTHER, THIRD = bytes(32), b"k" * 32, b"x" * 32
RUN = Incarnation(boot=7, random=bytes(range(16)))
HEADER = Header(sender="MTL", receiver="QUE", incarnation=RUN, number=1, kind=Kind.REQUEST)
HEADER_BYTES = 40

headers = st.builds(
    Header,
    sender=st.from_regex(r"[A-Z]{3}", fullmatch=True),
    receiver=st.from_regex(r"[A-Z]{3}", fullmatch=True),
    incarnation=st.builds(
        Incarnation,
        boot=st.integers(0, HIGHEST),
        random=st.binary(min_size=16, max_size=16),
    ),
    number=st.integers(0, HIGHEST),
    kind=st.sampled_from(Kind),
)


def opened(datagram: bytes, *keys: bytes) -> Opened | None:
    header = read_header(datagram)
    return None if header is None else Envelope(keys or [KEY]).open(header, datagram)


class SealingTests(SynchronousTestCase):
    """What is sealed opens as it was; what was changed does not."""

    @settings(deadline=None)
    @given(headers, st.binary(max_size=PAYLOAD_BYTES))
    def test_round_trip(self, header: Header, payload: bytes) -> None:
        """Every header and payload arrive as they were."""
        datagram = Envelope([KEY]).seal(header, payload)
        self.assertEqual(opened(datagram), Opened(header=header, payload=payload))

    def test_length(self) -> None:
        """A datagram has at most 1,200 bytes; a longer payload is not sealed."""
        datagram = Envelope([KEY]).seal(HEADER, bytes(PAYLOAD_BYTES))
        self.assertEqual((len(datagram), DATAGRAM_BYTES), (1_200, 1_200))
        with self.assertRaises(ValueError):
            Envelope([KEY]).seal(HEADER, bytes(PAYLOAD_BYTES + 1))
        self.assertIsNone(read_header(datagram + b"\0"))

    def test_every_bit_counts(self) -> None:
        """A datagram with any one bit flipped, in the header or behind it, does not open."""
        datagram = Envelope([KEY]).seal(HEADER, b"take this")
        for place in range(len(datagram) * 8):
            flipped = bytearray(datagram)
            flipped[place // 8] ^= 1 << place % 8
            self.assertIsNone(opened(bytes(flipped)), place)

    def test_every_truncation(self) -> None:
        """A datagram of which anything is missing does not open."""
        datagram = Envelope([KEY]).seal(HEADER, b"take this")
        for length in range(len(datagram)):
            self.assertIsNone(opened(datagram[:length]), length)

    @settings(deadline=None)
    @given(st.binary(max_size=DATAGRAM_BYTES + 10))
    def test_any_bytes(self, datagram: bytes) -> None:
        """Whatever comes does not open, and does no harm."""
        self.assertIsNone(opened(datagram))

    @settings(deadline=None)
    @given(st.binary(min_size=56, max_size=200), headers)
    def test_any_body(self, noise: bytes, header: Header) -> None:
        """A true header before any bytes does not open."""
        datagram = Envelope([KEY]).seal(header, b"")[:HEADER_BYTES] + noise
        self.assertEqual(read_header(datagram), header)
        self.assertIsNone(opened(datagram))

    def test_payload_is_hidden(self) -> None:
        """Nobody without the key reads a payload, or tells two equal ones apart from others."""
        envelope = Envelope([KEY])
        first = envelope.seal(HEADER, b"MTLP2345" * 8)
        second = envelope.seal(replace(HEADER, number=2), b"MTLP2345" * 8)
        self.assertNotIn(b"MTLP2345", first)
        self.assertNotEqual(first[HEADER_BYTES:], second[HEADER_BYTES:])

    def test_wrong_headers(self) -> None:
        """Another version, lower case, an unknown kind or a boot number no store keeps is no
        header."""
        datagram = Envelope([KEY]).seal(HEADER, b"x")
        self.assertIsNotNone(read_header(datagram))
        for place, value in ((0, b"\2"), (1, b"mtl"), (4, b"QU\xff"), (7, b"\xff"), (39, b"\6")):
            changed = datagram[:place] + value + datagram[place + len(value) :]
            self.assertIsNone(read_header(changed), place)

    def test_what_cannot_be_sealed(self) -> None:
        """A city of another form and a number beyond eight bytes are refused."""
        for header in (
            replace(HEADER, sender="mtl"),
            replace(HEADER, receiver="QUEB"),
            replace(HEADER, sender="MÉL"),
            replace(HEADER, number=-1),
            replace(HEADER, number=HIGHEST + 1),
        ):
            with self.assertRaises(ValueError):
                Envelope([KEY]).seal(header, b"")

    def test_incarnations(self) -> None:
        """A boot number is one the store can keep, and the random bytes are 16."""
        for boot, random in ((-1, bytes(16)), (HIGHEST + 1, bytes(16)), (1, bytes(15))):
            with self.assertRaises(ValueError):
                Incarnation(boot=boot, random=random)


class KeyTests(SynchronousTestCase):
    """Who can open what."""

    def test_another_key(self) -> None:
        """What another federation sealed does not open."""
        datagram = Envelope([OTHER]).seal(HEADER, b"x")
        self.assertIsNone(opened(datagram, KEY))
        self.assertIsNone(opened(datagram, KEY, THIRD))

    def test_rotation(self) -> None:
        """Of two keys the first seals unless the other is named, both open, and it is told which
        one did."""
        envelope = Envelope([KEY, OTHER])
        self.assertEqual(envelope.keys, 2)
        for key, place in ((KEY, 0), (OTHER, 1)):
            result = opened(Envelope([key]).seal(HEADER, b"x"), KEY, OTHER)
            assert result is not None
            self.assertEqual(result.key, place)
        self.assertIsNotNone(opened(envelope.seal(HEADER, b"x"), KEY))
        self.assertIsNone(opened(envelope.seal(HEADER, b"x"), OTHER))
        self.assertIsNotNone(opened(envelope.seal(HEADER, b"x", 1), OTHER))

    def test_a_key_for_each_run(self) -> None:
        """Runs, directions and receivers have keys of their own: a body put behind another header
        does not open, even where the datagram numbers are the same."""
        payload = b"sixteen bytes..."
        body = Envelope([KEY]).seal(HEADER, payload)[HEADER_BYTES:]
        for header in (
            replace(HEADER, sender="QUE", receiver="MTL"),
            replace(HEADER, receiver="SHE"),
            replace(HEADER, incarnation=replace(RUN, boot=8)),
            replace(HEADER, incarnation=replace(RUN, random=bytes(16))),
        ):
            sealed = Envelope([KEY]).seal(header, payload)
            self.assertNotEqual(sealed[HEADER_BYTES:-16], body[:-16])
            self.assertIsNone(opened(sealed[:HEADER_BYTES] + body))

    def test_unusable_keys(self) -> None:
        """A federation has one or two keys of 32 bytes."""
        for keys in ([], [b"short"], [KEY, b""], [KEY, OTHER, THIRD]):
            with self.assertRaises(ValueError):
                Envelope(keys)

    def test_keys_are_not_shown(self) -> None:
        """Neither keys nor payloads stand in what is printed for debugging."""
        datagram = Envelope([OTHER]).seal(HEADER, b"secret")
        self.assertNotIn("secret", repr(opened(datagram, OTHER)))
        self.assertNotIn("kkk", repr(Envelope([OTHER])))


class CacheTests(SynchronousTestCase):
    """Derived keys are kept, so many and no more."""

    def test_bound(self) -> None:
        """However many runs seal and open, a bounded number of keys is kept, the latest."""
        self.assertEqual(CACHED_KEYS, 256)
        envelope = Envelope([KEY], cached=3)
        for boot in range(5):
            envelope.seal(replace(HEADER, incarnation=replace(RUN, boot=boot)), b"")
        self.assertEqual(len(envelope), 3)

    def test_forgeries_are_not_kept(self) -> None:
        """What does not open pushes no key out."""
        envelope = Envelope([KEY, OTHER])
        for boot in range(5):
            header = replace(HEADER, incarnation=replace(RUN, boot=boot))
            self.assertIsNone(envelope.open(header, Envelope([THIRD]).seal(header, b"")))
        self.assertEqual(len(envelope), 0)

    def test_both_directions(self) -> None:
        """What opened once is opened with the kept key, as is what was sealed."""
        envelope = Envelope([KEY])
        datagram = Envelope([KEY]).seal(HEADER, b"x")
        for _ in range(3):
            self.assertIsNotNone(envelope.open(HEADER, datagram))
        self.assertEqual(len(envelope), 1)
        envelope.seal(replace(HEADER, number=9), b"y")
        self.assertEqual(len(envelope), 1)

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 6), max_size=30))
    @example([0, 1, 2, 0, 3, 0])
    def test_eviction_changes_nothing(self, boots: list[int]) -> None:
        """Whatever was pushed out is derived again, the same."""
        envelope = Envelope([KEY, OTHER], cached=2)
        for boot in boots:
            header = replace(HEADER, incarnation=replace(RUN, boot=boot))
            datagram = Envelope([OTHER]).seal(header, b"x")
            self.assertEqual(
                envelope.open(header, datagram), Opened(header=header, payload=b"x", key=1)
            )
