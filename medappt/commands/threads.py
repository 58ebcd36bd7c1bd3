"""A reactor in a thread of its own, for who waits for lines in the main one.

readline wants the main thread: signals and the terminal are there. While it waits for a person the
reactor must go on, or it would neither answer the center nor notice that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class IThreadedReactor(Protocol):
    """What is used of a reactor here."""

    def run(self, installSignalHandlers: bool = True) -> None:
        """Run until it is stopped."""

    def stop(self) -> None:
        """Stop; to be called in its thread."""

    def callFromThread(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function in its thread, soon."""


class ReactorThread:
    """Runs a reactor while the block lasts."""

    def __init__(self, reactor: IThreadedReactor) -> None:
        self._reactor = reactor
        # a daemon: a fault in the main thread must end the process
        self._thread = Thread(target=self._run, name="reactor", daemon=True)

    def _run(self) -> None:
        self._reactor.run(installSignalHandlers=False)

    def __enter__(self) -> ReactorThread:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reactor.callFromThread(self._reactor.stop)
        self._thread.join()

    def call(self, work: Callable[[], Coroutine[Deferred[Any], Any, T]]) -> T:
        """Do ``work`` in the reactor and wait for it: what it returns, or raises. Who interrupts
        it cancels it, and waits for its end."""
        outcome: SimpleQueue[T | Failure] = SimpleQueue()
        running: list[Deferred[T]] = []

        def begin() -> None:
            deferred = Deferred.fromCoroutine(work())
            running.append(deferred)
            deferred.addBoth(outcome.put)

        def cancel() -> None:
            running[0].cancel()

        self._reactor.callFromThread(begin)
        try:
            result = outcome.get()
        except KeyboardInterrupt:
            self._reactor.callFromThread(cancel)
            result = outcome.get()
        if isinstance(result, Failure):
            result.raiseException()
        return result
