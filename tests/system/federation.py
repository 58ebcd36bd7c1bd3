"""Three centers as real processes, with the network between them, and what their stores say."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from medappt.federation.keys import FederationKeys, format_keys
from medappt.store.keys import KEY_BYTES
from medappt.store.location import Location
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from tests.federation.agreement import Book, disagreements, read_book, unsettled
from tests.system.client import Client, wait_until
from tests.system.data import cheap_hash
from tests.system.proxy import LOCALHOST, Proxy
from tests.system.roles import TWISTD, Server, Stage

CITIES = ("MTL", "QUE", "SHE")
KEY = b"k" * 32

_SETTINGS = """\
[center]
city = "{city}"
timezone = "America/Toronto"
store = "sqlite:///{city}.sqlite3"
users = "{city}.users.txt"
[center.doctors]
Physician = {{ name = "doc1", host = "127.0.0.1", port = 41000 }}
[federation]
listen = "127.0.0.1:{port}"
key-file = "{city}.key"
{peers}"""
_PEER = '[[federation.peer]]\ncity = "{city}"\naddress = "{host}:{port}"\n'


def next_monday() -> date:
    """The Monday of a week in which nothing begins while a test runs."""
    day = datetime.now(UTC).date() + timedelta(days=7)
    return day + timedelta(days=-day.weekday() % 7)


MONDAY = next_monday()


def code(city: str, day: int = 0, part: str = "A") -> str:
    """The ID of a slot so many days behind ``MONDAY``."""
    return f"{city}{part}{MONDAY + timedelta(days=day):%d%m%y}"


def patient(city: str, number: int) -> str:
    return f"{city}P{number:04d}"


def free_udp_ports(number: int) -> list[int]:
    """So many UDP ports that nobody has now."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(number)
        ]
        for each in sockets:
            each.bind((LOCALHOST, 0))
        return [each.getsockname()[1] for each in sockets]


class Federation:
    """MTL, QUE and SHE in the folder of ``stage``, each with an administrator, ``A0001``, and
    patients from ``P0001``; everybody's password is ``pw``. ``run_federation`` runs it."""

    def __init__(self, stage: Stage, *, patients: int = 5, seed: int = 0) -> None:
        self.stage = stage
        self.ports = dict(zip(CITIES, free_udp_ports(len(CITIES)), strict=True))
        self.proxy = Proxy(self.ports, [KEY], seed)
        self.patients = patients
        self._servers: dict[str, Server] = {}
        self._logs: list[Server] = []
        secret = cheap_hash("pw")
        for city in CITIES:
            names = [f"{city}A0001", *(patient(city, 1 + each) for each in range(patients))]
            stage.write(f"{city}.users.txt", "".join(f"{name} {secret}\n" for name in names))
            stage.write(f"{city}.toml", self._settings(city))
            self.write_keys(city, KEY)

    def _settings(self, city: str) -> str:
        peers = []
        for other in CITIES:
            if other != city:
                host, port = self.proxy.address(city, other)
                peers.append(_PEER.format(city=other, host=host, port=port))
        return _SETTINGS.format(city=city, port=self.ports[city], peers="".join(peers))

    def write_keys(self, city: str, current: bytes, retiring: bytes | None = None) -> None:
        """Put keys into the key file of a center, which reads it when it starts."""
        keys = FederationKeys(current=current, retiring=retiring)
        path = self.stage.write(f"{city}.key", format_keys(keys).decode())
        path.chmod(0o600)

    # Processes

    def start(self, *cities: str, options: Sequence[str] = ()) -> None:
        """Start centers, all at once."""
        with ThreadPoolExecutor(len(cities)) as pool:
            started = list(pool.map(lambda city: self._start(city, options), cities))
        self._logs += started
        self._servers.update(zip(cities, started, strict=True))

    def _start(self, city: str, options: Sequence[str]) -> Server:
        place = ["--listen", f"tcp:0:interface={LOCALHOST}"]
        words = ["medappt-server", "--config", f"{city}.toml", *place, *options]
        return self.stage.run_server([*TWISTD, "-n", "--pidfile=", *words])

    def server(self, city: str) -> Server:
        return self._servers[city]

    def kill(self, city: str) -> None:
        """As a power cut does."""
        self._servers.pop(city).kill()

    def stop(self, city: str) -> None:
        """Ask a center to end, and wait for it. Its clients must have left."""
        assert self._servers.pop(city).stop() == -signal.SIGTERM

    def restart(self, city: str) -> None:
        self.stop(city)
        self.start(city)

    # Users

    def connect(self, user: str) -> Client:
        """A connection, logged in; the caller closes it. Raises ``ConnectionError`` or
        ``EOFError`` where the center is down, or goes down meanwhile."""
        server = self._servers.get(user[:3])
        if server is None:
            raise ConnectionError(f"{user[:3]} is down")
        client = Client(server.port)
        try:
            return client.login(user, "pw")
        except BaseException:
            client.close()
            raise

    def ask(self, user: str, *lines: str) -> list[str]:
        """The one-line answers to requests, sent in one piece on a connection of their own."""
        with self.connect(user) as client:
            client.send("".join(f"{line}\n" for line in lines).encode())
            return [client.line() for _ in lines]

    def rows(self, user: str, line: str) -> list[str]:
        """The rows of an answer, without the dot."""
        with self.connect(user) as client:
            return client.ask_rows(line)

    def open_slots(self, *codes: str, capacity: int = 1) -> None:
        """Each city's administrator adds its slots."""
        for city in CITIES:
            own = [each for each in codes if each.startswith(city)]
            lines = [f"add {each} Physician {capacity}" for each in own]
            assert self.ask(f"{city}A0001", *lines) == [f"added{line[3:]}" for line in lines]

    # Stores

    def book_of(self, city: str) -> Book:
        """What the store of a center says while it runs."""
        server = self._servers[city]
        server.signal(signal.SIGUSR1)
        return _read(Path(server.wait_for("The store was copied to ")))

    def books(self) -> list[Book]:
        return [self.book_of(city) for city in CITIES]

    def settle(self) -> list[Book]:
        """What the stores say once nothing is on its way any more."""
        settled: list[Book] = []

        def look() -> bool:
            settled[:] = self.books()
            return not unsettled(settled)

        wait_until(look, "the end of all that is on its way")
        return settled

    def assert_agreement(self) -> None:
        """Stop all centers, once they have nothing to tell one another, and compare the files."""
        self.settle()
        with ThreadPoolExecutor(len(CITIES)) as pool:
            list(pool.map(self.stop, CITIES))
        books = [_read(self.stage.folder / f"{city}.sqlite3") for city in CITIES]
        assert (unsettled(books), disagreements(books)) == ([], [])

    def assert_nobody_is_named(self) -> None:
        """No log says who the patients are."""
        names = [patient(city, 1 + each) for city in CITIES for each in range(self.patients)]
        for server in self._logs:
            log = server.log
            assert not [name for name in names if name in log]


@contextmanager
def run_federation(stage: Stage, *, patients: int = 5, seed: int = 0) -> Iterator[Federation]:
    """Three centers, up. Behind the context they are stopped, their stores must agree, and no log
    may name a patient."""
    federation = Federation(stage, patients=patients, seed=seed)
    with federation.proxy:
        federation.start(*CITIES)
        yield federation
        federation.assert_agreement()
        federation.assert_nobody_is_named()


def _read(path: Path) -> Book:
    # it only reads: nothing is chained with this key
    database = SQLiteDatabase.open(Location(path=path), bytes(KEY_BYTES))
    try:
        return run_now(database, read_book)
    finally:
        database.close()
