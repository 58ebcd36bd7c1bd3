"""A command as a process: how it begins, how it ends, what it says of a fault."""

from __future__ import annotations

import io
import sys
from typing import Any, cast

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogBeginner

from medappt.commands.world import (
    CommandProcess,
    ICommandReactor,
    World,
    explain,
    real_world,
    run_command,
)
from medappt.patient.failures import NoAnswer
from tests.commands.scripted import ScriptedCase, ScriptedCenter


class ProcessTests(ScriptedCase):
    """Interrupted, and at fault."""

    def setUp(self) -> None:
        super().setUp()
        self.out, self.err = io.StringIO(), io.StringIO()

    def start(self, command: Any) -> CommandProcess:
        process = CommandProcess(cast(Any, self.reactor), self.world(), command)
        process.start()
        return process

    def test_interrupted(self) -> None:
        """A reactor that is stopped waits until the command has ended, with 1."""
        self.center = ScriptedCenter({"schedule": "(silence)"})
        self.meanwhile = self.interrupt  # type: ignore[method-assign]
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 1)
        self.assertEqual(self.complaints, ["medappt: interrupted"])
        self.assertTrue(self.center.connections[0].transport.is_closed)

    def test_interrupted_before_the_login(self) -> None:
        """The connection is closed then as well."""
        self.center = ScriptedCenter({"authenticate": "(silence)"})
        self.meanwhile = self.interrupt  # type: ignore[method-assign]
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 1)
        self.assertTrue(self.center.connections[0].transport.is_closed)

    def test_fault(self) -> None:
        """A fault of ours ends the process too, with 1, and is not hidden."""

        async def fail(world: World) -> int:
            raise KeyError("x")

        process = self.start(fail)
        self.assertEqual(process.exit_code, 1)
        self.assertTrue(self.reactor.hasStopped)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_exit_code(self) -> None:
        """The code is what the command came to."""
        waiting: Deferred[int] = Deferred()

        async def wait(world: World) -> int:
            return await waiting

        process = self.start(wait)
        self.assertFalse(self.reactor.hasStopped)
        waiting.callback(3)
        self.assertEqual(process.exit_code, 3)
        self.assertTrue(self.reactor.hasStopped)

    def test_unprintable(self) -> None:
        """What is said of a failure cannot move the cursor."""
        self.assertEqual(explain(NoAnswer("a\x1b[2J")), ("a\\x1b[2J", 3))


class RealTests(ScriptedCase):
    """In a process of its own."""

    def test_run(self) -> None:
        """The installed reactor runs until the command has ended."""
        reactor = MemoryReactorClock()
        self.patch(globalLogBeginner, "beginLoggingTo", lambda *_, **__: None)
        self.patch(installed, "callWhenRunning", reactor.callWhenRunning)
        self.patch(installed, "addSystemEventTrigger", reactor.addSystemEventTrigger)
        self.patch(installed, "run", reactor.run)
        self.patch(installed, "stop", reactor.stop)
        out = io.StringIO()
        self.patch(sys, "stdout", out)
        tags: list[str] = []

        async def work(world: World) -> int:
            tags.extend(world.new_tag() for _ in range(2))
            world.out.line("done")
            return 3

        self.assertEqual(self.real_run(work), 3)
        self.assertEqual(out.getvalue(), "done\n")
        first, second = tags
        self.assertNotEqual(first, second)
        self.assertEqual(len(first), 32)

    def test_servers(self) -> None:
        """Servers are found by their names."""
        world = real_world(cast(ICommandReactor, MemoryReactorClock()))
        self.assertIsInstance(world.connect(("center.example", 1)), HostnameEndpoint)

    def setUp(self) -> None:
        self.real_run = run_command  # before it is replaced
        super().setUp()
