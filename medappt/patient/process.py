"""A client's work as a process: it runs while the reactor does, and ends with it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.patient.terminal import CarefulStream

DONE, FAILED, NO_ANSWER = 0, 1, 3
"""Exit codes (section 6)."""


class ClientProcess(ABC):
    """Runs something while the reactor runs, stops the reactor at its end, and breaks it off when
    the reactor is stopped before. ``exit_code`` is valid after that."""

    _log = Logger()

    def __init__(self, reactor: IReactorCore) -> None:
        self._reactor = reactor
        self._running: Deferred[None] | None = None
        self._is_interrupted = False
        self._broken_off: Deferred[None] = Deferred()
        self.exit_code = FAILED

    @abstractmethod
    def begin(self) -> Deferred[None]:
        """What is to be done; it sets ``exit_code``. Cancelling breaks it off."""

    def start(self) -> None:
        """To be called in the running reactor."""
        self._reactor.addSystemEventTrigger("before", "shutdown", self._interrupt)
        self._running = self.begin()
        self._running.addErrback(self._unforeseen)
        self._running.addCallback(self._stop)

    def _unforeseen(self, failure: Failure) -> None:
        self._log.failure("medappt: a fault of this program", failure=failure)

    def _stop(self, _: None) -> None:
        self._running = None
        if self._is_interrupted:
            self._broken_off.callback(None)
        else:
            self._reactor.stop()

    def _interrupt(self) -> Deferred[None] | None:
        if self._running is None:
            return None
        self._is_interrupted = True
        self._running.cancel()
        return self._broken_off


def settle(exit_code: int, out: CarefulStream, err: CarefulStream) -> int:
    """The exit code of a process that has written to ``out``: where that failed, its end was not
    good, and ``err`` says so."""
    if out.failure is None:
        return exit_code
    err.line(f"medappt: standard output: {out.failure.strerror}")
    out.discard()
    return exit_code or FAILED
