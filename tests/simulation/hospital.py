"""The center of one city, through all its lives: production's own service on simulated machines."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.defer import Deferred

from medappt.center.imports import CenterData, Import
from medappt.center.options import CenterConfiguration
from medappt.center.service import CenterService, Surroundings
from medappt.federation.drops import Drop
from medappt.federation.service import FederationConfiguration
from medappt.model.ids import SlotName
from medappt.model.limits import Limits
from medappt.model.origins import CENTER
from medappt.model.records import Contact
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.keys import key_path
from medappt.store.location import Location
from medappt.store.migrate import memory_image
from medappt.store.removal import add_slot
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from medappt.wire.datafiles import read_availabilities, read_users
from tests.center.fixtures import PlainHasher
from tests.simulation.disk import Disk, SimulatedStore, open_image
from tests.simulation.machine import Machine
from tests.simulation.network import Network
from tests.simulation.scenery import (
    CITIES,
    FEDERATION_KEY,
    HOSTS,
    TCP_PORT,
    TYPES,
    UDP_PORT,
    ZONES,
    Scenery,
    contact_of,
    users_file,
)
from tests.simulation.wallclock import WallClock
from tests.simulation.workers import SimulatedWorkers

KEY = b"a key of a store" * 2
NEVER = datetime(2027, 1, 1, tzinfo=UTC)
"""When the users were imported."""

OPENINGS = b"1 Tue 01pm doc1 41000\n2 Mon 03pm doc2 42000\n"


class Hospital:
    """``disk`` and ``wall`` outlive its processes. ``life`` counts these, from 1; ``was_restored``
    if its store was ever put back. The present one began at ``booted_at``."""

    def __init__(self, network: Network, city: str, scenery: Scenery, seed: int) -> None:
        self.network = network
        self.city = city
        self.wall = WallClock(network.timeline, scenery.begins)
        self.disk = Disk(image=_prepared(city, scenery))
        self.life = 0
        self.was_restored = False
        self.booted_at = 0.0
        self.machine = self._new_machine(seed)
        self.service: CenterService | None = None
        self._seed = seed
        self._scenery = scenery
        self.lives: list[CenterService] = []

    def _new_machine(self, seed: int) -> Machine:
        self.life += 1
        return Machine(self.network, HOSTS[self.city], f"{self.city}#{self.life}", seed)

    def boot(self, above: int = 0) -> None:
        """A process starts; ``above`` is the operator's override of a restored center."""
        if self.life > 1 or self.service is not None:
            self.machine = self._new_machine(self._seed)
        machine = self.machine
        self.network.timeline.note("booted", machine.name, above)
        self.booted_at = self.network.timeline.now
        service = CenterService(
            self._configuration(above),
            Surroundings(
                clock=machine,
                now=self.wall.now,
                randomness=machine.dice.randbytes,
                jitter=machine.dice.random,
                workers=SimulatedWorkers(machine),
                hasher=PlainHasher(),
                open_store=lambda location, key: SimulatedStore(self.disk, machine, key),
            ),
            most_connections=100,
            role="medappt-server",
        )
        self.service = service
        self.lives.append(service)
        service.listen(machine)
        try:
            service.startService()
        except SystemExit as told:  # the disk is full; somebody starts it again
            self.network.timeline.note("cannot start", machine.name, told.code)
            machine.kill()

    def _configuration(self, above: int) -> CenterConfiguration:
        city = self.city
        return CenterConfiguration(
            listen=(f"tcp:{TCP_PORT}:interface={HOSTS[city]}",),
            is_default_listen=False,
            folder=Path(),
            store=Location(path=_folder() / f"{city}.sqlite3"),
            zone=ZONES[city],
            data=center_data(city),
            limits=Limits(),
            is_classroom=False,
            city=FederationConfiguration(
                city=city,
                zone=ZONES[city],
                doctors={type_: contact_of(city, type_) for type_ in TYPES},
                listen=(HOSTS[city], UDP_PORT),
                keys=[FEDERATION_KEY],
                peers={peer: (HOSTS[peer], UDP_PORT) for peer in CITIES if peer != city},
                above=above,
                reach=self._scenery.reach,
            ),
        )

    @property
    def drops(self) -> Mapping[Drop, int]:
        """The datagrams that had no effect on its present process, by why."""
        assert self.service is not None
        federation = self.service._federation
        assert federation is not None
        return federation.link.drops.counts

    def stop(self) -> Deferred[None]:
        """End the process as an operator does."""
        assert self.service is not None
        return self.service.stopService()

    def set_boot_back(self, by: int) -> None:
        """Its boot number is that of an older copy of the store. Only the number: what a whole
        older store has lost is no protocol's to keep."""
        raw = open_image(self.disk.image)
        raw.execute(
            "DELETE FROM boots WHERE number IN (SELECT number FROM boots ORDER BY number DESC"
            " LIMIT ?)",
            (by,),
        )
        self.disk.image = raw.serialize()
        self.disk.ghost = None
        self.was_restored = True
        raw.close()


@lru_cache(maxsize=len(CITIES))
def center_data(city: str) -> CenterData:
    """What the files of a center say."""
    return CenterData(
        users=tuple(read_users(users_file(city), "users.txt", city)),
        openings=tuple(read_availabilities(OPENINGS, "availabilities.txt")),
    )


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Where the keys of the stores are, the only files there are; it goes with this process."""
    folder = TemporaryDirectory(prefix="medappt-simulation-")
    atexit.register(folder.cleanup)
    path = Path(folder.name)
    for city in CITIES:
        key_path(path / f"{city}.sqlite3").write_bytes(KEY)
    return path


@lru_cache(maxsize=len(CITIES))
def _migrated(city: str) -> bytes:
    """A store of the newest revision, with the users in it. Made once: a migration takes longer
    than a history."""
    raw = open_image(memory_image())
    database = SQLiteDatabase(raw, None, KEY)
    work = Import(center_data(city), KEY, PlainHasher())
    hashes = work.hash(run_now(database, work.names_to_hash))
    run_now(database, lambda connection: work.apply(connection, hashes, NEVER))
    image = raw.serialize()
    raw.close()
    return image


def _prepared(city: str, scenery: Scenery) -> bytes:
    """The store with the slots that are open at the beginning."""
    raw = open_image(_migrated(city))
    database = SQLiteDatabase(raw, None, KEY)
    here = Here(city=city, zone=ZONES[city], now=scenery.begins, new_id=_no_ids)
    for name, capacity in scenery.slots[city]:
        contact = contact_of(city, name.type)
        run_now(database, partial(_add, here, name, capacity, contact))
    image = raw.serialize()
    raw.close()
    return image


def _add(
    here: Here, name: SlotName, capacity: int, contact: Contact, connection: Connection
) -> None:
    add_slot(connection, here, name, capacity, contact, origin=CENTER)


def _no_ids() -> str:
    raise AssertionError("an empty slot has no patients")
