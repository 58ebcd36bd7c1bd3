"""Which requests of one connection may run at once."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.footprints import ALONE, ORDERED, footprint
from medappt.wire.requests import CITY, Command, Request, parse_request


def command(line: str) -> Command:
    """The request of a line, at a center with a city."""
    request = parse_request(line.encode(), CITY)
    assert isinstance(request, Request), line
    return request.command


def waits(line: str, earlier: str) -> bool:
    """Whether one must wait for the other."""
    return footprint(command(line)).must_wait_for(footprint(command(earlier)))


A, B = "MTLP2345", "MTLP2346"
ONE, TWO = "QUEA150227 Dental", "QUEM160227 Dental"
BOOK = "book MTLM100227 Dental MTLP0001"


class FootprintTests(SynchronousTestCase):
    """An answer tells what the requests before it have done."""

    def test_the_store_keeps_an_order(self) -> None:
        """Numbered slots are asked for in one transaction each."""
        for line in ("selection 1", "cancel 1", "schedule", "patients 1"):
            self.assertIs(footprint(command(line)), ORDERED)
            self.assertFalse(waits(line, "selection 1"))
            self.assertTrue(waits(line, BOOK))
            self.assertTrue(waits(BOOK, line), line)

    def test_other_patients_and_slots_do_not_wait(self) -> None:
        """A city that does not answer holds up nobody else's request."""
        for line in (
            "book QUEM100227 Dental MTLP0002",
            "swap QUEA100227 Dental QUEM100227 Dental MTLP0002",
            "cancel QUEM100227 MTLP0002",
            "cancel 1 MTLP0002",
            "schedule MTLP0002",
            "patients QUEM100227 Dental",
        ):
            self.assertFalse(waits(line, BOOK), line)
            self.assertFalse(waits(BOOK, line), line)

    def test_the_same_patient_waits(self) -> None:
        """Whatever is asked for a patient tells what was done for them before."""
        for line in (
            "book QUEM100227 Dental MTLP0001",
            "swap QUEA100227 Dental QUEM100227 Dental MTLP0001",
            "cancel QUEM100227 MTLP0001",
            "cancel 1 MTLP0001",
            "schedule MTLP0001",
        ):
            self.assertTrue(waits(line, BOOK), line)

    def test_numbered_places_are_one(self) -> None:
        """They all wait for what is cancelled among them for a patient."""
        self.assertTrue(waits("cancel 1 MTLP0001", "cancel 2 MTLP0001"))
        self.assertTrue(waits("patients 1", "cancel 2 MTLP0001"))

    def test_reading_waits_for_writing_only(self) -> None:
        """A list shows what was booked before it, and two lists run at once."""
        self.assertFalse(waits("list Dental", "list Dental"))
        self.assertFalse(waits("list Dental", "schedule MTLP0001"))
        self.assertTrue(waits("list Dental", BOOK))
        self.assertTrue(waits(BOOK, "list Dental"))

    def test_what_touches_anybody_is_alone(self) -> None:
        """A removal moves whoever is in the slot; who names nobody may be named by the next."""
        for line in (
            "add MTLM100227 Dental 1",
            "remove MTLM100227 Dental",
            "book MTLM100227 Dental",
            "cancel MTLM100227",
            "swap MTLM100227 Dental QUEM100227 Dental",
            "available",
            "help",
        ):
            self.assertIs(footprint(command(line)), ALONE, line)
            self.assertTrue(waits(line, "schedule MTLP0002"), line)
            self.assertTrue(waits("schedule MTLP0002", line), line)


class SlotTests(SynchronousTestCase):
    """A request waits for those whose effects its answer shows."""

    def assert_waits(self, later: str, earlier: str) -> None:
        self.assertTrue(waits(later, earlier), (later, earlier))

    def assert_overlaps(self, later: str, earlier: str) -> None:
        self.assertFalse(waits(later, earlier), (later, earlier))

    def test_one_patient(self) -> None:
        """What concerns one patient happens in the order it was asked."""
        for earlier in (f"book {ONE} {A}", f"cancel QUEA150227 {A}", f"swap {ONE} {TWO} {A}"):
            for later in (f"book {TWO} {A}", f"schedule {A}", f"cancel 1 {A}"):
                self.assert_waits(later, earlier)

    def test_bookings_of_one_slot(self) -> None:
        """Bookings and swaps of several patients into one slot need not wait for one another."""
        self.assert_overlaps(f"book {ONE} {A}", f"book {ONE} {B}")
        self.assert_overlaps(f"book {ONE} {A}", f"swap {TWO} {ONE} {B}")
        self.assert_overlaps(f"swap {TWO} {ONE} {A}", f"book {ONE} {B}")

    def test_what_is_given_back(self) -> None:
        """A booking waits for what frees a place before it."""
        self.assert_waits(f"book {ONE} {A}", f"cancel QUEA150227 {B}")
        self.assert_waits(f"book {ONE} {A}", f"swap {ONE} {TWO} {B}")
        self.assert_overlaps(f"book {TWO} {A}", f"cancel QUEA150227 {B}")

    def test_looking_into_a_slot(self) -> None:
        """Who has a place is told as of the bookings before."""
        self.assert_waits(f"patients {ONE}", f"book {ONE} {A}")
        self.assert_overlaps(f"patients {ONE}", f"book {TWO} {A}")
        self.assert_overlaps(f"patients {ONE}", f"patients {ONE}")

    def test_whoever_it_is(self) -> None:
        """What may concern anybody, or everything, waits and is waited for."""
        for wide in (f"book {ONE}", f"add {ONE} 5", f"remove {ONE}", "help"):
            self.assert_waits(wide, f"book {TWO} {A}")
            self.assert_waits(f"schedule {B}", wide)
        self.assert_waits("list Dental", f"book {ONE} {A}")
        self.assert_overlaps("list Dental", f"schedule {A}")
        self.assert_overlaps("cancel 1", "schedule")
