"""Bookings, swaps and cancellations between three whole centers."""

from __future__ import annotations

from medappt.model.appointments import Booked, State
from medappt.model.records import RecordState
from medappt.store.places import held_places
from medappt.store.results import Tagged
from medappt.store.writer import StoreFailed
from tests.federation.federated import DOCTORS, FederatedCase, person
from tests.federation.network import ADDRESSES, Weather
from tests.store.cities import name
from tests.store.reading import letters

WEEK = [f"QUE{part}{day:02d}0227" for day in (15, 16, 17) for part in "MA"]


class BookingTests(FederatedCase):
    def test_abroad(self) -> None:
        """A patient of one city gets a place in another, with the doctor who sees them; both
        stores agree."""
        self.add("QUEA100227")
        answer = self.book("MTLP0001", "QUEA100227")
        self.run_for(0.5)
        self.assertEqual(
            self.successResultOf(answer),
            Booked(
                code="QUEA100227", type="Physician", doctor="doc1", host="127.0.0.1", port=41000
            ),
        )
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA100227", State.BOOKED)])
        [row] = self.result(self.que.city.patients(name("QUEA100227")))
        self.assertEqual((row.patient, row.state), ("MTLP0001", State.BOOKED))
        self.assert_agreement()

    def test_full(self) -> None:
        """Nobody gets the place that somebody has, and nothing is left of trying."""
        self.add("QUEA100227")
        self.booked("SHEP0001", "QUEA100227")
        self.assertEqual(
            self.refused(self.mtl.city.book(person("MTLP0001"), name("QUEA100227"))), "full"
        )
        self.assertEqual(self.mtl.records("MTLP0001"), [])
        self.run_for(1)
        self.assert_agreement()

    def test_unreachable(self) -> None:
        """A peer that is down makes ``unreachable`` after 8 seconds, which stays so when it is
        back; what is asked at home meanwhile is done at once."""
        self.add("QUEA100227")
        self.add("MTLA100227")
        self.que.crash()
        abroad = self.book("MTLP0001", "QUEA100227", "a")
        self.booked("MTLP0002", "MTLA100227")
        self.run_for(6.5)
        self.assertNoResult(abroad)
        self.run_for(1)
        self.assertEqual(self.code(abroad), "unreachable")
        self.que.start()
        self.run_for(12)
        self.assertEqual(self.code_of_repeat("a"), "unreachable")
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        self.assert_agreement()

    def code_of_repeat(self, tag: str) -> str:
        again = self.book("MTLP0001", "QUEA100227", tag)
        self.run_for(0.5)
        return self.code(again)

    def test_no_such_city(self) -> None:
        """A slot of a city that is no peer is unknown, and leaves nothing to be sent for ever."""
        answer = self.book("MTLP0001", "TORA100227", "a")
        self.run_for(0.5)
        self.assertEqual(self.code(answer), "unknown-slot")
        self.assertEqual(self.mtl.do(letters), [])
        self.assertEqual(self.mtl.records("MTLP0001"), [])
        self.assertEqual(self.refused(self.mtl.city.list("Dental")), "unknown-type")

    def test_fourth_in_a_week(self) -> None:
        """Of six bookings in other cities at once, a patient gets exactly three (R4)."""
        codes = ["QUEA150227", "QUEA160227", "QUEA170227", "SHEA180227", "SHEA190227", "SHEA200227"]
        for code in codes:
            self.add(code)
        answers = [self.book("MTLP0001", code) for code in codes]
        self.run_for(2)
        outcomes = sorted(self.code(each) for each in answers)
        self.assertEqual(outcomes, ["Booked"] * 3 + ["weekly-limit"] * 3)
        self.assertEqual(len(self.mtl.records("MTLP0001")), 3)
        self.assert_agreement()

    def test_capacity(self) -> None:
        """Of thirty patients of three cities on three places exactly three get one (R1)."""
        self.add("QUEA100227", 3)
        answers = [
            self.book(f"{city}P{number:04d}", "QUEA100227")
            for number in range(10)
            for city in self.hospitals
        ]
        self.run_for(2)
        outcomes = sorted(self.code(each) for each in answers)
        self.assertEqual(outcomes, ["Booked"] * 3 + ["full"] * 27)
        self.assertEqual(self.que.taken("QUEA100227"), 3)
        self.assert_agreement()

    def test_same_tag(self) -> None:
        """The same request under the same tag joins the first while it runs, and gets its answer
        afterwards; with another text it is refused."""
        self.add("QUEA100227", 5)
        first, second = (self.book("MTLP0001", "QUEA100227", "a") for _ in range(2))
        other = self.book("MTLP0001", "QUEA110227", "a")
        self.assertEqual(self.code(other), "syntax")
        self.run_for(0.5)
        third = self.book("MTLP0001", "QUEA100227", "a")
        self.run_for(0.5)
        booked = self.successResultOf(first)
        self.assertEqual([booked] * 2, [self.successResultOf(each) for each in (second, third)])
        self.assertEqual(self.que.taken("QUEA100227"), 1)

    def test_who_gave_up(self) -> None:
        """Who does not wait for the answer any more is not missed by those who do."""
        self.add("QUEA100227")
        first, second = (self.book("MTLP0001", "QUEA100227", "a") for _ in range(2))
        first.addErrback(lambda failure: None)
        first.cancel()
        self.run_for(0.5)
        self.assertIsInstance(self.successResultOf(second), Booked)

    def test_weather(self) -> None:
        """With datagrams lost, doubled and late every booking has its answer within 10 seconds,
        and the stores agree afterwards."""
        for code in WEEK:
            self.add(code, 2)
        self.network.weather = Weather(lost=0.3, doubled=0.3, delay=1.0)
        answers = [
            self.book(f"{city}P{number:04d}", code)
            for number, code in enumerate(WEEK)
            for city in self.hospitals
        ]
        self.run_for(10, 0.05)
        outcomes = {self.code(each) for each in answers}
        self.assertLessEqual(outcomes, {"Booked", "full", "unreachable"})
        self.network.weather = Weather()
        self.run_for(30, 0.05)
        self.assert_agreement()

    def test_dying_disk(self) -> None:
        """A booking that cannot be decided because of the disk is not done, and the place given
        back as soon as the disk works again."""
        self.add("QUEA100227")
        self.add("QUEM100227")
        self.booked("MTLP0002", "QUEM100227")
        self.network.is_held = True
        answer = self.book("MTLP0001", "QUEA100227")
        self.run_for(0.1)
        self.mtl.worker.fails = True
        self.network.is_held = False
        self.run_for(2)
        self.failureResultOf(answer, StoreFailed)
        self.assertEqual(self.mtl.states("MTLP0001"), {"QUEA100227": RecordState.PENDING})
        self.flushLoggedErrors()
        self.mtl.worker.fails = False
        self.run_for(12)
        self.flushLoggedErrors()
        self.assertEqual(self.mtl.states("MTLP0001"), {})
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        self.assert_agreement()


