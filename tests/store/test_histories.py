"""Random histories of three cities, and faults planted to see whether they would be noticed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.records import RecordState, Verb
from medappt.model.refusals import Refusal
from medappt.store import (
    booking,
    cancelling,
    holding,
    options,
    outbox,
    placement,
    places,
    purging,
    removal,
)
from medappt.store.connection import Connection
from tests.store import pump
from tests.store.invariants import Broken, View
from tests.store.pump import Federation

BUSY = 80
"""Ticks of bad weather."""

SETTLING = 100
"""Ticks within which everything must be settled once it has cleared."""

SEEDS = range(60)
PLANTED_SEEDS = range(120)


def live(seed: int, every: int = 5) -> Counter[str]:
    """A history: what was answered. Raises ``Broken`` where a promise was not kept."""
    federation = Federation(seed)
    try:
        for tick in range(BUSY):
            federation.step()
            if tick % every == 0:
                View(federation).check()
        federation.clear_up()
        for _ in range(SETTLING):
            federation.step(is_calm=True)
            try:
                View(federation).check_calm()
            except Broken as broken:
                unsettled = broken
            else:
                return federation.answers
        raise unsettled
    finally:
        federation.close()


def nothing(*arguments: object, **named: object) -> None:
    """In the place of something that matters."""


class HistoryCase(SynchronousTestCase):
    """Pages of two slots, so that there are several."""

    def setUp(self) -> None:
        self.patch(options, "MOST_OPTIONS", 2)


class HistoryTests(HistoryCase):
    """Section 8 over datagrams that are lost, doubled, late, and out of order, with crashes."""

    def test_histories(self) -> None:
        """Every promise is kept in every history, and every kind of answer occurs."""
        answers: Counter[str] = Counter()
        for seed in SEEDS:
            try:
                answers += live(seed)
            except Broken as broken:
                self.fail(f"seed {seed}: {broken}")
        expected = (
            "Booked Swapped Cancelled Added Removed expired past same-day weekly-limit full"
            " already-booked unknown-slot exists unreachable purged"
        )
        self.assertEqual(set(expected.split()) - set(answers), set())

    def test_a_seed_is_a_history(self) -> None:
        """The same seed is the same history."""
        self.assertEqual(live(7), live(7))


class PlantedTests(HistoryCase):
    """Each fault breaks a promise in some history: the histories can see."""

    def assert_noticed(self) -> None:
        for seed in PLANTED_SEEDS:
            try:
                live(seed)
            except Exception:  # noqa: BLE001 - a violation, or a key of the store that forbids it
                return
        self.fail("nobody noticed")

    def test_capacity_ignored(self) -> None:
        """R1 without a look at the capacity."""
        take = places._free_number
        self.patch(
            places,
            "_free_number",
            lambda connection, slot: take(connection, slot) or slot.capacity + 1,
        )
        self.assert_noticed()

    def test_rules_judged_only_before_the_hold(self) -> None:
        """What changed while the owner was asked is overlooked."""
        self.patch(
            booking,
            "_last_look",
            lambda here, records, pending, reply, old: (
                reply if isinstance(reply, Refusal) else None
            ),
        )
        self.assert_noticed()

    def test_a_swap_that_keeps_the_old(self) -> None:
        """The deciding transaction leaves the old record alone."""
        self.patch(booking, "give_up", nothing)
        self.assert_noticed()

    def test_a_cancellation_that_tells_nobody(self) -> None:
        """The owner of a place that is given back never learns it."""
        self.patch(placement, "post", nothing)
        self.assert_noticed()

    def test_a_decision_that_tells_nobody(self) -> None:
        """No STATUS, and no CONFIRM: the place stays HELD."""
        self.patch(pump, "held_places", lambda connection: [])
        self.patch(booking, "post", nothing)
        self.assert_noticed()

    def test_a_hold_dropped_by_a_timer(self) -> None:
        """The owner does not wait for a home that is still deciding."""
        settle: Any = holding.settle_hold

        def impatient(*arguments: Any) -> object:
            *rest, standing = arguments
            return settle(*rest, None if standing is RecordState.PENDING else standing)

        self.patch(pump, "settle_hold", impatient)
        self.assert_noticed()

    def test_no_presumed_abort(self) -> None:
        """What was PENDING at a crash stays so."""
        self.patch(pump, "abort_pending", nothing)
        self.assert_noticed()

    def test_tags_forgotten(self) -> None:
        """A request whose answer was lost happens again."""
        self.patch(booking, "keep", nothing)
        self.assert_noticed()

    def test_placed_without_the_rules(self) -> None:
        """R7 without R2 and R3."""
        self.patch(placement, "judge", nothing)
        self.assert_noticed()

    def test_moved_without_a_word(self) -> None:
        """The patient is not told."""
        self.patch(placement, "give_notice", nothing)
        self.assert_noticed()

    def test_no_placement(self) -> None:
        """Whatever opens a place, or removes a record, forgets who waits."""
        for module in (booking, cancelling, removal):
            undo = self.patch(module, "place_waiting", nothing)
            self.assert_noticed()
            undo.restore()

    def test_purged_too_early(self) -> None:
        """A place is forgotten before its home has said WAIT."""
        self.patch(purging, "MARGIN", -timedelta(days=60))
        self.assert_noticed()

    def test_waiting_nobody_hears_of(self) -> None:
        """RELEASE without WAIT."""

        def only_release(connection: Connection, peer: str, verb: Verb, record: str) -> None:
            if verb is not Verb.WAIT:
                outbox.post(connection, peer, verb, record)

        self.patch(placement, "post", only_release)
        self.assert_noticed()
