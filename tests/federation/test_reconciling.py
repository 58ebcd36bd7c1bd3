"""A center is restored from a backup: it notices, is told so, and what was lost is found."""

from __future__ import annotations

from typing import TypeAlias

from twisted.internet.defer import Deferred

from medappt.federation.drops import NoAnswer
from medappt.federation.link import LinkStopped
from medappt.federation.reconciling import Difference, NotCompared, Side
from medappt.model.appointments import Booked, State
from medappt.model.records import Entry, Standing
from medappt.model.refusals import Refused
from medappt.store.slots import find_open
from medappt.wire.federation import Entries, Places, Records, Reply, Request, Status
from tests.federation.federated import FederatedCase, Hospital, person
from tests.federation.network import Weather
from tests.store.cities import TORONTO, name
from tests.store.doubles import memory_database
from tests.store.reading import letters

Shown: TypeAlias = tuple[str, Side, Standing | None, Standing | None, bool]
"""A difference: which slot, what we are to it, how it stands here and there, whether settled."""

NOON = name("QUEA110227").code.start(TORONTO)
TAKEN, WAITING = Standing.TAKEN, Standing.WAITING


class RestoredCase(FederatedCase):
    def backup(self, hospital: Hospital) -> bytes:
        return hospital.database._raw.serialize()

    def restore(self, hospital: Hospital, image: bytes, above: int = 0) -> None:
        """Bring a center up with the store of a backup."""
        hospital.crash()
        hospital.database.close()
        hospital.database = memory_database()
        hospital.database._raw.deserialize(image)
        self.addCleanup(hospital.database.close)
        hospital.start(above)
        self.run_for(0.5)

    def restore_above(self, hospital: Hospital, image: bytes) -> None:
        """The same, with the operator's override."""
        self.restore(hospital, image, above=9)

    def cancel(self, patient: str, code: str) -> None:
        self.result(self.hospitals[patient[:3]].city.cancel(person(patient), name(code).code), 1)

    def reconcile(
        self, hospital: Hospital, peer: str, *, is_restored: bool = False
    ) -> tuple[Difference, ...]:
        compared = hospital.federation.reconcile(peer, is_restored=is_restored)
        return self.result(compared, 3)

    def shown(self, differences: tuple[Difference, ...]) -> list[Shown]:
        return [
            (
                str(each.entry.name.code),
                each.side,
                None if each.here is None else each.here.standing,
                None if each.there is None else each.there.standing,
                each.is_settled,
            )
            for each in differences
        ]


class OverrideTests(RestoredCase):
    def test_end_to_end(self) -> None:
        """A restored center is refused as stale; with a boot number above the highest reported it
        is heard again, what was lost is written again, and what cannot be known is shown."""
        for code in ("QUEA100227", "QUEA110227", "QUEA120227", "SHEA130227"):
            self.add(code, 2)
        self.booked("MTLP0001", "QUEA100227")
        image = self.backup(self.mtl)
        self.mtl.crash()
        self.mtl.start()  # the backup is of an earlier run
        self.run_for(0.5)
        self.booked("MTLP0001", "QUEA110227")
        self.booked("MTLP0001", "SHEA130227")
        self.cancel("MTLP0001", "QUEA100227")

        self.restore(self.mtl, image)
        self.assertEqual(self.code(self.late_booking()), "unreachable")
        stale = self.mtl.federation.link.stale
        assert stale is not None
        failed = self.begin(self.mtl.federation.reconcile("QUE", is_restored=True))
        self.run_for(0.1)
        self.failureResultOf(failed, LinkStopped)
        self.mtl.crash()
        self.mtl.start(above=stale.highest)
        self.run_for(0.5)
        self.assertEqual(self.code(self.late_booking()), "Booked")

        found = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual(
            self.shown(found),
            [
                ("QUEA100227", Side.HOME, TAKEN, None, False),
                ("QUEA110227", Side.HOME, None, TAKEN, True),
            ],
        )
        self.assertEqual({each.entry.patient for each in found}, {"MTLP0001"})
        self.assertEqual(len(self.reconcile(self.mtl, "SHE", is_restored=True)), 1)
        codes = [code for code, _ in self.schedule("MTLP0001")]
        self.assertEqual(codes, ["QUEA100227", "QUEA110227", "SHEA130227"])
        again = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual(self.shown(again), [("QUEA100227", Side.HOME, TAKEN, None, False)])
        # the patient knows that this one was given up
        self.cancel("MTLP0001", "QUEA100227")
        self.assertEqual(self.reconcile(self.mtl, "QUE", is_restored=True), ())
        self.assert_agreement()

    def late_booking(self) -> Deferred[Booked]:
        answer = self.book("MTLP0002", "QUEA120227")
        self.run_for(1)
        return answer

    def test_no_peer(self) -> None:
        """A city that is no peer is the caller's mistake."""
        asked = self.begin(self.mtl.federation.reconcile("TOR", is_restored=True))
        self.run_for(0.1)
        self.failureResultOf(asked, KeyError)


