"""Three whole centers in memory: their stores and services, and the network between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import select
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IListeningPort, IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from medappt.federation.city import City
from medappt.federation.service import (
    Federation,
    FederationConfiguration,
    FederationSurroundings,
)
from medappt.model.appointments import Booked, State
from medappt.model.ids import PersonId, SlotName, parse_person
from medappt.model.records import Contact, PlaceState, Record, RecordState
from medappt.model.refusals import Refused
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.places import Place, held_places, places_in
from medappt.store.records import records_of
from medappt.store.results import Tagged
from medappt.store.slots import find_open
from medappt.store.transactions import run_now
from medappt.store.writer import Writer, inline
from tests.federation.network import ADDRESSES, KEY, Network, NetworkPort
from tests.store.cities import TORONTO, name
from tests.store.doubles import NOW, memory_database
from tests.store.reading import all_waiters, letters

T = TypeVar("T")

DOCTORS = {
    "Physician": Contact(name="doc1", host="127.0.0.1", port=41000),
    "Surgeon": Contact(name="doc2", host="127.0.0.1", port=42000),
}


def person(word: str) -> PersonId:
    """Whom a word names."""
    parsed = parse_person(word)
    assert parsed is not None, word
    return parsed


@implementer(IListeningPort)
class Port(NetworkPort):
    """A port that can be cut off, as by the death of its process."""

    is_dead = False

    def __init__(
        self, network: Network, address: tuple[str, int], protocol: DatagramProtocol
    ) -> None:
        super().__init__(network, address)
        self.protocol = protocol

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        if not self.is_dead:
            super().write(packet, addr)

    def startListening(self) -> None:
        self.network.links[self.address] = self.protocol
        self.protocol.makeConnection(self)

    def stopListening(self) -> None:
        self.network.links.pop(self.address, None)
        self.protocol.doStop()


@implementer(IReactorUDP)
class Sockets:
    """Opens ports on a network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.port: Port | None = None

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> Port:
        self.port = Port(self.network, (interface, port), protocol)
        self.port.startListening()
        return self.port


class MortalWorker:
    """Works at once, until its process is killed, and unless it ``fails``."""

    def __init__(self) -> None:
        self.is_dead = False
        self.fails = False

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]:
        if self.is_dead:
            return Deferred()
        return fail(OSError("no space")) if self.fails else inline(work)


class Hospital:
    """The center of a city. Its database is what a crash leaves."""

    def __init__(self, network: Network, city: str) -> None:
        self.network = network
        self.name = city
        self.database = memory_database()
        self.random = Random(city)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.network.clock.seconds())

    def start(self, above: int = 0) -> Deferred[None]:
        self.sockets = Sockets(self.network)
        self.worker = MortalWorker()
        clock = self.network.clock
        self.writer = Writer(self.database, self.worker, clock)
        self.federation = Federation(
            FederationConfiguration(
                city=self.name,
                zone=TORONTO,
                doctors=DOCTORS,
                listen=ADDRESSES[self.name],
                keys=[KEY],
                peers={city: place for city, place in ADDRESSES.items() if city != self.name},
                above=above,
            ),
            FederationSurroundings(
                reactor=self.sockets,
                clock=clock,
                now=lambda: self.now,
                jitter=self.random.random,
                randomness=self.random.randbytes,
            ),
            self.writer,
        )
        return self.federation.start()

    def crash(self) -> None:
        """The process is gone at once; the database stays."""
        assert self.sockets.port is not None
        self.worker.is_dead = True
        self.sockets.port.is_dead = True
        self.network.links.pop(ADDRESSES[self.name], None)

    @property
    def city(self) -> City:
        return self.federation.city

    def do(self, function: Callable[..., T], *arguments: Any) -> T:
        return run_now(self.database, lambda connection: function(connection, *arguments))

    def records(self, patient: str) -> list[Record]:
        return self.do(records_of, patient)

    def states(self, patient: str) -> dict[str, RecordState]:
        return {str(each.name.code): each.state for each in self.records(patient)}

    def taken(self, code: str, type_: str = "Physician") -> int:
        """The places of an open slot that are held or taken."""
        return self.do(_taken, name(code, type_))


