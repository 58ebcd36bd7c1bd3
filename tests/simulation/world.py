"""One history: a seed, three cities, bad weather, and what came of it."""

from __future__ import annotations

import gc
import sqlite3
import traceback
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import Random
from typing import cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from medappt.doctor.practice import DoctorService, IDoctorReactor, Practice
from medappt.federation import owners
from medappt.role.files import load
from medappt.wire.datafiles import read_prices
from tests.simulation.calm import Calm
from tests.simulation.chronicle import Broken, Chronicle, require
from tests.simulation.customers import Customer
from tests.simulation.desk import Desk
from tests.simulation.directed import Stage, script_of, stage_scenery, stage_weather
from tests.simulation.disk import open_image
from tests.simulation.grounds import Grounds
from tests.simulation.hospital import Hospital
from tests.simulation.machine import Machine
from tests.simulation.nemesis import Nemesis
from tests.simulation.network import Network
from tests.simulation.patching import patches
from tests.simulation.promises import Promises
from tests.simulation.scenery import (
    CITIES,
    CLIENT_HOSTS,
    DOCTOR_HOSTS,
    DOCTOR_PORTS,
    PATIENTS,
    draw_scenery,
)
from tests.simulation.timeline import Timeline
from tests.simulation.watch import Watch
from tests.simulation.weather import draw_weather
from tests.simulation.wishes import Wishes

BUSY_SECONDS = 30.0
"""Of bad weather."""

FAIR_SECONDS = 14.0
"""Of fair weather in which people still think of something new, and are answered in time."""

QUIET_SECONDS = 4.0
"""After the last mishap: what was lost in it has been sent again by then."""

SETTLE_SECONDS = 60.0
"""Within which everything is settled once the weather has cleared."""

