"""Tests of the messages between centers: all of them fit a datagram."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.records import Contact, Cursor, Entry, Held, Listing, Page
from medappt.model.refusals import Code, Refusal
from medappt.wire.envelope import (
    DATAGRAM_BYTES,
    HIGHEST,
    Envelope,
    Header,
    Kind,
)
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Entries,
    Heads,
    Hold,
    KeptHead,
    List,
    ListPage,
    Move,
    Moving,
    Places,
    Records,
    fill_entries,
    fill_page,
    format_reply,
    format_request,
)
from tests.wire.messages import (
    KEY,
    LONGEST_ID,
    LONGEST_KEY,
    LONGEST_RUN,
    appointment,
    entries,
    entry,
    row,
    rows,
)


def sealed_length(payload: bytes) -> int:
    header = Header(
        sender="MTL", receiver="QUE", incarnation=LONGEST_RUN, number=HIGHEST, kind=Kind.REPLY
    )
    return len(Envelope([bytes(32)]).seal(header, payload))


class LengthTests(SynchronousTestCase):
    """Everything fits a datagram of 1,200 bytes."""

    def test_longest_requests(self) -> None:
        """The longest request there can be fits."""
        mac = b"\xff" * 32
        name = appointment("QUEA100227", '"' * 64)
        for request in (
            Hold(id=LONGEST_ID, name=name, patient="MTLP2345", replaces=LONGEST_ID),
            Confirm(id=LONGEST_ID),
            Move(id=LONGEST_ID, page=Page(options=("QUEA100227",) * 32, is_last=False)),
            List(
                type='"' * 64,
                after=Cursor(start=datetime.fromtimestamp(2**33, UTC), code="QUEA100227"),
            ),
            Heads(head=AuditHead(sequence=HIGHEST, mac=mac)),
            Places(after=LONGEST_ID),
            Records(after=LONGEST_ID),
        ):
            length = sealed_length(format_request(HIGHEST, request))
            self.assertLessEqual(length, DATAGRAM_BYTES)

    def test_longest_replies(self) -> None:
        """The longest reply there can be fits."""
        contact = Contact(name="\\" * 64, host="h" * 255, port=65_535)
        for reply in (
            Held(start=datetime.fromtimestamp(2**33, UTC), contact=contact),
            Refusal(code=Code.UNKNOWN_COMMAND, text='"' * 500),
            KeptHead(head=AuditHead(sequence=HIGHEST, mac=b"\xff" * 32)),
            Moving(refused="QUEA100227"),
        ):
            self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, reply)), DATAGRAM_BYTES)

    def test_too_many_rows(self) -> None:
        """A page that is too long is not sent."""
        many = tuple(row(start) for start in range(100))
        with self.assertRaises(ValueError):
            format_reply(KEY, ListPage(rows=many, more=False))

    def test_pages(self) -> None:
        """A week of slots takes few pages; each is full and says that others follow."""
        starts = [1_800_000_000 + 18_000 * number for number in range(84)]
        left = [row(start, free=20) for start in starts]
        pages = []
        while left:
            page = fill_page(left)
            self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, page)), DATAGRAM_BYTES)
            pages.append(len(page.rows))
            left = left[len(page.rows) :]
            self.assertEqual(page.more, bool(left))
        self.assertEqual(sum(pages), 84)
        self.assertEqual(len(pages), 2)

    def test_rows_behind(self) -> None:
        """A page that holds all rows given says what it was told about those behind."""
        self.assertFalse(fill_page([row(1)]).more)
        self.assertTrue(fill_page([row(1)], more=True).more)
        self.assertEqual(fill_page([]), ListPage(rows=(), more=False))

    @settings(deadline=None)
    @given(rows(most=60))
    def test_any_rows(self, listings: tuple[Listing, ...]) -> None:
        """Whatever the rows, a page fits, is a beginning of them, and one row more would not."""
        page = fill_page(listings)
        self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, page)), DATAGRAM_BYTES)
        self.assertEqual(page.rows, listings[: len(page.rows)])
        self.assertEqual(page.more, len(page.rows) < len(listings))
        if page.more:
            self.assertGreater(len(page.rows), 0)
            with self.assertRaises(ValueError):
                one_more = ListPage(rows=listings[: len(page.rows) + 1], more=False)
                format_reply(LONGEST_KEY, one_more)

    def test_entries(self) -> None:
        """A page holds several entries, however long they are, and a dozen as they usually are."""
        long = [entry(f"{LONGEST_ID[:-1]}{digit}", type_='"' * 64) for digit in range(9)]
        self.assertGreater(len(fill_entries(long).entries), 1)
        usual = [entry(f"MTL-12-{'0f' * 16}-{100 + number}") for number in range(40)]
        page = fill_entries(usual, more=False)
        self.assertGreaterEqual(len(page.entries), 8)
        self.assertTrue(page.more)
        self.assertFalse(fill_entries(usual[:3]).more)
        self.assertTrue(fill_entries(usual[:3], more=True).more)

    @settings(deadline=None)
    @given(entries(most=12))
    def test_any_entries(self, some: tuple[Entry, ...]) -> None:
        """Whatever the entries, a page fits, is a beginning of them, and one more would not."""
        page = fill_entries(some)
        self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, page)), DATAGRAM_BYTES)
        self.assertEqual(page.entries, some[: len(page.entries)])
        self.assertEqual(page.more, len(page.entries) < len(some))
        if page.more:
            with self.assertRaises(ValueError):
                one_more = Entries(entries=some[: len(page.entries) + 1], more=False)
                format_reply(LONGEST_KEY, one_more)
