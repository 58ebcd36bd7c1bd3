"""Real processes of the roles. Every wait has a deadline."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType

from medappt.samples import write_samples
from tests.system.client import PATIENCE, Client

ROOT = Path(__file__).parents[2]
"""Where the packages are: the processes find them whether or not they are installed."""

TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()")
MEDAPPT = (sys.executable, "-m", "medappt")

LISTENS = "Phase1: The Health Center Server has port number: "


def quiet_zone(now: datetime) -> str:
    """A time zone in which no hour of the sample data is near: nothing begins during a test."""
    return "Etc/GMT-12" if 9 <= now.hour < 17 else "UTC"


ZONE = quiet_zone(datetime.now(UTC))


def environment() -> dict[str, str]:
    """What our processes see: our packages, and a time zone that does not depend on the machine."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TZ": ZONE}


class Role:
    """A process of ours that runs in the foreground, and what it logs."""

    def __init__(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment() if variables is None else variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self._news = Condition()
        self._lines: list[str] = []
        self._is_at_end = False
        self._told = 0
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._is_at_end = True
            self._news.notify_all()

    @property
    def log(self) -> str:
        """All it has printed so far."""
        with self._news:
            return "\n".join(self._lines)

    @property
    def sentences(self) -> list[str]:
        """The texts of our own events so far, lines of tables included."""
        with self._news:
            return sentences_of(self._lines)

    def wait_for(self, part: str) -> str:
        """What follows ``part`` in the next line that has it, behind the last one waited for."""
        with self._news:
            found = self._news.wait_for(lambda: self._next(part), PATIENCE)
            assert found, f"waited in vain for {part!r} in:\n" + "\n".join(self._lines)
            return self._lines[self._told - 1].partition(part)[2]

    def _next(self, part: str) -> bool:
        while self._told < len(self._lines):
            self._told += 1
            if part in self._lines[self._told - 1]:
                return True
        assert not self._is_at_end, f"ended without {part!r}:\n" + "\n".join(self._lines)
        return False

    def signal(self, signum: signal.Signals) -> None:
        self._process.send_signal(signum)

    def wait(self) -> int:
        """Wait for its end: the exit code, minus the signal where one ended it."""
        code = self._process.wait(PATIENCE)
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        """As a power cut does."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask it to end, and wait for it."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def clean_up(self) -> None:
        if self._process.poll() is None:
            self.kill()

    @property
    def resident_bytes(self) -> int:
        """The memory the process has."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024


class Server(Role):
    """A health center. ``ports`` are those it listens on, in order."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        listeners: int = 1,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(command, folder, variables)
        self.ports: list[int] = []
        try:
            for _ in range(listeners):
                self.ports.append(int(self.wait_for(LISTENS).split()[0]))
        except BaseException:
            self.clean_up()
            raise

    @property
    def port(self) -> int:
        return self.ports[0]


def sentences_of(lines: Iterable[str]) -> list[str]:
    """The texts of our own events in the lines of a log; a table's rows are texts too."""
    told = []
    is_ours = False
    for line in lines:
        prefix, separator, text = line.partition("] ")
        if re.match(r"\d{4}-\d\d-\d\dT", line):
            is_ours = bool(separator) and "[medappt." in prefix
            if is_ours:
                told.append(text)
        elif is_ours:
            told.append(line.removeprefix("\t"))
    return told


class Stage:
    """A folder with the sample data, and the processes that run in it.

    At its end all of them are ended, and none may have logged a traceback.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._roles: list[Role] = []
        self._stack = ExitStack()
        write_samples(folder)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        for role in self._roles:
            role.clean_up()
        if error is None:
            for role in self._roles:
                assert "Traceback" not in role.log, role.log
                assert "Unhandled" not in role.log, role.log

    def server(
        self, *arguments: str, listen: Sequence[str] = ("tcp:0:interface=127.0.0.1",)
    ) -> Server:
        """Start a health center on free ports, by default on the folder's data and store."""
        places = [word for place in listen for word in ("--listen", place)]
        return self.run_server(
            [*TWISTD, "-n", "--pidfile=", "medappt-server", "--data", ".", *places, *arguments],
            len(listen),
        )

    def run_server(self, command: Sequence[str], listeners: int = 1) -> Server:
        """Start what behaves as a health center."""
        server = Server(command, self.folder, listeners)
        self._roles.append(server)
        return server

    def role(self, *arguments: str) -> Role:
        """Start another twistd role."""
        role = Role([*TWISTD, "-n", "--pidfile=", *arguments], self.folder)
        self._roles.append(role)
        return role

    def doctor(self, number: int, *arguments: str) -> tuple[Role, int]:
        """Start a doctor on a free port of 127.0.0.1: the process and the port."""
        place = ["--listen-host", "127.0.0.1", "--port", "0"]
        role = self.role("medappt-doctor", "--id", str(number), "--data", ".", *place, *arguments)
        found = role.wait_for(f"Phase3: Doctor{number} has a static UDP port ")
        return role, int(found.split()[0])

    def client(self, port: int, source: str | None = None) -> Client:
        """Connect to a center; the connection is closed with the stage."""
        return self._stack.enter_context(Client(port, source))

    def hang_up(self) -> None:
        """Close the clients."""
        self._stack.close()

    def end(self, server: Server) -> None:
        """Close the clients and stop a center, which then need not wait for them."""
        self.hang_up()
        assert server.stop() == -signal.SIGTERM

    def write(self, name: str, text: str) -> Path:
        """Write a file of the data."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def medappt(
        self, *arguments: str, typed: str | bytes = "", patience: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run the ``medappt`` command to its end."""
        return run([*MEDAPPT, *arguments], self.folder, typed=typed, patience=patience)


def run(
    command: Sequence[str],
    folder: Path,
    *,
    typed: str | bytes = "",
    variables: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    data = typed.encode() if isinstance(typed, str) else typed
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment() if variables is None else variables,
        input=data,
        capture_output=True,
        timeout=patience,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