LOOK_EVERY = 2.0
STOP_SECONDS = 5.0
RESTART_SECONDS = 3.0
PRICES = Path(__file__).parents[2] / "data"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a history ended: ``failure`` is the promise that was broken, if any. ``settled`` are the
    seconds of fair weather until all was settled."""

    seed: int
    failure: str | None
    trace: str
    seconds: float
    events: int
    settled: float
    counts: Counter[str] = field(repr=False)


class World:
    """The history of a seed, from its beginning to its end."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self._script = script_of(seed)
        self.scenery = (
            stage_scenery() if self._script else draw_scenery(self._dice("scenery"), BUSY_SECONDS)
        )
        self.weather = stage_weather() if self._script else draw_weather(self._dice("weather"))
        self.timeline = Timeline(self._dice("timeline"))
        self.network = Network(self.timeline, self._dice("network"), self.weather)
        self.chronicle = Chronicle()
        self.hospitals = {city: Hospital(self.network, city, self.scenery, seed) for city in CITIES}
        self.broken: Broken | None = None
        self._failures: list[Failure] = []
        self._dead: set[Machine] = set()
        self._above: dict[str, int] = {}
        self.watch = Watch(self._operator_reads)
        self.watch.disk_fails = bool({"disk full", "disk error"} & set(self.weather.storms))
        self.desk = Desk(
            timeline=self.timeline,
            chronicle=self.chronicle,
            grounds=Grounds(self.chronicle, self._latest_instant),
            counts=self.counts,
            latest_instant=self._latest_instant,
            quiet_since=self._quiet_since,
            life_of=lambda city: self.hospitals[city].life,
            prices={name: load(PRICES / f"{name}.txt", read_prices) for name in DOCTOR_PORTS},
            disk_fails=self.watch.disk_fails,
            true_instant=(
                None if "clock jump" in self.weather.storms else self.scenery.begins.timestamp()
            ),
        )
        self.promises = Promises(
            self.chronicle,
            self.desk.errands,
            self._latest_instant,
            self.scenery.reach.total_seconds(),
            self.counts,
        )
        self.calm = Calm(self.chronicle, self.promises, self.desk)
        self.nemesis = Nemesis(self.network, self.hospitals, self._dice("nemesis"), self.counts)
        self._wishes = Wishes(self.scenery, self.chronicle, self._dice("wishes"))
        self._restarts = self._dice("restarts")

    def _dice(self, purpose: str) -> Random:
        return Random(f"{self.seed} {purpose}")

    def _quiet_since(self) -> float:
        """Since when every center is up and can be reached; infinity while one is not."""
        hospitals = self.hospitals.values()
        if self._above or not all(hospital.machine.is_alive for hospital in hospitals):
            return inf
        fair_since = inf if self.desk.fair_since is None else self.desk.fair_since
        boots = [hospital.booted_at for hospital in hospitals]
        return max(fair_since, self.network.awake_at, *boots) + QUIET_SECONDS

    def _latest_instant(self, city: str) -> float:
        return self.hospitals[city].wall.latest.timestamp()

    def run(self) -> Outcome:
        """Live through it."""
        failure = None
        self.watch.start()
        gc_was_on = gc.isenabled()
        gc.disable()
        try:
            with patches() as patched:
                if self.scenery.page is not None:
                    patched.everywhere("MOST_OPTIONS", self.scenery.page)
                    patched.attribute(owners, "ROWS_AT_ONCE", self.scenery.page)
                self._live()
        except Broken as broken:
            failure = str(broken)
        except Exception:  # noqa: BLE001 - what Twisted's reactor would log
            failure = "an event raised: " + traceback.format_exc()
        finally:
            self.watch.stop()
            if gc_was_on:
                gc.enable()
        if failure is None and self.watch.complaints:
            failure = "logged: " + self.watch.complaints[0]
        return Outcome(
            seed=self.seed,
            failure=failure,
            trace=self.timeline.trace,
            seconds=self.timeline.now,
            events=self.timeline.events,
            settled=self.timeline.now - (self.desk.fair_since or 0.0),
            counts=self.counts,
        )

    def _live(self) -> None:
        self._begin()
        self._pass(BUSY_SECONDS)
        self._clear_up()
        self._pass(FAIR_SECONDS)
        self.desk.is_open = False
        self._settle()
        self.calm.count(self.counts)
        self._close()

    # the beginning

    def _begin(self) -> None:
        for city, hospital in self.hospitals.items():
            raw = open_image(hospital.disk.image)
            _, snapshot = self.chronicle.record(city, raw)
            raw.close()
            self.promises.begin(city, snapshot)
            hospital.disk.observer = _Observer(self, city)
        for city, hospital in self.hospitals.items():
            self._open_doctors(city)
            hospital.boot()
        if self._script is None:
            self._let_people_in()
        else:
            played = Deferred.fromCoroutine(self._script(Stage(self)))
            played.addErrback(self._failures.append)
        self.nemesis.start()

    def _open_doctors(self, city: str) -> None:
        machine = Machine(self.network, DOCTOR_HOSTS[city], f"doctors of {city}", self.seed)
        for name, port in DOCTOR_PORTS.items():
            practice = Practice(
                name=name.removeprefix("doc"),
                prices_path=PRICES / f"{name}.txt",
                port=port,
                hosts=(machine.host,),
                optional_hosts=(),
            )
            doctor = DoctorService(cast(IDoctorReactor, machine), practice)
            doctor.listen()
            doctor.startService()

    def _let_people_in(self) -> None:
        for city in CITIES:
            machine = Machine(self.network, CLIENT_HOSTS[city], f"people of {city}", self.seed)
            users = [f"{city}P{2345 + number}" for number in range(PATIENTS)]
            # the first patient is at two machines at once
            for number, user in enumerate([*users, users[0], f"{city}A2345"]):
                customer = self.new_customer(user, machine, number)
                Deferred.fromCoroutine(customer.live()).addErrback(self._failures.append)

    def new_customer(self, user: str, machine: Machine, number: int) -> Customer:
        """One session of a user at a machine."""
        return Customer(
            user=user,
            machine=machine,
            dice=self._dice(f"{user} {number}"),
            wishes=self._wishes,
            desk=self.desk,
            pause=self.scenery.haste,
        )

    # what happens meanwhile

    def _after_each(self) -> None:
        if self.broken is not None:
            raise self.broken
        if self._failures:
            failure = self._failures[0]
            if isinstance(failure.value, Broken):
                raise failure.value
            raise Broken("a client failed: " + failure.getTraceback())
        if self.watch.complaints:
            raise Broken("logged: " + self.watch.complaints[0])
        for hospital in self.hospitals.values():
            if not hospital.machine.is_alive and hospital.machine not in self._dead:
                self._dead.add(hospital.machine)
                self._mourn(hospital)

    def _mourn(self, hospital: Hospital) -> None:
        """A process died: somebody starts it again."""
        self.counts["deaths"] += 1
        had_ghost = hospital.disk.ghost is not None
        ghost_returns = self._restarts.random() < 0.5
        hospital.disk.crash(ghost_returns=ghost_returns)
        self.chronicle.forget_passing(hospital.city)
        if had_ghost and ghost_returns:
            self.counts["a failed commit came back"] += 1
            raw = open_image(hospital.disk.image)
            self.promises.check(hospital.city, *self.chronicle.record(hospital.city, raw))
            raw.close()
        self.timeline.call_later(
            self._restarts.expovariate(1 / RESTART_SECONDS), self._boot, hospital
        )

    def _boot(self, hospital: Hospital) -> None:
        if hospital.machine.is_alive:
            return
        city = hospital.city
        above = self._above.get(city, 0)
        hospital.boot(above)
        if above and self._boot_of(city)[0] > above:
            del self._above[city]  # it is on record: from now on it counts by itself

    def _operator_reads(self, city: str, highest: int) -> None:
        """A center says that its store is old: the operator starts it above all that was heard."""
        hospital = self.hospitals[city]
        self.counts["stopped as stale"] += 1
        self.timeline.note("stale", city, highest)
        if not (hospital.was_restored and self._is_old(city)):
            self.broken = self.broken or Broken(f"{city} stopped, and its store is the latest")
        self._above[city] = highest
        self.timeline.call_later(self._restarts.random() * 5, hospital.machine.kill)

    def _is_old(self, city: str) -> bool:
        """Whether a peer has heard a later run of a center than its present one."""
        number, randomness = self._boot_of(city)
        return any(
            boot > number or (boot == number and heard != randomness)
            for peer in CITIES
            for heard_of, boot, heard in self.chronicle.latest(peer).peers
            if heard_of == city
        )

    def _boot_of(self, city: str) -> tuple[int, str]:
        """The number and the random bytes of a center's last start, as it has them on record."""
        boots = self.chronicle.latest(city).boots
        return boots[-1] if boots else (0, "")

    def _pass(self, seconds: float) -> None:
        self.timeline.run_until(self.timeline.now + seconds, self._after_each)

    # the end

    def _clear_up(self) -> None:
        self.network.weather = self.weather.calm()
        self.nemesis.stop()
        self.desk.fair_since = self.timeline.now
        self.timeline.note("fair weather")

    def _settle(self) -> None:
        assert self.desk.fair_since is not None
        end = self.desk.fair_since + SETTLE_SECONDS
        while True:
            self._pass(LOOK_EVERY)
            try:
                self.calm.check()
            except Broken:
                if self.timeline.now >= end:
                    raise
            else:
                return

    def _close(self) -> None:
        """Every center is stopped, and leaves nothing behind."""
        stopped: list[Deferred[None]] = []
        machines = []
        for hospital in self.hospitals.values():
            if hospital.machine.is_alive:
                machines.append(hospital.machine)
                stopped.append(hospital.stop())
        for each in stopped:
            each.addErrback(self._failures.append)
        self._pass(STOP_SECONDS)
        for city, hospital in self.hospitals.items():
            require(
                self.network.doubles[hospital.machine] <= sum(hospital.drops.values()),
                city,
                "got",
                self.network.doubles[hospital.machine],
                "datagrams twice, and dropped:",
                dict(hospital.drops),
            )
        for machine, each in zip(machines, stopped, strict=True):
            require(each.called, machine.name, "does not stop")
            calls = machine.getDelayedCalls()
            require(not calls, machine.name, "leaves calls behind:", calls)
            require(not machine.streams, machine.name, "leaves connections behind")
            addresses = [key for key, owner in self.network.sockets.items() if owner[0] is machine]
            require(not addresses, machine.name, "leaves sockets behind:", addresses)


class _Observer:
    """Reads what the center of a city commits, and checks it. A broken promise is told after the
    event: the store would take it for a failing disk."""

    def __init__(self, world: World, city: str) -> None:
        self._world = world
        self._city = city

    def passing(self, raw: sqlite3.Connection) -> None:
        self._world.chronicle.pass_by(self._city, raw)

    def undone(self) -> None:
        self._world.chronicle.forget_passing(self._city)

    def committed(self, raw: sqlite3.Connection) -> None:
        world = self._world
        try:
            world.promises.check(self._city, *world.chronicle.record(self._city, raw))
        except Broken as broken:
            world.broken = world.broken or broken
