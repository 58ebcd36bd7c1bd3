"""The operations of a health center: what they do, whoever asks. Rights are judged in ``realm``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from medappt.center.board import Board
from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.store import appointments, people, results
from medappt.store.appointments import Cancellation, Reservation
from medappt.store.results import Outcome, Tagged
from medappt.store.writer import Writer


class Center:
    """The numbered slots of a health center.

    ``now`` tells the instant (aware, UTC). What changes the record is answered only once it is
    durable. Every operation may raise ``Refused``, and ``StoreBusy`` or ``StoreFailed`` where the
    store could not do it; then it is not done.
    """

    def __init__(self, writer: Writer, board: Board, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._board = board
        self._now = now

    def free_slots(self) -> Sequence[FreeSlot]:
        """The free slots, by index."""
        return self._board.free(self._now())

    def slots(self) -> Sequence[SlotState]:
        """Every slot, by index."""
        return self._board.states(self._now())

    async def select(self, patient: str, word: str, tagged: Tagged | None) -> Reserved:
        """Reserve the next occurrence of the opening that ``word`` names."""
        now = self._now()
        index = parse_index(word)
        slot = None if index is None else self._board.slot(index, now)
        if slot is None:
            refusal = Refusal(code=Code.UNKNOWN_SLOT, text="no such index")
            answer = await self.refuse(tagged, refusal)
        else:
            reservation = Reservation(patient=patient, slot=slot, at=now, tagged=tagged)
            outcome = await self._writer.submit_item(appointments.reserve, reservation)
            if outcome.changed is not None:
                self._board.take(outcome.changed)
            answer = _unless_refused(outcome)
        assert isinstance(answer, Reserved)  # a tag has one text, and so one kind of answer
        return answer

    async def cancel(self, patient: str, index: int, tagged: Tagged | None) -> Cancelled:
        """Give back a patient's place under an index (R8)."""
        cancellation = Cancellation(
            patient=patient,
            index=index,
            at=self._now(),
            tagged=tagged,
        )
        outcome = await self._writer.submit(
            lambda connection: appointments.cancel(connection, cancellation)
        )
        if outcome.changed is not None:
            self._board.give_back(outcome.changed)
        answer = _unless_refused(outcome)
        assert isinstance(answer, Cancelled)
        return answer

    async def refuse(self, tagged: Tagged | None, refusal: Refusal) -> Reserved | Cancelled:
        """Raise ``refusal``, remembered under its tag if it has one; what the tag first got, if
        the request was answered before."""
        if tagged is None:
            raise Refused(refusal.code, refusal.text)
        now = self._now()
        outcome = await self._writer.submit(
            lambda connection: results.remember(connection, tagged, now, refusal)
        )
        return _unless_refused(outcome)

    async def schedule(self, patient: str) -> Sequence[Scheduled]:
        """A patient's appointments that have not begun, by start, in the center's time zone."""
        now = self._now()
        rows = await self._writer.submit(
            lambda connection: appointments.schedule(connection, patient, now)
        )
        return [replace(row, start=row.start.astimezone(self._board.zone)) for row in rows]

    async def knows(self, patient: str) -> bool:
        """Whether there is, or was, such a patient."""
        person = await self._writer.submit(
            lambda connection: people.find_person(connection, patient)
        )
        return person is not None

    async def patients(self, index: int) -> Sequence[Attendance]:
        """Who has the next occurrence of an opening; ``unknown-slot`` if there is none."""
        slot = self._board.slot(index, self._now())
        if slot is None:
            raise Refused(Code.UNKNOWN_SLOT, "no such index")
        return await self._writer.submit(
            lambda connection: appointments.attendances(connection, slot)
        )

    async def forget_expired(self) -> None:
        """Drop what is kept only for a time: old replies to tags, places that have begun."""
        now = self._now()
        self._board.forget_begun(now)
        await self._writer.submit(lambda connection: results.forget_expired(connection, now))


def _unless_refused(outcome: Outcome) -> Reserved | Cancelled:
    if isinstance(outcome.answer, Refusal):
        raise Refused(outcome.answer.code, outcome.answer.text)
    return outcome.answer
