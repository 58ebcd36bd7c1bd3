"""A center at the other end of a connection, for programs: the operations of ``model``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.patient.connection import CenterConnection
from medappt.patient.distant import DistantCenter, connect
from medappt.wire import replies, requests
from medappt.wire.replies import Reply, Rows, UnexpectedReply

T = TypeVar("T")


class RemoteCenter(DistantCenter):
    """``model.operations.NumberedSlotOperations`` over TCP, as one user after ``authenticate``.

    Requests may be made without waiting for the answers before them. Beside ``Refused``, each
    fails with ``ServerGone``, ``NoAnswer`` or ``UnexpectedReply`` when the connection ends before
    its answer: whether it had its effect is then not known.
    """

    def __init__(self, connection: CenterConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    def when_ready(self) -> Deferred[None]:
        """Has fired: a center of this protocol is silent until it is asked."""
        return succeed(None)

    def authenticate(self, user: str, password: str) -> Deferred[bool]:
        """Log in: whether the center knows this user with this password. After ``False`` it
        closes. Refused: ``busy``; ``syntax`` for what is no single word."""
        return self._ask(requests.Authenticate(user=user, password=password), _login)

    def available(self) -> Deferred[Sequence[FreeSlot]]:
        return self._ask(requests.Available(), _rows(replies.parse_available))

    def slots(self) -> Deferred[Sequence[SlotState]]:
        return self._ask(requests.Slots(), _rows(replies.parse_slots))

    def select(self, index: str, tag: str | None = None) -> Deferred[Reserved]:
        # a word that is no index may be unsayable; beside an index, only the tag may
        unsayable = Code.UNKNOWN_SLOT if parse_index(index) is None else Code.SYNTAX
        return self._ask(requests.Selection(index=index), _reserved, tag, unsayable)

    def cancel(self, index: int, tag: str | None = None) -> Deferred[Cancelled]:
        return self._ask(requests.Cancel(index=index), _cancelled, tag)

    def schedule(self, patient: str | None = None) -> Deferred[Sequence[Scheduled]]:
        return self._ask(requests.Schedule(patient=patient), _rows(replies.parse_schedule))

    def patients(self, index: int) -> Deferred[Sequence[Attendance]]:
        return self._ask(requests.Patients(index=index), _rows(replies.parse_patients))

    def quit(self) -> Deferred[None]:
        """Take leave; fires, and never fails, when the connection has ended."""
        return self._connection.quit()

    def _ask(
        self,
        command: requests.Command,
        understand: Callable[[Reply], T],
        tag: str | None = None,
        unsayable: Code = Code.SYNTAX,
    ) -> Deferred[T]:
        try:
            answer = self._connection.request(command, tag)
        except ValueError as error:  # the center would say the same of it, could it be said
            return fail(Refused(unsayable, str(error)))
        return answer.addCallback(self._understand, understand)

    def _understand(self, reply: Reply, understand: Callable[[Reply], T]) -> T:
        if isinstance(reply, Refusal):
            raise Refused(reply.code, reply.text)
        try:
            return understand(reply)
        except UnexpectedReply as error:
            self._connection.give_up(error)
            raise


def _login(reply: Reply) -> bool:
    if not isinstance(reply, replies.Success | replies.Failure):
        raise UnexpectedReply("neither success nor failure of a login")
    return isinstance(reply, replies.Success)


def _reserved(reply: Reply) -> Reserved:
    if isinstance(reply, replies.NotAvailable):
        raise Refused(Code.FULL, "this slot is taken")
    if isinstance(reply, replies.Invalid):
        raise Refused(Code.UNKNOWN_SLOT, "no such slot in this center")
    if not isinstance(reply, Reserved):
        raise UnexpectedReply("no answer to a selection")
    return reply


def _cancelled(reply: Reply) -> Cancelled:
    if not isinstance(reply, Cancelled):
        raise UnexpectedReply("no answer to a cancellation")
    return reply


def _rows(parse: Callable[[Rows], Sequence[T]]) -> Callable[[Reply], Sequence[T]]:
    def understand(reply: Reply) -> Sequence[T]:
        assert isinstance(reply, Rows)  # the reader of a list knows only that and refusals
        return parse(reply)

    return understand


def connect_center(endpoint: IStreamClientEndpoint, clock: IReactorTime) -> Deferred[RemoteCenter]:
    """Connect to a center. Fails with ``NoAnswer`` when it is silent, else ``ServerGone``."""
    return connect(endpoint, clock, CenterConnection).addCallback(RemoteCenter)