class HomeTests(RestoredCase):
    """Montreal, a home, was restored."""

    def setUp(self) -> None:
        super().setUp()
        self.add("QUEA100227", 2)
        self.image = self.backup(self.mtl)

    def test_not_restored(self) -> None:
        """A center that does not say that it was restored settles nothing as a home: it may be the
        other that has again what was given up."""
        self.booked("MTLP0001", "QUEA100227")
        self.restore_above(self.mtl, self.image)
        expected: list[Shown] = [("QUEA100227", Side.HOME, None, TAKEN, False)]
        self.assertEqual(self.shown(self.reconcile(self.mtl, "QUE")), expected)
        self.assertEqual(self.schedule("MTLP0001"), [])
        found = self.reconcile(self.que, "MTL")
        self.assertEqual(self.shown(found), [("QUEA100227", Side.OWNER, TAKEN, None, False)])
        self.assertEqual(self.que.taken("QUEA100227"), 1)

    def test_rules(self) -> None:
        """A record that the rules forbid by now is not written again."""
        self.add("QUEM100227")
        self.booked("MTLP0001", "QUEA100227")
        self.restore_above(self.mtl, self.image)
        self.booked("MTLP0001", "QUEM100227")
        expected = [("QUEA100227", Side.HOME, None, TAKEN, False)]
        found = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual(self.shown(found), expected)

    def test_waiting(self) -> None:
        """Who waited waits again, and gets the next place."""
        self.booked("MTLP0001", "QUEA100227")
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA100227", State.WAITLISTED)])
        self.restore_above(self.mtl, self.image)
        expected = [("QUEA100227", Side.HOME, None, WAITING, True)]
        found = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual(self.shown(found), expected)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA100227", State.WAITLISTED)])
        self.add("QUEA110227")
        self.run_for(3)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.MOVED)])
        self.assert_agreement()

    def test_waitlisted_since(self) -> None:
        """A record that is booked again, while its owner has the patient wait, is shown."""
        self.booked("MTLP0001", "QUEA100227")
        image = self.backup(self.mtl)
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.restore_above(self.mtl, image)
        found = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual(self.shown(found), [("QUEA100227", Side.HOME, TAKEN, WAITING, False)])
        found = self.reconcile(self.que, "MTL", is_restored=True)
        self.assertEqual(self.shown(found), [("QUEA100227", Side.OWNER, WAITING, TAKEN, False)])

    def test_history(self) -> None:
        """What has begun is history, lost or not."""
        self.booked("MTLP0001", "QUEA100227")
        self.restore_above(self.mtl, self.image)
        self.clock.advance(3 * 86_400)
        self.run_for(0.5)
        self.assertEqual(self.reconcile(self.mtl, "QUE", is_restored=True), ())
        self.clock.advance(3 * 86_400)
        self.run_for(0.5)
        self.assertEqual(self.reconcile(self.que, "MTL"), ())


