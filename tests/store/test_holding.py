"""Owner: what homes ask for, in whatever order it comes (section 8)."""

from __future__ import annotations

from medappt.model.records import Held, PlaceState, RecordState
from medappt.model.refusals import Refused
from medappt.store.holding import (
    confirm,
    hold,
    release,
    release_hold,
    settle_hold,
    unwait,
    wait,
)
from medappt.store.judgement import (
    FORBIDDEN,
    PAST,
    UNKNOWN_SLOT,
    UNREACHABLE,
)
from medappt.store.places import held_places, release_place
from medappt.store.removal import remove_slot
from medappt.store.waits import WaitState, wait_state
from tests.store.cities import DOCTOR, name
from tests.store.doubles import ADMIN
from tests.store.owning import CODE, START, OwnerCase
from tests.store.reading import all_waiters


class HoldTests(OwnerCase):
    """HOLD: a place while its home decides."""

    def test_held(self) -> None:
        """The home learns the start and the doctor, and the place is in doubt from now on."""
        self.city.add(CODE)
        id_ = self.new_id()
        self.assertEqual(self.hold(id_), Held(start=START, contact=DOCTOR))
        [held] = self.city.do(held_places)
        self.assertEqual(
            (held.id, held.home, held.patient, held.since),
            (id_, "QUE", "QUEP0001", self.city.now),
        )

    def test_again(self) -> None:
        """The same HOLD is answered the same, confirmed or not, removed or not."""
        self.city.add(CODE)
        id_ = self.held()
        again = self.hold(id_)
        self.city.act(confirm, "QUE", id_)
        self.assertEqual(self.hold(id_), again)
        self.city.act(remove_slot, name(CODE), origin=ADMIN)
        self.city.now = START
        self.assertEqual(self.hold(id_), again)
        self.assertEqual(self.state(id_), PlaceState.CONFIRMED)

    def test_the_id_of_another_hold(self) -> None:
        """An id names one place of one patient."""
        self.city.add(CODE, 2)
        self.city.add("MTLM100227")
        id_ = self.held()
        self.assertIs(self.hold(id_, "QUEP0002"), FORBIDDEN)
        self.assertIs(self.hold(id_, code="MTLM100227"), FORBIDDEN)

    def test_after_its_release(self) -> None:
        """A HOLD that its RELEASE has overtaken holds nothing, however often it comes."""
        self.city.add(CODE)
        id_ = self.new_id()
        self.city.act(release, "QUE", id_)
        self.assertIs(self.hold(id_), UNREACHABLE)
        held = self.held()
        self.city.act(release, "QUE", held)
        self.assertIs(self.hold(held), UNREACHABLE)
        self.assertEqual(self.free(), {CODE: 1})

    def test_refusals(self) -> None:
        """What is not offered is unknown, what has begun is past, offered or not."""
        self.assertIs(self.hold(), UNKNOWN_SLOT)
        self.city.add(CODE)
        self.assertIs(self.hold(code="MTLM110227"), UNKNOWN_SLOT)
        self.city.now = START
        self.assertIs(self.hold(), PAST)
        self.assertIs(self.hold(code="MTLM100227"), PAST)

    def test_anothers(self) -> None:
        """R5: a home acts for its own patients, under ids of its own, in slots of this city."""
        self.city.add(CODE)
        for home, id_, code, patient in (
            ("SHE", self.new_id(), CODE, "SHEP0001"),
            ("QUE", self.new_id(), CODE, "SHEP0001"),
            ("QUE", self.new_id(), CODE, "bob"),
            ("QUE", self.new_id(), "SHEA100227", "QUEP0001"),
            ("QUE", "rubbish", CODE, "QUEP0001"),
        ):
            got = self.city.act(hold, home, id_, name(code), patient)
            self.assertIs(got, FORBIDDEN)
        elsewhere = "SHE" + self.new_id()[3:]
        got = self.city.act(hold, "QUE", self.new_id(), name(CODE), "QUEP0001", replaces=elsewhere)
        self.assertIs(got, FORBIDDEN)
        self.assertEqual(self.free(), {CODE: 1})

    def test_other_verbs_of_anothers(self) -> None:
        """R5: no home can confirm, release or end what is another's."""
        self.city.add(CODE)
        id_ = self.held()
        for verb in (confirm, release, wait, unwait):
            self.assertRaises(Refused, self.city.act, verb, "SHE", id_)
        self.assertEqual(self.state(id_), PlaceState.HELD)


