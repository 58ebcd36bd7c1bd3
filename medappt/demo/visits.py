"""Two patients at one health center, one taken slot, one wrong index, one failed login."""

from __future__ import annotations

from medappt.demo.stage import Stage, free_ports, title
from medappt.samples import FILES, write_samples


def play(stage: Stage) -> None:
    """The visit, in three phases."""
    write_samples(stage.folder)
    ports = free_ports(2)
    availabilities = FILES["availabilities.txt"]
    for number, port in enumerate(ports, 1):
        availabilities = availabilities.replace(f"4{number}000", str(port))
    (stage.folder / "availabilities.txt").write_text(availabilities, encoding="ascii")
    (stage.folder / "patient3.txt").write_text("patient1 wrong-password\n", encoding="ascii")
    (stage.folder / "patient3insurance.txt").write_text("insurance1\n", encoding="ascii")

    title("The health center and its two doctors start")
    data = ["--data", "."]
    listen = ["--listen", "tcp:0:interface=127.0.0.1"]
    center = stage.start("server", "medappt-server", *data, *listen)
    sentence = "Phase1: The Health Center Server has port number: "
    server = f"127.0.0.1:{center.wait_for(sentence).split()[0]}"
    for number, port in enumerate(ports, 1):
        doctor = ["medappt-doctor", "--id", str(number), "--port", str(port), *data]
        role = stage.start(f"doctor{number}", *doctor, "--listen-host", "127.0.0.1")
        role.wait_for(f"Phase3: Doctor{number} has a static UDP port")

    title("Patient 1 takes slot 1 and asks doctor 1 what it costs")
    _visit(stage, 1, server, "1\n", code=0, says="Patient1 receive $ 30 estimation cost")
    title("Patient 2 wants slot 1 too, which is taken")
    _visit(stage, 2, server, "1\n", code=1, says="from Patient2 is not available")
    title("Patient 2 mistypes the index, is asked again, and takes slot 2")
    _visit(stage, 2, server, "99\n2\n", code=0, says="Patient2 receive $ 60 estimation cost")
    title("Somebody with a wrong password")
    _visit(stage, 3, server, "", code=1, says="Patient3 authentication result: Failure")
    title("All went as it should")


def _visit(stage: Stage, number: int, server: str, typed: str, *, code: int, says: str) -> None:
    words = ["--id", str(number), "--data", ".", "--server", server]
    stage.command(f"patient{number}", "patient", *words, typed=typed, code=code, says=says)
