"""Random histories of bookings against a model that is a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Cancelled, Reserved
from medappt.model.slots import Slot
from medappt.store.answers import NumberedAnswer
from medappt.store.appointments import (
    NOT_BOOKED,
    TAKEN,
    Cancellation,
    Reservation,
    attendances,
    cancel,
    reserve,
    reserved_slots,
    schedule,
)
from medappt.store.results import Outcome, Tagged
from medappt.store.writer import Writer, inline
from tests.store.doubles import NOW, PATIENT, memory_database, slot

SLOTS = [
    slot(1),
    slot(2),  # the doctor's hour of the first, renumbered
    slot(1, doctor="doc2"),  # the index of the first, another doctor's
    slot(2, place=1),
    slot(1, days=8),
]
PATIENTS = ("ann", "bob")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request of a history; ``ends_batch`` tells whether its batch is committed after it."""

    is_booking: bool
    patient: str
    slot: Slot
    tag: str | None
    ends_batch: bool

    @property
    def tagged(self) -> Tagged | None:
        if self.tag is None:
            return None
        text = f"{self.is_booking} {SLOTS.index(self.slot)}"
        return Tagged(user=self.patient, tag=self.tag, text=text)


wishes = st.builds(
    Wish,
    is_booking=st.booleans(),
    patient=st.sampled_from(PATIENTS),
    slot=st.sampled_from(SLOTS),
    tag=st.sampled_from([None, None, "a", "b"]),
    ends_batch=st.booleans(),
)


class Book:
    """The model: who has what, and what was answered under which tag."""

    def __init__(self) -> None:
        self.places: dict[Slot, str] = {}
        self.given: dict[tuple[str, str], tuple[str, NumberedAnswer]] = {}

    def answer(self, wish: Wish) -> tuple[Slot | None, str]:
        """The place that changes hands, and the kind of the answer."""
        tagged = wish.tagged
        if tagged is not None and tagged.key in self.given:
            text, before = self.given[tagged.key]
            return None, kind(before) if text == tagged.text else "syntax"
        changed, said = self.book(wish) if wish.is_booking else self.cancel(wish)
        if tagged is not None:
            self.given[tagged.key] = (tagged.text, said)
        return changed, kind(said)

    def book(self, wish: Wish) -> tuple[Slot | None, NumberedAnswer]:
        for place in self.places:
            same_hour = (place.doctor, place.place) == (wish.slot.doctor, wish.slot.place)
            if place.start == wish.slot.start and (place.index == wish.slot.index or same_hour):
                return None, TAKEN
        self.places[wish.slot] = wish.patient
        return wish.slot, Reserved(doctor=wish.slot.doctor, port=wish.slot.port)

    def cancel(self, wish: Wish) -> tuple[Slot | None, NumberedAnswer]:
        own = [
            place
            for place, patient in self.places.items()
            if patient == wish.patient and place.index == wish.slot.index
        ]
        if not own:
            return None, NOT_BOOKED
        first = min(own, key=lambda place: place.start)
        del self.places[first]
        return first, Cancelled(code=str(first.index), type="-")


def kind(answer: NumberedAnswer) -> str:
    match answer:
        case Reserved():
            return answer.doctor
        case Cancelled():
            return f"cancelled {answer.code}"
        case _:
            return answer.code.value


class HistoryTests(SynchronousTestCase):
    """The store does what a dictionary would do, however requests fall into batches."""

    @settings(deadline=None, max_examples=150)
    @given(st.lists(wishes, max_size=25))
    def test_any_history(self, history: list[Wish]) -> None:
        """Every answer, every place that changes hands and what is left are those of the model."""
        clock, book = Clock(), Book()
        writer = Writer(memory_database(), inline, clock)
        answers: list[Deferred[Outcome]] = []
        for wish in history:
            answers.append(submit(writer, wish))
            if wish.ends_batch:
                clock.advance(0)
        left = writer.submit(lambda connection: reserved_slots(connection, NOW))
        clock.advance(0)
        for wish, answer in zip(history, answers, strict=True):
            outcome = self.successResultOf(answer)
            self.assertEqual((outcome.changed, kind(outcome.answer)), book.answer(wish))
        slots = self.successResultOf(left)
        self.assertEqual(len(slots), len(book.places))
        self.assertEqual(set(slots), set(book.places))
        self.assertEqual(len({(each.index, each.start) for each in slots}), len(slots))
        hours = {(each.doctor, each.start, each.place) for each in slots}
        self.assertEqual(len(hours), len(slots))
        self.check_views(writer, clock, book)
        self.successResultOf(writer.stop())

    def check_views(self, writer: Writer, clock: Clock, book: Book) -> None:
        """Each patient's schedule and each slot's patients agree with the model."""
        schedules = {
            name: writer.submit(partial(schedule, patient=name, now=NOW)) for name in PATIENTS
        }
        attending = {
            place: writer.submit(partial(attendances, slot=place)) for place in book.places
        }
        clock.advance(0)
        for name, rows in schedules.items():
            found = sorted((row.code, row.start) for row in self.successResultOf(rows))
            own = [place for place, patient in book.places.items() if patient == name]
            self.assertEqual(found, sorted((str(place.index), place.start) for place in own))
        for place, patients in attending.items():
            names = [row.patient for row in self.successResultOf(patients)]
            self.assertIn(book.places[place], names)


def submit(writer: Writer, wish: Wish) -> Deferred[Outcome]:
    at = NOW + timedelta(minutes=1)
    if wish.is_booking:
        reservation = Reservation(
            patient=wish.patient, slot=wish.slot, origin=PATIENT, at=at, tagged=wish.tagged
        )
        return writer.submit_item(reserve, reservation)
    cancellation = Cancellation(
        origin=PATIENT, patient=wish.patient, index=wish.slot.index, at=at, tagged=wish.tagged
    )
    return writer.submit(lambda connection: cancel(connection, cancellation))
