"""Who does to the centers, from time to time, what their weather holds for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from tests.simulation.hospital import Hospital
from tests.simulation.network import Network
from tests.simulation.scenery import CITIES, CLIENT_HOSTS, HOSTS

JUMPS = (-3_600.0, -70.0, -2.0, 2.0, 70.0, 3_600.0)
"""Seconds by which a clock on a wall is set: some by an hour, as by a wrong zone."""


class Nemesis:
    """Acts on ``hospitals`` until ``stop``."""

    def __init__(
        self,
        network: Network,
        hospitals: Mapping[str, Hospital],
        dice: Random,
        counts: Counter[str],
    ) -> None:
        self._network = network
        self._hospitals = hospitals
        self._dice = dice
        self._counts = counts
        self._is_over = False

    def start(self) -> None:
        """Strike for the first time some time from now."""
        if self._network.weather.storms:
            self._later(self._strike, self._dice.expovariate(1 / self._network.weather.pause))

    def stop(self) -> None:
        """The weather has cleared: what was cut or broken is mended."""
        self._is_over = True
        self._network.clear()
        for hospital in self._hospitals.values():
            hospital.disk.is_full = hospital.disk.is_broken = False

    def _later(self, action: Callable[[], object], seconds: float) -> None:
        self._network.timeline.call_later(seconds, action)

    def _strike(self) -> None:
        if self._is_over:
            return
        dice = self._dice
        storm = dice.choice(self._network.weather.storms)
        city = dice.choice(CITIES)
        self._network.timeline.note("storm", storm, city)
        self._counts[f"storm {storm}"] += 1
        self._do(storm, self._hospitals[city])
        self._later(self._strike, dice.expovariate(1 / self._network.weather.pause))

    def _do(self, storm: str, hospital: Hospital) -> None:
        dice, network = self._dice, self._network
        match storm:
            case "kill":
                hospital.machine.kill()
            case "cut" | "one-way cut" | "isolation":
                self._cut(storm, hospital.city)
            case "pause":
                network.pause(HOSTS[hospital.city], dice.choice([1.0, 5.0, 12.0]))
            case "broken streams":
                for end in list(hospital.machine.streams):
                    end.break_off()
            case "clock jump":
                hospital.wall.jump(dice.choice(JUMPS))
            case "disk full":
                hospital.disk.is_full = True
                self._later(lambda: self._mend(hospital), dice.expovariate(1 / 5))
            case "disk error":
                hospital.disk.is_broken = True
                self._later(lambda: self._mend(hospital), dice.expovariate(1 / 3))
            case "replay":
                for _ in range(10):
                    network.replay()
            case "restore":
                hospital.machine.kill()
                hospital.set_boot_back(dice.choice([1, 2, 3]))

    def _mend(self, hospital: Hospital) -> None:
        hospital.disk.is_full = hospital.disk.is_broken = False

    def _cut(self, storm: str, city: str) -> None:
        network, dice = self._network, self._dice
        other = dice.choice([each for each in CITIES if each != city])
        if storm == "isolation":
            hosts = [HOSTS[each] for each in CITIES if each != city]
            if dice.random() < 0.5:
                hosts.append(CLIENT_HOSTS[city])
            cut = {(HOSTS[city], host) for host in hosts} | {(host, HOSTS[city]) for host in hosts}
        else:
            cut = {(HOSTS[city], HOSTS[other])}
            if storm == "cut":
                cut.add((HOSTS[other], HOSTS[city]))
        network.cut |= cut
        self._later(lambda: network.cut.difference_update(cut), dice.expovariate(1 / 8))
