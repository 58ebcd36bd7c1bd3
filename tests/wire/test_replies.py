"""Tests of the replies of the health center protocol (section 4), both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled, State
from medappt.model.calendar import WeeklyTime
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import FreeSlot, SlotState
from medappt.wire.replies import (
    Bye,
    Failure,
    Invalid,
    NotAvailable,
    Reply,
    ReplyReader,
    Rows,
    Success,
    UnexpectedReply,
    available_rows,
    format_reply,
    parse_available,
    parse_patients,
    parse_schedule,
    parse_slots,
    patients_rows,
    schedule_rows,
    slots_rows,
)
from medappt.wire.requests import (
    Authenticate,
    Available,
    Cancel,
    Command,
    Help,
    Patients,
    Quit,
    Schedule,
    Selection,
    Slots,
)

TUESDAY = WeeklyTime(weekday=1, hour=13)
FULL = Refusal(code=Code.FULL, text="somebody has it")
SELECTION = Selection(index="1")
TORONTO_WINTER = timezone(timedelta(hours=-5))
SINGLE: tuple[tuple[Reply, bytes], ...] = (
    (Success(), b"success\n"),
    (Failure(), b"failure\n"),
    (NotAvailable(), b"notavailable\n"),
    (Invalid(), b"invalid\n"),
    (Bye(), b"bye\n"),
    (Reserved(doctor="doc2", port=42000), b"doc2 42000\n"),
    (Cancelled(code="3", type="-"), b"cancelled 3 -\n"),
    (FULL, b"error full somebody has it\n"),
)

names = st.from_regex(r"[!-~]{1,20}", fullmatch=True)
ports = st.integers(1, 65535)
texts = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=60)
times = st.builds(WeeklyTime, weekday=st.integers(0, 6), hour=st.integers(0, 23))
indices = st.integers(0, 999_999_999)
starts = st.integers(0, 10**9).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=TORONTO_WINTER) + timedelta(seconds=seconds)
)
states = st.sampled_from(State)
single_replies = st.one_of(
    st.builds(Reserved, doctor=names, port=ports),
    st.builds(Cancelled, code=names, type=names),
    st.builds(Refusal, code=st.sampled_from(Code), text=texts),
    st.sampled_from([reply for reply, _ in SINGLE]),
)
tags = st.none() | st.from_regex(r"[!-~]{1,64}", fullmatch=True)


def read(command: Command, data: bytes, tag: str | None = None) -> Reply:
    """The one reply in ``data``, which it fills."""
    *lines, rest = data.split(b"\n")
    assert rest == b""
    reader = ReplyReader(command, tag)
    replies = [reader.feed(line) for line in lines]
    assert replies[:-1] == [None] * (len(lines) - 1), replies
    assert replies[-1] is not None
    return replies[-1]


class FormatTests(SynchronousTestCase):
    """What a center sends."""

    def test_single(self) -> None:
        """A reply of one line is that line."""
        for reply, data in SINGLE:
            self.assertEqual(format_reply(reply), data)

    def test_rows(self) -> None:
        """A reply of several lines ends with a line holding only a full stop."""
        self.assertEqual(format_reply(Rows(rows=("a b", "c"))), b"a b\nc\n.\n")
        self.assertEqual(format_reply(Rows(rows=())), b".\n")

    def test_tag(self) -> None:
        """The first line begins with the tag, and only that."""
        self.assertEqual(format_reply(Rows(rows=("a", "b")), "t1"), b"@t1 a\nb\n.\n")
        self.assertEqual(format_reply(Rows(rows=()), "t1"), b"@t1 .\n")
        self.assertEqual(format_reply(FULL, "t1"), b"@t1 error full somebody has it\n")

    def test_available(self) -> None:
        """``INDEX DAY TIME`` per slot, in the order given."""
        slots = [FreeSlot(index=1, time=TUESDAY), FreeSlot(index=12, time=TUESDAY)]
        self.assertEqual(available_rows(slots).rows, ("1 Tue 01pm", "12 Tue 01pm"))

    def test_slots(self) -> None:
        """``INDEX DAY TIME DOCTOR`` and whether it is free."""
        slots = [
            SlotState(index=1, time=TUESDAY, doctor="doc1", free=True),
            SlotState(index=2, time=TUESDAY, doctor="doc2", free=False),
        ]
        self.assertEqual(slots_rows(slots).rows, ("1 Tue 01pm doc1 free", "2 Tue 01pm doc2 taken"))

    def test_schedule(self) -> None:
        """``ID TYPE STATE START``, the start with the center's offset and without fractions."""
        start = datetime(2026, 2, 10, 13, 0, 0, 500_000, tzinfo=TORONTO_WINTER)
        rows = schedule_rows([Scheduled(code="1", type="-", state=State.BOOKED, start=start)])
        self.assertEqual(rows.rows, ("1 - booked 2026-02-10T13:00:00-05:00",))

    def test_patients(self) -> None:
        """``PATIENT STATE`` per appointment."""
        rows = patients_rows([Attendance(patient="alice", state=State.WAITLISTED)])
        self.assertEqual(rows.rows, ("alice waitlisted",))


