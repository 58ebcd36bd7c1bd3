"""Tests of how a role says that it cannot start."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.role.startup import CannotStart, one_line_on_failure, refuse


class StartupTests(SynchronousTestCase):
    """A role that cannot start ends with one line; Python prints a text exit code, and exits 1."""

    def test_one_line(self) -> None:
        """A reason of several lines becomes one, behind the name of the role."""
        with self.assertRaises(SystemExit) as caught:
            refuse("medappt-doctor", "no\n  such\tfile")
        self.assertEqual(caught.exception.code, "medappt-doctor: no such file")

    def test_cannot_start(self) -> None:
        """``CannotStart`` in the block ends the process."""
        with self.assertRaises(SystemExit) as caught, one_line_on_failure("role"):
            raise CannotStart("port 1 is busy")
        self.assertEqual(caught.exception.code, "role: port 1 is busy")

    def test_a_fault_of_the_program(self) -> None:
        """Any other exception is a fault, and keeps its traceback."""
        with self.assertRaises(ZeroDivisionError), one_line_on_failure("role"):
            _ = 1 // 0

    def test_nothing_wrong(self) -> None:
        """A block that works is left alone."""
        done = []
        with one_line_on_failure("role"):
            done.append(True)
        self.assertEqual(done, [True])
