"""A connection to a center: requests go out in order, and replies come back in that order.

Only that: what requests and replies mean is in ``wire``, what can be asked in ``remote``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from medappt.patient.failures import NoAnswer, ServerGone
from medappt.wire.replies import Reply, ReplyReader, UnexpectedReply
from medappt.wire.requests import Command, Quit, format_request

ANSWER_SECONDS = 30.0
"""For one answer, from the request or from the answer before it, whichever is later: more than a
center takes for anything, and not too long for a person."""

CLOSE_SECONDS = 2.0
"""A connection we end is aborted when the center has not closed it by then."""

REPLY_BYTES = 16 * 1024 * 1024
"""Of one reply, all its lines together: room for half a million rows, and no more of our memory
than that for a center that never ends its list."""


@dataclass(slots=True)
class _Pending:
    reader: ReplyReader
    answer: Deferred[Reply]
    received: int = 0


class CenterConnection(LineReceiver):
    """The client's end. Once it has ended, for whatever reason, every request fails with it."""

    _log = Logger()
    delimiter = b"\n"
    MAX_LENGTH = 64 * 1024  # no row is near it; a longer line is no center's

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._pending: deque[_Pending] = deque()
        self._patience: IDelayedCall | None = None
        self._abortion: IDelayedCall | None = None
        self._end: Exception | None = None
        self._is_lost = False
        self._waiting_for_end: set[Deferred[None]] = set()
        self._closing: set[Deferred[None]] = set()

    @property
    def _tcp(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            # each request is small and waits for nothing: Nagle would hold the second one back
            self._tcp.setTcpNoDelay(True)

    def request(self, command: Command, tag: str | None = None) -> Deferred[Reply]:
        """Send ``command``; fires with its reply, whole.

        Fails with ``ServerGone``, ``NoAnswer`` or ``UnexpectedReply``; the connection has ended
        then. Raises ``ValueError`` for what cannot be said in one line of words.
        """
        line = format_request(command, tag)
        if self._end is not None:
            return fail(self._end)
        pending = _Pending(ReplyReader(command, tag), Deferred())
        self._pending.append(pending)
        if self._patience is None:
            self._patience = self._clock.callLater(ANSWER_SECONDS, self._wait_no_longer)
        self._tcp.write(line)
        return pending.answer

    def lineReceived(self, line: bytes) -> None:
        if self._end is not None:  # lines that came in one segment with the one that ended it
            return
        try:
            self._take(line)
        except UnexpectedReply as error:
            self.give_up(error)

    def _take(self, line: bytes) -> None:
        if not self._pending:
            raise UnexpectedReply("a reply to nothing that was asked")
        first = self._pending[0]
        first.received += len(line)
        if first.received > REPLY_BYTES:
            raise UnexpectedReply("a reply without an end")
        reply = first.reader.feed(line.removesuffix(b"\r"))
        if reply is not None:
            self._pending.popleft()
            self._wait_for_the_next()
            first.answer.callback(reply)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.give_up(UnexpectedReply("a line longer than any reply"))

    def _wait_for_the_next(self) -> None:
        self._wait_for_none()
        if self._pending:
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
        pending, self._pending = self._pending, deque()
        for each in pending:
            each.answer.errback(reason)
        _fire(self._waiting_for_end, Failure(reason))

    def when_ended(self) -> Deferred[None]:
        """Fails with the reason as soon as the connection has ended; never fires otherwise."""
        if self._end is not None:
            return fail(self._end)
        ended: Deferred[None] = Deferred(self._waiting_for_end.discard)
        self._waiting_for_end.add(ended)
        return ended

    def quit(self) -> Deferred[None]:
        """Take leave, then as ``close``: what was asked before is answered first."""
        if not self._is_lost:
            self.request(Quit()).addBoth(self._leave)
        return self._when_closed()

    def _leave(self, outcome: Reply | Failure) -> None:
        # whatever the center says to it, or if it says nothing: we leave
        self._tcp.loseConnection()

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