class CrashTests(FederatedCase):
    def setUp(self) -> None:
        super().setUp()
        self.network.weather = Weather(delay=0.5)

    def test_home_between(self) -> None:
        """A home that dies between HOLD and its decision has not booked: after its restart the
        place is free."""
        self.add("QUEA100227")
        self.book("MTLP0001", "QUEA100227")
        while not self.que.do(held_places):
            self.run_for(0.01, 0.01)
        self.mtl.crash()
        self.run_for(30, 0.1)
        self.assertEqual(self.que.taken("QUEA100227"), 1)  # time alone drops no hold
        self.mtl.start()
        self.run_for(10, 0.1)
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        self.assert_agreement()

    def test_home_decided(self) -> None:
        """A home that dies before it could say CONFIRM has booked, and the owner hears it."""
        self.add("QUEA100227")
        self.book("MTLP0001", "QUEA100227")
        while RecordState.ACTIVE not in self.mtl.states("MTLP0001").values():
            self.run_for(0.01, 0.01)
        self.mtl.crash()
        self.run_for(1)
        self.mtl.start()
        self.run_for(15, 0.1)
        self.assertEqual(self.mtl.states("MTLP0001"), {"QUEA100227": RecordState.ACTIVE})
        self.assert_agreement()

    def test_owner_restarts(self) -> None:
        """An owner asks about what it held as soon as it is back."""
        self.add("QUEA100227")
        answer = self.book("MTLP0001", "QUEA100227")
        while not self.que.do(held_places):
            self.run_for(0.01, 0.01)
        deaf = self.network.links.pop(ADDRESSES["MTL"])
        self.que.crash()
        self.run_for(9, 0.1)
        self.assertEqual(self.code(answer), "unreachable")
        self.network.links[ADDRESSES["MTL"]] = deaf
        self.que.start()
        self.run_for(7, 0.1)
        self.assert_agreement()
        self.assertEqual(self.que.taken("QUEA100227"), 0)


