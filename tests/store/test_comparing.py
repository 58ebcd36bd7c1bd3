"""What a center keeps of its appointments with a peer, and what may be written again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.ids import RecordIds
from medappt.model.records import REACH, Entry, PlaceState, RecordState, Standing
from medappt.store.booking import Pending
from medappt.store.boots import start_boot
from medappt.store.cancelling import Giveback, give_back
from medappt.store.comparing import (
    HISTORY,
    hold_again,
    own_places,
    own_records,
    places_of,
    records_at,
    write_again,
)
from medappt.store.holding import confirm, release, unwait, wait
from medappt.store.moves import finish_page
from medappt.store.places import find_place
from medappt.store.removal import remove_slot
from tests.store.audited import read as read_audit
from tests.store.cities import TORONTO, City, ask_owner, book, name
from tests.store.doubles import ADMIN, PATIENT

CODE, OTHER = "QUEA100227", "QUEE100227"
START = name(CODE).code.start(TORONTO)
BOB = "MTLP0001"


class CompareCase(SynchronousTestCase):
    """Montreal is the home, Quebec the owner; letters do not travel by themselves."""

    def setUp(self) -> None:
        self.mtl, self.que = City("MTL"), City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)
        self.que.add(CODE, 3)

    def book(self, patient: str = BOB, code: str = CODE) -> str:
        """A booking; the id of its record."""
        book(self.mtl, self.que, patient, code)
        return self.mtl.records(patient)[-1].id

    def confirmed(self, patient: str = BOB, code: str = CODE) -> str:
        id_ = self.book(patient, code)
        self.que.act(confirm, "MTL", id_)
        return id_

    def there(self) -> list[tuple[str, Standing]]:
        """What Quebec keeps of Montreal's patients."""
        return [(each.id, each.standing) for each in self.que.act(places_of, "MTL")]

    def here(self) -> list[tuple[str, Standing]]:
        """What Montreal keeps of places in Quebec."""
        return [(each.id, each.standing) for each in self.mtl.act(records_at, "QUE")]


class EntryTests(CompareCase):
    def test_booked(self) -> None:
        """Both sides keep the same of an appointment that is booked."""
        id_ = self.confirmed()
        entry = Entry(id=id_, standing=Standing.TAKEN, name=name(CODE), start=START, patient=BOB)
        self.assertEqual(self.que.act(places_of, "MTL"), [entry])
        self.assertEqual(self.mtl.act(records_at, "QUE"), [entry])
        self.assertEqual(self.que.act(places_of, "SHE"), [])
        self.assertEqual(self.mtl.act(records_at, "SHE"), [])

    def test_undecided(self) -> None:
        """What is held and what is pending is there, undecided."""
        begun = self.mtl.begin(BOB, CODE)
        assert isinstance(begun, Pending)
        self.assertEqual(self.here(), [(begun.id, Standing.UNDECIDED)])
        ask_owner(self.mtl, self.que, begun)
        self.assertEqual(self.there(), [(begun.id, Standing.UNDECIDED)])

    def test_released(self) -> None:
        """What was given back is not there."""
        self.que.act(release, "MTL", self.confirmed())
        self.que.act(release, "MTL", "MTL-1-00-77")
        self.assertEqual(self.there(), [])

    def test_waiting(self) -> None:
        """Who waits is there once, with the removed start, in whatever order RELEASE and WAIT
        came, until it is over."""
        id_ = self.confirmed()
        self.que.act(remove_slot, name(CODE), origin=ADMIN)
        self.mtl.act(finish_page, "QUE", id_, is_last=True)
        self.assertEqual(self.here(), [(id_, Standing.WAITING)])
        self.que.act(wait, "MTL", id_)
        self.assertEqual(self.there(), [(id_, Standing.WAITING)])
        self.que.act(release, "MTL", id_)
        self.assertEqual(self.there(), [(id_, Standing.WAITING)])
        self.assertEqual(self.que.act(places_of, "MTL"), self.mtl.act(records_at, "QUE"))
        self.que.act(unwait, "MTL", id_)
        self.assertEqual(self.there(), [])

    def test_history(self) -> None:
        """What began a day ago is history; who waits is not."""
        waiting = self.confirmed()
        self.que.add(OTHER)
        taken = self.confirmed(code=OTHER, patient="MTLP0002")
        self.que.act(remove_slot, name(CODE), origin=ADMIN)
        self.que.act(wait, "MTL", waiting)
        self.que.act(release, "MTL", waiting)
        self.mtl.act(finish_page, "QUE", waiting, is_last=True)
        for now, kept in (
            (HISTORY - timedelta(seconds=1), {waiting, taken}),
            (HISTORY, {waiting}),
        ):
            self.mtl.now = self.que.now = name(OTHER).code.start(TORONTO) + now
            self.assertEqual({id_ for id_, _ in self.here()}, kept)
            self.assertEqual({id_ for id_, _ in self.there()}, kept)

    def test_pages(self) -> None:
        """A page begins behind an ID: nothing is missed or comes twice."""
        self.que.add(OTHER, 9)
        ids = sorted(self.confirmed(f"MTLP{number:04d}", OTHER) for number in range(9))
        for city, read, peer in ((self.que, places_of, "MTL"), (self.mtl, records_at, "QUE")):
            found: list[str] = []
            while page := city.act(read, peer, found[-1] if found else None, 4):
                self.assertLessEqual(len(page), 4)
                found += [each.id for each in page]
            self.assertEqual(found, ids)

    def test_own(self) -> None:
        """A home knows what its owner has still to be told."""
        id_ = self.book()
        own = self.mtl.act(own_records, "QUE")
        self.assertEqual((set(own.entries), own.on_the_way), ({id_}, {id_}))
        self.mtl.act(give_back, Giveback(patient=BOB, code=name(CODE).code, origin=PATIENT))
        own = self.mtl.act(own_records, "QUE")
        self.assertEqual((set(own.entries), own.on_the_way), (set(), {id_}))
        own = self.que.act(own_places, "MTL")
        self.assertEqual((set(own.entries), own.on_the_way), ({id_}, frozenset()))
        self.assertEqual(self.mtl.act(own_records, "SHE").on_the_way, frozenset())


