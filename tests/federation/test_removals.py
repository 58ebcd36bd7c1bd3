"""Removed slots, and who waits, between three whole centers (R7)."""

from __future__ import annotations

from datetime import timedelta

from medappt.model.appointments import Fate, Removed, State
from medappt.store.results import Tagged
from tests.federation.federated import person
from tests.federation.network import Weather
from tests.federation.sieve import SievedCase
from tests.store.cities import name


class RemovalTests(SievedCase):
    def fates(self, removed: Removed) -> dict[str, tuple[Fate, str | None]]:
        return {row.patient: (row.fate, row.new_code) for row in removed.rows}

    def test_three_cities(self) -> None:
        """Patients of all cities are moved to the closest slots with room, each by their home, and
        the removal says so at once."""
        self.add("QUEA100227", 3)
        self.add("QUEE100227", 1)
        self.add("QUEA120227", 2)
        for city in ("QUE", "MTL", "SHE"):
            self.booked(f"{city}P0001", "QUEA100227")
        preview = self.result(self.que.city.preview(name("QUEA100227")))
        self.assertEqual(len(preview.rows), 3)
        removed = self.result(self.que.city.remove(name("QUEA100227")), 3)
        fates = self.fates(removed)
        self.assertEqual(fates["QUEP0001"], (Fate.MOVED, "QUEE100227"))
        self.assertEqual(fates["MTLP0001"], (Fate.MOVED, "QUEA120227"))
        self.assertEqual(fates["SHEP0001"], (Fate.MOVED, "QUEA120227"))
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA120227", State.MOVED)])
        self.run_for(2)
        self.assert_agreement()

    def test_nowhere_to_go(self) -> None:
        """With no slot suitable a patient of another city waits, and gets the first that opens."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        removed = self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.assertEqual(self.fates(removed), {"MTLP0001": (Fate.WAITLISTED, None)})
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA100227", State.WAITLISTED)])
        self.run_for(300, 0.5)
        self.add("QUEM110227")
        self.run_for(2)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEM110227", State.MOVED)])
        self.assert_agreement()

    def test_place_given_back(self) -> None:
        """Who waits gets the place that a patient of a third city gives back."""
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.booked("MTLP0001", "QUEA100227")
        self.booked("SHEP0001", "QUEA110227")
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.result(self.she.city.cancel(person("SHEP0001"), name("QUEA110227").code))
        self.run_for(3)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.MOVED)])
        self.assert_agreement()

    def test_forbidden_offer(self) -> None:
        """A place that a waiting patient may not have is offered ever more seldom, and taken as
        soon as their own record allows it."""
        self.add("QUEA100227")
        self.add("SHEM110227")
        self.booked("MTLP0001", "QUEA100227")
        self.booked("MTLP0001", "SHEM110227")
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.add("QUEA110227")
        self.run_for(300, 0.5)
        self.network.take()
        self.run_for(60, 0.5)
        heads = 2 * 6  # each center tells both others its audit's, and is answered
        self.assertLess(len(self.network.take()) - heads, 10)
        self.assertEqual(self.schedule("MTLP0001")[0], ("QUEA100227", State.WAITLISTED))
        self.result(self.mtl.city.cancel(person("MTLP0001"), name("SHEM110227").code))
        self.run_for(100, 0.5)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.MOVED)])
        self.assert_agreement()

    def test_many_options(self) -> None:
        """All pages of options are tried before a patient waits: only the last of forty slots is
        one they may have."""
        self.add("QUEA150227")
        days = [f"{day:02d}0227" for day in range(16, 29)] + ["010327"]
        codes = [f"QUE{part}{day}" for day in days for part in "MAE"]
        self.booked("MTLP0001", "QUEA150227")
        for code in codes:
            self.add(code)
        for day in days[:-1]:
            self.add(f"MTLA{day}")
            self.booked("MTLP0001", f"MTLA{day}")
        removed = self.result(self.que.city.remove(name("QUEA150227")), 7)
        self.assertEqual(self.fates(removed), {"MTLP0001": (Fate.MOVED, "QUEM010327")})
        self.run_for(1)
        self.assert_agreement()

    def test_home_down(self) -> None:
        """A removal says ``moving`` after 8 seconds of a patient whose home is down, under its tag
        as well; they are moved when it is back."""
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.booked("MTLP0001", "QUEA100227")
        self.mtl.crash()
        tagged = Tagged(user="QUEA0001", tag="a", text="remove QUEA100227")
        asked = self.begin(self.que.city.remove(name("QUEA100227"), tagged))
        self.run_for(7.9, 0.1)
        self.assertNoResult(asked)
        self.run_for(0.2, 0.1)
        self.assertEqual(self.fates(self.successResultOf(asked)), {"MTLP0001": (Fate.MOVING, None)})
        again = self.result(self.que.city.remove(name("QUEA100227"), tagged))
        self.assertEqual(self.fates(again), {"MTLP0001": (Fate.MOVING, None)})
        self.mtl.start()
        self.run_for(15, 0.1)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.MOVED)])
        self.assert_agreement()

    def test_confirmation_on_its_way(self) -> None:
        """Who was told that it is booked is in the answer, also where the owner has not heard of
        it when the slot is removed, and in what a preview says."""
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.lose("CONFIRM", 2)
        self.booked("MTLP0001", "QUEA100227")
        preview = self.result(self.que.city.preview(name("QUEA100227")))
        self.assertEqual(self.fates(preview), {"MTLP0001": (Fate.MOVED, "QUEA110227")})
        removed = self.result(self.que.city.remove(name("QUEA100227")), 4)
        self.assertEqual(self.fates(removed), {"MTLP0001": (Fate.MOVED, "QUEA110227")})
        self.run_for(1)
        self.assert_agreement()

    def test_hold_given_up(self) -> None:
        """Who was only held a place, and is then refused by the home, is not in the answer."""
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.lose("HELD", 100)
        asked = self.book("MTLP0001", "QUEA100227")
        self.run_for(4)
        removing = self.begin(self.que.city.remove(name("QUEA100227")))
        self.run_for(9, 0.05)
        self.assertEqual(self.code(asked), "unreachable")
        self.assertEqual(self.successResultOf(removing).rows, ())
        self.assert_agreement()

    def test_weather(self) -> None:
        """In bad weather every patient is moved or waits in the end, and the stores agree."""
        self.add("QUEA100227", 6)
        self.add("QUEA110227", 3)
        for city in self.hospitals:
            for number in (1, 2):
                self.booked(f"{city}P000{number}", "QUEA100227")
        self.network.weather = Weather(lost=0.3, doubled=0.3, delay=1.0)
        self.result(self.que.city.remove(name("QUEA100227")), 9)
        self.run_for(120, 0.1)
        self.network.weather = Weather()
        self.run_for(70, 0.1)
        self.assert_agreement()
        states = [
            self.schedule(f"{city}P000{number}")[0][1]
            for city in self.hospitals
            for number in (1, 2)
        ]
        self.assertEqual(states.count(State.MOVED), 3)
        self.assertEqual(states.count(State.WAITLISTED), 3)

    def test_waiting_ends(self) -> None:
        """Waiting ends 28 days after the removed start (R7)."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.clock.advance(timedelta(days=31).total_seconds())
        self.run_for(65, 0.5)
        self.assertEqual(self.mtl.records("MTLP0001"), [])
        self.assert_agreement()

    def test_home_disk(self) -> None:
        """A home whose disk is full moves nobody, and does once it works again."""
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.booked("MTLP0001", "QUEA100227")
        self.network.weather = Weather(delay=0.5)
        removed = self.begin(self.que.city.remove(name("QUEA100227")))
        while not self.mtl.federation._running.runs._errands:
            self.run_for(0.01, 0.01)
        self.mtl.worker.fails = True
        self.run_for(9, 0.1)
        self.assertEqual(
            self.fates(self.successResultOf(removed)), {"MTLP0001": (Fate.MOVING, None)}
        )
        self.mtl.worker.fails = False
        self.run_for(30, 0.1)
        self.flushLoggedErrors()
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.MOVED)])
        self.assert_agreement()

    def test_many_patients(self) -> None:
        """More patients than are asked about at once are all moved."""
        self.add("QUEA100227", 100)
        self.add("QUEA110227", 100)
        for number in range(100):
            self.book(f"MTLP{number:04d}", "QUEA100227")
        self.run_for(2)
        removed = self.result(self.que.city.remove(name("QUEA100227")), 8)
        self.assertEqual(set(self.fates(removed).values()), {(Fate.MOVED, "QUEA110227")})
        self.assertEqual(len(removed.rows), 100)
        self.run_for(5)
        self.assert_agreement()