class SwapTests(FederatedCase):
    def test_both(self) -> None:
        """A swap gives one place for another, across cities."""
        self.add("QUEA100227")
        self.add("SHEA110227")
        self.booked("MTLP0001", "QUEA100227")
        swapped = self.result(
            self.mtl.city.swap(person("MTLP0001"), name("QUEA100227"), name("SHEA110227"))
        )
        self.assertEqual(swapped.code, "SHEA110227")
        self.run_for(1)
        self.assertEqual(self.schedule("MTLP0001"), [("SHEA110227", State.BOOKED)])
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        self.assert_agreement()

    def test_neither(self) -> None:
        """Where the new one is full the old one stands."""
        self.add("QUEA100227")
        self.add("SHEA110227")
        self.booked("MTLP0001", "QUEA100227")
        self.booked("QUEP0001", "SHEA110227")
        swap = self.mtl.city.swap(person("MTLP0001"), name("QUEA100227"), name("SHEA110227"))
        self.assertEqual(self.refused(swap), "full")
        self.run_for(1)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA100227", State.BOOKED)])
        self.assert_agreement()


class CancelTests(FederatedCase):
    def test_owner_down(self) -> None:
        """Cancelling is answered at once when the owner is down, which is told when it is back."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        self.que.crash()
        patient, slot = person("MTLP0001"), name("QUEA100227")
        cancelled = self.result(self.mtl.city.cancel(patient, slot.code), 0.1)
        self.assertEqual((cancelled.code, cancelled.type), ("QUEA100227", "Physician"))
        self.assertEqual(self.refused(self.mtl.city.cancel(patient, slot.code)), "not-booked")
        self.assertEqual(
            self.refused(self.mtl.city.cancel(patient, slot.code, "Wizard")), "unknown-type"
        )
        self.run_for(60, 0.1)
        self.que.start()
        self.run_for(12, 0.1)
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        self.assert_agreement()


class DroppedTypeTests(FederatedCase):
    """Physicians are in the settings no more, but in what patients have."""

    def setUp(self) -> None:
        super().setUp()
        for code in ("MTLA100227", "QUEA110227"):
            self.add(code)
            self.booked("MTLP0001", code)
        self.add("MTLM120227", type_="Surgeon")
        self.patient = person("MTLP0001")
        self.patch(self.mtl.federation.city, "_doctors", {"Surgeon": DOCTORS["Surgeon"]})

    def test_cancelled(self) -> None:
        """An appointment of a type that was dropped can be cancelled, under its tag again and
        again; one that nobody has is of an unknown type, also in a repetition."""
        tagged = Tagged(user="MTLP0001", tag="a", text="cancel QUEA110227 Physician")
        other = Tagged(user="MTLP0001", tag="b", text="cancel QUEA120227 Physician")
        for _ in range(2):
            code = name("QUEA110227").code
            cancelled = self.result(self.mtl.city.cancel(self.patient, code, "Physician", tagged))
            self.assertEqual((cancelled.code, cancelled.type), ("QUEA110227", "Physician"))
            code = name("QUEA120227").code
            asked = self.mtl.city.cancel(self.patient, code, "Physician", other)
            self.assertEqual(self.refused(asked), "unknown-type")
        self.assertEqual(self.schedule("MTLP0001"), [("MTLA100227", State.BOOKED)])

    def test_swapped(self) -> None:
        """It can be swapped for one of a type there is, and not for one of its own."""
        old, gone = name("MTLA100227"), name("MTLE100227")
        new = name("MTLM120227", "Surgeon")
        for given, wanted in ((old, name("QUEA110227")), (gone, new)):
            asked = self.mtl.city.swap(self.patient, given, wanted)
            self.assertEqual(self.refused(asked), "unknown-type")
        swapped = self.result(self.mtl.city.swap(self.patient, old, new))
        self.assertEqual((swapped.code, swapped.type), ("MTLM120227", "Surgeon"))
        self.assert_agreement()


class RightsTests(FederatedCase):
    def test_other_city(self) -> None:
        """Slots of another city are not for this center to add, remove or look into (R5); a
        refusal is remembered with its tag."""
        slot = name("QUEA100227")
        tagged = Tagged(user="MTLA0001", tag="a", text="add QUEA100227")
        for _ in range(2):
            self.assertEqual(self.refused(self.mtl.city.add(slot, 1, tagged)), "forbidden")
        for asked in (
            self.mtl.city.remove(slot),
            self.mtl.city.preview(slot),
            self.mtl.city.patients(slot),
        ):
            self.assertEqual(self.refused(asked), "forbidden")
        self.assertEqual(self.refused(self.mtl.city.patients(name("MTLA100227"))), "unknown-slot")
        self.assertEqual(
            self.refused(self.mtl.city.add(name("MTLA100227", "Wizard"), 1)), "unknown-type"
        )
