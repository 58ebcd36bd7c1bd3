"""What no user asked for, in the audit."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.calendar import WeeklyTime
from medappt.model.identity import Role
from medappt.model.origins import CENTER, of_peer
from medappt.model.records import RecordState
from medappt.model.slots import Opening
from medappt.store import schema
from medappt.store.booking import Pending, abandon, abort_pending, decide
from medappt.store.connection import Statement
from medappt.store.holding import (
    confirm,
    hold,
    release,
    release_hold,
    settle_hold,
    unwait,
    wait,
)
from medappt.store.moves import begin_move, expire, finish_page
from medappt.store.openings import import_openings
from medappt.store.people import PersonEntry, import_people, replace_hash
from medappt.store.removal import Closed, remove_slot
from medappt.store.transactions import run_now
from tests.store.audited import ANN, BOB, QUI, AuditCase, Q, X, Y, read, told
from tests.store.cities import ask_owner, book, name
from tests.store.doubles import ADMIN, NOW, memory_database


class BySelfTests(AuditCase):
    """What no user asked for."""

    def remove(self, code: str = X) -> None:
        self.assertIsInstance(self.mtl.act(remove_slot, name(code), origin=ADMIN), Closed)

    def test_removal(self) -> None:
        """A removal is a row, and behind it one for each patient it moves or has wait."""
        self.mtl.add(X, 2)
        self.mtl.begin(ANN, X)
        self.mtl.begin(BOB, X)
        self.mtl.add(Y)
        self.new()
        self.remove()
        rows = self.new()
        self.assertEqual(
            told(rows),
            [
                "boss remove MTLA100227 Physician",
                "center move MTLA100227 Physician to MTLA110227 Physician (MTLP0001)",
                "center waitlist MTLA100227 Physician (MTLP0002)",
            ],
        )
        self.assertEqual({(row.role, row.source) for row in rows[1:]}, {(None, CENTER.source)})
        self.cancelled(ANN, Y)
        self.assertEqual(
            self.told(),
            [
                "MTLP0001 cancel MTLA110227 Physician",
                "center move MTLA100227 Physician to MTLA110227 Physician (MTLP0002)",
            ],
        )

    def test_moved_by_another_center(self) -> None:
        """What the owner of a removed slot had this center do is the owner's."""
        self.que.add(Q)
        self.que.add("QUEA110227")
        book(self.mtl, self.que, ANN, Q)
        self.new()
        [record] = self.mtl.records(ANN)
        begun = self.mtl.act(begin_move, "QUE", record.id, name("QUEA110227").code)
        assert isinstance(begun, Pending)
        self.mtl.act(decide, begun, ask_owner(self.mtl, self.que, begun))
        [record] = self.mtl.records(ANN)
        self.mtl.act(finish_page, "QUE", record.id, is_last=True)
        rows = self.new()
        self.assertEqual(
            told(rows),
            [
                "QUE move QUEA100227 Physician to QUEA110227 Physician (MTLP0001)",
                "QUE waitlist QUEA110227 Physician (MTLP0001)",
            ],
        )
        self.assertEqual({row.source for row in rows}, {of_peer("QUE").source})

    def test_expired(self) -> None:
        """The end of waiting is the center's own."""
        self.mtl.add(X)
        self.mtl.begin(ANN, X)
        self.remove()
        self.new()
        self.mtl.now += timedelta(days=40)
        for _ in range(2):
            self.mtl.act(expire)
        self.assertEqual(self.told(), ["center expire MTLA100227 Physician (MTLP0001)"])

    def test_aborted(self) -> None:
        """A booking given up at a start, or for the disk, is a row, once."""
        first = self.mtl.begin(ANN, Q)
        self.mtl.begin(BOB, Q)
        assert isinstance(first, Pending)
        self.mtl.act(abandon, first)
        for _ in range(2):
            self.mtl.do(abort_pending, NOW)
        self.mtl.act(abandon, first)
        self.assertEqual(
            self.told(),
            [
                "center abort QUEA100227 Physician (MTLP0001)",
                "center abort QUEA100227 Physician (MTLP0002)",
            ],
        )

    def test_doubt(self) -> None:
        """What a home answers about a hold is that home's word, and a row where it changes
        something."""
        self.mtl.add(X, 3)
        first, second, third = (self.held() for _ in range(3))
        self.new()
        for id_, standing in (
            (first, RecordState.PENDING),
            (first, RecordState.ACTIVE),
            (first, RecordState.ACTIVE),
            (second, None),
            (second, None),
        ):
            self.mtl.act(settle_hold, id_, standing)
        for _ in range(2):
            self.mtl.act(release_hold, third, origin=ADMIN)
        self.assertEqual(
            self.told(),
            [
                f"QUE confirm MTLA100227 Physician {first} (QUEP0001)",
                f"QUE release MTLA100227 Physician {second} (QUEP0001)",
                f"boss release MTLA100227 Physician {third} (QUEP0001)",
            ],
        )

    def test_waiting_here(self) -> None:
        """WAIT and UNWAIT are rows where somebody begins to wait, or ends."""
        self.mtl.add(X)
        id_ = self.held()
        self.mtl.act(confirm, "QUE", id_)
        self.remove()
        self.mtl.act(release, "QUE", id_)
        self.new()
        for verb in (wait, wait, unwait, unwait, wait):
            self.mtl.act(verb, "QUE", id_)
        self.mtl.act(unwait, "QUE", self.que.ids())
        self.assertEqual(
            self.told(),
            [f"QUE {verb} MTLA100227 Physician {id_} (QUEP0001)" for verb in ("wait", "unwait")],
        )

    def test_waiting_whose_place_was_dropped(self) -> None:
        """The end of a waiting is a row also where nothing else is left of it."""
        self.mtl.add(X)
        id_ = self.held()
        self.mtl.act(confirm, "QUE", id_)
        self.remove()
        for verb in (release, wait):
            self.mtl.act(verb, "QUE", id_)
        self.new()
        self.mtl.do(lambda each: each.change(Statement(delete(schema.places))))
        self.mtl.act(unwait, "QUE", id_)
        self.assertEqual(self.told(), [f"QUE unwait {id_}"])

    def test_nothing_changes(self) -> None:
        """A release of what nobody held, a hold that is refused and one that comes again leave no
        row."""
        self.mtl.add(X)
        self.mtl.act(release, "QUE", self.que.ids())
        id_ = self.held()
        self.new()
        self.held()
        self.mtl.act(hold, "QUE", id_, name(X), QUI)
        self.assertEqual(self.told(), [])


