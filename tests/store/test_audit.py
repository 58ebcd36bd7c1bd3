"""Which events leave a row in the audit, and what it says."""

from __future__ import annotations

from datetime import timedelta

from medappt.model.audit import AuditRow, AuditVerb, Deed
from medappt.model.identity import Role
from medappt.store import audit
from medappt.store.appointments import Cancellation, Reservation, cancel, reserve
from medappt.store.audit import audit_rows
from medappt.store.booking import Booking, Pending, begin, decide
from medappt.store.cancelling import Giveback, give_back
from medappt.store.holding import (
    confirm,
    release,
)
from medappt.store.judgement import UNREACHABLE
from medappt.store.removal import Previewed, preview_removal, remove_slot
from medappt.store.results import REUSED, Tagged, remember
from tests.store.audited import ANN, BOB, AuditCase, Q, X, Y, read, told
from tests.store.cities import ask_owner, book, name, tag
from tests.store.doubles import ADMIN, DEED, NOW, origin, slot


class RequestTests(AuditCase):
    """What users ask for."""

    def test_a_row(self) -> None:
        """A row says who did what from where, when, for whom, under which tag, and what came of
        it."""
        self.mtl.add(X)
        boss = origin("MTLA0001", Role.ADMINISTRATOR)
        booking = Booking(
            patient=ANN, wanted=name(X), origin=boss, tagged=tag("book", "MTLA0001", "t1")
        )
        self.mtl.act(begin, booking)
        self.assertEqual(
            self.new()[-1],
            AuditRow(
                sequence=2,
                at=NOW,
                actor="MTLA0001",
                role="administrator",
                source="192.0.2.1",
                verb="book",
                patient=ANN,
                object="MTLA100227 Physician",
                outcome="done",
                tag="t1",
            ),
        )

    def test_at_home(self) -> None:
        """A booking, a swap and a cancellation are one row each."""
        self.mtl.add(X)
        self.mtl.add(Y)
        self.new()
        self.mtl.begin(ANN, X)
        self.mtl.begin(ANN, Y, instead=X)
        self.cancelled(ANN, Y)
        self.assertEqual(
            self.told(),
            [
                "MTLP0001 book MTLA100227 Physician",
                "MTLP0001 swap MTLA100227 Physician to MTLA110227 Physician",
                "MTLP0001 cancel MTLA110227 Physician",
            ],
        )

    def test_abroad(self) -> None:
        """The home has one row when it has decided, the owner one for each state of the place."""
        self.que.add(Q)
        self.new(self.que)
        book(self.mtl, self.que, ANN, Q)
        [record] = self.mtl.records(ANN)
        self.assertEqual(self.told(), ["MTLP0001 book QUEA100227 Physician"])
        for _ in range(2):
            self.que.act(confirm, "MTL", record.id)
        for _ in range(2):
            self.que.act(release, "MTL", record.id)
        rows = self.new(self.que)
        self.assertEqual(
            told(rows),
            [
                f"MTL {verb} QUEA100227 Physician {record.id} (MTLP0001)"
                for verb in ("hold", "confirm", "release")
            ],
        )
        self.assertEqual({(row.role, row.source) for row in rows}, {(None, "federation MTL")})

    def test_undecided(self) -> None:
        """What is not decided leaves no row, nor does a patient who is refused."""
        self.que.add(Q)
        pending = self.mtl.begin(ANN, Q)
        assert isinstance(pending, Pending)
        self.mtl.act(decide, pending, UNREACHABLE)
        self.mtl.begin(ANN, X)
        self.cancelled(ANN, X)
        self.assertEqual(self.told(), [])

    def test_repeated(self) -> None:
        """A request that comes again under its tag has no second row, whoever sent it and
        whatever was answered."""
        self.mtl.add(X)
        self.new()
        for tagged, code in ((tag("x", under="1"), X), (tag("y", under="2"), Y)):
            for _ in range(2):
                booking = Booking(patient=ANN, wanted=name(code), origin=ADMIN, tagged=tagged)
                self.mtl.act(begin, booking)
        self.assertEqual(
            self.told(),
            [
                "boss book MTLA100227 Physician (MTLP0001)",
                "boss book MTLA110227 Physician (MTLP0001) unknown-slot",
            ],
        )

    def test_numbered_slots(self) -> None:
        """A batch of reservations has a row for each that was made."""
        wishes = [
            Reservation(patient=user, slot=slot(index, place=index), at=NOW, origin=origin(user))
            for user, index in (("ann", 1), ("bob", 1), ("bob", 2))
        ]
        self.mtl.do(reserve, wishes)
        self.mtl.do(cancel, Cancellation(patient="ann", index=1, at=NOW, origin=origin("ann")))
        self.mtl.do(cancel, Cancellation(patient="ann", index=1, at=NOW, origin=origin("ann")))
        start = "2027-02-09T09:00+00:00"
        self.assertEqual(
            self.told(),
            [
                f"ann selection 1 {start} doc1",
                f"bob selection 2 {start} doc1",
                f"ann cancel 1 {start} doc1",
            ],
        )

    def test_what_only_reads(self) -> None:
        """A preview leaves nothing of what it tried."""
        self.mtl.add(X)
        self.mtl.begin(ANN, X)
        self.new()
        self.assertRaises(Previewed, self.mtl.act, preview_removal, name(X))
        self.assertEqual(self.told(), [])


