"""Where the scenarios are played: processes, what they say, and what must come of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

_START_SECONDS = 30.0
_STEP_SECONDS = 60.0
_STOP_SECONDS = 10.0
_TWISTD = "from twisted.scripts.twistd import run; run()"


class DemoFailed(Exception):
    """Something did not go as the scenario says; the message tells what."""


def say(role: str, text: str) -> None:
    print(f"{role:>9} | {text}" if text else "", flush=True)  # noqa: T201


def title(text: str) -> None:
    """Announce a scene."""
    print(f"\n=== {text} ===\n", flush=True)  # noqa: T201


def free_ports(count: int) -> list[int]:
    """UDP ports that nobody has now."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(count)
        ]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Role:
    """A twistd role that runs, and what it says."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            prefix, separator, text = line.rstrip("\n").partition("#info] ")
            if separator and "[medappt." in prefix:
                say(self.name, text)
                self._lines.put(text)
            elif line.startswith("\t"):
                say(self.name, line.strip())
        self._lines.put(None)

    def wait_for(self, beginning: str) -> str:
        """The rest of the next line that begins so."""
        while True:
            try:
                line = self._lines.get(timeout=_START_SECONDS)
            except Empty:
                raise DemoFailed(f"{self.name} did not start in time") from None
            if line is None:
                raise DemoFailed(f"{self.name} ended: {self._complaint()}")
            if line.startswith(beginning):
                return line.removeprefix(beginning)

    def _complaint(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read().strip()

    def stop(self) -> None:
        """End the process, and wait until all it said is told."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


@dataclass(frozen=True)
class Stage:
    """Where the scenario is played."""

    folder: Path
    stack: ExitStack

    def start(self, name: str, *arguments: str) -> Role:
        """Start a twistd role; it is stopped when the stage is left."""
        process = subprocess.Popen(  # noqa: S603 - our own roles
            [sys.executable, "-c", _TWISTD, "-n", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        role = Role(name, process)
        self.stack.callback(role.stop)
        return role

    def command(
        self, name: str, *arguments: str, typed: str = "", code: int = 0, says: str = ""
    ) -> str:
        """Run a ``medappt`` command as ``name``, who types ``typed``: it must end with ``code`` and
        say ``says``. What it said."""
        try:
            ended = subprocess.run(  # noqa: S603 - our own client
                [sys.executable, "-m", "medappt", *arguments],
                cwd=self.folder,
                input=typed,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_STEP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"{name} did not come to an end") from None
        for line in ended.stdout.splitlines():
            say(name, line)
        if ended.returncode != code or says not in ended.stdout:
            raise DemoFailed(f"{name} should have ended with {code} and {says!r}")
        return ended.stdout