class OwnerTests(RestoredCase):
    """Quebec, an owner, was restored."""

    def setUp(self) -> None:
        super().setUp()
        self.add("QUEA100227")
        self.image = self.backup(self.que)

    def test_place_again(self) -> None:
        """A place that was lost is held again, and its home says that it is taken."""
        self.booked("MTLP0001", "QUEA100227")
        self.restore_above(self.que, self.image)
        self.assertEqual(self.que.taken("QUEA100227"), 0)
        expected = [("QUEA100227", Side.OWNER, None, TAKEN, True)]
        found = self.reconcile(self.que, "MTL", is_restored=True)
        self.assertEqual(self.shown(found), expected)
        self.assertEqual(self.reconcile(self.que, "MTL", is_restored=True), ())
        self.assertEqual(self.que.taken("QUEA100227"), 1)
        self.assert_agreement()

    def test_sold_since(self) -> None:
        """A place that somebody else has by now, or whose slot is gone, is shown on both sides;
        nobody's place is sold twice."""
        self.booked("MTLP0001", "QUEA100227")
        self.restore_above(self.que, self.image)
        self.booked("SHEP0001", "QUEA100227")
        expected = [("QUEA100227", Side.OWNER, None, TAKEN, False)]
        found = self.reconcile(self.que, "MTL", is_restored=True)
        self.assertEqual(self.shown(found), expected)
        self.assertEqual(self.que.taken("QUEA100227"), 1)
        found = self.reconcile(self.mtl, "QUE")
        self.assertEqual(self.shown(found), [("QUEA100227", Side.HOME, TAKEN, None, False)])
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.assertIsNone(self.que.do(find_open, name("QUEA100227")))
        found = self.reconcile(self.que, "MTL", is_restored=True)
        self.assertEqual(len(found), 1)

    def test_given_up_since(self) -> None:
        """A place that its home gave up after the backup is shown and not touched, by either: the
        home may be the one that lost something."""
        self.booked("MTLP0001", "QUEA100227")
        image = self.backup(self.que)
        self.cancel("MTLP0001", "QUEA100227")
        self.restore_above(self.que, image)
        for _ in range(2):
            found = self.reconcile(self.que, "MTL", is_restored=True)
            self.assertEqual(self.shown(found), [("QUEA100227", Side.OWNER, TAKEN, None, False)])
        self.mtl.crash()
        self.mtl.start()
        self.run_for(0.5)
        found = self.reconcile(self.mtl, "QUE")
        self.assertEqual(self.shown(found), [("QUEA100227", Side.HOME, None, TAKEN, False)])
        self.assertEqual(self.schedule("MTLP0001"), [])