class RefusedTests(AuditCase):
    """Refused requests of administrators."""

    def asked(
        self, code: str = X, instead: str | None = None, tagged: Tagged | None = None
    ) -> Booking:
        old = None if instead is None else name(instead)
        return Booking(patient=ANN, wanted=name(code), origin=ADMIN, instead=old, tagged=tagged)

    def test_refused_at_once(self) -> None:
        """What is refused from the record is a row with the code."""
        self.mtl.act(begin, self.asked())
        self.mtl.act(begin, self.asked(instead=Y))
        self.mtl.act(give_back, Giveback(patient=ANN, code=name(X).code, origin=ADMIN))
        self.mtl.act(remove_slot, name(X), origin=ADMIN)
        self.mtl.add(X)
        self.mtl.add(X)
        self.assertEqual(
            self.told(),
            [
                "boss book MTLA100227 Physician (MTLP0001) unknown-slot",
                "boss swap MTLA110227 Physician to MTLA100227 Physician (MTLP0001) not-booked",
                "boss cancel MTLA100227 (MTLP0001) not-booked",
                "boss remove MTLA100227 Physician unknown-slot",
                "boss add MTLA100227 Physician",
                "boss add MTLA100227 Physician exists",
            ],
        )

    def test_refused_when_it_is_decided(self) -> None:
        """What the owner refuses is a row as well."""
        begun = self.mtl.act(begin, self.asked(Q))
        assert isinstance(begun, Pending)
        self.mtl.act(decide, begun, ask_owner(self.mtl, self.que, begun))
        self.assertEqual(self.told(), ["boss book QUEA100227 Physician (MTLP0001) unknown-slot"])

    def test_a_tag_reused(self) -> None:
        """Another text under a tag is a refused request of its own, each time."""
        self.mtl.add(X)
        self.mtl.act(begin, self.asked(tagged=tag("one")))
        self.new()
        for _ in range(2):
            self.mtl.act(begin, self.asked(Y, tagged=tag("other")))
        self.mtl.do(
            reserve,
            [Reservation(patient="ann", slot=slot(), at=NOW, origin=ADMIN, tagged=tag("other"))],
        )
        self.assertEqual(
            self.told(),
            ["boss book MTLA110227 Physician (MTLP0001) syntax"] * 2
            + ["boss selection 1 2027-02-09T09:00+00:00 doc1 (ann) syntax"],
        )

    def test_numbered_slots(self) -> None:
        """The same holds for numbered slots."""
        for _ in range(2):
            wish = Reservation(patient="boss", slot=slot(), at=NOW, origin=ADMIN)
            self.mtl.do(reserve, [wish])
        self.mtl.do(cancel, Cancellation(patient="boss", index=7, at=NOW, origin=ADMIN))
        self.assertEqual(
            self.told(),
            [
                "boss selection 1 2027-02-09T09:00+00:00 doc1",
                "boss selection 1 2027-02-09T09:00+00:00 doc1 full",
                "boss cancel 7 not-booked",
            ],
        )

    def test_before_the_store(self) -> None:
        """What was refused before it came to the store is remembered, and a row, once."""
        deed = Deed(origin=ADMIN, verb=AuditVerb.ADD, object="")
        for _ in range(2):
            self.mtl.do(remember, deed, tag("add"), NOW, REUSED)
        self.mtl.do(remember, DEED, None, NOW, REUSED)
        self.assertEqual(self.told(), ["boss add  syntax"])

    def test_what_cannot_be_kept(self) -> None:
        """Bytes that are no text are kept escaped."""
        deed = Deed(origin=ADMIN, verb=AuditVerb.SCHEDULE, object="a\x00b", patient="\udcff")
        self.mtl.do(remember, deed, None, NOW, REUSED)
        [row] = self.new()
        self.assertEqual((row.object, row.patient), ("a\\x00b", "\\udcff"))


class ReadingTests(AuditCase):
    def test_pages(self) -> None:
        """An audit is read in pages."""
        self.patch(audit, "ROWS_AT_ONCE", 2)
        for day in range(10, 15):
            self.mtl.add(f"MTLA{day}0227")
        self.assertEqual([row.sequence for row in self.mtl.do(read)], [1, 2, 3, 4, 5])

    def test_selected(self) -> None:
        """Rows are selected by whom they are about or by, and by when they were written; the
        order stays."""
        self.mtl.add(X, 2)
        self.mtl.now += timedelta(hours=1)
        for patient in (ANN, BOB):
            self.mtl.act(begin, Booking(patient=patient, wanted=name(X), origin=origin(patient)))
        later = self.mtl.now
        for person, since, expected in (
            (None, None, [1, 2, 3]),
            (ANN, None, [2]),
            ("boss", None, [1]),
            ("MTLP", None, []),
            (None, later, [2, 3]),
            (None, later + timedelta(seconds=1), []),
            (BOB, later, [3]),
        ):
            rows = self.mtl.do(lambda each: list(audit_rows(each, person=person, since=since)))  # noqa: B023
            self.assertEqual([row.sequence for row in rows], expected)
