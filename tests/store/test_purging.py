"""Tombstones go, and nothing that comes late revives what they stood for."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.ids import RecordIds
from medappt.model.records import REACH, Held, PlaceState
from medappt.model.refusals import Refusal, Refused
from medappt.store import schema
from medappt.store.boots import Boot, raise_peer_boot
from medappt.store.connection import Connection, Statement
from medappt.store.holding import confirm, hold, release, unwait, wait
from medappt.store.judgement import PAST, UNREACHABLE
from medappt.store.places import find_place
from medappt.store.purging import MARGIN, Purged, purge
from medappt.store.removal import remove_slot
from medappt.store.waits import WaitState, wait_state
from tests.store.cities import TORONTO, City, name
from tests.store.doubles import ADMIN
from tests.store.reading import all_waiters

CODE, LATER = "MTLA100227", "MTLA100327"
START = name(CODE).code.start(TORONTO)
OVER = START + REACH + MARGIN

_PLACES = Statement(select(func.count()).select_from(schema.places))
_WAITS = Statement(select(func.count()).select_from(schema.waits))


def counts(connection: Connection) -> tuple[int, int]:
    """How many rows there are of places and of waits."""
    [(places,)], [(waits,)] = connection.rows(_PLACES), connection.rows(_WAITS)
    return places, waits


class PurgeCase(SynchronousTestCase):
    """Montreal owns the slots; Quebec runs with the boot number 3."""

    def setUp(self) -> None:
        self.city = City("MTL")
        self.addCleanup(self.city.database.close)
        self.heard(3)
        self.new_id = RecordIds("QUE", 3, b"\x01")
        self.city.add(CODE)

    def heard(self, boot: int) -> None:
        self.city.do(raise_peer_boot, "QUE", Boot(number=boot, randomness=b"\x01"))

    def hold(self, id_: str, code: str = CODE) -> Held | Refusal:
        return self.city.act(hold, "QUE", id_, name(code), "QUEP0001")

    def held(self, code: str = CODE) -> str:
        id_ = self.new_id()
        self.assertIsInstance(self.hold(id_, code), Held)
        return id_

    def release(self, id_: str) -> None:
        self.city.act(release, "QUE", id_)

    def purge(self) -> int:
        """Drop what can be dropped: how many tombstones."""
        return self.city.act(purge, Purged()).dropped

    def counts(self) -> tuple[int, int]:
        return self.city.do(counts)


class UnknownPlaceTests(PurgeCase):
    """RELEASE of an id that nobody held."""

    def setUp(self) -> None:
        super().setUp()
        self.record = self.new_id()
        self.release(self.record)

    def test_present_run(self) -> None:
        """As long as its home runs the tombstone stays: a HOLD may be on its way."""
        self.city.now += timedelta(days=900)
        self.assertEqual((self.purge(), self.counts()), (0, (1, 0)))
        self.assertIs(self.hold(self.record), UNREACHABLE)

    def test_later_run(self) -> None:
        """After its home was restarted it goes, and neither a late HOLD nor a doubled RELEASE or
        WAIT leads to a place."""
        self.heard(4)
        self.assertEqual((self.purge(), self.counts()), (1, (0, 0)))
        for _ in range(2):
            self.assertIs(self.hold(self.record), UNREACHABLE)
            self.assertEqual(self.counts(), (0, 0))
        self.assertFalse(self.city.act(confirm, "QUE", self.record))
        self.city.act(wait, "QUE", self.record)
        self.assertEqual(self.counts(), (0, 0))
        self.release(self.record)
        self.assertIs(self.hold(self.record), UNREACHABLE)
        self.assertEqual((self.purge(), self.counts()), (1, (0, 0)))
        new = RecordIds("QUE", 4, b"\x01")()
        self.assertIsInstance(self.hold(new), Held)

    def test_never_heard(self) -> None:
        """Of a home whose run is not on record nothing is dropped."""
        id_ = RecordIds("SHE", 1, b"\x01")()
        self.city.act(release, "SHE", id_)
        self.assertEqual(self.purge(), 0)
        self.assertIsInstance(
            self.city.act(hold, "SHE", "SHE-1-01-9", name(CODE), "SHEP0001"), Held
        )

    def test_rights(self) -> None:
        """An id of another's making is refused as before, whatever its run."""
        self.heard(4)
        self.assertRaises(Refused, self.city.act, release, "SHE", self.record)


