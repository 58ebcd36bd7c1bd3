"""Tests of three cities under a rush: of what is scarce exactly so much is sold (R1, R4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.center.cities import CityCase
from tests.center.fixtures import Client
from tests.federation.network import ADDRESSES, Weather

SETTLED = 20.0
"""Seconds in which everything on its way arrives, in fair weather."""


class RaceTests(CityCase):
    patients = 40

    def race(self, clients: Iterable[Client], *lines: str, seconds: float = 2.0) -> Counter[str]:
        """Everybody sends the lines before anybody is answered: the codes of their answers."""
        racers = list(clients)
        for racer in racers:
            racer.protocol.dataReceived("".join(f"{line}\n" for line in lines).encode())
        self.run_for(seconds)
        return Counter(_code(line) for racer in racers for line in racer.transport.take())

    def settle(self) -> None:
        self.network.weather = Weather()
        self.run_for(SETTLED, 0.1)
        self.assert_agreement()

    def users(self, city: str, count: int) -> list[str]:
        return [f"{city}P{2345 + number}" for number in range(count)]

    def test_capacity_of_one_center(self) -> None:
        """Forty sessions of forty patients on a slot of capacity 5: exactly 5 get a place."""
        self.open_slots("MTLA150227", capacity=5)
        clients = [self.login(user) for user in self.users("MTL", 40)]
        answers = self.race(clients, "book MTLA150227 Physician")
        self.assertEqual(answers, {"booked": 5, "full": 35})
        self.settle()

    def test_capacity_of_another_center(self) -> None:
        """Forty sessions of another city on a slot of capacity 5: exactly 5 get a place."""
        self.open_slots("QUEA150227", capacity=5)
        clients = [self.login(user) for user in self.users("MTL", 40)]
        answers = self.race(clients, "book QUEA150227 Physician")
        self.assertEqual(answers, {"booked": 5, "full": 35})
        self.assertEqual(self.que.taken("QUEA150227"), 5)
        self.settle()

    def test_capacity_from_three_cities(self) -> None:
        """Thirty patients of three cities on a slot of capacity 3: exactly 3 get a place."""
        self.open_slots("SHEM160227", capacity=3)
        clients = [self.login(user) for city in ADDRESSES for user in self.users(city, 10)]
        answers = self.race(clients, "book SHEM160227 Physician")
        self.assertEqual(answers, {"booked": 3, "full": 27})
        self.assertEqual(self.she.taken("SHEM160227"), 3)
        self.settle()

    def test_capacity_in_any_weather(self) -> None:
        """However many datagrams are lost, doubled or late, no more than 3 of thirty get a place,
        everybody is answered, and who was not given one by a refusal has none."""
        self.open_slots("SHEM160227", capacity=3)
        clients = [self.login(user) for city in ADDRESSES for user in self.users(city, 10)]
        self.network.weather = Weather(lost=0.3, doubled=0.1, delay=0.3)
        answers = self.race(clients, "book SHEM160227 Physician", seconds=10.0)
        self.assertEqual(sum(answers.values()), 30)
        self.assertLessEqual(set(answers), {"booked", "full", "unreachable"})
        self.settle()
        self.assertLessEqual(answers["booked"], 3)
        self.assertEqual(self.she.taken("SHEM160227"), answers["booked"])

    def test_three_a_week_from_six_connections(self) -> None:
        """Six bookings in other cities at once, each on a connection of its own, by one patient:
        exactly 3 are booked, and the others are over the weekly limit (R4)."""
        codes = ["QUEA150227", "QUEA160227", "QUEA170227", "SHEA180227", "SHEA190227", "SHEA200227"]
        self.open_slots(*codes)
        clients = [self.login("MTLP2345") for _ in codes]
        for client, code in zip(clients, codes, strict=True):
            client.protocol.dataReceived(f"book {code} Physician\n".encode())
        self.run_for(2.0)
        answers = Counter(_code(client.transport.take()[0]) for client in clients)
        self.assertEqual(answers, {"booked": 3, "weekly-limit": 3})
        self.assertEqual(len(self.patient.ask("schedule")), 3 + 1)
        self.settle()

    def test_one_slot_from_six_connections(self) -> None:
        """One patient who asks for the same place six times at once has it once (R2)."""
        self.open_slots("QUEA150227", capacity=6)
        answers = self.race([self.login("MTLP2345") for _ in range(6)], "book QUEA150227 Physician")
        self.assertEqual(answers, {"booked": 1, "already-booked": 5})
        self.settle()
        self.assertEqual(self.que.taken("QUEA150227"), 1)

    def test_one_day_from_two_cities(self) -> None:
        """One patient who asks for a place in each of two cities on one day gets one (R3)."""
        self.open_slots("QUEA150227", "SHEA150227")
        clients = [self.login("MTLP2345") for _ in range(2)]
        clients[0].protocol.dataReceived(b"book QUEA150227 Physician\n")
        clients[1].protocol.dataReceived(b"book SHEA150227 Physician\n")
        self.run_for(1.0)
        answers = Counter(_code(client.transport.take()[0]) for client in clients)
        self.assertEqual(answers, {"booked": 1, "same-day": 1})
        self.settle()

    def test_one_same_tag_from_six_connections(self) -> None:
        """One request sent on six connections under one tag is done once, and answered six
        times."""
        self.open_slots("QUEA150227", capacity=6)
        clients = [self.login("MTLP2345") for _ in range(6)]
        answers = self.race(clients, "@visit book QUEA150227 Physician")
        self.assertEqual(answers, {"booked": 6})
        self.assertEqual(self.que.taken("QUEA150227"), 1)
        self.settle()

    def test_swaps_for_one_place(self) -> None:
        """Ten patients who would swap for the same last place: one does, nine keep what they had
        (R6)."""
        self.open_slots("QUEM150227", capacity=10)
        self.open_slots("SHEM160227")
        clients = [self.login(user) for user in self.users("MTL", 10)]
        self.assertEqual(self.race(clients, "book QUEM150227 Physician"), {"booked": 10})
        answers = self.race(clients, "swap QUEM150227 Physician SHEM160227 Physician")
        self.assertEqual(answers, {"swapped": 1, "full": 9})
        self.settle()
        self.assertEqual((self.que.taken("QUEM150227"), self.she.taken("SHEM160227")), (9, 1))

    def test_swap_against_cancel(self) -> None:
        """A swap and a cancellation of one appointment at once: whichever is first, the patient
        never has two."""
        self.open_slots("QUEM150227", "SHEM160227")
        self.race([self.patient], "book QUEM150227 Physician")
        other = self.login("MTLP2345")
        swap = b"swap QUEM150227 Physician SHEM160227 Physician\n"
        self.patient.protocol.dataReceived(swap)
        other.protocol.dataReceived(b"cancel QUEM150227\n")
        self.run_for(1.0)
        answers = [_code(client.transport.take()[0]) for client in (self.patient, other)]
        self.assertEqual(answers, ["not-booked", "cancelled"])
        self.settle()
        self.assertEqual((self.que.taken("QUEM150227"), self.she.taken("SHEM160227")), (0, 0))

    def test_administrator_pipelines(self) -> None:
        """An administrator who sends thirty bookings for thirty patients in one piece has thirty
        answers in their order, and the owner is asked for all of them at once."""
        self.open_slots("QUEA150227", capacity=20)
        lines = [
            f"@{number} book QUEA150227 Physician {user}\n"
            for number, user in enumerate(self.users("MTL", 30))
        ]
        self.network.weather = Weather(delay=0.2)
        self.admin.protocol.dataReceived("".join(lines).encode())
        self.run_for(1.5)
        answers = self.admin.transport.take()
        self.assertEqual([line.split()[0] for line in answers], [f"@{n}" for n in range(30)])
        self.assertEqual(Counter(map(_code, answers)), {"booked": 20, "full": 10})
        self.settle()

    def test_administrator_pipelines_to_a_peer_that_is_down(self) -> None:
        """Thirty bookings in a city that is down are all answered within ten seconds, in their
        order, and others of the same connection's patients are done meanwhile."""
        self.open_slots("MTLA150227", capacity=40)
        self.que.crash()
        for user in self.users("MTL", 30):
            self.admin.protocol.dataReceived(f"book QUEA160227 Physician {user}\n".encode())
        for user in self.users("MTL", 40)[30:]:
            self.admin.protocol.dataReceived(f"book MTLA150227 Physician {user}\n".encode())
        self.run_for(0.5)
        self.assertEqual(self.mtl.taken("MTLA150227"), 10)
        self.assertEqual(self.later(self.admin, 7.0), [])
        answers = [_code(line) for line in self.later(self.admin, 2.5)]
        self.assertEqual(answers, ["unreachable"] * 30 + ["booked"] * 10)

    def test_removal_in_a_rush(self) -> None:
        """A slot that is removed while thirty patients book it: who was told that they have it is
        moved, and nobody is left in it."""
        self.open_slots("QUEM150227", "QUEE150227", capacity=30)
        clients = [self.login(user) for city in ADDRESSES for user in self.users(city, 10)]
        for client in clients[:15]:
            client.protocol.dataReceived(b"book QUEM150227 Physician\n")
        administrator = self.login("QUEA2345")
        self.run_for(0.05)
        administrator.protocol.dataReceived(b"remove QUEM150227 Physician\n")
        answers = self.race(clients[15:], "book QUEM150227 Physician")
        self.assertEqual(answers, {"unknown-slot": 15})
        codes = Counter(_code(client.transport.take()[0]) for client in clients[:15])
        self.run_for(10.0, 0.1)
        self.assertEqual(administrator.transport.take()[-1], ".")
        self.settle()
        self.assertEqual(set(codes) - {"booked", "unknown-slot"}, set())
        self.assertEqual(self.que.taken("QUEE150227"), codes["booked"])


def _code(line: str) -> str:
    """``booked``, ``swapped``..., or the code of an error; without the tag."""
    words = line.split()
    if words[0].startswith("@"):
        words = words[1:]
    return words[1] if words[0] == "error" else words[0]
