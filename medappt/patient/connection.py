"""A connection to a center: requests go out in order, and replies come back in that order.

Only that: what requests and replies mean is in ``wire``, what can be asked in ``remote``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from medappt.patient.ending import EndingConnection
from medappt.wire.replies import Reply, ReplyReader, UnexpectedReply
from medappt.wire.requests import Command, Quit, format_request

REPLY_BYTES = 16 * 1024 * 1024
"""Of one reply, all its lines together: room for half a million rows, and no more of our memory
than that for a center that never ends its list."""


@dataclass(slots=True)
class _Pending:
    reader: ReplyReader
    answer: Deferred[Reply]
    received: int = 0


class CenterConnection(EndingConnection, LineReceiver):
    """A connection in the *line* dialect. Requests may be made without waiting for answers."""

    _log = Logger()
    delimiter = b"\n"
    MAX_LENGTH = 64 * 1024  # no row is near it; a longer line is no center's

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self._pending: deque[_Pending] = deque()

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
        self._have_patience()
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
            self._have_patience()

    def fail_pending(self, reason: Exception) -> None:
        pending, self._pending = self._pending, deque()
        for each in pending:
            each.answer.errback(reason)

    def quit(self) -> Deferred[None]:
        """Take leave, then as ``close``: what was asked before is answered first."""
        if not self._is_lost:
            self.request(Quit()).addBoth(self._leave)
        return self._when_closed()

    def _leave(self, outcome: Reply | Failure) -> None:
        # whatever the center says to it, or if it says nothing: we leave
        self._tcp.loseConnection()
