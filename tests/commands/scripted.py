"""Commands in this process, against centers in memory that say what a script has them say."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IReactorCore, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from medappt import cli
from medappt.commands import world as world_module
from medappt.commands.centers import Server
from medappt.commands.world import Command, CommandProcess, World
from medappt.patient.connection import CenterConnection
from medappt.patient.process import settle
from medappt.patient.terminal import CarefulStream
from tests.folders import temporary_folder
from tests.patient.fakes import SERVER, FakeCenter, FakeNames, FakeNetwork, PatientCase

PASSWORD = "a-secret-word"
SILENCE = "(silence)"
"""Said by a center that says nothing."""
HANG_UP = "(hang up)"
"""Said by one that closes instead."""

Script = Mapping[str, str | Sequence[str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    """Standard output to a disk without room; it has a descriptor, as a real one."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        return self._descriptor


class ScriptedCenter:
    """A center that answers each line, without its tag, as ``script`` says. Of several answers to
    one line each is given once, the last again and again; with lines in them they are rows."""

    def __init__(self, script: Script) -> None:
        self.answers = {"authenticate": ["success"], "notices": ["."], "quit": ["bye"]}
        for line, said in script.items():
            self.answers[line] = [said] if isinstance(said, str) else list(said)
        self.asked: list[str] = []
        self.tags: list[str] = []
        self.connections: list[FakeCenter] = []
        self.is_down = False

    def connect(self, factory: Factory) -> Deferred[Any]:
        if self.is_down:
            return fail(ConnectError())
        connection = factory.buildProtocol(SERVER)
        self.connections.append(FakeCenter(cast(CenterConnection, connection)))
        return succeed(connection)

    def as_endpoint(self) -> IStreamClientEndpoint:
        return cast(IStreamClientEndpoint, self)

    def answer(self) -> bool:
        """Answer what was asked since the last time; whether there was anything."""
        lines = [(each, line) for each in self.connections for line in each.asked()]
        for connection, line in lines:
            self._answer(connection, line)
        return bool(lines)

    def _answer(self, connection: FakeCenter, line: str) -> None:
        tag, request = "", line
        if line.startswith("@"):
            tag, request = line.split(" ", 1)
            self.tags.append(tag)
            tag += " "
        self.asked.append(request)
        said = self._next(request)
        if said == HANG_UP:
            connection.goes()
        elif said != SILENCE:
            connection.says(*(tag + said).split("\n"))

    def _next(self, request: str) -> str:
        for key in (request, request.split(" ")[0]):
            if key in self.answers:
                said = self.answers[key]
                return said.pop(0) if len(said) > 1 else said[0]
        return "error unknown-command no such request, try help"


class ScriptedCase(PatientCase):
    """Runs ``medappt`` with words, standard input and an environment; keeps what it says."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = temporary_folder(self)
        self.network = FakeNetwork()
        self.names = FakeNames()
        self.center = ScriptedCenter({})
        self.servers: list[Server] = []
        self.reactor = MemoryReactorClock()
        self.is_terminal = False
        self.is_full = False
        self.environment = {"MEDAPPT_PASSWORD": PASSWORD}
        self.stdin: io.TextIOWrapper | None = None
        self.patch(world_module, "run_command", self._run_command)
        self.patch(os, "environ", self.environment)

    def world(self) -> World:
        def connect(server: Server) -> IStreamClientEndpoint:
            self.servers.append(server)
            return self.center.as_endpoint()

        numbers = iter(range(1, 256))
        return World(
            reactor=self.reactor,
            clock=self.clock,
            udp=self.network.as_udp(),
            names=self.names.as_names(),
            connect=connect,
            randomness=lambda count: bytes([next(numbers)] * count),
            out=CarefulStream(self.out),
            err=CarefulStream(self.err),
        )

    def _run_command(self, command: Command) -> int:
        world = self.world()
        process = CommandProcess(cast(IReactorCore, self.reactor), world, command)
        process.start()
        self.play()
        return settle(process.exit_code, world.out, world.err)

    def play(self) -> None:
        """Have the center answer, until nobody asks any more; what waits beyond that waits until
        its time is over."""
        for _ in range(100):
            while self.center.answer():
                pass
            if self.reactor.hasStopped:
                return
            self.meanwhile()
            self.clock.advance(1)
        self.fail("the command goes on and on")

    def meanwhile(self) -> None:
        """What else happens each second that the command takes."""

    def interrupt(self) -> None:
        """Ctrl-C: the reactor stops, and waits until the command has ended."""
        for interrupt, _, _ in self.reactor.triggers["before"]["shutdown"]:
            interrupt()
        self.reactor.stop()

    def run_command(self, *words: str) -> int:
        """The exit code of ``medappt`` with these words."""
        self.out: io.StringIO = Terminal() if self.is_terminal else io.StringIO()
        if self.is_full:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            self.addCleanup(os.close, nowhere)
            self.out = FullDisk(nowhere)
        self.err = io.StringIO()
        self.reactor.hasStopped = False
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.patch(sys, "stdin", self.stdin)
        return cli.main(words)

    def run_as(self, user: str, *words: str) -> int:
        """As ``run_command``, of a user of the center of the script."""
        return self.run_command(*words, "--as", user, "--server", "center.example:21000")

    def assert_usage_error(self, expected: str, *words: str) -> None:
        error = self.assertRaises(SystemExit, self.run_command, *words)
        assert isinstance(error, SystemExit)
        self.assertEqual(error.code, 2)
        self.assertIn(expected, self.err.getvalue())

    @property
    def told(self) -> list[str]:
        return self.out.getvalue().splitlines()

    @property
    def complaints(self) -> list[str]:
        return self.err.getvalue().splitlines()

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path
