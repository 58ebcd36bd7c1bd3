"""A whole health center in memory, on a clock that tests own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import Logger
from zope.interface import implementer

from medappt.center.board import Board
from medappt.center.center import Center
from medappt.center.checker import PasswordChecker
from medappt.center.imports import CenterData, Import
from medappt.center.notices import LimitNotices
from medappt.center.protocol import HealthCenterFactory, HealthCenterProtocol
from medappt.center.realm import CenterRealm
from medappt.center.sentences import CenterSentences
from medappt.federation.city import City
from medappt.model.limits import Limits
from medappt.role.narration import Narrator
from medappt.samples import FILES
from medappt.store.appointments import reserved_slots
from medappt.store.openings import current_openings
from medappt.store.people import password_hashes
from medappt.store.sqlite import Location, SQLiteDatabase
from medappt.store.writer import Worker, Writer, inline, run_now
from medappt.wire.datafiles import read_availabilities, read_users
from medappt.wire.requests import CITY, NUMBERED

T = TypeVar("T")

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday at noon: the next free slot of the sample data is today's at 3 pm."""

CLIENT = IPv4Address("TCP", "127.0.0.1", 54321)

SAMPLE = CenterData(
    users=tuple(
        read_users((FILES["users.txt"] + "boss password999 admin\n").encode(), "users.txt")
    ),
    openings=tuple(read_availabilities(FILES["availabilities.txt"].encode(), "availabilities.txt")),
)


ALL_FREE = [
    "1 Tue 01pm",
    "2 Mon 03pm",
    "3 Thu 02pm",
    "4 Wed 10am",
    "5 Sat 12pm",
    "6 Fri 04pm",
    ".",
]
"""What ``available`` answers while nothing is taken."""


class PlainHasher:
    """Passwords as they are: for tests, where hashing is not the question."""

    def __init__(self) -> None:
        self.verified: list[str] = []
        self.outdated: set[str] = set()

    def hash(self, password: bytes) -> str:
        return "plain:" + password.decode("utf-8", "surrogateescape")

    def verify(self, encoded: str, password: bytes) -> bool:
        self.verified.append(encoded)
        return encoded == self.hash(password)

    def decoys(self, hashes: Iterable[str]) -> dict[str, str]:
        return {self.parameters(each): f"{self.parameters(each)}:" for each in ("plain:", *hashes)}

    def parameters(self, encoded: str) -> str:
        return encoded.partition(":")[0]

    def is_outdated(self, encoded: str) -> bool:
        return encoded in self.outdated


@implementer(ITCPTransport)
class Transport(StringTransport):
    """A TCP transport that remembers what was asked of it."""

    def __init__(self, peer: object = CLIENT) -> None:
        StringTransport.__init__(self, peerAddress=peer)
        self.has_no_delay = False
        self.write_closed = False
        self.aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.has_no_delay = enabled

    def getTcpNoDelay(self) -> bool:
        return self.has_no_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        raise AssertionError("nobody asked for this")

    def getTcpKeepAlive(self) -> bool:
        return False

    def loseWriteConnection(self) -> None:
        self.write_closed = True

    def abortConnection(self) -> None:
        self.aborted = True
        StringTransport.abortConnection(self)

    @property
    def is_reading(self) -> bool:
        return bool(self.producerState == "producing")

    def take(self) -> list[str]:
        """The lines written since the last look."""
        text: str = StringTransport.value(self).decode("utf-8", "surrogateescape")
        StringTransport.clear(self)
        return text.splitlines()


class HeldWorker:
    """A worker that holds what it is given, from ``hold`` to ``release``."""

    def __init__(self, *, holding: bool = False) -> None:
        self.is_holding = holding
        self._held: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]:
        if not self.is_holding:
            return inline(work)
        done: Deferred[T] = Deferred()

        def run() -> None:
            inline(work).chainDeferred(done)

        self._held.append(run)
        return done

    def hold(self) -> None:
        self.is_holding = True

    def step(self) -> None:
        """Do what is held now, and go on holding."""
        held, self._held = self._held, []
        for run in held:
            run()

    def release(self) -> None:
        """Do what is held, and all that comes, at once."""
        self.is_holding = False
        self.step()


class Client:
    """A connection to a ``MemoryCenter``."""

    def __init__(self, center: MemoryCenter, peer: object = CLIENT) -> None:
        self._center = center
        self.transport = Transport(peer)
        protocol = center.factory.buildProtocol(CLIENT)
        assert protocol is not None
        self.protocol: HealthCenterProtocol = protocol
        Protocol.makeConnection(self.protocol, self.transport)

    def send(self, data: bytes) -> list[str]:
        """Send bytes; the lines that came back."""
        self.protocol.dataReceived(data)
        self._center.settle()
        return self.transport.take()

    def ask(self, line: str) -> list[str]:
        """Send a line; the lines that came back."""
        return self.send(line.encode("utf-8", "surrogateescape") + b"\n")


class MemoryCenter:
    """The production center on a store in memory, a fixed wall clock and cheap passwords."""

    def __init__(
        self,
        *,
        data: CenterData = SAMPLE,
        limits: Limits | None = None,
        zone: tzinfo = UTC,
        now: datetime = MONDAY,
        store_worker: Worker = inline,
        hash_worker: Worker = inline,
        most_connections: int = 1000,
        classroom: bool = False,
        database: SQLiteDatabase | None = None,
        clock: Clock | None = None,
        writer: Writer | None = None,
        city: City | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.now = now
        self.hasher = PlainHasher()
        self.database = database or SQLiteDatabase.open(Location(path=None), b"k" * 32)
        work = Import(data, b"k" * 32, self.hasher)
        hashes = work.hash(run_now(self.database, work.names_to_hash))
        run_now(self.database, lambda connection: work.apply(connection, hashes, now))
        reserved = run_now(self.database, lambda connection: reserved_slots(connection, now))
        self.board = Board(run_now(self.database, current_openings), reserved, zone)
        self.writer = writer or Writer(self.database, store_worker, self.clock)
        self.limits = limits or Limits()
        self.notices = LimitNotices()
        self.center = Center(self.writer, self.board, lambda: self.now)
        self.checker = PasswordChecker(
            writer=self.writer,
            hasher=self.hasher,
            hashes=run_now(self.database, password_hashes),
            worker=hash_worker,
            clock=self.clock,
            limits=self.limits,
            notices=self.notices,
            now=lambda: self.now,
        )
        self.narrator = Narrator(Logger(namespace="tests.center"), self.clock)
        self.sentences = CenterSentences(self.narrator, classroom=classroom)
        self.factory = HealthCenterFactory(
            clock=self.clock,
            limits=self.limits,
            most_connections=most_connections,
            sentences=self.sentences,
            notices=self.notices,
            vocabulary=NUMBERED if city is None else CITY,
        )
        self.realm = CenterRealm(self.center, self.writer, city)
        self.factory.open(Portal(self.realm, [self.checker]))

    def settle(self) -> None:
        """Let everything that waits for the reactor's next turns happen; no time passes."""
        for _ in range(50):
            self.clock.advance(0)

    def connect(self, peer: object = CLIENT) -> Client:
        """Somebody connects."""
        return Client(self, peer)

    def login(self, user: str = "patient1", password: str = "password111") -> Client:
        """Somebody connects and logs in."""
        client = self.connect()
        assert client.ask(f"authenticate {user} {password}") == ["success"]
        return client
