"""A visitor's requests, put to the center's operations, and their results worded as replies."""

from __future__ import annotations

from collections.abc import Awaitable

from twisted.logger import Logger

from medappt.center.city_answers import answer_city, as_reply
from medappt.center.city_visitor import CityVisitor
from medappt.center.sentences import CenterSentences, Peer
from medappt.center.visitor import AnyVisitor
from medappt.model.refusals import Code, Refusal, Refused
from medappt.store.writer import StoreBusy, StoreFailed
from medappt.wire.replies import (
    Invalid,
    NotAvailable,
    Reply,
    available_rows,
    patients_rows,
    schedule_rows,
    slots_rows,
)
from medappt.wire.requests import (
    Authenticate,
    Available,
    Cancel,
    Command,
    Help,
    Malformed,
    Patients,
    Quit,
    Request,
    Schedule,
    Selection,
    Slots,
)

_TRY_AGAIN = Refusal(code=Code.BUSY, text="the center cannot do this now, try again")


class Answers:
    """Answers one connection's requests and tells the sentences about them."""

    _log = Logger()

    def __init__(self, sentences: CenterSentences, peer: Peer) -> None:
        self._sentences = sentences
        self._peer = peer

    async def to(self, request: Request, visitor: AnyVisitor) -> Reply:
        """The reply to a request of a visitor. Never raises: an error costs no connection."""
        command = request.command
        if isinstance(command, Selection):
            return await self._guard(self._selection(command, request.tag, visitor))
        return await self._guard(self._plain(command, request.tag, visitor))

    async def _guard(self, answer: Awaitable[Reply]) -> Reply:
        try:
            return await answer
        except Refused as refused:
            return refused.refusal
        except (StoreBusy, StoreFailed):
            return _TRY_AGAIN
        except Exception:  # noqa: BLE001 - a defect of ours must not hurt its neighbours
            self._log.failure("A request could not be answered.")
            return _TRY_AGAIN

    async def to_malformed(self, asked: Malformed, visitor: AnyVisitor) -> Reply:
        """The refusal of a line that is no request, remembered if its tag asks for that, and in
        the audit if an administrator sent it."""
        tag = asked.tag if asked.has_effect else None
        if tag is None and not visitor.user.is_administrator:
            return asked.refusal
        return await self._guard(self._refusal(asked, tag, visitor))

    async def _refusal(self, asked: Malformed, tag: str | None, visitor: AnyVisitor) -> Reply:
        return as_reply(await visitor.refuse(tag, asked.text, asked.refusal))

    async def _selection(self, command: Selection, tag: str | None, visitor: AnyVisitor) -> Reply:
        user = visitor.user.name
        self._sentences.selection_received(command.index, self._peer, user)
        try:
            reserved = await visitor.numbered.select(command.index, tag)
        except Refused as refused:
            code = refused.refusal.code
            if code is Code.UNKNOWN_SLOT:
                self._sentences.selection_invalid()
                return Invalid()
            self._sentences.selection_answered(command.index, user, confirmed=False)
            return NotAvailable() if code is Code.FULL else refused.refusal
        self._sentences.selection_answered(command.index, user, confirmed=True)
        return reserved

    async def _plain(self, command: Command, tag: str | None, visitor: AnyVisitor) -> Reply:
        match command:
            case Available():
                self._sentences.list_requested(self._peer)
                rows = available_rows(await visitor.numbered.available())
                self._sentences.list_sent(visitor.user.name)
                return rows
            case Slots():
                return slots_rows(await visitor.numbered.slots())
            case Cancel():
                return await visitor.numbered.cancel(command.index, tag)
            case Schedule():
                return schedule_rows(await visitor.numbered.schedule(command.patient))
            case Patients():
                return patients_rows(await visitor.numbered.patients(command.index))
            case Authenticate() | Help() | Quit() | Selection():
                raise AssertionError("these are answered elsewhere")
            case _:
                assert isinstance(visitor, CityVisitor), "other centers know no such request"
                return await answer_city(command, tag, visitor)
