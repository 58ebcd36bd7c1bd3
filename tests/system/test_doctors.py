"""Doctors as processes: answers, and price lists read again (section 5)."""

from __future__ import annotations

import signal
import socket

from tests.system.client import ask_doctor
from tests.system.data import free_port
from tests.system.roles import TWISTD, Stage


def test_answers(stage: Stage) -> None:
    """A doctor answers plans with and without a name, in the way they were asked."""
    _, port = stage.doctor(2)
    assert ask_doctor(port, b"insurance1") == b"40"
    assert ask_doctor(port, b"patient1 insurance2\r\n") == b"60"
    assert ask_doctor(port, b"insurance3\0" + bytes(89)) == b"10\0"
    assert ask_doctor(port, b"patient1 insurance9") == b"unknown"
    assert ask_doctor(port, b"insurance9\0") == b"unknown\0"


def test_name_and_plan_in_two_datagrams(stage: Stage) -> None:
    """A name and a plan in two datagrams of one sender get one answer."""
    role, port = stage.doctor(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patient:
        patient.connect(("127.0.0.1", port))
        patient.settimeout(20)
        patient.send(b"patient1")
        patient.send(b"insurance3")
        assert patient.recv(100) == b"50"
        local = patient.getsockname()[1]
    told = f"Phase3: Doctor1 receives the request from the patient with port number {local}"
    role.wait_for(f"{told} and name patient1 with the insurance plan insurance3")


def test_junk_does_not_stop_a_doctor(stage: Stage) -> None:
    """After datagrams of every kind that gets no answer, the next plan gets its price."""
    role, port = stage.doctor(1, "--rate", "0")
    junk = [b"", b"\0", b" \r\n", b"x" * 257, b"y" * 3000, bytes(range(1, 256)) * 4, b"\n" * 65_000]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as prankster:
        for datagram in junk * 20:
            prankster.sendto(datagram, ("127.0.0.1", port))
    assert ask_doctor(port, b"patient1 insurance1") == b"30"
    assert role.stop() == -signal.SIGTERM


def test_rate_limit(stage: Stage) -> None:
    """Beyond the rate an address gets no answers, and the doctor tells how many it dropped."""
    role, port = stage.doctor(1, "--rate", "5")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patient:
        patient.connect(("127.0.0.1", port))
        for _ in range(500):
            patient.send(b"insurance1")
        role.wait_for("over the limit of requests a second from one address")
    assert ask_doctor(port, b"insurance2") == b"20"


def test_hangup_reads_the_price_list_again(stage: Stage) -> None:
    """On SIGHUP a doctor takes the new list; a broken one is told with file and line, and the old
    one stays in force."""
    role, port = stage.doctor(1)
    path = stage.write("doc1.txt", "insurance1 31.50\n")
    role.signal(signal.SIGHUP)
    role.wait_for("Doctor1 has a new price list of 1 plans from ")
    assert ask_doctor(port, b"p insurance1") == b"31.50"
    assert ask_doctor(port, b"p insurance2") == b"unknown"

    stage.write("doc1.txt", "insurance1 32\ninsurance2 gratis\n")
    role.signal(signal.SIGHUP)
    reason = role.wait_for("Doctor1 keeps the price list it has: ")
    assert reason.startswith(f"{path}, line 2: expected PLAN AMOUNT")
    assert ask_doctor(port, b"p insurance1") == b"31.50"

    path.unlink()
    role.signal(signal.SIGHUP)
    reason = role.wait_for("Doctor1 keeps the price list it has: ")
    assert reason == f"{path}: No such file or directory"
    assert ask_doctor(port, b"p insurance1") == b"31.50"


def test_several_doctors_in_one_process(stage: Stage) -> None:
    """``--id 1,2`` are two doctors on their own ports, with their own lists, which are read again
    each for itself."""
    stage.write("doc1.txt", "insurance1 1\n")
    stage.write("doc2.txt", "insurance1 2\n")
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(2)]
    lines = [f"{number} Tue 01pm doc{number} {port}\n" for number, port in enumerate(ports, 1)]
    stage.write("availabilities.txt", "".join(lines))
    listen = ["--listen", "tcp:0:interface=127.0.0.1", "--listen-host", "127.0.0.1"]
    clinic = stage.run_server(
        [*TWISTD, "-n", "--pidfile=", "medappt-clinic", "--data", ".", *listen]
    )
    assert [ask_doctor(port, b"insurance1") for port in ports] == [b"1", b"2"]
    stage.write("doc1.txt", "insurance1 one\n")
    stage.write("doc2.txt", "insurance1 22\n")
    clinic.signal(signal.SIGHUP)
    clinic.wait_for("Doctor2 has a new price list of 1 plans from ")
    assert [ask_doctor(port, b"insurance1") for port in ports] == [b"1", b"22"]
