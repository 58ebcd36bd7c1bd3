"""Tests of what the options of every role have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from medappt.role.options import RoleOptions, coercion, to_count, to_path, to_port
from tests.folders import temporary_folder


class ClerkOptions(RoleOptions):
    """A role for these tests."""

    role = "medappt-clerk"
    optParameters: ClassVar[list[list[object]]] = [
        ["port", "p", None, "A port.", to_port],
        ["name", None, "anybody", "A name."],
    ]


class NumberedClerkOptions(ClerkOptions):
    """A role of which several run in one directory."""

    def pid_name(self) -> str:
        return f"{self.role}-{self['name']}"


class Twistd(usage.Options):
    """What twistd's own options are to a role."""

    optParameters: ClassVar[list[list[object]]] = [["pidfile", None, "twistd.pid", "pid file"]]
    subCommands: ClassVar[list[tuple[object, ...]]] = [
        ("clerk", None, ClerkOptions, "a clerk"),
        ("numbered", None, NumberedClerkOptions, "a numbered clerk"),
    ]


class RoleOptionsTests(SynchronousTestCase):
    """Usage errors are one line, and roles have pid files of their own."""

    def refusal(self, *words: str) -> str:
        with self.assertRaises(SystemExit) as caught:
            ClerkOptions().parseOptions(list(words))
        self.assertNotIn("\n", str(caught.exception.code))
        return str(caught.exception.code)

    def pid_file(self, *words: str) -> str:
        options = Twistd()
        options.parseOptions(list(words))
        return str(options["pidfile"])

    def test_values(self) -> None:
        """A value given on the command line is coerced."""
        options = ClerkOptions()
        options.parseOptions(["--port", "21000"])
        self.assertEqual(options["port"], 21000)

    def test_unknown_option(self) -> None:
        """An option that is none ends the process with a line."""
        self.assertEqual(self.refusal("--what"), "medappt-clerk: option --what not recognized")

    def test_bad_value(self) -> None:
        """A value that is none says what was expected, and nothing of Twisted's."""
        self.assertEqual(
            self.refusal("--port", "high"),
            "medappt-clerk: expected a port from 0 to 65535, not 'high'",
        )

    def test_missing_value(self) -> None:
        """An option without its value ends the process with a line."""
        self.assertEqual(self.refusal("--port"), "medappt-clerk: option --port requires argument")

    def test_words_left_over(self) -> None:
        """A role takes no words besides its options."""
        self.assertEqual(self.refusal("now", "please"), "medappt-clerk: unexpected 'now'")

    def test_pid_file(self) -> None:
        """The pid file is named after the role while twistd's own default stands."""
        self.assertEqual(self.pid_file("clerk"), "medappt-clerk.pid")

    def test_pid_file_of_one_of_several(self) -> None:
        """A role may say what tells it from others of its kind."""
        self.assertEqual(
            self.pid_file("numbered", "--name", "7"),
            "medappt-clerk-7.pid",
        )

    def test_pid_file_that_was_asked_for(self) -> None:
        """A pid file of the operator's stays, and so does having none."""
        self.assertEqual(self.pid_file("--pidfile", "own.pid", "clerk"), "own.pid")
        self.assertEqual(self.pid_file("--pidfile", "", "clerk"), "")


class CoercionTests(SynchronousTestCase):
    """Coercions refuse what is none of theirs."""

    def test_port(self) -> None:
        """Ports are 0 to 65535, in ASCII digits."""
        self.assertEqual([to_port("0"), to_port("65535")], [0, 65535])
        for word in ("65536", "-1", "", "x", "1.0", "\u0663", " 1", "1_0"):
            self.assertRaises(ValueError, to_port, word)

    def test_count(self) -> None:
        """Counts are whole numbers of a length that can be meant."""
        self.assertEqual([to_count("0"), to_count("999999999")], [0, 999_999_999])
        for word in ("-1", "", "x", "1e3", "\u0663", "1" * 10):
            self.assertRaises(ValueError, to_count, word)

    def test_path(self) -> None:
        """Paths are absolute at once: a daemon changes its directory."""
        self.assertEqual(to_path("data"), Path.cwd() / "data")
        self.assertEqual(to_path("/data"), Path("/data"))
        self.assertRaises(ValueError, to_path, "")

    def test_complaint(self) -> None:
        """A complaint says what was expected."""
        with self.assertRaises(ValueError) as caught:
            coercion(int, "a number")("one")
        self.assertEqual(str(caught.exception), "expected a number, not 'one'")


class RunningTests(SynchronousTestCase):
    """Two of a role do not start over the same pid file."""

    def setUp(self) -> None:
        self.pid_file = temporary_folder(self) / "some-role.pid"

    def parse(self) -> str | None:
        """What a role with this pid file says instead of starting; ``None`` if it starts."""
        options = ClerkOptions()
        twistd = Twistd()
        twistd["pidfile"] = str(self.pid_file)
        options.parent = twistd
        try:
            options.parseOptions([])
        except SystemExit as end:
            return str(end)
        return None

    def test_a_running_process_is_named(self) -> None:
        """In one line, with what to do about it."""
        self.pid_file.write_text(str(os.getpid()))
        said = self.parse()
        assert said is not None
        self.assertIn(f"already in use by process {os.getpid()} here", said)
        self.assertEqual(len(said.splitlines()), 1)

    def test_somebody_elses_process_runs_too(self) -> None:
        """Though it cannot be signalled."""

        def refuse(process: int, signum: int) -> None:
            raise PermissionError

        self.pid_file.write_text("4711")
        self.patch(os, "kill", refuse)
        self.assertIn("process 4711", self.parse() or "")

    def test_what_is_left_to_twistd(self) -> None:
        """A stale file, one that holds no process, none at all."""

        def gone(process: int, signum: int) -> None:
            raise ProcessLookupError

        self.patch(os, "kill", gone)
        self.assertIsNone(self.parse())
        for text in ("4711", "0", "-1", "nonsense", ""):
            self.pid_file.write_text(text)
            self.assertIsNone(self.parse())
        self.pid_file = Path()
        self.assertIsNone(self.parse())
