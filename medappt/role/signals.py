"""Signals that ask a running role for something."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFromThreads


class SignalService(Service):
    """Calls ``action`` in the reactor whenever the process gets ``signum``, while it runs."""

    def __init__(
        self, reactor: IReactorFromThreads, signum: signal.Signals, action: Callable[[], object]
    ) -> None:
        self._reactor = reactor
        self._signum = signum
        self._action = action
        self._before: Any = None

    def startService(self) -> None:
        Service.startService(self)
        self._before = signal.signal(self._signum, self._received)

    def _received(self, signum: int, frame: FrameType | None) -> None:
        # a handler runs between any two instructions: the action waits for the reactor's turn
        self._reactor.callFromThread(self._action)

    def stopService(self) -> None:
        # None: it was no handler of Python's, and cannot be put back
        signal.signal(self._signum, signal.SIG_DFL if self._before is None else self._before)
        Service.stopService(self)
