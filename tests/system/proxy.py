"""The network between centers: a UDP proxy with seeded weather, that can be asked what passes.

Each center is told that its peer is at a port of the proxy's, one for each ordered pair. What comes
to the port that is QUE for MTL goes to QUE's own port from the one that is MTL for QUE: sources are
as configured.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, permutations
from random import Random
from threading import Condition, Thread
from typing import Any, TypeAlias

from medappt.wire.envelope import Envelope, Kind, read_header
from medappt.wire.federation import (
    Reply,
    Request,
    Stale,
    parse_reply,
    parse_request,
    parse_stale,
)
from tests.system.client import PATIENCE

LOCALHOST = "127.0.0.1"
DATAGRAM = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """The share of datagrams lost and doubled, and the longest delay in seconds, of each one its
    own: so they overtake one another."""

    lost: float = 0.0
    doubled: float = 0.0
    delay: float = 0.0


FAIR = Weather()
FOUL = Weather(lost=0.3, doubled=0.1, delay=0.3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passing:
    """A datagram that came to the proxy: from which city, to which, and what it says to who has
    the key; ``None`` where it says nothing."""

    data: bytes = field(repr=False)
    sender: str
    receiver: str
    message: Request[Any] | Reply | Stale | None


Question: TypeAlias = Callable[[Passing], bool]


def says(kind: type[object], sender: str | None = None) -> Question:
    """Whether a datagram is a message of this kind, and of that city."""
    return lambda passing: isinstance(passing.message, kind) and sender in (None, passing.sender)


class Trap:
    """What it catches does not arrive."""

    def __init__(self, catches: Question, news: Condition) -> None:
        self._catches = catches
        self._news = news
        self.caught: list[Passing] = []

    def takes(self, passing: Passing) -> bool:
        if not self._catches(passing):
            return False
        self.caught.append(passing)
        return True

    def wait(self) -> Passing:
        """The first that was caught."""
        with self._news:
            assert self._news.wait_for(lambda: self.caught, PATIENCE), "nothing was caught"
            return self.caught[0]


class Proxy:
    """Carries datagrams between ``centers``, by city the UDP port where each listens. ``keys`` are
    those they seal with, to know what passes; they may be changed.

    Use it as a context: its thread ends with it.
    """

    def __init__(self, centers: Mapping[str, int], keys: Sequence[bytes], seed: int = 0) -> None:
        self._centers = dict(centers)
        self._random = Random(seed)
        self._news = Condition()
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[tuple[str, str], socket.socket] = {}
        self._waiting: list[tuple[float, int, tuple[str, str], bytes]] = []
        self._order = count()
        self._cut: set[tuple[str, str]] = set()
        self._traps: list[Trap] = []
        self._is_over = False
        self._bell, self._clapper = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        for pair in permutations(centers, 2):
            port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            port.bind((LOCALHOST, 0))
            port.setblocking(False)
            self._sockets[pair] = port
            self._selector.register(port, selectors.EVENT_READ, pair)
        self.keys = list(keys)
        self.weather = FAIR
        self.recorded: list[Passing] = []
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._is_over = True
        self._clapper.send(b".")
        self._thread.join()
        for each in (*self._sockets.values(), self._bell, self._clapper):
            each.close()
        self._selector.close()

    def address(self, sender: str, receiver: str) -> tuple[str, int]:
        """Where ``sender`` is to find ``receiver``."""
        host, port = self._sockets[sender, receiver].getsockname()
        return host, port

    def cut(self, sender: str, receiver: str) -> None:
        """Nothing passes from the one to the other any more."""
        with self._news:
            self._cut.add((sender, receiver))

    def cut_off(self, city: str) -> None:
        """Nothing passes from or to a city any more."""
        for other in self._centers:
            if other != city:
                self.cut(city, other)
                self.cut(other, city)

    def mend(self) -> None:
        """Everything passes again."""
        with self._news:
            self._cut.clear()

    @contextmanager
    def trap(self, catches: Question) -> Iterator[Trap]:
        """Let nothing pass that ``catches`` is true of."""
        trap = Trap(catches, self._news)
        with self._news:
            self._traps.append(trap)
        try:
            yield trap
        finally:
            with self._news:
                self._traps.remove(trap)

    @contextmanager
    def in_weather(self, weather: Weather) -> Iterator[None]:
        """For a while it is no longer fair."""
        self.weather = weather
        try:
            yield
        finally:
            self.weather = FAIR

    def mark(self) -> int:
        """How many datagrams have come by."""
        with self._news:
            return len(self.recorded)

    def wait_for(self, question: Question, since: int = 0) -> Passing:
        """The first datagram behind the mark ``since`` of which ``question`` is true."""
        found: list[Passing] = []

        def look() -> bool:
            found.extend(filter(question, self.recorded[since:]))
            return bool(found)

        with self._news:
            assert self._news.wait_for(look, PATIENCE), "waited in vain for a datagram"
        return found[0]

    def send(self, data: bytes, sender: str, receiver: str) -> None:
        """Give ``receiver`` a datagram that comes, as it sees it, from where ``sender`` is."""
        self._sockets[receiver, sender].sendto(data, (LOCALHOST, self._centers[receiver]))

    # The thread

    def _run(self) -> None:
        while not self._is_over:
            pause = None
            if self._waiting:
                pause = max(0.0, self._waiting[0][0] - time.monotonic())
            for key, _ in self._selector.select(pause):
                if key.data is not None:
                    self._receive(key.data)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, (sender, receiver), data = heapq.heappop(self._waiting)
                self.send(data, sender, receiver)

    def _receive(self, pair: tuple[str, str]) -> None:
        try:
            data = self._sockets[pair].recv(DATAGRAM)
        except BlockingIOError:
            return
        sender, receiver = pair
        passing = Passing(
            data=data, sender=sender, receiver=receiver, message=self._read(receiver, data)
        )
        with self._news:
            self.recorded.append(passing)
            taken = [trap.takes(passing) for trap in self._traps]  # each of them has a look
            is_stopped = pair in self._cut or any(taken)
            self._news.notify_all()
        weather = self.weather
        copies = 1 + (self._random.random() < weather.doubled)
        for _ in range(copies):
            is_lost = self._random.random() < weather.lost
            due = time.monotonic() + self._random.random() * weather.delay
            if not (is_lost or is_stopped):
                heapq.heappush(self._waiting, (due, next(self._order), pair, data))

    def _read(self, receiver: str, data: bytes) -> Request[Any] | Reply | Stale | None:
        header = read_header(data)
        opened = None if header is None else Envelope(self.keys).open(header, data)
        if header is None or opened is None:
            return None
        if header.kind is Kind.STALE:
            return parse_stale(opened.payload)
        if header.kind is Kind.REPLY:
            reply = parse_reply(receiver, opened.payload)
            return None if reply is None else reply[1]
        request = parse_request(header.sender, header.incarnation, opened.payload)
        return None if request is None else request[1]
