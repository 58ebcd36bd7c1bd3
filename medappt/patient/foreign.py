"""A center that speaks an earlier form of the protocol: what a visit needs of it.

One message at a time, the next only after the answer: nothing else tells which answer is whose.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.model.appointments import Reserved
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.distant import DistantCenter, connect
from medappt.patient.ending import EndingConnection
from medappt.wire import foreign
from medappt.wire.foreign import GREETING_SECONDS, Answer, Phrases
from medappt.wire.replies import UnexpectedReply

T = TypeVar("T")


@dataclass(slots=True)
class _Question:
    message: bytes
    answer: Deferred[str]
    heard: Answer = field(default_factory=Answer)


class ForeignConnection(EndingConnection):
    """A connection whose answers are over at their NUL, after a silence, or at its end.

    What comes while nothing is asked is a greeting or what is left of a record: it is dropped.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self._waiting: deque[_Question] = deque()
        self._asked: _Question | None = None
        self._silence: IDelayedCall | None = None
        self._ready: set[Deferred[None]] = set()
        self._is_ready = False

    def connectionMade(self) -> None:
        super().connectionMade()
        self._silence = self._clock.callLater(GREETING_SECONDS, self._greeted)

    def _greeted(self) -> None:
        self._silence = None
        self._is_ready = True
        while self._ready:
            self._ready.pop().callback(None)
        self._ask_next()

    def when_ready(self) -> Deferred[None]:
        """Fires when a greeting would be over; fails with the reason if the connection ends
        before."""
        if self._end is not None:
            return fail(self._end)
        if self._is_ready:
            return succeed(None)
        ready: Deferred[None] = Deferred(self._ready.discard)
        self._ready.add(ready)
        return ready

    def ask(self, message: bytes) -> Deferred[str]:
        """Send ``message`` as soon as all before it are answered; fires with its answer.

        Fails with ``ServerGone``, ``NoAnswer`` or ``UnexpectedReply``; the connection has ended
        then.
        """
        if self._end is not None:
            return fail(self._end)
        question = _Question(message, Deferred())
        self._waiting.append(question)
        self._ask_next()
        return question.answer

    def _ask_next(self) -> None:
        if self._is_ready and self._asked is None and self._waiting:
            self._asked = self._waiting.popleft()
            self._have_patience()
            self._tcp.write(self._asked.message)

    def dataReceived(self, data: bytes) -> None:
        if self._asked is None:
            self._log.debug("{count} bytes that answer nothing", count=len(data))
            return
        heard = self._asked.heard
        try:
            heard.feed(data)
        except UnexpectedReply as error:
            self.give_up(error)
            return
        self._listen_no_longer()
        assert heard.pause is not None
        self._silence = self._clock.callLater(heard.pause, self._look_again)

    def _look_again(self) -> None:
        # timers run before sockets are read: what has come already is no silence
        self._silence = self._clock.callLater(0, self._fell_silent)

    def _fell_silent(self) -> None:
        self._silence = None
        asked, self._asked = self._asked, None
        assert asked is not None
        self._wait_for_none()
        asked.answer.callback(asked.heard.text)
        self._ask_next()

    def _listen_no_longer(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        last = self._asked
        if last is not None and last.heard.pause is not None:
            self._asked = None  # nothing can follow: this is the whole answer
        else:
            last = None
        super().connectionLost(reason)
        if last is not None:
            last.answer.callback(last.heard.text)

    def fail_pending(self, reason: Exception) -> None:
        self._listen_no_longer()
        asked, self._asked = self._asked, None
        waiting, self._waiting = self._waiting, deque()
        if asked is not None:
            waiting.appendleft(asked)
        for question in waiting:
            question.answer.errback(reason)
        while self._ready:
            self._ready.pop().errback(reason)


class ForeignCenter(DistantCenter):
    """A ``VisitedCenter`` that is told what ``phrases`` says. Beside ``Refused``, each operation
    fails as those of a ``VisitedCenter`` do."""

    def __init__(self, connection: ForeignConnection, phrases: Phrases) -> None:
        super().__init__(connection)
        self._connection = connection
        self._phrases = phrases

    def when_ready(self) -> Deferred[None]:
        """Fires when a greeting would be over."""
        return self._connection.when_ready()

    def authenticate(self, user: str, password: str) -> Deferred[bool]:
        """Log in: whether the answer was a success. Refused: ``syntax`` for what is no single
        word."""
        return self._ask(lambda: self._phrases.login(user, password), foreign.read_login)

    def slots(self) -> Deferred[Sequence[SlotState]]:
        """Refused: ``unknown-command``. No earlier form has this request, so it is not sent."""
        return fail(Refused(Code.UNKNOWN_COMMAND, "this dialect cannot ask for every slot"))

    def available(self) -> Deferred[Sequence[FreeSlot]]:
        """The free slots that were sent. Refused: ``syntax`` for an answer that is no list."""
        return self._ask(self._phrases.available, foreign.read_free_slots)

    def select(self, index: str) -> Deferred[Reserved]:
        """Reserve a slot. Refused: ``full``; ``unknown-slot`` for any other answer, and for what
        is no single word."""
        return self._ask(
            lambda: self._phrases.selection(index), foreign.read_reservation, Code.UNKNOWN_SLOT
        )

    def quit(self) -> Deferred[None]:
        """Close: no earlier form has a word for it."""
        return self.close()

    def _ask(
        self,
        say: Callable[[], bytes],
        understand: Callable[[str], T],
        unsayable: Code = Code.SYNTAX,
    ) -> Deferred[T]:
        try:
            message = say()
        except ValueError as error:
            return fail(Refused(unsayable, str(error)))
        return self._connection.ask(message).addCallback(understand)


def connect_foreign(
    endpoint: IStreamClientEndpoint, clock: IReactorTime, phrases: Phrases
) -> Deferred[ForeignCenter]:
    """Connect to a center. Fails with ``NoAnswer`` when it is silent, else ``ServerGone``."""
    connected = connect(endpoint, clock, ForeignConnection)
    return connected.addCallback(ForeignCenter, phrases)
