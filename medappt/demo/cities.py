"""Three cities: slots in each, a booking abroad through a network that loses a datagram, the limit
of three a week away from home, a swap, and a removal that moves its patient."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from medappt.demo.relay import Relay
from medappt.demo.stage import Role, Stage, free_ports, say, title
from medappt.samples import FEDERATION, write_federation, write_samples

_CITIES = ("MTL", "QUE", "SHE")
_TYPE = "Physician"


class _Cities:
    """The three centers, and their users' commands."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._servers: dict[str, str] = {}

    def start(self, udp: dict[str, int], doctors: list[int], relay: Relay) -> None:
        """The line between MTL and QUE goes through ``relay``."""
        for city in _CITIES:
            path = self._stage.folder / f"{city}.toml"
            peers = {other: udp[other] for other in _CITIES if other != city}
            peers |= {"MTL": {"QUE": relay.port_here}, "QUE": {"MTL": relay.port_there}}.get(
                city, {}
            )
            path.write_text(_settings(city, udp[city], peers, doctors), encoding="ascii")
            role = self._stage.start(city, "medappt-server", "--config", path.name, "--names")
            sentence = "Phase1: The Health Center Server has port number: "
            self._servers[city] = f"127.0.0.1:{role.wait_for(sentence).split()[0]}"
        for name in ("A2345", "P2345"):
            password = next(
                line.split()[1] for line in FEDERATION["MTL.users.txt"].splitlines() if name in line
            )
            (self._stage.folder / f"{name}.password").write_text(f"{password}\n", encoding="ascii")

    def asks(self, user: str, *words: str, code: int = 0, says: str = "") -> str:
        """A user's command; the same password serves in every city."""
        who = ["--as", user, "--password-file", f"{user[3:]}.password"]
        server = ["--server", self._servers[user[:3]]]
        say(user, f"$ medappt {' '.join(words)} --as {user}")
        return self._stage.command(user, words[0], *who, *server, *words[1:], code=code, says=says)


def play(stage: Stage) -> None:
    """The federation of three cities."""
    write_samples(stage.folder)
    write_federation(stage.folder)
    relay = Relay()
    stage.stack.callback(relay.close)
    *doctors, mtl, que, she = free_ports(5)
    udp = {"MTL": mtl, "QUE": que, "SHE": she}
    relay.join_up(mtl, que)

    title("Three centers and two doctors start")
    for number, port in enumerate(doctors, 1):
        _doctor(stage, number, port).wait_for(f"Phase3: Doctor{number} has a static UDP port")
    cities = _Cities(stage)
    cities.start(udp, doctors, relay)

    monday = _monday_after_next(datetime.now(UTC).date())
    days = [f"{monday + timedelta(days=number):%d%m%y}" for number in range(5)]
    mon, tue, wed, thu, fri = days
    patient, mtl_admin, que_admin, she_admin = "MTLP2345", "MTLA2345", "QUEA2345", "SHEA2345"

    title("Each city's administrator adds appointments")
    for user, code in (
        (mtl_admin, f"MTLM{fri}"),
        (que_admin, f"QUEM{mon}"),
        (que_admin, f"QUEA{mon}"),
        (que_admin, f"QUEM{tue}"),
        (she_admin, f"SHEM{wed}"),
        (she_admin, f"SHEE{thu}"),
    ):
        cities.asks(user, "add", code, _TYPE, "2", says=code)
    cities.asks(patient, "list", _TYPE, says=f"SHEE{thu}")

    title("A patient of MTL books in QUE, though a datagram is lost, and asks for the price")
    relay.lose_next()
    plan = ["--insurance", "insurance1"]
    cities.asks(patient, "book", f"QUEM{mon}", _TYPE, *plan, says="30")

    title("Three a week away from home, and no fourth")
    for code in (f"QUEM{tue}", f"SHEM{wed}"):
        cities.asks(patient, "book", code, _TYPE, says=code)
    cities.asks(patient, "book", f"SHEE{thu}", _TYPE, code=1, says="weekly-limit")

    title("Swapping one for an appointment at home makes room for it")
    swap = ["swap", f"SHEM{wed}", _TYPE, f"MTLM{fri}", _TYPE]
    cities.asks(patient, *swap, says=f"MTLM{fri}")
    cities.asks(patient, "book", f"SHEE{thu}", _TYPE, says=f"SHEE{thu}")

    title("QUE removes a slot: its patient is moved to the closest one")
    cities.asks(que_admin, "remove", f"QUEM{mon}", _TYPE, "preview", says=f"QUEA{mon}")
    cities.asks(que_admin, "remove", f"QUEM{mon}", _TYPE, says=f"QUEA{mon}")
    cities.asks(patient, "schedule", says=f"QUEA{mon}")

    title("All went as it should")


def _doctor(stage: Stage, number: int, port: int) -> Role:
    words = ["--id", str(number), "--port", str(port), "--data", "."]
    return stage.start(f"doctor{number}", "medappt-doctor", *words, "--listen-host", "127.0.0.1")


def _monday_after_next(today: date) -> date:
    """A week that has not begun."""
    return today + timedelta(days=14 - today.weekday())


def _settings(city: str, udp: int, peers: dict[str, int], doctors: list[int]) -> str:
    lines = [
        "[center]",
        f'city = "{city}"',
        'timezone = "America/Toronto"',
        'listen = "tcp:0:interface=127.0.0.1"',
        f'users = "{city}.users.txt"',
        "[center.doctors]",
        f'Physician = {{ name = "doc1", host = "127.0.0.1", port = {doctors[0]} }}',
        f'Surgeon = {{ name = "doc2", host = "127.0.0.1", port = {doctors[1]} }}',
        "[federation]",
        f'listen = "127.0.0.1:{udp}"',
        'key-file = "federation.key"',
    ]
    for other, port in peers.items():
        lines += ["[[federation.peer]]", f'city = "{other}"', f'address = "127.0.0.1:{port}"']
    return "\n".join([*lines, ""])
