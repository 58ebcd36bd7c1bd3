"""Tests of the rules that numbered slots need."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.identity import Role, User
from medappt.model.refusals import Code, Refused
from medappt.model.rules import require_administrator, whose_schedule

PATIENT = User(name="alice")
ADMINISTRATOR = User(name="root", role=Role.ADMINISTRATOR)


class RoleTests(SynchronousTestCase):
    """A user is a patient unless told otherwise."""

    def test_default(self) -> None:
        """Rights are given, never assumed."""
        self.assertIs(PATIENT.role, Role.PATIENT)
        self.assertFalse(PATIENT.is_administrator)
        self.assertTrue(ADMINISTRATOR.is_administrator)


class WhoseScheduleTests(SynchronousTestCase):
    """R5: whose schedule somebody sees."""

    def test_own(self) -> None:
        """A patient sees their own, named or not."""
        self.assertEqual(whose_schedule(PATIENT, None), "alice")
        self.assertEqual(whose_schedule(PATIENT, "alice"), "alice")

    def test_another(self) -> None:
        """A patient does not see another's, and a name in another case is another."""
        for named in ("bob", "Alice", "root"):
            refused = self.assertRaises(Refused, whose_schedule, PATIENT, named)
            self.assertIs(refused.refusal.code, Code.FORBIDDEN)
            self.assertNotIn(named, refused.refusal.text)

    def test_administrator(self) -> None:
        """An administrator sees whose they name."""
        self.assertEqual(whose_schedule(ADMINISTRATOR, "alice"), "alice")
        self.assertEqual(whose_schedule(ADMINISTRATOR, "root"), "root")

    def test_administrator_names_nobody(self) -> None:
        """An administrator has to name somebody: the request is incomplete."""
        refused = self.assertRaises(Refused, whose_schedule, ADMINISTRATOR, None)
        self.assertIs(refused.refusal.code, Code.SYNTAX)


class AdministratorTests(SynchronousTestCase):
    """R5: who looks into a slot."""

    def test_patient(self) -> None:
        """A patient does not."""
        refused = self.assertRaises(Refused, require_administrator, PATIENT)
        self.assertIs(refused.refusal.code, Code.FORBIDDEN)

    def test_administrator(self) -> None:
        """An administrator does."""
        require_administrator(ADMINISTRATOR)
