"""Every message between centers lost, doubled, and late: the first table of ``docs/federation.md``.

The first of a kind are lost; each is heard three times; or the first comes when all is over.
"""

from __future__ import annotations

from medappt.store.boots import Boot, raise_peer_boot
from medappt.store.places import held_places
from medappt.store.waits import WaitState, wait_state
from tests.federation.federated import person
from tests.federation.stories import CLOSE, PATIENT, SLOT, StoryCase

LATE = 30.0
"""Seconds: all is over then."""


class HoldTests(StoryCase):
    """HOLD and its answers: HELD and NO."""

    def test_hold_lost(self) -> None:
        """HOLD is sent again, and the patient has the place."""
        self.lose("HOLD")
        self.booking()

    def test_hold_lost_for_good(self) -> None:
        """After 8 seconds the booking is ``unreachable``, and nothing is left of it anywhere."""
        self.lose("HOLD", 100)
        self.add(str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(7.9, 0.05)
        self.assertNoResult(answer)
        self.run_for(0.2, 0.05)
        self.assertEqual(self.code(answer), "unreachable")
        self.agree()
        self.assertEqual((self.schedule_now(), self.que.taken(str(SLOT.code))), ([], 0))

    def test_hold_doubled(self) -> None:
        """One place is held."""
        self.double("HOLD")
        self.booking()

    def test_hold_late(self) -> None:
        """A HOLD that its RELEASE has overtaken holds nothing: the answer was final."""
        self.delay("HOLD", LATE, 100)
        self.add(str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(9, 0.05)
        self.assertEqual(self.code(answer), "unreachable")
        self.agree()
        self.assertEqual(self.que.do(held_places), [])
        self.assertEqual((self.schedule_now(), self.que.taken(str(SLOT.code))), ([], 0))

    def test_held_lost(self) -> None:
        """HOLD comes again and is answered again; one place is held."""
        self.lose("HELD")
        self.booking()
        self.assertGreater(self.seen["HOLD"], 3)

    def test_held_doubled(self) -> None:
        """The second decides nothing."""
        self.double("HELD")
        self.booking()

    def test_held_late(self) -> None:
        """The answer to a later HOLD decides, and the late one decides nothing."""
        self.delay("HELD", LATE)
        self.booking()

    def test_held_too_late(self) -> None:
        """Where every answer comes after 8 seconds the booking is ``unreachable`` and stays so."""
        self.delay("HELD", 9.0, 100)
        self.add(str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(8.1, 0.05)
        self.assertEqual(self.code(answer), "unreachable")
        self.agree()
        self.assertEqual((self.schedule_now(), self.que.taken(str(SLOT.code))), ([], 0))

    def no_place(self) -> None:
        """The slot is another patient's."""
        self.add(str(SLOT.code))
        self.booked("SHEP0001", str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(8, 0.05)
        self.assertEqual(self.code(answer), "full")
        self.agree()

    def test_no_lost(self) -> None:
        """A refusal is given again."""
        self.lose("NO")
        self.no_place()
        self.assertGreater(self.seen["HOLD"], 4)

    def test_no_doubled(self) -> None:
        """The second says nothing new."""
        self.double("NO")
        self.no_place()

    def test_no_late(self) -> None:
        """The answer to a later HOLD decides."""
        self.delay("NO", LATE)
        self.no_place()


class LetterLossTests(StoryCase):
    """CONFIRM, RELEASE, WAIT and UNWAIT, and what acknowledges them."""

    def test_confirm_lost(self) -> None:
        """It is sent again until it is acknowledged."""
        self.lose("CONFIRM")
        self.booking()

    def test_confirm_lost_for_long(self) -> None:
        """The owner asks after 10 seconds, and learns from STATUS that the place is taken."""
        self.lose("CONFIRM", 8)
        self.booking()
        self.assertGreater(self.seen["STATUS"], 0)

    def test_confirm_doubled(self) -> None:
        """It takes effect once."""
        self.double("CONFIRM")
        self.booking()

    def test_confirm_late(self) -> None:
        """Behind the RELEASE it revives nothing, and is no cause for alarm."""
        self.delay("CONFIRM", LATE)
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.run_for(15, 0.05)
        self.result(self.mtl.city.cancel(person(PATIENT), SLOT.code))
        self.agree()
        self.assertEqual(self.seen["LOST"], 1)
        self.assertEqual(self.que.taken(str(SLOT.code)), 0)

    def test_release_lost(self) -> None:
        """It is sent again; until then the place stays taken."""
        self.lose("RELEASE")
        self.cancellation()

    def test_release_doubled(self) -> None:
        """It takes effect once."""
        self.double("RELEASE")
        self.cancellation()

    def test_release_late(self) -> None:
        """Of an id that is released already it changes nothing, also where the place is another
        patient's by then."""
        self.delay("RELEASE", LATE)
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.result(self.mtl.city.cancel(person(PATIENT), SLOT.code))
        self.run_for(10, 0.05)
        self.booked("SHEP0001", str(SLOT.code))
        self.agree()
        self.assertEqual(self.que.taken(str(SLOT.code)), 1)

    def test_wait_lost(self) -> None:
        """It is sent again; the patient waits at home meanwhile."""
        self.lose("WAIT")
        self.wait()

    def test_wait_doubled(self) -> None:
        """The patient waits once."""
        self.double("WAIT")
        self.wait()

    def test_wait_late(self) -> None:
        """A WAIT that its UNWAIT has overtaken has nobody wait."""
        self.delay("WAIT", LATE, 100)
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.begin(self.que.city.remove(SLOT))
        self.run_for(5, 0.05)
        [record] = self.mtl.records(PATIENT)
        self.result(self.mtl.city.cancel(person(PATIENT), SLOT.code))
        self.run_for(5, 0.05)
        self.assertIs(self.que.do(wait_state, record.id), WaitState.OVER)
        self.add(str(CLOSE.code))
        self.agree(90)
        self.assertIs(self.que.do(wait_state, record.id), WaitState.OVER)
        self.assertEqual((self.schedule_now(), self.que.taken(str(CLOSE.code))), ([], 0))

    def test_unwait_lost(self) -> None:
        """It is sent again; what is offered meanwhile is refused, for the patient waits no more."""
        self.lose("UNWAIT")
        self.wait()

    def test_unwait_doubled(self) -> None:
        """It takes effect once."""
        self.double("UNWAIT")
        self.wait()

    def test_unwait_late(self) -> None:
        """It changes nothing more."""
        self.delay("UNWAIT", LATE)
        self.wait()

    def test_done_lost(self) -> None:
        """The letter is sent again, is acknowledged again, and has no second effect."""
        self.lose("DONE", 4)
        self.wait()

    def test_done_doubled(self) -> None:
        """The second acknowledges nothing."""
        self.double("DONE")
        self.wait()

    def test_done_late(self) -> None:
        """It acknowledges no other letter."""
        self.delay("DONE", LATE, 4)
        self.wait()


class GoneTests(StoryCase):
    """GONE, of a record whose RELEASE is not known yet."""

    def setUp(self) -> None:
        super().setUp()
        self.lose("RELEASE", 6)

    def test_gone_lost(self) -> None:
        """MOVE is asked again."""
        self.lose("GONE")
        self.removal()

    def test_gone_doubled(self) -> None:
        """The second says nothing new."""
        self.double("GONE")
        self.removal()

    def test_gone_late(self) -> None:
        """It says nothing new."""
        self.delay("GONE", LATE)
        self.removal()


class QuestionTests(StoryCase):
    """STATUS, MOVE and LIST, and what answers them."""

    def test_status_lost(self) -> None:
        """It is sent again; the place is held meanwhile."""
        self.lose("STATUS")
        self.doubt()

    def test_status_doubled(self) -> None:
        """It is answered as the record stands."""
        self.double("STATUS")
        self.doubt()

    def test_status_late(self) -> None:
        """It is answered as the record stands then, which nobody waits for."""
        self.delay("STATUS", LATE)
        self.doubt()

    def test_is_lost(self) -> None:
        """STATUS is asked again."""
        self.lose("IS")
        self.doubt()

    def test_is_doubled(self) -> None:
        """The second settles nothing."""
        self.double("IS")
        self.doubt()

    def test_is_late(self) -> None:
        """An answer about a place that is settled changes nothing."""
        self.delay("IS", LATE)
        self.doubt()

    def test_move_lost(self) -> None:
        """It is sent again, until the place is released."""
        self.lose("MOVE")
        self.removal()

    def test_move_doubled(self) -> None:
        """One run is made of it."""
        self.double("MOVE")
        self.removal()

    def test_move_late(self) -> None:
        """Behind the move it is about a record that is gone, and moves nobody."""
        self.delay("MOVE", LATE)
        self.removal()

    def test_moving_lost(self) -> None:
        """The run goes on without it: what matters is told by HOLD, CONFIRM and RELEASE."""
        self.lose("MOVING")
        self.removal()

    def test_moving_doubled(self) -> None:
        """The second asks for no other page."""
        self.double("MOVING")
        self.wait()

    def test_moving_late(self) -> None:
        """It says nothing of the page that is asked then."""
        self.delay("MOVING", LATE)
        self.wait()

    def test_list_lost(self) -> None:
        """It is sent again within the second; if none arrives the city is ``unreachable``."""
        self.add(str(SLOT.code))
        self.lose("LIST", 1)
        listed = self.result(self.mtl.city.list("Physician"), 1.1)
        self.assertEqual(([str(row.code) for row in listed.slots], listed.unreachable), self.whole)
        self.lose("LIST", 100)
        listed = self.result(self.mtl.city.list("Physician"), 1.1)
        self.assertEqual((listed.slots, listed.unreachable), ((), ("QUE", "SHE")))

    def test_rows_late(self) -> None:
        """A city whose answer comes after a second is ``unreachable``; the answer is no part of the
        next list."""
        self.add(str(SLOT.code))
        self.delay("ROWS", 1.5, 100)
        listed = self.result(self.mtl.city.list("Physician"), 1.1)
        self.assertEqual(listed.unreachable, ("QUE", "SHE"))
        self.treat_none()
        listed = self.result(self.mtl.city.list("Physician"), 1.1)
        self.assertEqual(([str(row.code) for row in listed.slots], listed.unreachable), self.whole)

    whole: tuple[list[str], tuple[str, ...]] = ([str(SLOT.code)], ())

    def test_stale_lost(self) -> None:
        """The next datagram of the restored center is answered with another."""
        self.lose("STALE", 1)
        self.que.do(raise_peer_boot, "MTL", Boot(number=9, randomness=bytes(16)))
        self.que.crash()
        self.que.start()
        self.run_for(0.2)
        asked = self.begin(self.mtl.city.list("Physician"))
        self.run_for(0.9, 0.05)
        self.assertGreater(self.seen["STALE"], 1)
        self.assertIsNotNone(self.mtl.federation.link.stale)
        self.flushLoggedErrors()
        self.run_for(0.2)
        self.successResultOf(asked)