class WriteAgainTests(CompareCase):
    """Montreal has lost a record of its first run."""

    def setUp(self) -> None:
        super().setUp()
        self.lost = Entry(
            id=RecordIds("MTL", 1, b"\x0f")(),
            standing=Standing.TAKEN,
            name=name(CODE),
            start=START,
            patient=BOB,
        )
        self.mtl.do(start_boot, b"\x01\x02")

    def write(self, **changes: object) -> bool:
        return self.mtl.act(write_again, replace(self.lost, **changes))  # type: ignore[arg-type]

    def test_written(self) -> None:
        """It is a record like any other: shown, judged, and given back."""
        self.assertTrue(self.write())
        [record] = self.mtl.records(BOB)
        self.assertEqual(
            (record.id, record.root, record.name, record.state, record.start),
            (self.lost.id, self.lost.id, name(CODE), RecordState.ACTIVE, START),
        )
        self.assertFalse(self.write(), "it is here")
        rows = [row for row in self.mtl.do(read_audit) if row.verb == "restore"]
        self.assertEqual([(row.patient, row.object) for row in rows], [(BOB, f"{name(CODE)}")])
        self.mtl.act(give_back, Giveback(patient=BOB, code=name(CODE).code, origin=PATIENT))
        self.assertEqual(self.mtl.records(BOB), [])

    def test_waiting(self) -> None:
        """Who waited waits until the time that was said; that counts in neither R3 nor R4."""
        self.que.add(OTHER)
        self.book(code=OTHER)
        self.assertFalse(self.write(), "the same day")
        self.assertTrue(self.write(standing=Standing.WAITING))
        record = self.mtl.records(BOB)[-1]
        self.assertEqual(
            (record.state, record.waits_until), (RecordState.WAITLISTED, START + REACH)
        )
        again = RecordIds("MTL", 1, b"\x0e")()
        self.assertFalse(self.write(id=again, standing=Standing.WAITING), "already booked")

    def test_not_written(self) -> None:
        """Ids of the present run or of another center, other cities' patients, starts that cannot
        be, and what has begun are left alone."""
        for changes in (
            {"id": RecordIds("MTL", 2, b"\x0f")()},
            {"id": RecordIds("QUE", 1, b"\x0f")()},
            {"patient": "QUEP0001"},
            {"patient": "bob"},
            {"start": None},
            {"start": START + timedelta(days=2)},
        ):
            self.assertFalse(self.write(**changes), changes)
        self.mtl.now = START
        self.assertFalse(self.write())
        self.assertTrue(self.write(standing=Standing.WAITING))
        self.mtl.now = START + REACH
        self.assertFalse(self.write(id="MTL-1-0f-9", standing=Standing.WAITING))

    def test_moved(self) -> None:
        """The id that a record had before it was moved is not written again."""
        self.mtl.add("MTLA100227")
        self.mtl.add("MTLA110227")
        book(self.mtl, self.mtl, BOB, "MTLA100227")
        [record] = self.mtl.records(BOB)
        self.mtl.act(remove_slot, name("MTLA100227"), origin=ADMIN)
        self.mtl.do(start_boot, b"\x01\x02")
        self.assertFalse(self.write(id=record.id))


class HoldAgainTests(CompareCase):
    """Quebec has lost a place."""

    def setUp(self) -> None:
        super().setUp()
        self.record = Entry(
            id=RecordIds("MTL", 1, b"\x0f")(),
            standing=Standing.TAKEN,
            name=name(CODE),
            start=START,
            patient=BOB,
        )

    def hold(self, home: str = "MTL", **changes: object) -> bool:
        return self.que.act(hold_again, home, replace(self.record, **changes))  # type: ignore[arg-type]

    def test_held(self) -> None:
        """It is held, as long as there is room, and its home has the word."""
        for number in range(3):
            self.assertTrue(self.hold(id=f"MTL-1-0f-{number}"))
        self.assertFalse(self.hold(id="MTL-1-0f-3"), "full")
        place = self.que.do(find_place, "MTL-1-0f-1")
        assert place is not None
        self.assertEqual((place.state, place.patient), (PlaceState.HELD, BOB))
        self.assertFalse(self.hold(id="MTL-1-0f-1"), "held already")
        held = [row.object for row in self.que.do(read_audit) if row.verb == "hold"]
        self.assertEqual(held[-3:], [f"{name(CODE)} MTL-1-0f-{number}" for number in range(3)])

    def test_not_held(self) -> None:
        """What was released or waits, ids and patients of others, waiting, and slots that are not
        open, not the same or have begun are left alone."""
        self.que.act(release, "MTL", "MTL-1-0f-8")
        self.que.act(unwait, "MTL", "MTL-1-0f-9")
        for changes in (
            {"id": "MTL-1-0f-8"},
            {"id": "MTL-1-0f-9"},
            {"home": "SHE"},
            {"patient": "SHEP0001"},
            {"patient": "bob"},
            {"standing": Standing.WAITING},
            {"standing": Standing.UNDECIDED},
            {"name": name(OTHER)},
            {"start": START + timedelta(hours=1)},
        ):
            self.assertFalse(self.hold(**changes), changes)
        self.que.now = START
        self.assertFalse(self.hold())
        self.assertEqual(self.there(), [])
