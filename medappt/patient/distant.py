"""What every center at the other end of a connection has in common, whatever it speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import TimeoutError as ConnectionTimeout
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from medappt.model.appointments import Reserved
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.addresses import Address, address_of
from medappt.patient.ending import EndingConnection
from medappt.patient.failures import NoAnswer, ServerGone

T = TypeVar("T")
C = TypeVar("C", bound=EndingConnection)

CONNECT_SECONDS = 10.0
"""To find a center's address and connect: time for a lost packet to be sent a third time."""


class VisitedCenter(Protocol):
    """A center as a visit needs it, in whatever dialect.

    Every operation fails with ``Refused`` when the center says no; with ``ServerGone``,
    ``NoAnswer`` or ``UnexpectedReply`` when the connection ends before its answer: whether it had
    its effect is then not known.
    """

    @property
    def local(self) -> Address:
        """Our end of the connection."""

    @property
    def peer(self) -> Address:
        """The center's end of the connection."""

    def when_ready(self) -> Deferred[None]:
        """Fires when the center is to be asked the first time."""

    def authenticate(self, user: str, password: str) -> Deferred[bool]:
        """Log in: whether the center knows this user with this password."""

    def slots(self) -> Deferred[Sequence[SlotState]]:
        """Every slot. Refused: ``unknown-command`` where the center has no such request."""

    def available(self) -> Deferred[Sequence[FreeSlot]]:
        """The free slots."""

    def select(self, index: str) -> Deferred[Reserved]:
        """Reserve a slot; ``doctor`` is empty where the center names none. Refused: ``full``,
        ``unknown-slot``."""

    def quit(self) -> Deferred[None]:
        """Take leave; fires, and never fails, when the connection has ended."""

    def close(self) -> Deferred[None]:
        """Close without a word; fires, and never fails, when the connection has ended."""

    def while_connected(self, waiting: Deferred[T]) -> Deferred[T]:
        """``waiting``, given up (cancelled) when the connection ends first: fails then as a
        request would. For what takes its time while nothing is asked."""


class DistantCenter:
    """The part of a ``VisitedCenter`` that is about its connection."""

    def __init__(self, connection: EndingConnection) -> None:
        self._ending = connection

    @property
    def local(self) -> Address:
        """Our end of the connection."""
        return address_of(self._ending.transport.getHost())  # type: ignore[union-attr]

    @property
    def peer(self) -> Address:
        """The center's end of the connection."""
        return address_of(self._ending.transport.getPeer())  # type: ignore[union-attr]

    def close(self) -> Deferred[None]:
        """Close without a word; fires, and never fails, when the connection has ended."""
        return self._ending.close()

    def while_connected(self, waiting: Deferred[T]) -> Deferred[T]:
        """``waiting``, given up (cancelled) when the connection ends first: fails then as a
        request would. For what takes its time while nothing is asked."""
        outcome: Deferred[T] = Deferred(lambda _: waiting.cancel())
        end = self._ending.when_ended()
        end.addErrback(_end_waiting, waiting, outcome)
        waiting.addBoth(_end_watching, end, outcome)
        return outcome


def _end_waiting(reason: Failure, waiting: Deferred[T], outcome: Deferred[T]) -> None:
    if not outcome.called:
        outcome.errback(reason)
        waiting.cancel()


def _end_watching(result: T | Failure, end: Deferred[None], outcome: Deferred[T]) -> None:
    if not outcome.called:
        outcome.callback(cast(T, result))
        end.cancel()


def connect(
    endpoint: IStreamClientEndpoint, clock: IReactorTime, make: Callable[[IReactorTime], C]
) -> Deferred[C]:
    """Connect to a center. Fails with ``NoAnswer`` when it is silent, else ``ServerGone``."""
    connected = cast("Deferred[C]", endpoint.connect(_ConnectionFactory(clock, make)))
    connected.addTimeout(CONNECT_SECONDS, clock)
    return connected.addErrback(_not_connected)


class _ConnectionFactory(Factory):
    noisy = False

    def __init__(
        self, clock: IReactorTime, make: Callable[[IReactorTime], EndingConnection]
    ) -> None:
        self._clock = clock
        self._make = make

    def buildProtocol(self, addr: object) -> EndingConnection:
        return self._make(self._clock)


def _not_connected(failure: Failure) -> Failure:
    if failure.check(ConnectionTimeout, DeferredTimeout):
        return Failure(NoAnswer("the center does not answer"))
    if failure.check(CancelledError):
        return failure
    reason = failure.getErrorMessage().removesuffix(".")
    return Failure(ServerGone(f"the center cannot be reached: {reason}"))
