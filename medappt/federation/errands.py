"""What a center does by itself, in the background: one thing for each key, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.store.failures import StoreBusy, StoreFailed

STORE_SECONDS = 1.0
"""Until a transaction that the store could not do is tried again: a full disk is not emptied in
less, and clients wait for the same writer."""

T = TypeVar("T")


class Errands:
    """Coroutines under way, one for each key at most. What one raises is logged and ends only
    that one."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._running: dict[Hashable, Deferred[Any]] = {}
        self._is_stopped = False

    def start(
        self, key: Hashable, errand: Callable[[], Coroutine[Deferred[Any], Any, object]]
    ) -> None:
        """Begin ``errand``, unless one of this key is under way, or all are stopped."""
        if self._is_stopped or key in self._running:
            return
        self._running[key] = Deferred()  # it may ask for itself before its first pause
        running: Deferred[Any] = Deferred.fromCoroutine(errand())
        self._running[key] = running
        running.addBoth(self._ended, key)

    def _ended(self, result: object, key: Hashable) -> None:
        del self._running[key]
        if isinstance(result, Failure) and not result.check(CancelledError):
            self._log.failure("Something a center does by itself failed.", result)

    def end(self, key: Hashable) -> None:
        """End the errand of this key where it is, if there is one."""
        if key in self._running:
            self._running[key].cancel()

    def stop(self) -> None:
        """End every one where it is, and begin no other."""
        self._is_stopped = True
        for running in list(self._running.values()):
            running.cancel()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._running

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._running)

    def pause(self, seconds: float) -> Deferred[None]:
        """Fires after so many seconds."""
        return deferLater(self._clock, max(0.0, seconds), _nothing)

    async def done(self, transaction: Callable[[], Deferred[T]]) -> T:
        """What ``transaction`` gives, tried again for as long as the store cannot do it."""
        while True:
            try:
                return await transaction()
            except (StoreBusy, StoreFailed):
                await self.pause(STORE_SECONDS)


class Bell:
    """Those who wait until something may have changed."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # in the order they came: what follows is the same each time
        self._waiting: dict[Deferred[None], None] = {}
        self.is_closed = False

    def heard(self, seconds: float) -> Deferred[None]:
        """Fires at the next ring, or after so many seconds."""
        waiting: Deferred[None] = Deferred()
        self._waiting[waiting] = None
        late = self._clock.callLater(max(0.0, seconds), waiting.callback, None)

        def over(result: T) -> T:
            self._waiting.pop(waiting, None)
            if late.active():
                late.cancel()
            return result

        return waiting.addBoth(over)

    def ring(self) -> None:
        """Wake all who wait."""
        for waiting in list(self._waiting):
            if waiting in self._waiting:  # waking one may have ended another
                waiting.callback(None)

    def close(self) -> None:
        """Ring for the last time: nothing more will change."""
        self.is_closed = True
        self.ring()


def _nothing() -> None:
    """Time passes."""
