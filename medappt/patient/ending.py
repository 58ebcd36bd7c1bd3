"""How a connection to a center ends, whatever is spoken on it: by the center, by silence, by us."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.patient.failures import NoAnswer, ServerGone

ANSWER_SECONDS = 30.0
"""For one answer, from the request or from the answer before it, whichever is later: more than a
center takes for anything, and not too long for a person."""

CLOSE_SECONDS = 2.0
"""A connection we end is aborted when the center has not closed it by then."""


class EndingConnection(Protocol, ABC):
    """The client's end. Once it has ended, for whatever reason, every request fails with it."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._patience: IDelayedCall | None = None
        self._abortion: IDelayedCall | None = None
        self._end: Exception | None = None
        self._is_lost = False
        self._waiting_for_end: set[Deferred[None]] = set()
        self._closing: set[Deferred[None]] = set()

    @abstractmethod
    def fail_pending(self, reason: Exception) -> None:
        """Fail every request that waits for its answer: the connection has ended."""

    @property
    def _tcp(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            # each request is small and waits for nothing: Nagle would hold the second one back
            self._tcp.setTcpNoDelay(True)

    def _have_patience(self) -> None:
        if self._patience is None:
            self._patience = self._clock.callLater(ANSWER_SECONDS, self._wait_no_longer)

    def _wait_for_none(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _wait_no_longer(self) -> None:
        self._patience = None
        self.give_up(NoAnswer(f"the center did not answer within {ANSWER_SECONDS:.0f} seconds"))

    def give_up(self, reason: Exception) -> None:
        """Abort the connection: what is pending, and what is asked later, fails with ``reason``."""
        if self._end is None:
            self._log.debug("gave up a center: {reason}", reason=reason)
            self._ended(reason)
            self._tcp.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._is_lost = True
        if self._abortion is not None:
            self._abortion.cancel()
            self._abortion = None
        if self._end is None:
            self._ended(ServerGone(_why(reason)))
        _fire(self._closing, None)

    def _ended(self, reason: Exception) -> None:
        self._end = reason
        self._wait_for_none()
        self.fail_pending(reason)
        _fire(self._waiting_for_end, Failure(reason))

    def when_ended(self) -> Deferred[None]:
        """Fails with the reason as soon as the connection has ended; never fires otherwise."""
        if self._end is not None:
            return fail(self._end)
        ended: Deferred[None] = Deferred(self._waiting_for_end.discard)
        self._waiting_for_end.add(ended)
        return ended

    def close(self) -> Deferred[None]:
        """End the connection; fires when it has ended, within ``CLOSE_SECONDS``."""
        if not self._is_lost:
            self._tcp.loseConnection()
        return self._when_closed()

    def _when_closed(self) -> Deferred[None]:
        if self._is_lost:
            return succeed(None)
        if self._abortion is None:
            self._abortion = self._clock.callLater(CLOSE_SECONDS, self._abort)
        closed: Deferred[None] = Deferred(self._closing.discard)
        self._closing.add(closed)
        return closed

    def _abort(self) -> None:
        self._abortion = None
        self._tcp.abortConnection()


def _fire(waiting: set[Deferred[None]], result: Failure | None) -> None:
    while waiting:  # one that fires may cancel another
        waiting.pop().callback(result)


def _why(reason: Failure) -> str:
    if reason.check(ConnectionDone):
        return "the connection to the center was closed"
    return f"the connection to the center was lost: {reason.getErrorMessage()}"
