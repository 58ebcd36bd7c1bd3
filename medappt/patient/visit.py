"""A patient's visit: log in, list, choose, reserve, hang up, ask the doctor, tell.

One chain of callbacks; what happens is told to a ``Screen``, so that the visit needs none itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTime,
    IReactorUDP,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure

from medappt.model.appointments import Reserved
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.addresses import Address
from medappt.patient.dialects import connect_in, question_in
from medappt.patient.distant import VisitedCenter
from medappt.patient.estimate import EstimateSocket, open_estimate_socket, resolve_host
from medappt.patient.failures import (
    InvalidIndex,
    LoginRefused,
    NoEstimate,
    NoFreeSlot,
    SlotTaken,
)
from medappt.wire.foreign import Dialect

STARS = "*" * 8
"""What is told of a password: of every one the same, so that not even its length is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitPlan:
    """What a visit is to do.

    ``doctor_host`` is ``None`` where the doctor is on the server's host; ``choose`` is ``None``
    where the screen is asked. ``is_classroom`` tells the password, and lists all slots where the
    ``dialect`` can ask for them.
    """

    user: str
    password: str = field(repr=False)
    insurance: str
    doctor_host: str | None = None
    doctor_port_offset: int = 0
    choose: str | None = None
    is_classroom: bool = False
    dialect: Dialect = Dialect.LINE


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitResult:
    """How a visit came out. ``doctor`` is ``None`` where the server named only a port; ``amount``
    is ``unknown`` where the doctor has no price for the plan."""

    doctor: str | None
    doctor_port: int
    user: str
    insurance: str
    amount: str


class Screen(Protocol):
    """Who is told of a visit, and asked for an index. Nothing here raises."""

    def connected(self, local: Address) -> None:
        """The center is reached, from ``local``."""

    def login_sent(self, user: str, password: str) -> None:
        """``password`` is stars, but in a classroom."""

    def login_answered(self, is_good: bool) -> None:
        """The center knows this user with this password, or not."""

    def all_slots(self, slots: Sequence[SlotState]) -> None:
        """Every slot of the center; only in a classroom."""

    def free_slots(self, user: str, slots: Sequence[FreeSlot]) -> None:
        """What there is to choose from."""

    def ask_index(self) -> Deferred[str]:
        """One line from the person, stripped; fails with ``EndOfInput``. May be cancelled."""

    def index_refused(self, index: str) -> None:
        """The center has no such index; the screen is asked again."""

    def reserved(self, doctor_port: int) -> None:
        """The slot is the patient's."""

    def taken(self) -> None:
        """Somebody has the slot."""

    def outcome_unknown(self, index: str) -> None:
        """The center was asked for the slot, and it is not known what it did."""

    def doctor_sought(self, local: Address, insurance: str) -> None:
        """A socket to the doctor is open at ``local``."""

    def estimate_requested(self, insurance: str, doctor: Address) -> None:
        """The doctor was asked."""

    def estimate_received(self, result: VisitResult) -> None:
        """The doctor answered: the visit is over."""

    def no_estimate(self, doctor_port: int, reason: str) -> None:
        """No answer of the doctor; the appointment stands."""


