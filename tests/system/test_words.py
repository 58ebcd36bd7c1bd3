"""The words on the three screens, line by line (section 7), and the commands that say them."""

from __future__ import annotations

import os
import pty
import re
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.system.client import PATIENCE, ask_doctor
from tests.system.data import free_port
from tests.system.roles import MEDAPPT, Role, Server, Stage, environment


def patient_words(server: Server, number: int = 1) -> list[str]:
    address = f"127.0.0.1:{server.port}"
    return ["patient", "--id", str(number), "--data", ".", "--server", address]


def open_clinic(stage: Stage, *options: str) -> tuple[Server, Role, int]:
    """A server, and a doctor 1 where its availabilities say."""
    doctor, port = stage.doctor(1)
    availabilities = (stage.folder / "availabilities.txt").read_text()
    stage.write("availabilities.txt", availabilities.replace("41000", str(port)))
    return stage.server(*options), doctor, port


def test_one_visit(stage: Stage) -> None:
    """Server, patient and doctor tell a visit in exactly these sentences, in this order."""
    server, doctor, doctor_port = open_clinic(stage)
    visit = stage.medappt(*patient_words(server), typed="nine\n1\n")
    assert visit.returncode == 0
    ports = re.findall(r"^Phase[13]: Patient1 has .* port number: (\d+) and", visit.stdout, re.M)
    tcp_port, udp_port = ports

    header, values = visit.stdout.splitlines()[-3:-1]
    assert header.split("  ")[0] == "Doctor"
    assert re.split(r"  +", header) == [
        "Doctor",
        "Doctors port number",
        "Patient",
        "Insurance",
        "Cost",
    ]
    assert values.split() == ["doc1", str(doctor_port), "patient1", "insurance1", "30"]
    lines = visit.stdout.splitlines()
    assert [*lines[:-3], lines[-1]] == [
        f"Phase1: Patient1 has TCP port number: {tcp_port} and IP Address: 127.0.0.1",
        "Phase1: Authentication request from Patient1 with username patient1 and password ********"
        " has been sent to the Health Center Server",
        "Phase1: Patient1 authentication result: Success",
        "-----Phase1: End of Phase1 Authentication for Patient1.-----",
        "Phase2: The following appointments are available for patient1:",
        "1 Tue 01pm",
        "2 Mon 03pm",
        "3 Thu 02pm",
        "4 Wed 10am",
        "5 Sat 12pm",
        "6 Fri 04pm",
        "Please enter the preferred appointment index and press enter:",
        "Please enter the preferred appointment index and press enter:",
        "Phase2: The requested appointment is available and reserved to Patient1. The assigned"
        f" doctor port number is {doctor_port}",
        f"Phase3: Patient1 has a dynamic UDP port number: {udp_port} and IP Address: 127.0.0.1",
        "My insurance: insurance1",
        "Phase3: The cost estimation request from Patient1 with insurance plan insurance1 has been"
        f" sent to the doctor with port number {doctor_port} and IP address 127.0.0.1",
        f"Phase3: Patient1 receive $ 30 estimation cost from doctor with port number {doctor_port}",
        "Phase3: End of Phase3 for Patient1",
    ]

    taken = stage.medappt(*patient_words(server, 2), "--choose", "1")
    assert taken.returncode == 1
    assert taken.stdout.splitlines()[-1] == (
        "Phase2: The requested appointment from Patient2 is not available.----->Exiting"
    )
    other_port = re.findall(r"TCP port number: (\d+)", taken.stdout)[0]

    center = "The Health Center Server"
    asks = f"Phase2: {center} receives a request for"
    gets = f"Phase1: {center} has received request from a patient with username"
    server.stop()
    assert server.sentences == [
        "Imported users: 2 added, 0 changed, 0 removed.",
        "Imported openings: 6 added, 0 changed, 0 removed.",
        f"Phase1: {center} has port number: {server.port} and IP address: 127.0.0.1",
        f"{gets} patient1 and password ********",
        f"Phase1: {center} sends the response: Success to patient with username patient1",
        f"{asks} available time slots from patients with port number: {tcp_port} and IP Address:"
        " 127.0.0.1",
        f"Phase2: {center} sends available time slots to patients with username patient1",
        f"{asks} appointment nine from patient with port number: {tcp_port} and username patient1",
        "Receiving invalid time index, let patient re-enter",
        f"{asks} appointment 1 from patient with port number: {tcp_port} and username patient1",
        f"Phase2: {center} confirms the following appointment 1 to patient with username patient1",
        f"{gets} patient2 and password ********",
        f"Phase1: {center} sends the response: Success to patient with username patient2",
        f"{asks} available time slots from patients with port number: {other_port} and IP Address:"
        " 127.0.0.1",
        f"Phase2: {center} sends available time slots to patients with username patient2",
        f"{asks} appointment 1 from patient with port number: {other_port} and username patient2",
        f"Phase2: {center} rejects the following appointment 1 to patient with username patient2",
    ]
    assert not re.search("password[12]", server.log)

    doctor.stop()
    assert doctor.sentences == [
        f"Phase3: Doctor1 has a static UDP port {doctor_port} and IP Address 127.0.0.1",
        f"Phase3: Doctor1 receives the request from the patient with port number {udp_port} and"
        " name patient1 with the insurance plan insurance1",
        "PLAN       AMOUNT",
        "insurance1 30",
        "insurance2 20",
        "insurance3 50",
        f"Phase3: Doctor1 has sent estimated price $ 30 to patient with port number {udp_port}",
    ]


