"""Tests of the datagrams between a patient and a doctor."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.prices import is_amount
from medappt.wire.estimates import (
    DATAGRAM_BYTES,
    TEXT_BYTES,
    UNKNOWN,
    EstimateRequest,
    format_estimate_reply,
    format_estimate_request,
    parse_estimate_reply,
    parse_estimate_request,
)

LONGEST_REPLY = 16

plain_words = st.text(
    st.characters(exclude_characters=" \t\r\n\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=40,
)
amounts = st.from_regex(r"[0-9]{1,9}(\.[0-9]{2})?", fullmatch=True)


def words_of(datagram: bytes) -> tuple[str | None, str]:
    request = parse_estimate_request(datagram)
    assert request is not None
    return request.name, request.plan


class RequestTests(SynchronousTestCase):
    """Requests are ``PLAN`` or ``NAME PLAN``, as many hands wrote them."""

    def test_plan(self) -> None:
        """One word may be a plan; no name came."""
        self.assertEqual(words_of(b"insurance1"), (None, "insurance1"))

    def test_name_and_plan(self) -> None:
        """The plan is the last word, whatever blanks are between."""
        self.assertEqual(words_of(b"bob insurance1"), ("bob", "insurance1"))
        self.assertEqual(words_of(b"Bob  B.\t insurance1"), ("Bob B.", "insurance1"))

    def test_ends(self) -> None:
        """Line ends and blanks around the text are no part of it."""
        for datagram in (b"p\n", b"p\r\n", b" \tp ", b"\r\n p", b"p\n\0", b"p \r\n\0junk q"):
            self.assertEqual(words_of(datagram), (None, "p"))

    def test_line_end_within(self) -> None:
        """A line end within the text separates words, and stays out of them."""
        self.assertEqual(words_of(b"bob\r\ninsurance1\n"), ("bob", "insurance1"))

    def test_white_space_that_is_no_blank(self) -> None:
        """What a price list keeps in a word stays in the word here."""
        self.assertEqual(words_of("a\u00a0b\x0bc\x85".encode()), (None, "a\u00a0b\x0bc\x85"))

    def test_nul(self) -> None:
        """What follows the first NUL is padding; that there was one is remembered."""
        self.assertEqual(
            parse_estimate_request(b"bob p\0" + b"\xff" * 94),
            EstimateRequest(plan="p", name="bob", has_nul=True),
        )
        request = parse_estimate_request(b"p")
        assert request is not None
        self.assertFalse(request.has_nul)

    def test_nothing(self) -> None:
        """A datagram without a word gets no answer."""
        for datagram in (b"", b"\0", b"\0insurance1", b" \r\n\t", b"\n\0p"):
            self.assertIsNone(parse_estimate_request(datagram))

    def test_longest_text(self) -> None:
        """A text has at most 256 bytes, not counting what is stripped."""
        self.assertEqual(words_of(b"  " + b"p" * TEXT_BYTES + b"\r\n"), (None, "p" * 256))
        self.assertIsNone(parse_estimate_request(b"p" * (TEXT_BYTES + 1)))

    def test_longest_datagram(self) -> None:
        """A datagram has at most 2,048 bytes, padding included."""
        self.assertEqual(words_of(b"p".ljust(DATAGRAM_BYTES, b"\0")), (None, "p"))
        self.assertIsNone(parse_estimate_request(b"p".ljust(DATAGRAM_BYTES + 1, b"\0")))
        self.assertEqual((TEXT_BYTES, DATAGRAM_BYTES), (256, 2_048))

    @settings(deadline=None)
    @given(st.binary(max_size=DATAGRAM_BYTES + 10))
    @example(b"\xff\xfe \x0b")
    @example("\u2028".encode())
    def test_any_bytes(self, datagram: bytes) -> None:
        """Whatever comes is read or refused, and never more than a text's worth."""
        request = parse_estimate_request(datagram)
        if request is not None:
            said = format_estimate_request(request.plan, request.name)
            self.assertTrue(1 <= len(said) <= TEXT_BYTES)
            self.assertNotIn(b"\0", said)
            self.assertEqual(request.has_nul, b"\0" in datagram)

    @settings(deadline=None)
    @given(plain_words, st.none() | plain_words)
    def test_round_trip(self, plan: str, name: str | None) -> None:
        """What our patient sends is read as it was meant."""
        self.assertEqual(words_of(format_estimate_request(plan, name)), (name, plan))


class ReplyTests(SynchronousTestCase):
    """Replies are an amount or ``unknown``."""

    def test_amounts(self) -> None:
        """An amount is sent as the price list writes it."""
        self.assertEqual(format_estimate_reply("30"), b"30")
        self.assertEqual(format_estimate_reply("30.50", with_nul=True), b"30.50\0")

    def test_unknown(self) -> None:
        """No amount is ``unknown``."""
        self.assertEqual(format_estimate_reply(None), b"unknown")
        self.assertEqual(format_estimate_reply(None, with_nul=True), b"unknown\0")

    def test_never_long(self) -> None:
        """A reply that could flood a third party is not made."""
        self.assertEqual(len(format_estimate_reply("9" * LONGEST_REPLY)), LONGEST_REPLY)
        self.assertRaises(ValueError, format_estimate_reply, "9" * LONGEST_REPLY, with_nul=True)

    def test_reading(self) -> None:
        """A patient reads what precedes the first NUL, whatever is around it."""
        for datagram in (b"30", b"30\n", b" 30\r\n\0", b"30\0\0rubbish"):
            self.assertEqual(parse_estimate_reply(datagram), "30")
        self.assertEqual(parse_estimate_reply(b"unknown\0"), UNKNOWN)

    def test_no_reply(self) -> None:
        """What is neither an amount nor ``unknown`` is no answer."""
        for datagram in (b"", b"\0", b"30.5", b"-1", b"$30", b"Unknown", b"1234567890", b"\xff"):
            self.assertIsNone(parse_estimate_reply(datagram))

    @settings(deadline=None)
    @given(st.none() | amounts, st.booleans())
    def test_round_trip(self, amount: str | None, with_nul: bool) -> None:
        """Every amount of a price list arrives, in at most 16 bytes."""
        reply = format_estimate_reply(amount, with_nul=with_nul)
        self.assertLessEqual(len(reply), LONGEST_REPLY)
        self.assertEqual(parse_estimate_reply(reply), amount or UNKNOWN)

    @settings(deadline=None)
    @given(st.binary(max_size=64))
    def test_any_bytes(self, datagram: bytes) -> None:
        """Whatever comes is an amount, ``unknown`` or no answer."""
        read = parse_estimate_reply(datagram)
        self.assertTrue(read is None or read == UNKNOWN or is_amount(read))
