"""Histories on a die: three whole centers, bad weather, and deaths at any moment."""

from __future__ import annotations

from random import Random

from twisted.internet.defer import Deferred

from medappt.store.results import Tagged
from tests.federation.federated import FederatedCase, Hospital, person
from tests.federation.network import Weather
from tests.store.cities import name

SEEDS = 6
CODES = [
    f"{city}{part}{day}0227" for city in ("MTL", "QUE", "SHE") for part in "MA" for day in (15, 16)
]


class ChanceTests(FederatedCase):
    def test_histories(self) -> None:
        """Whatever happens, once the weather is good again records and places agree."""
        for seed in range(SEEDS):
            if seed:
                self.setUp()
            self.play(Random(seed))
            self.assert_agreement()

    def play(self, die: Random) -> None:
        for code in CODES:
            self.add(code, die.choice([1, 2]))
        self.network.random = die
        self.network.weather = Weather(lost=0.3, doubled=0.2, delay=die.choice([0.1, 1.5]))
        for number in range(40):
            hospital = die.choice(list(self.hospitals.values()))
            self.act(die, hospital, number).addErrback(lambda failure: None)
            self.run_for(die.choice([0.1, 1.0]), 0.05)
            if die.random() < 0.08:
                hospital.crash()
                self.run_for(die.choice([0.1, 12.0]), 0.05)
                hospital.start()
                self.run_for(0.2)
        self.network.weather = Weather()
        self.run_for(140, 0.1)

    def act(self, die: Random, hospital: Hospital, number: int) -> Deferred[object]:
        patient = f"{hospital.name}P000{die.randrange(3)}"
        slot = name(die.choice(CODES))
        tagged = Tagged(user=patient, tag=str(number), text=str(number))
        mine = [each.name for each in hospital.records(patient)]
        own = name(die.choice([code for code in CODES if code.startswith(hospital.name)]))
        city = hospital.city
        match die.choice(["book", "book", "book", "swap", "cancel", "remove", "add"]):
            case "swap" if mine:
                return self.begin(city.swap(person(patient), die.choice(mine), slot, tagged))
            case "cancel" if mine:
                return self.begin(city.cancel(person(patient), die.choice(mine).code))
            case "remove":
                return self.begin(city.remove(own))
            case "add":
                return self.begin(city.add(own, die.choice([1, 2])))
            case _:
                return self.begin(city.book(person(patient), slot, tagged))