class PlaceTests(PurgeCase):
    """Places in slots."""

    def test_released(self) -> None:
        """A released place goes when its start, the reach and a margin are over, to the second;
        what comes late then revives nothing."""
        id_ = self.held()
        self.release(id_)
        self.heard(4)  # does not count: WAIT may come from any run
        self.city.now = OVER - timedelta(seconds=1)
        self.assertEqual(self.purge(), 0)
        self.city.now = OVER
        self.assertEqual((self.purge(), self.counts()), (1, (0, 0)))
        for late in (id_, self.new_id(), RecordIds("QUE", 4, b"\x01")()):
            self.assertIn(self.hold(late), (PAST, UNREACHABLE))
        self.city.act(wait, "QUE", id_)
        self.assertFalse(self.city.act(confirm, "QUE", id_))
        self.assertEqual(self.counts(), (0, 0))

    def test_present_run(self) -> None:
        """The same, where the home was never restarted: the slot has begun."""
        id_ = self.held()
        self.release(id_)
        self.city.now = OVER
        self.assertEqual(self.purge(), 1)
        self.assertIs(self.hold(id_), PAST)

    def test_held_and_taken(self) -> None:
        """A place that is held or taken stays for ever."""
        self.city.add(LATER, 2)
        held, taken = self.held(LATER), self.held(LATER)
        self.city.act(confirm, "QUE", taken)
        self.heard(9)
        self.city.now = OVER + timedelta(days=900)
        self.assertEqual(self.purge(), 0)
        for id_, state in ((held, PlaceState.HELD), (taken, PlaceState.CONFIRMED)):
            place = self.city.do(find_place, id_)
            assert place is not None
            self.assertIs(place.state, state)


class WaitTests(PurgeCase):
    """Waiting that is over."""

    def setUp(self) -> None:
        super().setUp()
        self.record = self.held()
        self.city.act(confirm, "QUE", self.record)
        self.city.act(remove_slot, name(CODE), origin=ADMIN)

    def wait(self) -> None:
        self.city.act(wait, "QUE", self.record)

    def unwait(self, id_: str | None = None) -> None:
        self.city.act(unwait, "QUE", id_ or self.record)

    def test_wait_to_come(self) -> None:
        """The place is there for a WAIT that comes a month after its RELEASE."""
        self.release(self.record)
        self.heard(4)
        self.city.now = START + REACH
        self.assertEqual(self.purge(), 0)
        self.wait()
        self.assertEqual([each.id for each in self.city.do(all_waiters)], [self.record])

    def test_waiting(self) -> None:
        """Who waits does so until the home ends it, with or without the place."""
        self.release(self.record)
        self.wait()
        self.heard(4)
        self.city.now = OVER + timedelta(days=900)
        self.assertEqual((self.purge(), self.counts()), (1, (0, 1)))
        self.assertEqual(len(self.city.do(all_waiters)), 1)

    def test_over(self) -> None:
        """Waiting that is over goes with its place, and a late or doubled WAIT begins nothing."""
        self.release(self.record)
        self.wait()
        self.unwait()
        self.heard(4)
        self.city.now = OVER - timedelta(seconds=1)
        self.assertEqual(self.purge(), 0)
        self.city.now = OVER
        self.assertEqual((self.purge(), self.counts()), (2, (0, 0)))
        self.wait()
        self.assertEqual(self.counts(), (0, 0))
        self.unwait()
        self.wait()
        self.assertEqual(self.city.do(all_waiters), [])
        self.assertEqual((self.purge(), self.counts()), (1, (0, 0)))

    def test_never_begun(self) -> None:
        """UNWAIT before WAIT: what it left goes only after the place, for until then a WAIT could
        begin."""
        self.unwait()
        self.heard(4)
        self.city.now = OVER
        self.assertEqual(self.purge(), 0, "the place is taken")
        self.wait()
        self.assertIs(self.city.do(wait_state, self.record), WaitState.OVER)
        self.release(self.record)
        self.assertEqual((self.purge(), self.counts()), (2, (0, 0)))
        self.wait()
        self.assertEqual(self.counts(), (0, 0))

    def test_never_placed(self) -> None:
        """UNWAIT of an id that never had a place: it goes when the home was restarted, for a
        place could come as long as it runs."""
        other = self.new_id()
        self.unwait(other)
        self.release(other)
        self.city.now = OVER
        self.assertEqual(self.purge(), 0)
        self.heard(4)
        self.assertEqual(self.purge(), 2)


class PieceTests(PurgeCase):
    def test_pieces(self) -> None:
        """Few rows are looked at at once, all in turn, and from the first again."""
        for _ in range(10):
            self.release(self.new_id())
            self.city.act(unwait, "QUE", self.new_id())
        self.heard(4)
        purged, dropped = Purged(), []
        for _ in range(4):
            purged = self.city.act(purge, purged, 4)
            dropped.append(purged.dropped)
        self.assertEqual(dropped, [8, 8, 4, 0])
        self.assertEqual(purged, Purged())
        self.assertEqual(self.counts(), (0, 0))
