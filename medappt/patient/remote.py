"""A center at the other end of a connection, for programs: the operations of ``model``."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.patient.asking import AskedCenter, only, rows
from medappt.patient.connection import CenterConnection
from medappt.patient.distant import connect
from medappt.wire import replies, requests
from medappt.wire.replies import Reply, UnexpectedReply


class RemoteCenter(AskedCenter):
    """``model.operations.NumberedSlotOperations`` over TCP, as one user after ``authenticate``."""

    def available(self) -> Deferred[Sequence[FreeSlot]]:
        return self._ask(requests.Available(), rows(replies.parse_available))

    def slots(self) -> Deferred[Sequence[SlotState]]:
        return self._ask(requests.Slots(), rows(replies.parse_slots))

    def select(self, index: str, tag: str | None = None) -> Deferred[Reserved]:
        # a word that is no index may be unsayable; beside an index, only the tag may
        unsayable = Code.UNKNOWN_SLOT if parse_index(index) is None else Code.SYNTAX
        return self._ask(requests.Selection(index=index), _reserved, tag, unsayable)

    def cancel(self, index: int, tag: str | None = None) -> Deferred[Cancelled]:
        return self._ask(requests.Cancel(index=index), only(Cancelled, "cancellation"), tag)

    def schedule(self, patient: str | None = None) -> Deferred[Sequence[Scheduled]]:
        return self._ask(requests.Schedule(patient=patient), rows(replies.parse_schedule))

    def patients(self, index: int) -> Deferred[Sequence[Attendance]]:
        return self._ask(requests.Patients(index=index), rows(replies.parse_patients))


def _reserved(reply: Reply) -> Reserved:
    if isinstance(reply, replies.NotAvailable):
        raise Refused(Code.FULL, "this slot is taken")
    if isinstance(reply, replies.Invalid):
        raise Refused(Code.UNKNOWN_SLOT, "no such slot in this center")
    if not isinstance(reply, Reserved):
        raise UnexpectedReply("no answer to a selection")
    return reply


def connect_center(endpoint: IStreamClientEndpoint, clock: IReactorTime) -> Deferred[RemoteCenter]:
    """Connect to a center. Fails with ``NoAnswer`` when it is silent, else ``ServerGone``."""
    return connect(endpoint, clock, CenterConnection).addCallback(RemoteCenter)
