"""What must hold once the weather has cleared and everything has settled."""

from __future__ import annotations

from collections import Counter

from tests.simulation.chronicle import Chronicle, require
from tests.simulation.desk import Desk
from tests.simulation.promises import Promises
from tests.simulation.scenery import CITIES


class Calm:
    """Checks a world that should have settled."""

    def __init__(self, chronicle: Chronicle, promises: Promises, desk: Desk) -> None:
        self._chronicle = chronicle
        self._promises = promises
        self._desk = desk

    def check(self) -> None:
        """Raise ``Broken`` for what has not settled, or is wrong."""
        require(not self._desk.unanswered, "never answered:", *self._desk.unanswered)
        for city in CITIES:
            now = self._chronicle.latest(city)
            pending = [record for record in now.records.values() if record.state == "PENDING"]
            held = [place for place in now.places.values() if place.state == "HELD"]
            require(not pending, city, "pending:", pending)
            require(not held, city, "held:", held)
            require(not now.letters, city, "in the outbox:", now.letters)
            self._check_agreement(city)
            self._check_runs(city)
            self._promises.require_nobody_waits_in_vain(city, now.waiting(), now)

    def _check_agreement(self, city: str) -> None:
        """The owner keeps what the homes have on record, and nothing else."""
        now = self._chronicle.latest(city)
        kept = {id_ for id_, place in now.places.items() if place.state == "CONFIRMED"}
        waiting = {wait.id for wait in now.waiting()}
        active: set[str] = set()
        listed: set[str] = set()
        for home in CITIES:
            for record in self._chronicle.latest(home).records.values():
                if record.owner == city:
                    (active if record.state == "ACTIVE" else listed).add(record.id)
        require(kept == active, city, "places and records differ:", sorted(kept ^ active))
        require(waiting == listed, city, "waiting and records differ:", sorted(waiting ^ listed))
        for id_ in sorted(kept):
            slot = now.slots[now.places[id_].slot or 0]
            require(slot.removal is None, city, "left behind in a removed slot:", now.places[id_])

    def _check_runs(self, city: str) -> None:
        """Every peer has the present run of a center on record, and no later one."""
        boots = self._chronicle.latest(city).boots
        require(boots, city, "takes no part in the federation")
        for peer in CITIES:
            if peer != city:
                heard = {known: run for known, *run in self._chronicle.latest(peer).peers}
                require(
                    heard.get(city) == [*boots[-1]], peer, "has heard of", heard, "not", boots[-1]
                )

    def count(self, counts: Counter[str]) -> None:
        """Tell what is there at the end."""
        for city in CITIES:
            now = self._chronicle.latest(city)
            for wait in now.waiting():
                counts["waits at the end, " + ("own" if wait.home == city else "away")] += 1
            for record in now.records.values():
                if record.id != record.root and record.owner != city:
                    counts["moved away from home"] += 1
