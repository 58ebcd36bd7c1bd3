"""Tests of the checker: what it knows by itself, and that it does not take everything."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.refusals import Code, Refusal
from medappt.store.migrate import memory_image
from tests.simulation.chronicle import Broken, Chronicle
from tests.simulation.disk import open_image
from tests.simulation.errands import Errand, Verb, describe, is_final
from tests.simulation.grounds import Grounds, Window
from tests.simulation.rules import objection, start_of, suits
from tests.simulation.scenery import slot_name
from tests.simulation.snapshots import Record, Slot, Wait, week_of


def record(code: str, state: str = "ACTIVE", id_: str = "MTL-1-00-1") -> Record:
    """An appointment of a patient of Montreal."""
    return Record(id_, id_, "MTLP2345", code[:3], code, "Physician", state, 0)


class RuleTests(SynchronousTestCase):
    def test_objections(self) -> None:
        """R2, R3 and R4, in this order; what is left out is judged as gone."""
        has = [record("QUEM080227"), record("QUEM090227"), record("SHEM100227")]
        self.assertEqual(objection(has, "QUEM080227", "Physician", "MTL"), "already-booked")
        self.assertEqual(objection(has, "SHEA080227", "Physician", "MTL"), "same-day")
        self.assertEqual(objection(has, "SHEA110227", "Physician", "MTL"), "weekly-limit")
        self.assertIsNone(objection(has, "SHEA150227", "Physician", "MTL"))
        self.assertIsNone(objection(has, "MTLA110227", "Physician", "MTL"))
        self.assertIsNone(objection(has[:1], "QUEM080227", "Physician", "MTL", "MTL-1-00-1"))

    def test_waiting_counts_in_its_id_only(self) -> None:
        """Who waits may book anything but what they wait for."""
        has = [record("QUEM080227", "WAITLISTED")]
        self.assertEqual(objection(has, "QUEM080227", "Physician", "MTL"), "already-booked")
        self.assertIsNone(objection(has, "QUEA080227", "Physician", "MTL"))

    def test_start(self) -> None:
        """A slot begins on the clock of its city."""
        for code, hour in (("MTLA150227", 18), ("QUEA150227", 17), ("SHEA150227", 21)):
            self.assertEqual(start_of(code), datetime(2027, 2, 15, hour, tzinfo=UTC).timestamp())

    def test_week(self) -> None:
        """A week ends with Sunday."""
        self.assertEqual(week_of("MTLM140227"), (2027, 6))
        self.assertEqual(week_of("MTLM150227"), (2027, 7))

    def test_suits(self) -> None:
        """Who waits is given a slot of the type, within reach."""
        wait = Wait("i", "MTL", "MTLP2345", "Physician", 1_000, 1, 1, "WAITING")
        self.assertTrue(suits(wait, Slot(1, "MTLM150227", "Physician", 1_100, 1, None), 100))
        self.assertFalse(suits(wait, Slot(1, "MTLM150227", "Physician", 1_101, 1, None), 100))
        self.assertFalse(suits(wait, Slot(1, "MTLM150227", "Surgeon", 1_000, 1, None), 100))


class GroundTests(SynchronousTestCase):
    """A store with one slot, of one place, that is free and then taken."""

    def setUp(self) -> None:
        self.chronicle = Chronicle()
        self.raw = open_image(memory_image())
        self.addCleanup(self.raw.close)
        for city in ("MTL", "SHE"):
            self.chronicle.record(city, self.raw)
        self.raw.execute(
            "INSERT INTO slots (key, code, type, start, capacity)"
            " VALUES (1, 'QUEM150227', 'Physician', 0, 1)"
        )
        self.chronicle.record("QUE", self.raw)
        self.free = self.chronicle.moment
        self.raw.execute(
            "INSERT INTO places (id, home, slot, number, patient, state, held_at)"
            " VALUES ('SHE-1-00-1', 'SHE', 1, 1, 'SHEP2345', 'CONFIRMED', 0)"
        )
        self.chronicle.record("QUE", self.raw)
        self.taken = self.chronicle.moment
        self.grounds = Grounds(self.chronicle, lambda city: 0.0)

    def refuse(self, code: Code, since: int, until: int, *, is_calm: bool = False) -> None:
        errand = Errand(
            user="MTLP2345",
            tag="t1",
            verb=Verb.BOOK,
            patient="MTLP2345",
            new=slot_name("QUEM150227", "Physician"),
        )
        window = Window(since=since, until=until, is_calm=is_calm)
        self.grounds.check(errand, Refusal(code=code, text=""), window)

    def test_full(self) -> None:
        """``full`` is true if it was at some moment between question and answer."""
        self.refuse(Code.FULL, self.free, self.taken)
        self.assertRaises(Broken, self.refuse, Code.FULL, self.free, self.free)

    def test_unknown_slot(self) -> None:
        """A slot that was open all the time is not unknown."""
        self.assertRaises(Broken, self.refuse, Code.UNKNOWN_SLOT, self.free, self.taken)

    def test_unreachable(self) -> None:
        """``unreachable`` is for bad weather."""
        self.refuse(Code.UNREACHABLE, self.free, self.taken)
        with self.assertRaises(Broken):
            self.refuse(Code.UNREACHABLE, self.free, self.taken, is_calm=True)

    def test_about_the_patient(self) -> None:
        """Nobody is told of appointments they do not have."""
        for code in (Code.ALREADY_BOOKED, Code.SAME_DAY, Code.WEEKLY_LIMIT, Code.FORBIDDEN):
            self.assertRaises(Broken, self.refuse, code, self.free, self.taken)

    def test_past(self) -> None:
        """Nothing is past before any clock has shown its start."""
        self.assertRaises(Broken, self.refuse, Code.PAST, self.free, self.taken)

    def test_words(self) -> None:
        """An answer is told by its word, and ``busy`` is none yet."""
        busy = Refusal(code=Code.BUSY, text="later")
        self.assertEqual((describe(busy), is_final(busy)), ("busy", False))