class ReaderTests(SynchronousTestCase):
    """What a client makes of the lines."""

    def test_single(self) -> None:
        """One line is a reply to a request that is answered with one."""
        for reply, data in SINGLE:
            for command in (
                SELECTION,
                Cancel(index=1),
                Quit(),
                Authenticate(user="u", password=""),
            ):
                self.assertEqual(read(command, data), reply)

    def test_rows(self) -> None:
        """Rows are collected up to the full stop, as they are."""
        for command in (Available(), Slots(), Schedule(), Patients(index=1), Help()):
            self.assertEqual(read(command, b"a  b\n\n..\n.\n"), Rows(rows=("a  b", "", "..")))
            self.assertEqual(read(command, b".\n"), Rows(rows=()))

    def test_refusal_instead_of_rows(self) -> None:
        """Where rows were asked for the first line may be a refusal, which is all then."""
        self.assertEqual(read(Slots(), b"error full somebody has it\n"), FULL)

    def test_error_among_rows(self) -> None:
        """Behind the first row ``error`` is a row like others."""
        rows = read(Slots(), b"a\nerror full x\n.\n")
        self.assertEqual(rows, Rows(rows=("a", "error full x")))

    def test_words_among_rows(self) -> None:
        """Neither is a row another reply because of its words."""
        self.assertEqual(read(Slots(), b"success\nbye\n.\n"), Rows(rows=("success", "bye")))

    def test_tag(self) -> None:
        """The reply to a tagged request begins with its tag, only in the first line."""
        self.assertEqual(read(SELECTION, b"@t1 doc2 42000\n", "t1"), SINGLE[5][0])
        self.assertEqual(read(Slots(), b"@t1 a\n@t1 b\n.\n", "t1"), Rows(rows=("a", "@t1 b")))
        self.assertEqual(read(Slots(), b"@t1 .\n", "t1"), Rows(rows=()))
        self.assertEqual(read(Slots(), b"@t1 error full somebody has it\n", "t1"), FULL)

    def test_wrong_tag(self) -> None:
        """A reply without the tag, or with another, is not the reply."""
        for line in (b"success", b"@t2 success", b"@t1", b"@t1success", b"@t11 success", b""):
            self.assertRaises(UnexpectedReply, ReplyReader(SELECTION, "t1").feed, line)

    def test_unasked_tag(self) -> None:
        """A tag nobody sent is no part of a reply."""
        self.assertRaises(UnexpectedReply, ReplyReader(SELECTION).feed, b"@t1 notavailable now")

    def test_refusal_without_text(self) -> None:
        """The text of a refusal may be missing, or hold any blanks."""
        self.assertEqual(read(SELECTION, b"error full\n"), Refusal(code=Code.FULL, text=""))
        self.assertEqual(read(SELECTION, b"error full  a\n"), Refusal(code=Code.FULL, text=" a"))

    def test_unknown_code(self) -> None:
        """A refusal with a code of no known meaning is no reply."""
        for line in (b"error", b"error ", b"error  full", b"error FULL x", b"error what is this"):
            self.assertRaises(UnexpectedReply, ReplyReader(SELECTION).feed, line)

    def test_no_replies(self) -> None:
        """Neither is anything else."""
        for line in (
            *(b"", b".", b" ", b"Success", b"success ", b"hello", b"doc2", b"doc2 x", b"doc2 -1"),
            *(b"doc2 0", b"doc2 65536", b"doc2 99999999999", b"doc2 1 2"),
            *(b"cancelled 3 - 4", b"success\0", b"\xff", b"200 OK at once"),
        ):
            self.assertRaises(UnexpectedReply, ReplyReader(SELECTION).feed, line)

    @settings(deadline=None)
    @given(single_replies, tags)
    def test_round_trip(self, reply: Reply, tag: str | None) -> None:
        """A client reads what the center meant."""
        self.assertEqual(read(SELECTION, format_reply(reply, tag), tag), reply)

    @settings(deadline=None)
    @given(st.lists(names), tags)
    def test_rows_round_trip(self, rows: list[str], tag: str | None) -> None:
        """So it does with rows, whatever they hold but the full stop alone."""
        reply = Rows(rows=tuple(row for row in rows if row != "."))
        self.assertEqual(read(Slots(), format_reply(reply, tag), tag), reply)

    @settings(deadline=None)
    @given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b""))), tags)
    def test_any_bytes(self, lines: list[bytes], tag: str | None) -> None:
        """Whatever a server says is a reply or ``UnexpectedReply``."""
        for command in (SELECTION, Slots()):
            reader = ReplyReader(command, tag)
            try:
                replies = [reader.feed(line) for line in lines]
            except UnexpectedReply as unexpected:
                self.assertNotEqual(str(unexpected), "")
            else:
                self.assertLessEqual(len([reply for reply in replies if reply]), len(lines))


