"""Requests that wait for their reply, and are sent again until it comes (section 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from medappt.wire.federation import Hold, List, Reply, Request, format_request

FIRST_PAUSE = 0.25
"""Seconds until a request is sent again; then twice as long, up to ``LONGEST_PAUSE``."""

LONGEST_PAUSE = 5.0

PAUSES_TO_DEADLINE = 8
"""Where somebody waits for the answer until a deadline, no pause is longer than this part of the
time. Otherwise, with 30 % lost both ways, one hold in thirty would have no answer in its 8 seconds,
and its place be kept for nobody while others are told that all are taken."""


@dataclass(kw_only=True, slots=True, eq=False)
class Asked:
    """A request under way. ``transmissions`` counts those there were."""

    city: str
    sequence: int
    request: Request[Any]
    payload: bytes = field(repr=False)
    answer: Deferred[Any] = field(repr=False)
    end: float | None
    longest: float = LONGEST_PAUSE
    transmissions: int = 0
    pause: float = FIRST_PAUSE
    timer: IDelayedCall | None = None


class Asking:
    """All the requests of one center that wait. ``transmit`` sends one once; ``jitter`` draws
    from 0 up to 1."""

    def __init__(
        self, clock: IReactorTime, jitter: Callable[[], float], transmit: Callable[[Asked], None]
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._transmit = transmit
        self._sequence = 0
        self._waiting: dict[int, Asked] = {}

    def ask(self, city: str, request: Request[Any], deadline: float | None) -> Deferred[Any]:
        """Send ``request`` until it is answered, or ``deadline`` seconds have passed: the result
        is ``None`` then. Cancelling ends it too. Raises ``ValueError`` for values that cannot
        travel."""
        self._sequence += 1
        asked = Asked(
            city=city,
            sequence=self._sequence,
            request=request,
            payload=format_request(self._sequence, request),
            answer=Deferred(lambda _: self._forget(asked)),
            end=None if deadline is None else self._clock.seconds() + deadline,
        )
        if deadline is not None and isinstance(request, Hold | List):
            asked.longest = min(LONGEST_PAUSE, deadline / PAUSES_TO_DEADLINE)
            asked.pause = min(FIRST_PAUSE, asked.longest)
        self._waiting[asked.sequence] = asked
        self._send(asked)
        return asked.answer

    def _send(self, asked: Asked) -> None:
        asked.timer = None
        pause = asked.pause * (0.5 + self._jitter())
        if asked.end is not None:
            left = asked.end - self._clock.seconds()
            if left <= 0:
                self._forget(asked)
                asked.answer.callback(None)
                return
            pause = min(pause, left)
        asked.pause = min(2 * asked.pause, asked.longest)
        # before it is sent: what the reply ends must be there
        asked.timer = self._clock.callLater(pause, self._send, asked)
        self._transmit(asked)
        asked.transmissions += 1

    def find(self, sequence: int) -> Asked | None:
        """The request of this sequence, if it waits still."""
        return self._waiting.get(sequence)

    def answer(self, asked: Asked, reply: Reply) -> None:
        """``asked`` waits no more."""
        self._forget(asked)
        asked.answer.callback(reply)

    def fail_all(self, reason: Exception) -> None:
        """No request waits any more; each has failed with ``reason``."""
        for asked in list(self._waiting.values()):
            # what one failure leads to may have ended others
            if asked.sequence in self._waiting:
                self._forget(asked)
                asked.answer.errback(reason)

    def _forget(self, asked: Asked) -> None:
        del self._waiting[asked.sequence]
        if asked.timer is not None:
            asked.timer.cancel()
            asked.timer = None

    def __len__(self) -> int:
        """The requests that wait."""
        return len(self._waiting)
