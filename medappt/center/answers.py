"""A visitor's requests, put to the center's operations, and their results worded as replies."""

from __future__ import annotations

from collections.abc import Awaitable

from twisted.logger import Logger

from medappt.center.realm import Visitor
from medappt.center.sentences import CenterSentences, Peer
from medappt.model.refusals import Code, Refusal, Refused
from medappt.store.writer import StoreBusy, StoreFailed
from medappt.wire.replies import (
    Invalid,
    NotAvailable,
    Reply,
    Rows,
    available_rows,
    patients_rows,
    schedule_rows,
    slots_rows,
)
from medappt.wire.requests import (
    Available,
    Cancel,
    Command,
    Malformed,
    Patients,
    Request,
    Schedule,
    Selection,
    Slots,
)

OPEN_TO_ALL = ("authenticate USER PASSWORD", "help", "quit")
_OPEN_TO_PATIENTS = (
    "available",
    "slots",
    "selection INDEX",
    "cancel INDEX",
    "schedule",
    "help",
    "quit",
)
_OPEN_TO_ADMINISTRATORS = (
    "available",
    "slots",
    "selection INDEX",
    "cancel INDEX",
    "schedule USER",
    "patients INDEX",
    "help",
    "quit",
)
_TRY_AGAIN = Refusal(code=Code.BUSY, text="the center cannot do this now, try again")


def help_rows(visitor: Visitor | None) -> Rows:
    """The requests open to a visitor, or to somebody who has not logged in."""
    if visitor is None:
        return Rows(rows=OPEN_TO_ALL)
    is_administrator = visitor.user.is_administrator
    return Rows(rows=_OPEN_TO_ADMINISTRATORS if is_administrator else _OPEN_TO_PATIENTS)


class Answers:
    """Answers one connection's requests and tells the sentences about them."""

    _log = Logger()

    def __init__(self, sentences: CenterSentences, peer: Peer) -> None:
        self._sentences = sentences
        self._peer = peer

    async def to(self, request: Request, visitor: Visitor) -> Reply:
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

    async def to_malformed(self, asked: Malformed, visitor: Visitor) -> Reply:
        """The refusal of a line that is no request, remembered if its tag asks for that."""
        if asked.tag is None or not asked.has_effect:
            return asked.refusal
        return await self._guard(visitor.refuse(asked.tag, asked.text, asked.refusal))

    async def _selection(self, command: Selection, tag: str | None, visitor: Visitor) -> Reply:
        user = visitor.user.name
        self._sentences.selection_received(command.index, self._peer, user)
        try:
            reserved = await visitor.select(command.index, tag)
        except Refused as refused:
            code = refused.refusal.code
            if code is Code.UNKNOWN_SLOT:
                self._sentences.selection_invalid()
                return Invalid()
            self._sentences.selection_answered(command.index, user, confirmed=False)
            return NotAvailable() if code is Code.FULL else refused.refusal
        self._sentences.selection_answered(command.index, user, confirmed=True)
        return reserved

    async def _plain(self, command: Command, tag: str | None, visitor: Visitor) -> Reply:
        match command:
            case Available():
                self._sentences.list_requested(self._peer)
                rows = available_rows(await visitor.available())
                self._sentences.list_sent(visitor.user.name)
                return rows
            case Slots():
                return slots_rows(await visitor.slots())
            case Cancel():
                return await visitor.cancel(command.index, tag)
            case Schedule():
                return schedule_rows(await visitor.schedule(command.patient))
            case Patients():
                return patients_rows(await visitor.patients(command.index))
            case _:
                raise AssertionError("the session answers these")
