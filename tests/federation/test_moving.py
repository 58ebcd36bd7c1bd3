"""Many patients of removed slots: they are asked about in turn, and a silent home is in nobody's
way."""

from __future__ import annotations

from typing import Any

from medappt.federation import moving
from medappt.federation.pace import MOST_AT_ONCE
from medappt.model.appointments import Removed, State
from medappt.store import options
from medappt.store.connection import Connection
from medappt.store.options import Displaced, Position, displaced
from tests.federation.federated import FederatedCase, person
from tests.federation.network import ADDRESSES
from tests.store.cities import name


class ManyTests(FederatedCase):
    def setUp(self) -> None:
        super().setUp()
        self.looks: list[int] = []
        self.patch(moving, "displaced", self.looking)

    def looking(
        self, connection: Connection, home: str, after: Position, most: int
    ) -> list[Displaced]:
        found = displaced(connection, home, after, most)
        self.looks.append(len(found))
        return found

    def book_many(self, city: str, count: int, code: str) -> None:
        answers = [self.book(f"{city}P{number:04d}", code) for number in range(count)]
        self.run_for(2)
        for answer in answers:
            self.successResultOf(answer)

    def removed(self, code: str, seconds: float) -> Removed:
        return self.result(self.que.city.remove(name(code)), seconds)

    def sent_to_mtl(self) -> int:
        return len([each for each in self.network.take() if each.to == ADDRESSES["MTL"]])

    def states(self, city: str, count: int) -> list[State]:
        return [self.schedule(f"{city}P{number:04d}")[0][1] for number in range(count)]

    def test_silent_home(self) -> None:
        """A home that is down with two hundred patients keeps no patient of another from being
        moved, is asked about one at a time, and all are moved when it is back."""
        self.add("QUEA100227", 201)
        self.add("QUEA110227", 201)
        self.book_many("MTL", 200, "QUEA100227")
        self.booked("SHEP0001", "QUEA100227")
        self.mtl.crash()
        asked = self.begin(self.que.city.remove(name("QUEA100227")))
        self.run_for(2)
        self.assertEqual(self.schedule("SHEP0001"), [("QUEA110227", State.MOVED)])
        self.run_for(30, 0.1)
        self.successResultOf(asked)
        self.network.take()
        self.run_for(60, 0.1)
        self.assertLess(self.sent_to_mtl(), 60)
        self.mtl.start()
        self.run_for(30, 0.05)
        self.assertEqual(self.que.taken("QUEA110227"), 201)
        self.assert_agreement()

    def test_in_pieces(self) -> None:
        """However few are looked at at once everybody is moved, or offered a place in the end:
        the last of those who wait, too."""
        self.patch(moving, "LOOKED_AT_ONCE", 4)
        self.add("QUEA100227", 20)
        self.book_many("MTL", 20, "QUEA100227")
        self.removed("QUEA100227", 9)
        self.run_for(30, 0.1)
        self.assertEqual(set(self.states("MTL", 20)), {State.WAITLISTED})
        self.looks.clear()
        self.add("QUEA110227", 19)
        self.run_for(70, 0.1)
        self.assertEqual(self.states("MTL", 20).count(State.MOVED), 19)
        self.add("QUEM110227")
        self.run_for(70, 0.1)
        self.assertEqual(set(self.states("MTL", 20)), {State.MOVED})
        self.assertLessEqual(max(self.looks), 4)
        self.assert_agreement()

    def test_no_work_for_nothing(self) -> None:
        """While nobody can be offered anything, what happens elsewhere costs one look at each
        home, of no more than so many patients."""
        self.patch(moving, "LOOKED_AT_ONCE", 50)
        self.add("QUEA100227", 30)
        self.book_many("MTL", 30, "QUEA100227")
        self.removed("QUEA100227", 9)
        self.run_for(70, 0.1)
        self.add("QUEM100227", type_="Surgeon")
        self.run_for(1)
        answer = self.book("QUEP0001", "QUEM100227", type_="Surgeon")
        self.run_for(0.2)
        self.successResultOf(answer)
        self.looks.clear()
        self.network.take()
        self.result(self.que.city.cancel(person("QUEP0001"), name("QUEM100227").code), 0.2)
        self.assertEqual(sorted(self.looks), [0, 30])
        self.assertEqual(self.sent_to_mtl(), 0)

    def test_options_that_vanish(self) -> None:
        """Who has refused a page, and behind it there is nothing left to offer, is asked about
        again later, like everybody who refuses."""
        self.patch(options, "MOST_OPTIONS", 1)
        self.add("QUEA100227")
        self.add("MTLA110227")
        for code in ("QUEA100227", "MTLA110227"):
            self.booked("MTLP0001", code)
        self.removed("QUEA100227", 3)
        undo = self.patch(moving, "page_for", lambda connection, here, each, refused: None)
        for code in ("QUEA110227", "QUEE110227"):  # a day that is taken
            self.add(code)
        self.run_for(10, 0.1)
        self.assertEqual(self.schedule("MTLP0001")[0], ("QUEA100227", State.WAITLISTED))
        undo.restore()
        self.add("QUEA120227")
        self.run_for(70, 0.1)
        self.assertEqual(self.schedule("MTLP0001")[1], ("QUEA120227", State.MOVED))
        self.assert_agreement()

    def test_more_than_at_once(self) -> None:
        """Those behind the first who are asked about have their turn as soon as there is room."""
        self.add("QUEA100227", 3 * MOST_AT_ONCE)
        self.book_many("MTL", 3 * MOST_AT_ONCE, "QUEA100227")
        asked: dict[str, int] = {}
        request = self.que.federation.link.request

        def count(city: str, message: Any, deadline: float | None = None) -> Any:
            asked[message.id] = asked.get(message.id, 0) + 1
            return request(city, message, deadline)

        self.patch(self.que.federation.link, "request", count)
        self.removed("QUEA100227", 5)
        self.assertEqual(len(asked), 3 * MOST_AT_ONCE)
