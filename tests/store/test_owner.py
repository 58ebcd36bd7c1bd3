"""Owner: slots, their capacity, and who has a place (R1)."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from zoneinfo import ZoneInfo

from medappt.model.appointments import Added, Attendance, State
from medappt.model.records import Contact, Cursor, Held, PlaceState
from medappt.model.refusals import Refusal
from medappt.store.attendance import patients_in
from medappt.store.holding import (
    confirm,
    hold,
    release,
)
from medappt.store.judgement import (
    EXISTS,
    FULL,
    PAST,
    UNKNOWN_SLOT,
)
from medappt.store.places import places_in, take_place
from medappt.store.removal import add_slot, remove_slot
from medappt.store.results import Answered
from medappt.store.slots import closest_slots, find_open, list_slots
from tests.store.cities import DOCTOR, name, tag
from tests.store.doubles import ADMIN
from tests.store.owning import CODE, START, OwnerCase


class SlotTests(OwnerCase):
    """Slots are added and listed."""

    def test_add(self) -> None:
        """A slot that is added is listed at its local time, with its doctor."""
        answered = self.city.add(CODE, 3)
        self.assertEqual(answered, Answered(answer=Added(code=CODE, type="Physician", capacity=3)))
        slot = self.city.do(find_open, name(CODE))
        assert slot is not None
        self.assertEqual((slot.start, slot.contact, slot.free), (START, DOCTOR, 3))
        self.assertIsNone(self.city.do(find_open, name(CODE, "Dental")))

    def test_an_unknown_doctor(self) -> None:
        """What the settings do not say is unknown, not empty."""
        self.city.act(add_slot, name(CODE), 1, Contact(name="doc1"), origin=ADMIN)
        self.assertEqual(self.hold(), Held(start=START, contact=Contact(name="doc1")))

    def test_exists(self) -> None:
        """A name is open once; under each type it is another."""
        self.city.add(CODE)
        self.assertIs(self.city.add(CODE, 5).answer, EXISTS)
        self.assertIsInstance(self.city.add(CODE, type_="Dental").answer, Added)
        self.assertEqual(self.free(), {CODE: 1})

    def test_past(self) -> None:
        """What has begun, to the second, is not added."""
        self.city.now = START
        self.assertIs(self.city.add(CODE).answer, PAST)
        self.city.now = START - timedelta(seconds=1)
        self.assertIsInstance(self.city.add(CODE).answer, Added)
        self.city.now = START
        self.assertIs(self.city.add(CODE).answer, PAST)

    def test_add_again(self) -> None:
        """The same tag adds once, and another text under it is refused."""
        for is_repeat in (False, True):
            got = self.city.act(add_slot, name(CODE), 2, DOCTOR, tag(f"add {CODE}"), origin=ADMIN)
            self.assertEqual(got.is_repeat, is_repeat)
            self.assertIsInstance(got.answer, Added)
        other = self.city.act(
            add_slot, name("MTLM100227"), 2, DOCTOR, tag("add other"), origin=ADMIN
        )
        self.assertIsInstance(other.answer, Refusal)
        self.assertEqual(self.free(), {CODE: 2})

    def test_list(self) -> None:
        """By start, then ID; full ones with 0; what has begun and other types not at all."""
        for code in ("MTLE090227", "MTLM100227", "MTLA090227", "MTLM080227"):
            self.city.add(code)
        self.city.add("MTLM090227", type_="Dental")
        self.held("MTLM100227")
        self.city.now = START - timedelta(days=2)
        self.assertEqual(
            list(self.free().items()),
            [("MTLA090227", 1), ("MTLE090227", 1), ("MTLM100227", 0)],
        )

    def test_pages(self) -> None:
        """A page begins behind the cursor: nothing is missed or listed twice."""
        codes = [f"MTL{part}{day:02d}0227" for day in range(9, 29) for part in "MAE"]
        for code in reversed(codes):
            self.city.add(code)
        found: list[str] = []
        cursor: Cursor | None = None
        while rows := self.city.do(list_slots, "Physician", self.city.now, after=cursor, most=7):
            found += [str(row.name.code) for row in rows]
            cursor = Cursor(start=rows[-1].start, code=str(rows[-1].name.code))
        self.assertEqual(found, codes)

    def test_closest(self) -> None:
        """R7: by distance, of two the later, within reach, with room, not begun, of the type."""
        for code in (
            *("MTLM080227", "MTLM090227", "MTLA090227", "MTLE100227", "MTLA110227", "MTLM110227"),
            *("MTLA100327", "MTLE100327"),
        ):
            self.city.add(code)
        self.city.add("MTLM100227", type_="Dental")
        self.held("MTLM110227")
        self.city.now = START - timedelta(days=2)
        found = self.city.act(closest_slots, "Physician", START)
        self.assertEqual(
            [str(slot.name.code) for slot in found],
            ["MTLE100227", "MTLA110227", "MTLA090227", "MTLM090227", "MTLA100327"],
        )

    def test_same_start(self) -> None:
        """Slots that begin together, as a change of the time zone can leave them, come by ID, also
        from page to page."""
        self.city.add("MTLA110227")
        self.city.zone = ZoneInfo("UTC")
        self.city.add("MTLE110227")
        now = self.city.now
        [first] = self.city.do(list_slots, "Physician", now, after=None, most=1)
        cursor = Cursor(start=first.start, code=str(first.name.code))
        [second] = self.city.do(list_slots, "Physician", now, after=cursor, most=1)
        self.assertEqual((str(first.name.code), first.start), ("MTLA110227", second.start))


class CapacityTests(OwnerCase):
    """R1: as many places as the capacity."""

    def test_full(self) -> None:
        """Holds count; the first that is given back is free again."""
        self.city.add(CODE, 2)
        first, second = self.held(), self.held(patient="QUEP0002")
        self.assertIs(self.hold(), FULL)
        self.city.act(confirm, "QUE", first)
        self.assertIs(self.hold(), FULL)
        self.city.act(release, "QUE", first)
        third = self.held(patient="QUEP0003")
        self.assertIs(self.hold(), FULL)
        self.assertEqual(self.state(second), PlaceState.HELD)
        self.assertEqual(self.state(third), PlaceState.HELD)

    def test_any_number_is_used_again(self) -> None:
        """Whichever place is given back can be taken again, and no other."""
        self.city.add(CODE, 4)
        ids = [self.held() for _ in range(4)]
        for index in (1, 3, 0, 2, 2, 1):
            self.city.act(release, "QUE", ids[index])
            ids[index] = self.held()
            self.assertIs(self.hold(), FULL)

    def test_the_last_line_of_defence(self) -> None:
        """The store itself refuses a number that is taken, and a released place with one."""
        self.city.add(CODE, 1)
        self.held()
        for text in (
            "INSERT INTO places (id, home, slot, number, state) VALUES ('x', 'QUE', 1, 1, 'HELD')",
            "UPDATE places SET state = 'RELEASED'",
            "UPDATE places SET number = NULL",
        ):
            with self.assertRaises(sqlite3.IntegrityError):
                self.city.database._raw.execute(text)

    def test_no_room_for_own(self) -> None:
        """A place is taken only where there is one."""
        self.city.add(CODE, 1)
        self.held()
        slot = self.city.do(find_open, name(CODE))
        assert slot is not None
        taken = self.city.do(
            take_place,
            slot,
            id_="x",
            home="MTL",
            patient="MTLP0001",
            state=PlaceState.CONFIRMED,
            now=self.city.now,
        )
        self.assertFalse(taken)


class PatientsTests(OwnerCase):
    """``patients``: who has a place."""

    def test_in_booking_order(self) -> None:
        """Confirmed places in the order they were booked, not of their numbers."""
        self.city.add(CODE, 3)
        ids = [self.held(patient=f"QUEP000{n}") for n in range(3)]
        self.city.act(release, "QUE", ids[0])
        last = self.new_id()
        self.city.act(hold, "QUE", last, name(CODE), "QUEP0009", "QUE-1-01-77")
        for id_ in (last, ids[2], ids[1]):
            self.city.act(confirm, "QUE", id_)
        self.assertEqual(
            self.city.do(patients_in, name(CODE)),
            [
                Attendance(patient="QUEP0001", state=State.BOOKED),
                Attendance(patient="QUEP0002", state=State.BOOKED),
                Attendance(patient="QUEP0009", state=State.MOVED),
            ],
        )

    def test_holds_are_nobodys(self) -> None:
        """What is only held is not shown."""
        self.city.add(CODE)
        self.held()
        self.assertEqual(self.city.do(patients_in, name(CODE)), [])

    def test_unknown(self) -> None:
        """A slot that is not open has no patients to show."""
        self.assertIs(self.city.do(patients_in, name(CODE)), UNKNOWN_SLOT)
        self.city.add(CODE)
        self.city.act(remove_slot, name(CODE), origin=ADMIN)
        self.assertIs(self.city.do(patients_in, name(CODE)), UNKNOWN_SLOT)
        self.assertEqual(self.city.do(places_in, 1), [])
