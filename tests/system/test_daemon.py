"""The roles as daemons: pid files, log files, the store after the fork, and the end (section 6)."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.client import ask_doctor, wait_until
from tests.system.data import free_port
from tests.system.roles import TWISTD, Stage, run, sentences_of

FLOOD_BYTES = 64 << 20
"""More than the buffers between two processes hold."""


class Daemon:
    """A role that was started without ``-n``; ``name`` is the one its pid file should have."""

    def __init__(self, stage: Stage, name: str, *arguments: str) -> None:
        self._pid_file = stage.folder / f"{name}.pid"
        self._log_file = stage.folder / f"{name}.log"
        done = run([*TWISTD, "--logfile", self._log_file.name, *arguments], stage.folder)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        # twistd's parent leaves once the daemon runs, and the daemon has its number written then
        self.pid = int(wait_until(self._read_pid, f"{name}.pid"))

    def _read_pid(self) -> str:
        return self._pid_file.read_text() if self._pid_file.exists() else ""

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    @property
    def sentences(self) -> list[str]:
        return sentences_of(self.log.splitlines())

    @property
    def is_alive(self) -> bool:
        """Whether it runs; nobody may have collected it after its end."""
        stat = Path(f"/proc/{self.pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.is_alive, f"the end of {self._pid_file.stem}")

    @property
    def has_pid_file(self) -> bool:
        return self._pid_file.exists()

    def clean_up(self) -> None:
        if self.is_alive:
            os.kill(self.pid, signal.SIGKILL)
            wait_until(lambda: not self.is_alive, f"the end of {self._pid_file.stem}")


@pytest.fixture
def daemons() -> Iterator[ExitStack]:
    """Ends what a test started."""
    with ExitStack() as stack:
        yield stack


def start(daemons: ExitStack, stage: Stage, name: str, *arguments: str) -> Daemon:
    daemon = Daemon(stage, name, *arguments)
    daemons.callback(daemon.clean_up)
    return daemon


def start_server(daemons: ExitStack, stage: Stage, port: int) -> Daemon:
    place = f"tcp:{port}:interface=127.0.0.1"
    words = ["medappt-server", "--data", ".", "--listen", place]
    return start(daemons, stage, "medappt-server", *words)


def test_server_survives_its_parent_and_ends_cleanly(stage: Stage, daemons: ExitStack) -> None:
    """A server serves once the command that started it has returned, keeps its store to itself,
    and takes its pid file with it when it is told to end."""
    port = free_port(socket.SOCK_STREAM)
    server = start_server(daemons, stage, port)
    client = stage.client(port).login()
    assert client.ask("selection 1") == "doc1 41000"

    place = ["--listen", "tcp:0:interface=127.0.0.1"]
    second = run(
        [*TWISTD, "-n", "--pidfile=", "medappt-server", "--data", ".", *place], stage.folder
    )
    path = stage.folder / "medappt.sqlite3"
    complaint = f"medappt-server: the store {path} is in use by another process\n"
    assert (second.returncode, second.stderr) == (1, complaint)
    assert client.ask("selection 1") == "notavailable"

    client.close()
    server.stop()
    assert not server.has_pid_file
    assert "Server Shut Down." in server.log
    assert "Traceback" not in server.log
    assert (
        f"Phase1: The Health Center Server has port number: {port} and IP address: 127.0.0.1"
    ) in server.sentences

    again = start_server(daemons, stage, port)
    assert stage.client(port).login("patient2", "password222").ask("selection 1") == "notavailable"
    again.stop()


def test_roles_share_a_directory(stage: Stage, daemons: ExitStack) -> None:
    """A server, a doctor and a clinic can be started in one directory, each with a pid file that
    bears its name."""
    server_port, clinic_port = (free_port(socket.SOCK_STREAM) for _ in range(2))
    doctor_port, clinic_doctor_port = (free_port(socket.SOCK_DGRAM) for _ in range(2))
    loopback = ["--listen-host", "127.0.0.1"]
    server = start_server(daemons, stage, server_port)
    doctor = start(
        daemons,
        stage,
        "medappt-doctor-2",
        *["medappt-doctor", "--id", "2", "--data", ".", "--port", str(doctor_port), *loopback],
    )
    stage.write("availabilities.txt", f"1 Tue 01pm doc1 {clinic_doctor_port}\n")
    place = ["--listen", f"tcp:{clinic_port}:interface=127.0.0.1", *loopback]
    clinic = start(
        daemons,
        stage,
        "medappt-clinic",
        *["medappt-clinic", "--data", ".", "--store", "sqlite:///clinic.sqlite3", *place],
    )

    assert stage.client(server_port).login().ask("selection 2") == "doc2 42000"
    assert ask_doctor(doctor_port, b"insurance3") == b"10"
    patient = stage.client(clinic_port).login()
    assert patient.ask("selection 1") == f"doc1 {clinic_doctor_port}"
    assert ask_doctor(clinic_doctor_port, b"insurance1") == b"30"

    stage.hang_up()
    for daemon in (clinic, doctor, server):
        daemon.stop()
        assert not daemon.has_pid_file
        assert "Traceback" not in daemon.log


def test_interrupt_ends_a_foreground_role(stage: Stage) -> None:
    """Ctrl-C ends a clinic as it ends twistd, with every connection closed behind its answers."""
    port = free_port(socket.SOCK_DGRAM)
    stage.write("availabilities.txt", f"1 Tue 01pm doc1 {port}\n")
    command = [*TWISTD, "-n", "--pidfile=", "medappt-clinic", "--data", "."]
    hosts = ["--listen-host", "127.0.0.1"]
    clinic = stage.run_server([*command, "--listen", "tcp:0:interface=127.0.0.1", *hosts])
    invitation = clinic.wait_for("To book an appointment, in another terminal: ")
    assert invitation.endswith(f"medappt patient --id 1 --server 127.0.0.1:{clinic.port}")
    client = stage.client(clinic.port).login()

    clinic.signal(signal.SIGINT)

    assert client.is_closed()
    client.close()
    assert clinic.wait() == -signal.SIGINT


def test_server_can_end_while_a_peer_does_not_read(stage: Stage) -> None:
    """A peer that never reads cannot keep a server from ending."""
    server = stage.server("--limit", "close_seconds=0.2")
    client = stage.client(server.port).login()
    assert client.flood(b"slots\n" * 10_000, FLOOD_BYTES) < FLOOD_BYTES
    assert server.stop() == -signal.SIGTERM
