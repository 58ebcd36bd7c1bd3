"""The operations of a health center: what they do, whoever asks. Rights are judged in ``realm``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from medappt.center.board import Board
from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.audit import AuditVerb, Deed
from medappt.model.identity import Role
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.store import appointments, people, results
from medappt.store.answers import Answer
from medappt.store.appointments import Cancellation, Reservation
from medappt.store.audit import note_refusal
from medappt.store.results import Tagged, tag_of
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

    async def select(
        self, patient: str, word: str, tagged: Tagged | None, *, origin: Origin
    ) -> Reserved:
        """Reserve the next occurrence of the opening that ``word`` names."""
        now = self._now()
        index = parse_index(word)
        slot = None if index is None else self._board.slot(index, now)
        if slot is None:
            refusal = Refusal(code=Code.UNKNOWN_SLOT, text="no such index")
            deed = Deed(
                origin=origin,
                verb=AuditVerb.SELECTION,
                object=word,
                patient=patient,
                tag=tag_of(tagged),
            )
            answer = await self.refuse(tagged, refusal, deed)
        else:
            reservation = Reservation(
                patient=patient, slot=slot, at=now, origin=origin, tagged=tagged
            )
            outcome = await self._writer.submit_item(appointments.reserve, reservation)
            if outcome.changed is not None:
                self._board.take(outcome.changed)
            answer = _unless_refused(outcome.answer)
        assert isinstance(answer, Reserved)  # a tag has one text, and so one kind of answer
        return answer

    async def cancel(
        self, patient: str, index: int, tagged: Tagged | None, *, origin: Origin
    ) -> Cancelled:
        """Give back a patient's place under an index (R8)."""
        cancellation = Cancellation(
            patient=patient,
            index=index,
            at=self._now(),
            origin=origin,
            tagged=tagged,
        )
        outcome = await self._writer.submit(
            lambda connection: appointments.cancel(connection, cancellation)
        )
        if outcome.changed is not None:
            self._board.give_back(outcome.changed)
        answer = _unless_refused(outcome.answer)
        assert isinstance(answer, Cancelled)
        return answer

    async def refuse(
        self, tagged: Tagged | None, refusal: Refusal, deed: Deed
    ) -> Reserved | Cancelled:
        """Raise ``refusal`` of a request that did not come to the store, ``deed``: remembered
        under its tag if it has one, in the audit if an administrator asked. What the tag first
        got, if the request was answered before."""
        if tagged is None:
            raise await self.denied(refusal, deed)
        now = self._now()
        answered = await self._writer.submit(
            lambda connection: results.remember(connection, deed, tagged, now, refusal)
        )
        return _unless_refused(answered.answer)

    async def denied(self, refusal: Refusal, deed: Deed) -> Refused:
        """What is to be raised for a request that is refused and not remembered, ``deed``: one of
        an administrator is in the audit then."""
        if deed.origin.role is Role.ADMINISTRATOR:
            now = self._now()
            await self._writer.submit(
                lambda connection: note_refusal(connection, now, deed, refusal)
            )
        return Refused(refusal.code, refusal.text)

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

    async def patients(self, index: int, *, origin: Origin) -> Sequence[Attendance]:
        """Who has the next occurrence of an opening; ``unknown-slot`` if there is none."""
        slot = self._board.slot(index, self._now())
        if slot is None:
            refusal = Refusal(code=Code.UNKNOWN_SLOT, text="no such index")
            deed = Deed(origin=origin, verb=AuditVerb.PATIENTS, object=str(index))
            raise await self.denied(refusal, deed)
        return await self._writer.submit(
            lambda connection: appointments.attendances(connection, slot)
        )

    async def forget_expired(self) -> None:
        """Drop what is kept only for a time: old replies to tags, places that have begun."""
        now = self._now()
        self._board.forget_begun(now)
        await self._writer.submit(lambda connection: results.forget_expired(connection, now))


def _unless_refused(answer: Answer) -> Reserved | Cancelled:
    if isinstance(answer, Refusal):
        raise Refused(answer.code, answer.text)
    assert isinstance(answer, Reserved | Cancelled)  # a tag has one text
    return answer
