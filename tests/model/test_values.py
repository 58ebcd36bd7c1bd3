"""Tests of the words and numbers that others rely on (section 4)."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

from twisted.trial.unittest import SynchronousTestCase

from medappt.model import operations
from medappt.model.appointments import State
from medappt.model.limits import LINE_BYTES, TAG_SECONDS, Limits
from medappt.model.refusals import Code, Refusal, Refused


class RefusalTests(SynchronousTestCase):
    """Why a request was refused."""

    def test_codes(self) -> None:
        """The codes are the words of the protocol, all of them and no others."""
        self.assertEqual(
            {code.value for code in Code},
            set(
                "unauthenticated forbidden syntax unknown-command unknown-type unknown-slot"
                " unknown-patient exists full already-booked same-day weekly-limit not-booked"
                " ambiguous past unreachable too-long busy".split()
            ),
        )

    def test_refused(self) -> None:
        """The exception carries the refusal, and says it."""
        refused = Refused(Code.FULL, "somebody was faster")
        self.assertEqual(refused.refusal, Refusal(code=Code.FULL, text="somebody was faster"))
        self.assertEqual(str(refused), "full: somebody was faster")

    def test_frozen(self) -> None:
        """A refusal does not change under those who pass it on."""
        refusal = Refusal(code=Code.FULL, text="")
        with self.assertRaises(FrozenInstanceError):
            refusal.text = "other"  # type: ignore[misc]


class StateTests(SynchronousTestCase):
    """How a place stands."""

    def test_words(self) -> None:
        """The states are the words of ``schedule``."""
        self.assertEqual([state.value for state in State], ["booked", "moved", "waitlisted"])


class LimitTests(SynchronousTestCase):
    """The limits of section 4."""

    def test_not_settable(self) -> None:
        """Clients rely on the length of a line and the life of a tag."""
        self.assertEqual((LINE_BYTES, TAG_SECONDS), (512, 86_400))

    def test_defaults(self) -> None:
        """The defaults are those of the design."""
        self.assertEqual(
            Limits(),
            Limits(
                login_seconds=10,
                idle_seconds=600,
                connections=10_000,
                spare_files=200,
                unanswered=100,
                failures_per_user=5,
                failures_per_address=20,
                failure_seconds=60,
                blocked_seconds=60,
                waiting_logins=256,
                close_seconds=2,
                linger_seconds=1,
            ),
        )


class OperationsTests(SynchronousTestCase):
    """What a center can be asked for."""

    def test_operations(self) -> None:
        """Every request of a logged-in user is one operation."""
        names = {name for name in vars(operations.NumberedSlotOperations) if name[0] != "_"}
        self.assertEqual(names, {"available", "slots", "select", "cancel", "schedule", "patients"})
