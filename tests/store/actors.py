"""Who acts in the histories on a die: centers, their patients and administrators, and what is under
way between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from medappt.model.identity import Role
from medappt.model.moves import MoveRuns, PageCursors
from medappt.model.origins import Origin
from medappt.model.records import Page
from medappt.store.booking import Pending
from medappt.store.boots import Boot, raise_peer_boot
from medappt.store.purging import Purged
from medappt.store.removal import Closed
from tests.store.cities import City
from tests.store.doubles import origin


@dataclass(frozen=True)
class Datagram:
    """Something on its way; ``run`` is the run of the sender, whose later ones take no replies."""

    sender: str
    receiver: str
    verb: str
    values: tuple[Any, ...]
    run: int


@dataclass
class Flight:
    """A booking between its two transactions, in memory."""

    pending: Pending
    ends: int
    client: Client | None = None
    run: MoveRun | None = None


@dataclass
class MoveRun:
    """A list of options that a home runs down for a record."""

    owner: str
    id: str
    options: list[str]
    page: Page


@dataclass
class Client:
    """A patient or an administrator: one request at a time, again under its tag until answered."""

    user: str
    is_administrator: bool = False
    request: Any = None
    count: int = 0
    is_asked: bool = False
    has: int = 0

    @property
    def city(self) -> str:
        return self.user[:3]

    @property
    def origin(self) -> Origin:
        return origin(self.user, Role.ADMINISTRATOR if self.is_administrator else Role.PATIENT)


@dataclass
class Center:
    """A center: its store, and what it has in memory."""

    city: City
    run: int = 1
    flights: dict[str, Flight] = field(default_factory=dict)
    runs: MoveRuns = field(default_factory=MoveRuns)
    cursors: PageCursors = field(default_factory=PageCursors)
    closed: list[tuple[Closed, Client, int]] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)
    purged: Purged = field(default_factory=Purged)

    def hears(self, peer: str, run: int) -> bool:
        """Whether this run of a peer is none before the last that was heard; it is on record."""
        if run > self.heard.get(peer, 0):
            self.heard[peer] = run
            self.city.do(raise_peer_boot, peer, Boot(number=run, randomness=b"\x01\x02"))
        return run == self.heard[peer]
