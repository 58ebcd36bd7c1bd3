"""Tests of the rows of ``notices``, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import NoticeRow
from medappt.model.records import NoticeKind
from medappt.wire.city_replies import notices_rows, parse_notices
from medappt.wire.replies import Rows, UnexpectedReply
from tests.wire.test_city_replies import CODE, LATER, NOON, names
from tests.wire.test_city_requests import codes

MOVED = NoticeRow(
    number=7, kind=NoticeKind.MOVED, code=CODE, type="Dental", at=NOON, new_code=LATER
)
notices = st.builds(
    NoticeRow,
    number=st.integers(0, 999_999_999),
    kind=st.sampled_from(NoticeKind),
    code=codes,
    type=names,
    at=st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)),
    new_code=st.none() | codes,
)


class NoticesTests(SynchronousTestCase):
    def test_rows(self) -> None:
        """A row has the number, what happened to which appointment, where it is now, and when."""
        waits = NoticeRow(
            number=8,
            kind=NoticeKind.WAITLISTED,
            code=LATER,
            type="Surgeon",
            at=NOON + timedelta(seconds=1),
        )
        rows = notices_rows([MOVED, waits])
        self.assertEqual(
            rows.rows,
            (
                "7 moved MTLA100227 Dental QUEE110227 2027-02-10T17:00:00+00:00",
                "8 waitlisted QUEE110227 Surgeon - 2027-02-10T17:00:01+00:00",
            ),
        )
        self.assertEqual(parse_notices(rows), [MOVED, waits])

    @settings(deadline=None)
    @given(st.lists(notices, max_size=4))
    def test_round_trip(self, told: list[NoticeRow]) -> None:
        """A client reads what the center meant."""
        self.assertEqual(parse_notices(notices_rows(told)), told)

    def test_no_notices(self) -> None:
        """A row of another form is unexpected."""
        good = notices_rows([MOVED]).rows[0].split()
        for position, wrong in (
            *((0, word) for word in ("x", "-1", "1.5")),
            *((1, word) for word in ("Moved", "booked")),
            *((2, word) for word in ("-", "MTLA310227")),
            *((4, word) for word in ("--", "MTLA310227")),
            *((5, word) for word in ("today", "2027-02-10T17:00:00", "-")),
        ):
            row = " ".join([*good[:position], wrong, *good[position + 1 :]])
            self.assertRaises(UnexpectedReply, parse_notices, Rows(rows=(row,)))
        for row in (" ".join(good[:-1]), " ".join([*good, "x"]), ""):
            self.assertRaises(UnexpectedReply, parse_notices, Rows(rows=(row,)))

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=60), max_size=3))
    def test_any_rows(self, rows: list[str]) -> None:
        """Whatever a server sends are notices, one for each row, or ``UnexpectedReply``."""
        try:
            parsed = parse_notices(Rows(rows=tuple(rows)))
        except UnexpectedReply as unexpected:
            self.assertNotEqual(str(unexpected), "")
        else:
            self.assertEqual(len(parsed), len(rows))
