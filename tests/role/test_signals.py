"""Tests of signals that ask a role for something."""

from __future__ import annotations

import os
import signal

from twisted.trial.unittest import SynchronousTestCase

from medappt.role.signals import SignalService
from tests.role.memory import MemoryUDPReactor


class SignalServiceTests(SynchronousTestCase):
    """``SignalService`` turns a signal into a call in the reactor."""

    def setUp(self) -> None:
        self.reactor = MemoryUDPReactor()
        self.asked: list[bool] = []
        self.service = SignalService(self.reactor, signal.SIGUSR2, lambda: self.asked.append(True))
        before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGUSR2, before)

    def test_signal(self) -> None:
        """The action waits for the reactor's turn: a handler may interrupt anything."""
        self.service.startService()
        os.kill(os.getpid(), signal.SIGUSR2)
        self.assertEqual(self.asked, [])
        self.reactor.advance(0)
        self.assertEqual(self.asked, [True])

    def test_each_signal(self) -> None:
        """The service asks as often as it is signalled."""
        self.service.startService()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGUSR2)
            self.reactor.advance(0)
        self.assertEqual(self.asked, [True, True])

    def test_stopped(self) -> None:
        """A stopped service gives the signal back to whom it had it from."""
        self.service.startService()
        self.service.stopService()
        self.assertIs(signal.getsignal(signal.SIGUSR2), signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGUSR2)
        self.reactor.advance(0)
        self.assertEqual(self.asked, [])

    def test_a_handler_that_python_does_not_know(self) -> None:
        """A handler that some library had installed cannot be put back; the default can."""
        self.patch(signal, "signal", lambda signum, handler: self.asked.append(handler))
        self.service.startService()
        self.service.stopService()
        self.assertEqual(self.asked[-1:], [signal.SIG_DFL])