class ImportTests(SynchronousTestCase):
    """The files, and password hashes."""

    def setUp(self) -> None:
        self.database = memory_database()
        self.addCleanup(self.database.close)

    def users(self, *users: tuple[str, bytes]) -> None:
        entries = [
            PersonEntry(name=user, role=Role.PATIENT, digest=digest) for user, digest in users
        ]
        hashes = {user: "hash" for user, _ in users}
        run_now(self.database, lambda connection: import_people(connection, entries, hashes, NOW))

    def test_users(self) -> None:
        """Each line that is new, different or gone is a row; who comes back is new."""
        for users in (
            [("ann", b"1"), ("bob", b"1")],
            [("ann", b"2")],
            [("ann", b"2"), ("bob", b"1")],
        ):
            self.users(*users)
        for old in ("hash", "hash", "other"):
            run_now(self.database, lambda each: replace_hash(each, "ann", old, "new", NOW))  # noqa: B023
        rows = run_now(self.database, read)
        self.assertEqual(
            told(rows),
            [
                "center add-user ann",
                "center add-user bob",
                "center change-user ann",
                "center remove-user bob",
                "center add-user bob",
                "center rehash ann",
            ],
        )
        self.assertEqual([row.source for row in rows], ["import"] * 5 + ["center"])

    def test_openings(self) -> None:
        """The same holds for the lines of the availabilities."""
        one, two = (
            Opening(index=index, time=WeeklyTime(weekday=0, hour=9), doctor="doc1", port=1)
            for index in (1, 2)
        )
        moved = Opening(index=1, time=WeeklyTime(weekday=1, hour=9), doctor="doc1", port=1)
        for openings in ([one, two], [moved], [moved]):
            run_now(self.database, lambda each: import_openings(each, openings, NOW))  # noqa: B023
        self.assertEqual(
            told(run_now(self.database, read)),
            [
                "center add-opening 1",
                "center add-opening 2",
                "center change-opening 1",
                "center remove-opening 2",
            ],
        )