class Visit:
    """One visit. ``run`` is called once."""

    def __init__(
        self,
        plan: VisitPlan,
        screen: Screen,
        server: IStreamClientEndpoint,
        *,
        clock: IReactorTime,
        udp: IReactorUDP,
        names: IReactorPluggableNameResolver,
    ) -> None:
        self._plan = plan
        self._screen = screen
        self._server = server
        self._clock = clock
        self._udp = udp
        self._names = names
        self._center: VisitedCenter | None = None
        self._server_host = ""
        self._asking: Deferred[None] | None = None
        self._reserved: Reserved | None = None

    def run(self) -> Deferred[VisitResult]:
        """Fails with what ended the visit: a ``VisitRefused``, ``Refused``, ``EndOfInput``,
        ``ServerGone``, ``UnexpectedReply``, ``NoAnswer``, or, when the appointment stands,
        ``NoEstimate``. Cancelling ends it; then, too, its connection is closed first."""
        visit: Deferred[Any] = connect_in(self._plan.dialect, self._server, self._clock)
        visit.addCallback(self._meet)
        visit.addCallback(self._authenticate)
        visit.addCallback(self._check_login)
        visit.addCallback(self._list_all)
        visit.addCallback(self._list_free)
        visit.addCallback(self._offer)
        visit.addCallback(self._choose)
        visit.addCallback(self._tell_reserved)
        visit.addErrback(self._hang_up)
        visit.addCallback(self._take_leave)
        visit.addCallback(self._find_doctor)
        visit.addCallback(self._open_socket)
        visit.addCallback(self._ask_doctor)
        visit.addCallback(self._tell_estimate)
        visit.addErrback(self._tell_no_estimate)
        return visit

    # Phase 1

    def _meet(self, center: VisitedCenter) -> Deferred[None]:
        self._center = center
        self._server_host = center.peer.host
        self._screen.connected(center.local)
        return center.when_ready()

    def _authenticate(self, _: None) -> Deferred[bool]:
        plan = self._plan
        answer = self._met.authenticate(plan.user, plan.password)
        if not answer.called:  # as in ``_reserve``: else it was not sent
            self._screen.login_sent(plan.user, plan.password if plan.is_classroom else STARS)
        return answer

    def _check_login(self, is_good: bool) -> None:
        self._screen.login_answered(is_good)
        if not is_good:
            raise LoginRefused("the center refused the login")

    # Phase 2

    def _list_all(self, _: None) -> Deferred[None] | None:
        if not self._plan.is_classroom:
            return None
        listing = self._met.slots()
        return listing.addCallbacks(self._screen.all_slots, self._no_table)

    def _no_table(self, failure: Failure) -> None:
        refused = failure.value
        if isinstance(refused, Refused) and refused.refusal.code is Code.UNKNOWN_COMMAND:
            return  # a center without a table of all slots is visited without it
        failure.raiseException()

    def _list_free(self, _: None) -> Deferred[Sequence[FreeSlot]]:
        return self._met.available()

    def _offer(self, slots: Sequence[FreeSlot]) -> None:
        self._screen.free_slots(self._plan.user, slots)
        if not slots and self._plan.choose is None:
            raise NoFreeSlot("no appointment is free")

    def _choose(self, _: None) -> Deferred[Reserved]:
        if self._plan.choose is not None:
            return self._reserve(self._plan.choose)
        chosen: Deferred[Reserved] = Deferred(self._stop_asking)
        self._ask_for_index(chosen)
        return chosen

    def _ask_for_index(self, chosen: Deferred[Reserved]) -> None:
        # the center may go while the person thinks
        index = self._met.while_connected(self._screen.ask_index())
        reserving = index.addCallback(self._reserve)
        self._asking = reserving.addCallbacks(
            chosen.callback, self._ask_again, errbackArgs=(chosen,)
        )

    def _ask_again(self, failure: Failure, chosen: Deferred[Reserved]) -> None:
        if isinstance(failure.value, InvalidIndex):
            self._screen.index_refused(failure.value.index)
            self._ask_for_index(chosen)
        else:
            chosen.errback(failure)

    def _stop_asking(self, chosen: Deferred[Reserved]) -> None:
        assert self._asking is not None
        self._asking.cancel()

    def _reserve(self, index: str) -> Deferred[Reserved]:
        reserving = self._met.select(index)
        # else the connection had ended before, or it could not be said
        is_sent = not reserving.called
        return reserving.addErrback(self._not_reserved, index, is_sent)

    def _not_reserved(self, failure: Failure, index: str, is_sent: bool) -> NoReturn:
        if isinstance(failure.value, Refused):
            code = failure.value.refusal.code
            if code is Code.UNKNOWN_SLOT:
                raise InvalidIndex(index)
            if code is Code.FULL:
                self._screen.taken()
                raise SlotTaken("the appointment is taken")
        elif is_sent:
            self._screen.outcome_unknown(index)
        failure.raiseException()

    def _tell_reserved(self, reserved: Reserved) -> None:
        offset = self._plan.doctor_port_offset
        self._reserved = Reserved(doctor=reserved.doctor, port=reserved.port + offset)
        self._screen.reserved(self._reserved.port)

    def _take_leave(self, _: None) -> Deferred[None]:
        return self._met.quit()

    def _hang_up(self, failure: Failure) -> Deferred[Failure] | Failure:
        if self._center is None:
            return failure
        return self._center.close().addBoth(lambda _: failure)

    # Phase 3

    def _find_doctor(self, _: None) -> Deferred[str]:
        host = self._plan.doctor_host or self._server_host
        return resolve_host(self._names, self._clock, host)

    def _open_socket(self, host: str) -> EstimateSocket:
        doctor = Address(host=host, port=self._kept.port)
        socket = open_estimate_socket(self._udp, self._clock, doctor)
        self._screen.doctor_sought(socket.local, self._plan.insurance)
        return socket

    def _ask_doctor(self, socket: EstimateSocket) -> Deferred[str]:
        plan = self._plan
        amount = socket.ask(question_in(plan.dialect, plan.insurance, plan.user))
        self._screen.estimate_requested(self._plan.insurance, socket.doctor)
        return amount

    def _tell_estimate(self, amount: str) -> VisitResult:
        result = VisitResult(
            doctor=self._kept.doctor or None,
            doctor_port=self._kept.port,
            user=self._plan.user,
            insurance=self._plan.insurance,
            amount=amount,
        )
        self._screen.estimate_received(result)
        return result

    def _tell_no_estimate(self, failure: Failure) -> Failure:
        if self._reserved is not None:
            is_silent = failure.check(NoEstimate) is not None
            reason = failure.getErrorMessage() if is_silent else "the visit was interrupted"
            self._screen.no_estimate(self._reserved.port, reason)
        return failure

    @property
    def _met(self) -> VisitedCenter:
        assert self._center is not None
        return self._center

    @property
    def _kept(self) -> Reserved:
        assert self._reserved is not None
        return self._reserved