class ForwardTests(OwnerCase):
    """States only move forward."""

    def setUp(self) -> None:
        super().setUp()
        self.city.add(CODE)
        self.held_id = self.held()

    def test_confirm(self) -> None:
        """CONFIRM takes effect once and is acknowledged always, until it is released."""
        for _ in range(2):
            self.assertTrue(self.city.act(confirm, "QUE", self.held_id))
            self.assertEqual(self.state(self.held_id), PlaceState.CONFIRMED)
        self.city.act(release, "QUE", self.held_id)
        self.assertFalse(self.city.act(confirm, "QUE", self.held_id))
        self.assertEqual(self.state(self.held_id), PlaceState.RELEASED)

    def test_confirm_of_an_unknown_id(self) -> None:
        """It is LOST, and leaves nothing."""
        unknown = self.new_id()
        self.assertFalse(self.city.act(confirm, "QUE", unknown))
        self.assertIsNone(self.state(unknown))

    def test_release(self) -> None:
        """RELEASE can be repeated; of an unknown id it leaves a tombstone."""
        unknown = self.new_id()
        for _ in range(2):
            self.city.act(release, "QUE", self.held_id)
            self.city.act(release, "QUE", unknown)
        self.assertEqual(self.state(self.held_id), PlaceState.RELEASED)
        self.assertEqual(self.state(unknown), PlaceState.RELEASED)
        self.assertEqual(self.free(), {CODE: 1})
        self.assertFalse(self.city.do(release_place, self.held_id))

    def test_status(self) -> None:
        """ACTIVE confirms, PENDING leaves it, unknown and WAITLISTED release."""
        settle = settle_hold
        self.assertIs(self.city.act(settle, self.held_id, RecordState.PENDING), PlaceState.HELD)
        self.assertIs(self.city.act(settle, self.held_id, RecordState.ACTIVE), PlaceState.CONFIRMED)
        self.assertIs(self.city.act(settle, self.held_id, None), PlaceState.CONFIRMED)
        self.city.add("MTLM100227", 2)
        for standing in (None, RecordState.WAITLISTED):
            id_ = self.held("MTLM100227")
            self.assertIs(self.city.act(settle, id_, standing), PlaceState.RELEASED)
        self.assertIsNone(self.city.act(settle, "QUE-1-01-99", None))

    def test_the_operator(self) -> None:
        """Only a hold is released by hand."""
        other = self.new_id()
        self.assertFalse(self.city.act(release_hold, other, origin=ADMIN))
        self.assertTrue(self.city.act(release_hold, self.held_id, origin=ADMIN))
        self.assertFalse(self.city.act(release_hold, self.held_id, origin=ADMIN))
        self.assertEqual(self.free(), {CODE: 1})

    def test_wait(self) -> None:
        """WAIT takes who, what and in which order from the place, before or after its RELEASE."""
        self.city.act(confirm, "QUE", self.held_id)
        self.city.act(remove_slot, name(CODE), origin=ADMIN)
        for _ in range(2):
            self.city.act(wait, "QUE", self.held_id)
        self.city.act(release, "QUE", self.held_id)
        [waiter] = self.city.do(all_waiters)
        self.assertEqual(
            (waiter.id, waiter.home, waiter.patient, waiter.type, waiter.start),
            (self.held_id, "QUE", "QUEP0001", "Physician", START),
        )
        for _ in range(2):
            self.city.act(unwait, "QUE", self.held_id)
            self.assertEqual(self.city.do(all_waiters), [])
            self.city.act(wait, "QUE", self.held_id)
        self.assertIs(self.city.do(wait_state, self.held_id), WaitState.OVER)

    def test_unwait_comes_first(self) -> None:
        """UNWAIT of an unknown id leaves a tombstone, which WAIT does not revive."""
        self.city.act(remove_slot, name(CODE), origin=ADMIN)
        self.city.act(unwait, "QUE", self.held_id)
        self.city.act(wait, "QUE", self.held_id)
        self.assertEqual(self.city.do(all_waiters), [])

    def test_wait_without_a_removed_slot(self) -> None:
        """Nobody waits for a slot that is open, nor under an id that never had a place."""
        self.city.act(wait, "QUE", self.held_id)
        self.city.act(wait, "QUE", self.new_id())
        self.assertEqual(self.city.do(all_waiters), [])
