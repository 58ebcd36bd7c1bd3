"""Tests of the replies that only a center with a city gives (section 4), both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    Fate,
    ListedSlot,
    Relocation,
    Removed,
    Scheduled,
    SlotList,
    State,
    Swapped,
)
from medappt.model.identity import Role
from medappt.model.ids import AppointmentId, Part, PersonId, SlotName
from medappt.model.refusals import Code, Refusal
from medappt.wire.city_replies import (
    list_rows,
    parse_list,
    parse_removed,
    removed_rows,
)
from medappt.wire.city_requests import (
    MOST_CAPACITY,
    Add,
    Book,
    CancelId,
    CancelIndexFor,
    ListSlots,
    Notices,
    Remove,
    SlotPatients,
    Swap,
)
from medappt.wire.replies import (
    Reply,
    ReplyReader,
    Rows,
    UnexpectedReply,
    format_reply,
    parse_patients,
    parse_schedule,
    patients_rows,
    schedule_rows,
)
from medappt.wire.requests import Command
from tests.wire.test_city_requests import NO_CAPACITIES, NO_IDS, codes, letters

CODE = AppointmentId(city="MTL", part=Part.AFTERNOON, day=date(2027, 2, 10))
LATER = AppointmentId(city="QUE", part=Part.EVENING, day=date(2027, 2, 11))
DENTAL = SlotName(code=CODE, type="Dental")
SURGEON = SlotName(code=LATER, type="Surgeon")
PAT = PersonId(city="MTL", role=Role.PATIENT, number=2345)
NOON = datetime(2027, 2, 10, 17, tzinfo=UTC)
TORONTO_WINTER = timezone(timedelta(hours=-5))

WITH_ROWS: tuple[Command, ...] = (
    ListSlots(type="Dental"),
    SlotPatients(slot=DENTAL),
    Remove(slot=DENTAL),
    Remove(slot=DENTAL, preview=True),
    Notices(),
)
OF_ONE_LINE: tuple[Command, ...] = (
    Book(slot=DENTAL),
    CancelId(code=CODE),
    CancelIndexFor(index=1, patient=PAT),
    Swap(old=DENTAL, new=SURGEON),
    Add(slot=DENTAL, capacity=1),
)
SINGLE: tuple[tuple[Reply, bytes], ...] = (
    (
        Booked(code=str(CODE), type="Dental", doctor="doc1", host="10.0.0.1", port=41000),
        b"booked MTLA100227 Dental doc1 10.0.0.1 41000\n",
    ),
    (
        Booked(code=str(CODE), type="Dental", doctor=None, host=None, port=None),
        b"booked MTLA100227 Dental - - -\n",
    ),
    (
        Booked(code=str(CODE), type="Dental", doctor="doc1", host=None, port=41000),
        b"booked MTLA100227 Dental doc1 - 41000\n",
    ),
    (
        Swapped(code=str(LATER), type="Surgeon", doctor="doc2", host="::1", port=None),
        b"swapped QUEE110227 Surgeon doc2 ::1 -\n",
    ),
    (Cancelled(code=str(CODE), type="Dental"), b"cancelled MTLA100227 Dental\n"),
    (Added(code=str(CODE), type="Dental", capacity=9999), b"added MTLA100227 Dental 9999\n"),
    (
        Refusal(code=Code.UNREACHABLE, text="QUE does not answer"),
        b"error unreachable QUE does not answer\n",
    ),
)

names = st.from_regex(r"[!-~]{1,20}", fullmatch=True)
known = st.none() | names.filter(lambda name: name != "-")
ports = st.none() | st.integers(1, 65535)
ids = codes.map(str)
single_replies = st.one_of(
    st.builds(Booked, code=ids, type=names, doctor=known, host=known, port=ports),
    st.builds(Swapped, code=ids, type=names, doctor=known, host=known, port=ports),
    st.builds(Added, code=ids, type=names, capacity=st.integers(1, MOST_CAPACITY)),
    st.builds(Cancelled, code=ids, type=names),
)
slot_lists = st.builds(
    SlotList,
    slots=st.lists(st.builds(ListedSlot, code=codes, free=st.integers(0, 9_999))).map(tuple),
    unreachable=st.lists(letters, max_size=3).map(tuple),
)
relocations = st.one_of(
    st.builds(
        Relocation,
        patient=names,
        fate=st.just(Fate.MOVED),
        new_code=ids,
        is_confirmed=st.booleans(),
    ),
    st.builds(Relocation, patient=names, fate=st.sampled_from([Fate.WAITLISTED, Fate.MOVING])),
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


class SingleTests(SynchronousTestCase):
    """Replies of one line."""

    def test_lines(self) -> None:
        """A place, a slot or a refusal is one line; what is unknown is ``-``."""
        for reply, data in SINGLE:
            self.assertEqual(format_reply(reply), data)
            for command in OF_ONE_LINE:
                self.assertEqual(read(command, data), reply)

    def test_tag(self) -> None:
        """It begins with the tag of its request."""
        reply, data = SINGLE[0]
        self.assertEqual(format_reply(reply, "t1"), b"@t1 " + data)
        self.assertEqual(read(Book(slot=DENTAL), b"@t1 " + data, "t1"), reply)

    def test_no_replies(self) -> None:
        """A line with a word missing, too many, or of another form is no reply."""
        for line in (
            *("booked", "booked MTLA100227", "booked MTLA100227 Dental doc1 host"),
            *("booked MTLA100227 Dental doc1 host 41000 x", "Booked MTLA100227 Dental - - -"),
            *("swapped MTLA100227 Dental - -", "moved MTLA100227 Dental - - -"),
            *("added MTLA100227 Dental", "added MTLA100227 Dental 1 2"),
            *("cancelled MTLA100227", "cancelled MTLA100227 Dental x"),
            *("booked 3 - doc1 host 41000", "added 3 - 1"),
        ):
            self.assertRaises(UnexpectedReply, ReplyReader(Book(slot=DENTAL)).feed, line.encode())

    def test_no_ids(self) -> None:
        """What has not the form of an ID names no slot."""
        for word in NO_IDS:
            for line in (
                f"booked {word} Dental - - -",
                f"swapped {word} Dental - - -",
                f"added {word} Dental 1",
            ):
                reader = ReplyReader(Book(slot=DENTAL))
                self.assertRaises(UnexpectedReply, reader.feed, line.encode())

    def test_no_ports(self) -> None:
        """What is no port is none, and neither is it unknown."""
        for word in ("0", "65536", "-1", "--", "x", "4100000000000", "41000\0"):
            line = f"booked MTLA100227 Dental doc1 host {word}"
            self.assertRaises(UnexpectedReply, ReplyReader(Book(slot=DENTAL)).feed, line.encode())

    def test_no_capacities(self) -> None:
        """No center opens a slot for nobody, or for more than 9999."""
        for word in NO_CAPACITIES:
            reader = ReplyReader(Add(slot=DENTAL, capacity=1))
            line = f"added MTLA100227 Dental {word}"
            self.assertRaises(UnexpectedReply, reader.feed, line.encode())

    @settings(deadline=None)
    @given(single_replies, tags)
    def test_round_trip(self, reply: Reply, tag: str | None) -> None:
        """A client reads what the center meant."""
        self.assertEqual(read(Book(slot=DENTAL), format_reply(reply, tag), tag), reply)

    @settings(deadline=None)
    @given(
        st.lists(
            st.sampled_from(["booked", "swapped", "added", "cancelled", "MTLA100227", "3", "-"])
            | st.text(max_size=8).filter(lambda text: "\n" not in text),
            max_size=7,
        ).map(" ".join)
    )
    def test_any_words(self, line: str) -> None:
        """Whatever a server says is a reply or ``UnexpectedReply``."""
        try:
            reply = ReplyReader(Book(slot=DENTAL)).feed(line.encode())
        except UnexpectedReply as unexpected:
            self.assertNotEqual(str(unexpected), "")
        else:
            self.assertIsNotNone(reply)


class RowsTests(SynchronousTestCase):
    """Replies of several lines."""

    def test_rows(self) -> None:
        """``list``, ``patients ID TYPE`` and ``remove`` are answered with rows up to a stop."""
        for command in WITH_ROWS:
            self.assertEqual(read(command, b"a b\nbooked\n.\n"), Rows(rows=("a b", "booked")))
            self.assertEqual(read(command, b"@t .\n", "t"), Rows(rows=()))

    def test_refusal(self) -> None:
        """Or with a refusal alone."""
        for command in WITH_ROWS:
            self.assertEqual(
                read(command, b"error unknown-type no\n"),
                Refusal(code=Code.UNKNOWN_TYPE, text="no"),
            )

    def test_one_line(self) -> None:
        """The others are answered with one line, which is no row."""
        for command in OF_ONE_LINE:
            self.assertRaises(UnexpectedReply, ReplyReader(command).feed, b".")

    def test_schedule(self) -> None:
        """The rows of ``schedule`` have IDs, types, states and starts where the slot is."""
        appointments = [
            Scheduled(code=code, type=type_, state=state, start=NOON.astimezone(TORONTO_WINTER))
            for code, type_, state in (
                ("MTLA100227", "Dental", State.BOOKED),
                ("QUEE110227", "Surgeon", State.MOVED),
                ("SHEM120227", "Physician", State.WAITLISTED),
                ("3", "-", State.BOOKED),
            )
        ]
        rows = schedule_rows(appointments)
        self.assertEqual(
            rows.rows,
            (
                "MTLA100227 Dental booked 2027-02-10T12:00:00-05:00",
                "QUEE110227 Surgeon moved 2027-02-10T12:00:00-05:00",
                "SHEM120227 Physician waitlisted 2027-02-10T12:00:00-05:00",
                "3 - booked 2027-02-10T12:00:00-05:00",
            ),
        )
        self.assertEqual(parse_schedule(rows), appointments)

    def test_patients(self) -> None:
        """The rows of ``patients`` name people by their IDs."""
        attendances = [
            Attendance(patient="MTLP2345", state=State.BOOKED),
            Attendance(patient="QUEP0001", state=State.MOVED),
        ]
        rows = patients_rows(attendances)
        self.assertEqual(rows.rows, ("MTLP2345 booked", "QUEP0001 moved"))
        self.assertEqual(parse_patients(rows), attendances)


class ListTests(SynchronousTestCase):
    """The rows of ``list``."""

    def test_rows(self) -> None:
        """``ID FREE`` per slot, full ones too, and what is missing at the end."""
        found = SlotList(slots=(ListedSlot(code=CODE, free=0),), unreachable=("QUE", "SHE"))
        rows = list_rows(found)
        self.assertEqual(rows.rows, ("MTLA100227 0", "! QUE unreachable", "! SHE unreachable"))
        self.assertEqual(parse_list(rows), found)

    @settings(deadline=None)
    @given(slot_lists)
    def test_round_trip(self, found: SlotList) -> None:
        """A client has every slot and every missing city."""
        self.assertEqual(parse_list(list_rows(found)), found)

    def test_no_slots(self) -> None:
        """A row that is neither is unexpected."""
        for row in (
            *("", "MTLA100227", "MTLA100227 x", "MTLA100227 -1", "MTLA100227 1 2", "3 1"),
            *("!", "! QUE", "! que unreachable", "! QUE away", "QUE unreachable"),
            *("! QUE unreachable x", "MTLA300227 1"),
        ):
            self.assertRaises(UnexpectedReply, parse_list, Rows(rows=("MTLA100227 1", row)))


class RemovedTests(SynchronousTestCase):
    """The rows of ``remove``."""

    def test_rows(self) -> None:
        """Who was moved where, who waits, whose home has not decided, and what is a guess."""
        removed = Removed(
            rows=(
                Relocation(patient="MTLP2345", fate=Fate.MOVED, new_code="MTLA110227"),
                Relocation(patient="MTLP2346", fate=Fate.WAITLISTED),
                Relocation(patient="QUEP2345", fate=Fate.MOVING),
                Relocation(
                    patient="QUEP2346", fate=Fate.MOVED, new_code="MTLA120227", is_confirmed=False
                ),
            )
        )
        rows = removed_rows(removed)
        self.assertEqual(
            rows.rows,
            (
                "MTLP2345 MTLA110227",
                "MTLP2346 waitlisted",
                "QUEP2345 moving",
                "QUEP2346 MTLA120227 unconfirmed",
            ),
        )
        self.assertEqual(parse_removed(rows), removed)

    def test_guessed_wait(self) -> None:
        """A guess that somebody will wait is told as waiting: only a guessed ID has a mark."""
        guess = Relocation(patient="QUEP2345", fate=Fate.WAITLISTED, is_confirmed=False)
        self.assertEqual(removed_rows(Removed(rows=(guess,))).rows, ("QUEP2345 waitlisted",))

    @settings(deadline=None)
    @given(st.lists(relocations))
    def test_round_trip(self, rows: list[Relocation]) -> None:
        """They come back as they were."""
        removed = Removed(rows=tuple(rows))
        self.assertEqual(parse_removed(removed_rows(removed)), removed)

    def test_no_fate(self) -> None:
        """A row that tells nobody's fate is unexpected."""
        for row in (
            *("", "QUEP2345", "QUEP2345 moved", "QUEP2345 Waitlisted", "QUEP2345 waitlisted now"),
            *("QUEP2345 moving unconfirmed", "QUEP2345 MTLA110227 confirmed", "QUEP2345 3"),
            *("QUEP2345 MTLA110227 unconfirmed x", "QUEP2345 MTLA300227"),
        ):
            self.assertRaises(UnexpectedReply, parse_removed, Rows(rows=(row,)))


class AnyRowsTests(SynchronousTestCase):
    """Whatever rows a server sends."""

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=60) | st.just("! QUE unreachable"), max_size=3))
    def test_any_rows(self, rows: list[str]) -> None:
        """They are values, one for each row, or ``UnexpectedReply``."""
        try:
            listed = parse_list(Rows(rows=tuple(rows)))
        except UnexpectedReply as unexpected:
            self.assertNotEqual(str(unexpected), "")
        else:
            self.assertEqual(len(listed.slots) + len(listed.unreachable), len(rows))
        try:
            removed = parse_removed(Rows(rows=tuple(rows)))
        except UnexpectedReply as unexpected:
            self.assertNotEqual(str(unexpected), "")
        else:
            self.assertEqual(len(removed.rows), len(rows))
