"""``medappt demo``: the whole scenario on free loopback ports, with real processes, told role by
role.

Two patients, one taken slot, one wrong index, one failed login.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from medappt.samples import FILES, write_samples

_START_SECONDS = 30.0
_STEP_SECONDS = 60.0
_STOP_SECONDS = 10.0
_TWISTD = "from twisted.scripts.twistd import run; run()"


class DemoFailed(Exception):
    """Something did not go as the scenario says; the message tells what."""


def main(arguments: Sequence[str] = ()) -> int:
    """Play the scenario: 0 if everything went as it should, else 1, and says what did not."""
    argparse.ArgumentParser(prog="medappt demo", description=__doc__).parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="medappt-demo-") as folder, ExitStack() as stack:
            _play(_Stage(Path(folder), stack))
    except (DemoFailed, OSError) as failure:
        print(f"medappt demo: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _say(role: str, text: str) -> None:
    print(f"{role:>9} | {text}" if text else "", flush=True)  # noqa: T201


def _free_ports(count: int) -> list[int]:
    """UDP ports that nobody has now."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(count)
        ]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class _Role:
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
                _say(self.name, text)
                self._lines.put(text)
            elif line.startswith("\t"):
                _say(self.name, line.strip())
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
class _Stage:
    """Where the scenario is played."""

    folder: Path
    stack: ExitStack

    def start(self, name: str, *arguments: str) -> _Role:
        """Start a twistd role; it is stopped when the stage is left."""
        process = subprocess.Popen(  # noqa: S603 - our own roles
            [sys.executable, "-c", _TWISTD, "-n", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        role = _Role(name, process)
        self.stack.callback(role.stop)
        return role

    def visit(self, number: int, server: str, typed: str, *, code: int, says: str) -> None:
        """Have a patient visit and type ``typed``: must end with ``code`` and say ``says``."""
        name = f"patient{number}"
        arguments = ["--id", str(number), "--data", str(self.folder), "--server", server]
        try:
            visit = subprocess.run(  # noqa: S603 - our own client
                [sys.executable, "-m", "medappt", "patient", *arguments],
                input=typed,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_STEP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"{name} did not come to an end") from None
        for line in visit.stdout.splitlines():
            _say(name, line)
        if visit.returncode != code or says not in visit.stdout:
            raise DemoFailed(f"{name} should have ended with {code} and {says!r}")


def _play(stage: _Stage) -> None:
    write_samples(stage.folder)
    ports = _free_ports(2)
    availabilities = FILES["availabilities.txt"]
    for number, port in enumerate(ports, 1):
        availabilities = availabilities.replace(f"4{number}000", str(port))
    (stage.folder / "availabilities.txt").write_text(availabilities, encoding="ascii")
    (stage.folder / "patient3.txt").write_text("patient1 wrong-password\n", encoding="ascii")
    (stage.folder / "patient3insurance.txt").write_text("insurance1\n", encoding="ascii")

    _title("The health center and its two doctors start")
    data = ["--data", "."]
    listen = ["--listen", "tcp:0:interface=127.0.0.1"]
    center = stage.start("server", "medappt-server", *data, *listen)
    sentence = "Phase1: The Health Center Server has port number: "
    server = f"127.0.0.1:{center.wait_for(sentence).split()[0]}"
    for number, port in enumerate(ports, 1):
        doctor = ["medappt-doctor", "--id", str(number), "--port", str(port), *data]
        role = stage.start(f"doctor{number}", *doctor, "--listen-host", "127.0.0.1")
        role.wait_for(f"Phase3: Doctor{number} has a static UDP port")

    _title("Patient 1 takes slot 1 and asks doctor 1 what it costs")
    stage.visit(1, server, "1\n", code=0, says="Patient1 receive $ 30 estimation cost")
    _title("Patient 2 wants slot 1 too, which is taken")
    stage.visit(2, server, "1\n", code=1, says="from Patient2 is not available")
    _title("Patient 2 mistypes the index, is asked again, and takes slot 2")
    stage.visit(2, server, "99\n2\n", code=0, says="Patient2 receive $ 60 estimation cost")
    _title("Somebody with a wrong password")
    stage.visit(3, server, "", code=1, says="Patient3 authentication result: Failure")
    _title("All went as it should")


def _title(text: str) -> None:
    print(f"\n=== {text} ===\n", flush=True)  # noqa: T201