class AvailableRowTests(SynchronousTestCase):
    """The rows of ``available`` as values."""

    @settings(deadline=None)
    @given(st.lists(st.builds(FreeSlot, index=indices, time=times)))
    def test_round_trip(self, slots: list[FreeSlot]) -> None:
        """They come back as they were."""
        self.assertEqual(parse_available(available_rows(slots)), slots)

    def test_no_slot(self) -> None:
        """A row that is no slot is unexpected."""
        for row in (
            *("", "1", "1 Tue", "1 Tue 01pm doc1", "x Tue 01pm", "-1 Tue 01pm"),
            *("1 tue 01pm", "1 Tue 13pm", "Tue 1 01pm"),
        ):
            self.assertRaises(UnexpectedReply, parse_available, Rows(rows=("1 Tue 01pm", row)))


class SlotRowTests(SynchronousTestCase):
    """The rows of ``slots`` as values."""

    @settings(deadline=None)
    @given(
        st.lists(st.builds(SlotState, index=indices, time=times, doctor=names, free=st.booleans()))
    )
    def test_round_trip(self, slots: list[SlotState]) -> None:
        """They come back as they were."""
        self.assertEqual(parse_slots(slots_rows(slots)), slots)

    def test_no_slot(self) -> None:
        """A row that is no slot is unexpected."""
        for row in (
            *("", "1 Tue 01pm doc1", "1 Tue 01pm doc1 busy", "1 Tue 01pm doc1 free now"),
            *("1 Tue 01pm doc1 Free", "x Tue 01pm doc1 free", "1 Tue 1pm doc1 taken"),
        ):
            self.assertRaises(UnexpectedReply, parse_slots, Rows(rows=(row,)))


class ScheduleRowTests(SynchronousTestCase):
    """The rows of ``schedule`` as values."""

    @settings(deadline=None)
    @given(st.lists(st.builds(Scheduled, code=names, type=names, state=states, start=starts)))
    def test_round_trip(self, appointments: list[Scheduled]) -> None:
        """They come back as they were, with the offset of their center."""
        parsed = parse_schedule(schedule_rows(appointments))
        self.assertEqual(parsed, appointments)
        self.assertEqual(
            [each.start.utcoffset() for each in parsed], [timedelta(hours=-5)] * len(parsed)
        )

    def test_utc(self) -> None:
        """A center at UTC may write ``Z``."""
        (parsed,) = parse_schedule(Rows(rows=("1 - moved 2026-02-10T18:00:00Z",)))
        self.assertEqual(parsed.start, datetime(2026, 2, 10, 18, tzinfo=UTC))

    def test_no_appointment(self) -> None:
        """A row that is no appointment is unexpected."""
        for row in (
            *("", "1 - booked", "1 booked 2026-02-10T13:00:00-05:00", "1 - booked tomorrow"),
            *("1 - gone 2026-02-10T13:00:00-05:00", "1 - booked 2026-02-30T13:00:00-05:00"),
            *("1 - booked 2026-02-10 13:00:00-05:00", "1 - booked 2026\udcff02-10T13:00:00Z"),
        ):
            self.assertRaises(UnexpectedReply, parse_schedule, Rows(rows=(row,)))

    def test_no_offset(self) -> None:
        """A start without offset is no instant: nobody could tell when it is."""
        for start in ("2026-02-10T13:00:00", "2026-02-10"):
            rows = Rows(rows=(f"1 - booked {start}",))
            self.assertRaises(UnexpectedReply, parse_schedule, rows)


class PatientRowTests(SynchronousTestCase):
    """The rows of ``patients`` as values."""

    @settings(deadline=None)
    @given(st.lists(st.builds(Attendance, patient=names, state=states)))
    def test_round_trip(self, attendances: list[Attendance]) -> None:
        """They come back as they were."""
        self.assertEqual(parse_patients(patients_rows(attendances)), attendances)

    def test_no_place(self) -> None:
        """A row that is no patient's place is unexpected."""
        for row in ("", "alice", "alice booked now", "alice free", "alice Booked"):
            self.assertRaises(UnexpectedReply, parse_patients, Rows(rows=(row,)))


class AnyRowsTests(SynchronousTestCase):
    """Whatever rows a server sends."""

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=60) | st.just("1 - booked 0"), max_size=3))
    def test_any_rows(self, rows: list[str]) -> None:
        """They are values, one for each row, or ``UnexpectedReply``."""
        for parse in (parse_available, parse_slots, parse_schedule, parse_patients):
            try:
                parsed = parse(Rows(rows=tuple(rows)))
            except UnexpectedReply as unexpected:
                self.assertNotEqual(str(unexpected), "")
            else:
                self.assertEqual(len(parsed), len(rows))