def test_plan_without_a_name(stage: Stage) -> None:
    """Where no name came the doctor tells of none, and of an unknown plan what it answered."""
    doctor, port = stage.doctor(2)
    assert ask_doctor(port, b"insurance1") == b"40"
    told = doctor.wait_for("Phase3: Doctor2 receives the request from the patient with port number")
    assert re.fullmatch(r" \d+ with the insurance plan insurance1", told)
    assert ask_doctor(port, b"patient1 other") == b"unknown"
    doctor.wait_for("and name patient1 with the insurance plan other")
    doctor.wait_for(
        "Phase3: Doctor2 has sent estimated price $ unknown to patient with port number"
    )


def test_refused_login(stage: Stage) -> None:
    """A refused login is told, and the patient exits with 1."""
    server = stage.server()
    stage.write("patient1.txt", "patient1 hunter2\n")
    visit = stage.medappt(*patient_words(server))
    assert visit.returncode == 1
    assert visit.stdout.splitlines()[-1] == "Phase1: Patient1 authentication result: Failure"
    server.wait_for("sends the response: Failure to patient with username patient1")
    assert "hunter2" not in server.log + visit.stdout + visit.stderr


def test_classroom(stage: Stage) -> None:
    """``--classroom`` shows the password and the tables on both screens, and says so once."""
    server, _, _ = open_clinic(stage, "--classroom")
    visit = stage.medappt(*patient_words(server), "--classroom", "--choose", "4")
    assert visit.returncode == 0
    assert " and password password111 has been sent to the Health Center Server" in visit.stdout
    assert "\n4 Wed 10am doc1 free\n" in visit.stdout
    assert visit.stderr.count("password is shown in clear") == 1
    server.wait_for("with username patient1 and password password111")
    assert server.log.count("--classroom: passwords are shown") == 1
    told = server.sentences
    assert "patient2 password222" in told
    assert "5 Sat 12pm doc2 42000" in told


def test_end_of_input(stage: Stage) -> None:
    """Who never names an index leaves with 1, and without a traceback."""
    visit = stage.medappt(*patient_words(stage.server()))
    assert visit.returncode == 1
    assert "no index was given" in visit.stderr
    assert "Traceback" not in visit.stderr


def test_choice_that_is_none(stage: Stage) -> None:
    """``--choose`` of what the center has not asks nobody: exit 1."""
    visit = stage.medappt(*patient_words(stage.server()), "--choose", "99")
    assert visit.returncode == 1
    assert len(visit.stderr.splitlines()) == 1