class QuietTests(RestoredCase):
    """Centers that lost nothing differ in nothing."""

    def test_many(self) -> None:
        """Dozens of appointments are compared, over as many pages as they take."""
        codes = [f"QUE{part}{day:02d}0227" for day in range(10, 24) for part in "MAE"]
        for code in codes:
            self.add(code)
        answers = [self.book(f"MTLP{number:04d}", code) for number, code in enumerate(codes)]
        self.run_for(2)
        for answer in answers:
            self.successResultOf(answer)
        self.network.take()
        for hospital, peer in ((self.mtl, "QUE"), (self.que, "MTL")):
            self.assertEqual(self.reconcile(hospital, peer, is_restored=True), ())
        self.assertGreater(len(self.network.take()), 12)

    def test_on_the_way(self) -> None:
        """What an owner has still to be told is no difference."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        self.mtl.crash()
        self.mtl.start()
        self.run_for(1)
        self.mtl.federation._running.letters.stop()
        self.cancel("MTLP0001", "QUEA100227")
        self.assertEqual(len(self.mtl.do(letters)), 1)
        self.assertEqual(self.reconcile(self.mtl, "QUE", is_restored=True), ())

    def test_in_motion(self) -> None:
        """Whatever is booked and cancelled while the two compare, in bad weather, nothing is
        taken for lost, and nothing written again."""
        codes = [f"QUE{part}{day:02d}0227" for day in range(10, 16) for part in "MAE"]
        for code in codes:
            self.add(code, 3)
        self.network.weather = Weather(lost=0.1, doubled=0.2, delay=0.3)
        for number in range(12):
            compared = [
                self.begin(hospital.federation.reconcile(peer, is_restored=True))
                for hospital, peer in ((self.mtl, "QUE"), (self.que, "MTL"), (self.she, "QUE"))
            ]
            for city in ("MTL", "SHE"):
                for step in range(3):
                    asked = self.book(
                        f"{city}P{number:04d}", codes[(number + 5 * step) % len(codes)]
                    )
                    asked.addErrback(lambda failure: failure.trap(Refused))
                    self.run_for(0.2, 0.05)
                patient, slot = person(f"{city}P{number:04d}"), name(codes[number])
                cancelled = self.begin(self.hospitals[city].city.cancel(patient, slot.code))
                cancelled.addErrback(lambda failure: failure.trap(Refused))
            self.run_for(20, 0.1)
            for each in compared:
                self.assertEqual(self.successResultOf(each), ())
        self.network.weather = Weather()
        self.run_for(20, 0.1)
        self.assert_agreement()


class BrokenPeerTests(RestoredCase):
    """A peer that does not say what it keeps."""

    def setUp(self) -> None:
        super().setUp()
        self.handle = self.que.federation.link._handler

    def answer_with(self, *pages: Entries, knows: bool = True) -> None:
        """Have Quebec answer with these pages, the last again and again; it ``knows`` how its
        records stand, or does not say."""
        left = list(pages)

        async def answer(peer: str, request: Request[object], /) -> Reply:
            if isinstance(request, Places | Records):
                return left.pop(0) if len(left) > 1 else left[0]
            if isinstance(request, Status) and not knows:
                raise NoAnswer("not now")
            return await self.handle(peer, request)

        self.que.federation.link._handler = answer

    def compared_with(self, *pages: Entries, knows: bool = True) -> str:
        """What is said of a peer that answers so."""
        self.answer_with(*pages, knows=knows)
        asked = self.begin(self.mtl.federation.reconcile("QUE", is_restored=True))
        self.run_for(9, 0.1)
        return str(self.failureResultOf(asked, NotCompared).value)

    def entry(self, number: int) -> Entry:
        slot = name("QUEA100227")
        return Entry(
            id=f"MTL-0-00ff-{number}", standing=TAKEN, name=slot, start=None, patient="MTLP0001"
        )

    def test_lists(self) -> None:
        """Pages that repeat, or never end, are no list."""
        page = Entries(entries=(self.entry(1),), more=True)
        self.assertEqual(self.compared_with(page), "QUE answers with a list that is none")
        empty = Entries(entries=(), more=True)
        self.assertIn("does not end", self.compared_with(page, empty))

    def test_gone_meanwhile(self) -> None:
        """A record that was listed and is gone when its home is asked again is no difference; a
        home that does not say is not compared."""
        nothing = Entries(entries=(), more=False)
        slot = name("MTLA100227")
        record = Entry(id="QUE-1-00ff-1", standing=TAKEN, name=slot, start=None, patient="QUEP0001")
        listed = Entries(entries=(record,), more=False)
        self.assertEqual(self.compared_with(nothing, listed, knows=False), "QUE does not answer")
        self.answer_with(nothing, listed)
        self.assertEqual(self.reconcile(self.mtl, "QUE"), ())

    def test_anothers_slots(self) -> None:
        """What a peer says of slots and ids of others is shown, and never written."""
        slots = (name("SHEA100227"), name("QUEA110227"))
        ids = ("MTL-0-00ff-1", "SHE-0-00ff-1")
        told = tuple(
            Entry(id=id_, standing=TAKEN, name=slot, start=NOON, patient="MTLP0001")
            for id_, slot in zip(ids, slots, strict=True)
        )
        self.answer_with(Entries(entries=told, more=False), Entries(entries=(), more=False))
        found = self.reconcile(self.mtl, "QUE", is_restored=True)
        self.assertEqual([each.is_settled for each in found], [False, False])
        self.assertEqual(self.mtl.records("MTLP0001"), [])

    def test_silence(self) -> None:
        """A peer that is down is told, after the deadline."""
        self.que.crash()
        asked = self.begin(self.mtl.federation.reconcile("QUE", is_restored=True))
        self.run_for(8.3, 0.1)
        self.assertEqual(str(self.failureResultOf(asked, NotCompared).value), "QUE does not answer")
