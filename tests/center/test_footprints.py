"""Footprints: which requests of one connection wait for which."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.footprints import footprint
from medappt.wire.requests import CITY, Request, parse_request

A, B = "MTLP2345", "MTLP2346"
ONE, TWO = "QUEA150227 Dental", "QUEM160227 Dental"


def must_wait(later: str, earlier: str) -> bool:
    commands = []
    for line in (later, earlier):
        request = parse_request(line.encode(), CITY)
        assert isinstance(request, Request), line
        commands.append(request.command)
    return footprint(commands[0]).must_wait_for(footprint(commands[1]))


class FootprintTests(SynchronousTestCase):
    """A request waits for those whose effects its answer shows."""

    def assert_waits(self, later: str, earlier: str) -> None:
        self.assertTrue(must_wait(later, earlier), (later, earlier))

    def assert_overlaps(self, later: str, earlier: str) -> None:
        self.assertFalse(must_wait(later, earlier), (later, earlier))

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