def test_no_server(stage: Stage) -> None:
    """No server at all: one line on stderr, exit 1."""
    address = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    visit = stage.medappt("patient", "--id", "1", "--data", ".", "--server", address)
    assert (visit.returncode, visit.stdout) == (1, "")
    assert len(visit.stderr.splitlines()) == 1
    assert "the center cannot be reached" in visit.stderr


@pytest.fixture
def waiting_patient(stage: Stage) -> Iterator[tuple[Server, subprocess.Popen[str]]]:
    """A patient who has been asked for an index, and the server."""
    server = stage.server()
    process = subprocess.Popen(
        [*MEDAPPT, *patient_words(server)],
        cwd=stage.folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        read_to(process.stdout, "Please enter the preferred appointment index and press enter:\n")
        yield server, process
        process.kill()


def read_to(stream: IO[str] | None, last: str) -> None:
    assert stream is not None
    for line in stream:
        if line == last:
            return
    raise AssertionError(f"no {last!r}")


def test_server_gone_while_choosing(
    waiting_patient: tuple[Server, subprocess.Popen[str]],
) -> None:
    """A server that dies while the patient thinks ends the visit with 1."""
    server, process = waiting_patient
    server.kill()
    _, complaint = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert len(complaint.splitlines()) == 1
    assert "Traceback" not in complaint


def test_visit_on_a_terminal(stage: Stage) -> None:
    """On a terminal the slots and the costs are drawn as tables, and the sentences are whole lines
    however narrow it is."""
    server, _, port = open_clinic(stage)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*MEDAPPT, *patient_words(server)],
        cwd=stage.folder,
        env={**environment(), "TERM": "dumb", "COLUMNS": "60"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    os.write(leader, b"1\n")
    shown = read_terminal(leader)
    assert process.wait(PATIENCE) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert "┃ Index ┃" in text
    assert re.search(rf"│ doc1 +│ {port} +│ patient1 +│ insurance1 +│ 30 +│", text)
    sentence = (
        "Phase2: The requested appointment is available and reserved to Patient1. The assigned"
        f" doctor port number is {port}"
    )
    assert sentence in text.splitlines()


def read_terminal(leader: int) -> bytes:
    """All that comes until the program at the other end has closed it."""
    shown = b""
    deadline = time.monotonic() + PATIENCE
    while True:
        readable, _, _ = select.select([leader], [], [], deadline - time.monotonic())
        assert readable, shown
        try:
            data = os.read(leader, 65536)
        except OSError:  # how Linux tells that nobody has the other end open
            data = b""
        if not data:
            os.close(leader)
            return shown
        shown += data


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A visit whose doctor never answered: how it ended, what was asked, what the patient has."""

    visit: subprocess.CompletedProcess[str]
    asked: list[bytes]
    schedule: list[str]


@pytest.fixture(scope="module", autouse=True)
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[Unanswered]]:
    """Goes on beside the other tests of this module: it takes 11.5 s of waiting."""
    folder = tmp_path_factory.mktemp("unanswered")
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(visit_silent_doctor, folder)


def visit_silent_doctor(folder: Path) -> Unanswered:
    with Stage(folder) as stage, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as doctor:
        doctor.bind(("127.0.0.1", 0))
        stage.write("availabilities.txt", f"1 Tue 01pm doc1 {doctor.getsockname()[1]}\n")
        server = stage.server()
        visit = stage.medappt(*patient_words(server), "--choose", "1")
        doctor.setblocking(False)
        asked = []
        with suppress(BlockingIOError):
            while True:
                asked.append(doctor.recv(100))
        schedule = stage.client(server.port).login().ask_rows("schedule")
    return Unanswered(visit=visit, asked=asked, schedule=schedule)


def test_silent_doctor(unanswered: Future[Unanswered]) -> None:
    """A doctor who does not answer is asked five times; the patient says that the appointment
    stands, and exits with 3."""
    silence = unanswered.result(PATIENCE)
    assert silence.visit.returncode == 3
    assert silence.asked == [b"patient1 insurance1"] * 5
    assert "The appointment stands." in silence.visit.stderr
    assert len(silence.schedule) == 1
