"""What a center does in the background: doubt, and lists that are none."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.errands import Bell, Errands
from medappt.federation.listing import Listed, Lister
from medappt.federation.owners import OwnerOperations
from medappt.model.appointments import State
from medappt.model.ids import RecordIds
from medappt.model.records import Cursor, Listing, PlaceState
from medappt.store.booking import Pending, insert_pending
from medappt.store.failures import StoreFailed
from medappt.store.places import find_place
from medappt.wire.federation import Hold, ListPage, Release
from tests.federation.federated import FederatedCase, person
from tests.store.cities import TORONTO, name
from tests.store.doubles import PATIENT


class DoubtTests(FederatedCase):
    def test_home_undecided(self) -> None:
        """As long as the home has not decided it is asked again."""
        self.add("QUEA100227")
        self.booked("SHEP0001", "QUEA100227")
        parts = self.mtl.federation._running
        self.add("QUEA110227")
        id_ = parts.authority._new_id()
        link = self.mtl.federation.link
        link.request("QUE", Hold(id=id_, name=name("QUEA110227"), patient="MTLP0001"))
        begun = Pending(id=id_, patient="MTLP0001", wanted=name("QUEA110227"), origin=PATIENT)
        self.mtl.do(insert_pending, begun)
        self.run_for(21, 0.1)
        self.assertEqual(self.state(id_), PlaceState.HELD)
        self.result(parts.bookings.settle(begun), 1)
        self.assertEqual(self.schedule("MTLP0001"), [("QUEA110227", State.BOOKED)])
        self.assert_agreement()

    def test_link_closed(self) -> None:
        """When the link closes, all that waits for an answer ends without a word."""
        self.add("QUEA100227", 2)
        self.booked("MTLP0001", "QUEA100227")
        self.booked("QUEP0001", "QUEA100227")
        self.add("SHEA120227")
        self.booked("QUEP0001", "SHEA120227")
        id_ = RecordIds("SHE", 77, b"\x01\x02")()
        self.add("QUEA110227")
        hold = Hold(id=id_, name=name("QUEA110227"), patient="SHEP0001")
        self.she.federation.link.request("QUE", hold)
        self.run_for(1)
        self.mtl.crash()
        self.she.crash()
        self.result(self.que.city.cancel(person("QUEP0001"), name("SHEA120227").code))
        self.begin(self.que.city.remove(name("QUEA100227")))
        self.run_for(12, 0.1)
        parts = self.que.federation._running
        self.assertIn(id_, parts.doubt._errands)
        parts.link.doStop()
        self.run_for(1)
        self.assertEqual([len(each._errands) for each in (parts.doubt, parts.letters)], [0, 0])
        self.assertEqual(self.state(id_), PlaceState.HELD)

    def state(self, id_: str) -> PlaceState:
        place = self.que.do(find_place, id_)
        assert place is not None
        return place.state

    def test_released_meanwhile(self) -> None:
        """A hold that its home gives up is asked about no more."""
        ids = RecordIds("MTL", 77, b"\x01\x02")
        self.add("QUEA110227")
        link, id_ = self.mtl.federation.link, ids()
        link.request("QUE", Hold(id=id_, name=name("QUEA110227"), patient="MTLP0001"))
        link.request("QUE", Release(id=id_))
        self.run_for(15, 0.1)
        self.assertEqual(self.state(id_), PlaceState.RELEASED)


class Pages:
    """An owner with the pages it is given, one after the other."""

    def __init__(self, *pages: ListPage) -> None:
        self.pages = list(pages)

    def list(self, type_: str, after: Cursor | None) -> Deferred[ListPage]:
        return succeed(self.pages.pop(0))


def _row(code: str, type_: str = "Physician") -> Listing:
    slot = name(code, type_)
    return Listing(name=slot, start=slot.code.start(TORONTO), free=1)


class ListerTests(SynchronousTestCase):
    def listed(self, *pages: ListPage, own: str = "MTL") -> Listed:
        owners: dict[str, OwnerOperations] = {"QUE": Pages(*pages)}  # type: ignore[dict-item]
        listed: Listed = self.successResultOf(
            Deferred.fromCoroutine(Lister(own, owners, Clock()).slots("Physician"))
        )
        return listed

    def test_broken(self) -> None:
        """A peer whose pages never end, repeat, or are another's has not answered."""
        good = _row("QUEA110227")
        for pages in (
            [ListPage(rows=(), more=True)],
            [ListPage(rows=(good,), more=True), ListPage(rows=(good,), more=False)],
            [ListPage(rows=(_row("SHEA110227"),), more=False)],
            [ListPage(rows=(_row("QUEA110227", "Surgeon"),), more=False)],
        ):
            self.assertEqual(self.listed(*pages), Listed(rows=(), unreachable=("QUE",)))
        self.assertEqual(self.listed(ListPage(rows=(good,), more=False)).rows, (good,))

    def test_own_store(self) -> None:
        """The own store's failure is the caller's."""

        class Dead:
            async def list(self, type_: str, after: Cursor | None) -> ListPage:
                raise StoreFailed("dead")

        lister = Lister("MTL", {"MTL": Dead()}, Clock())  # type: ignore[dict-item]
        self.failureResultOf(Deferred.fromCoroutine(lister.slots("Physician")), StoreFailed)


class ErrandTests(SynchronousTestCase):
    def test_one_a_key(self) -> None:
        """An errand of a key that is under way is not begun again; what it raises is logged, and
        it may be begun then."""
        clock = Clock()
        errands = Errands(clock)
        begun: list[int] = []

        async def errand() -> None:
            begun.append(1)
            await errands.pause(1)
            raise LookupError("a defect")

        errands.start("a", errand)
        errands.start("a", errand)
        self.assertEqual(len(errands), 1)
        clock.advance(1)
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)
        errands.start("a", errand)
        errands.stop()
        errands.start("a", errand)
        self.assertEqual((len(begun), len(errands), clock.getDelayedCalls()), (2, 0, []))

    def test_store(self) -> None:
        """A transaction that the store cannot do is tried again."""
        clock = Clock()
        errands = Errands(clock)
        outcomes: list[Any] = [StoreFailed("full"), StoreFailed("full"), 7]

        def transaction() -> Deferred[int]:
            outcome = outcomes.pop(0)
            answer: Deferred[int] = Deferred()
            (answer.errback if isinstance(outcome, Exception) else answer.callback)(outcome)
            return answer

        done = Deferred.fromCoroutine(errands.done(transaction))
        clock.advance(1)
        self.assertNoResult(done)
        clock.advance(1)
        self.assertEqual(self.successResultOf(done), 7)

    def test_bell(self) -> None:
        """Who waits for a bell hears it, or the end of their time; also where one ends another's
        waiting."""
        clock = Clock()
        bell = Bell(clock)
        late, first = bell.heard(1), bell.heard(9)
        second = bell.heard(9).addErrback(lambda failure: None)
        clock.advance(1)
        self.successResultOf(late)
        first.addCallback(lambda _: second.cancel())
        bell.close()
        self.assertEqual((bell.is_closed, clock.getDelayedCalls()), (True, []))