def _taken(connection: Connection, slot: SlotName) -> int:
    row = find_open(connection, slot)
    assert row is not None
    return row.capacity - row.free


class FederatedCase(SynchronousTestCase):
    """MTL, QUE and SHE, up."""

    def setUp(self) -> None:
        self.network = Network()
        self.clock = self.network.clock
        self.hospitals = {city: Hospital(self.network, city) for city in ADDRESSES}
        self.mtl, self.que, self.she = self.hospitals.values()
        started = [each.start() for each in self.hospitals.values()]
        self.run_for(0.2)
        for each in started:
            self.successResultOf(each)
        for hospital in self.hospitals.values():
            self.addCleanup(hospital.database.close)

    def run_for(self, seconds: float, step: float = 0.02) -> None:
        self.network.run(seconds, step)

    def begin(self, asked: Awaitable[T]) -> Deferred[T]:
        async def waiting() -> T:
            return await asked

        return Deferred.fromCoroutine(waiting())

    def result(self, asked: Awaitable[T], seconds: float = 0.5) -> T:
        """What an operation gives within so many seconds."""
        deferred = self.begin(asked)
        self.run_for(seconds)
        value: T = self.successResultOf(deferred)
        return value

    def code(self, deferred: Deferred[Any]) -> str:
        """The code of a refusal, ``booked`` or whatever else it was."""
        outcome: list[Any] = []
        deferred.addBoth(outcome.append)
        self.assertTrue(outcome, "no answer")
        value = getattr(outcome[0], "value", outcome[0])
        if isinstance(value, Refused):
            return value.refusal.code.value
        return type(value).__name__

    def refused(self, asked: Awaitable[Any], seconds: float = 0.5) -> str:
        deferred = self.begin(asked)
        self.run_for(seconds)
        return self.code(deferred)

    def add(self, code: str, capacity: int = 1, type_: str = "Physician") -> None:
        self.result(self.hospitals[code[:3]].city.add(name(code, type_), capacity))

    def book(
        self, patient: str, code: str, tag: str | None = None, type_: str = "Physician"
    ) -> Deferred[Booked]:
        """A booking, begun."""
        tagged = None if tag is None else Tagged(user=patient, tag=tag, text=f"book {code}")
        return self.begin(
            self.hospitals[patient[:3]].city.book(person(patient), name(code, type_), tagged)
        )

    def booked(self, patient: str, code: str) -> None:
        """A booking, done."""
        answer = self.book(patient, code)
        self.run_for(1.0)
        self.successResultOf(answer)

    def schedule(self, patient: str) -> list[tuple[str, State]]:
        rows = self.result(self.hospitals[patient[:3]].city.schedule(person(patient)))
        return [(row.code, row.state) for row in rows]

    def assert_agreement(self) -> None:
        """Records and places name the same; nothing is on its way."""
        kept: set[str] = set()
        known: set[str] = set()
        waiting: set[str] = set()
        listed: set[str] = set()
        for hospital in self.hospitals.values():
            self.assertEqual(hospital.do(letters), [])
            self.assertEqual(hospital.do(held_places), [])
            places, records = hospital.do(_everything)
            kept |= {each.id for each in places if each.state is PlaceState.CONFIRMED}
            known |= {id_ for id_, state in records if state == RecordState.ACTIVE.value}
            waiting |= {each.id for each in hospital.do(all_waiters)}
            listed |= {id_ for id_, state in records if state == RecordState.WAITLISTED.value}
            self.assertFalse([id_ for id_, state in records if state == "PENDING"])
        self.assertEqual((kept, waiting), (known, listed))


def _everything(connection: Connection) -> tuple[list[Place], list[tuple[str, str]]]:
    keys = [key for (key,) in connection.rows(Statement(select(schema.slots.c.key)))]
    places = [place for key in keys for place in places_in(connection, key)]
    records = connection.rows(Statement(select(*schema.records.c["id", "state"])))
    return places, [(id_, state) for id_, state in records]
