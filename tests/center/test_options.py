"""The options of the server, and what they come to."""

from __future__ import annotations

import os
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from medappt.center import options
from medappt.center.options import DEFAULT_LISTEN, CenterConfiguration, ServerOptions, to_zone
from medappt.role.startup import CannotStart
from medappt.samples import write_samples
from tests.folders import temporary_folder


class OptionsTests(SynchronousTestCase):
    """What is given is checked, what is not given has a default."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_samples(self.folder)

    def parse(self, *words: str) -> ServerOptions:
        options = ServerOptions()
        options.parseOptions(list(words))
        return options

    def configure(self, *words: str) -> CenterConfiguration:
        return self.parse(*words).configuration()

    def refused(self, *words: str) -> str:
        """The one line that a usage error comes to."""
        end = self.assertRaises(SystemExit, self.parse, *words)
        self.assertEqual(len(str(end).splitlines()), 1)
        return str(end)

    def cannot(self, *words: str) -> str:
        options = self.parse(*words)
        return str(self.assertRaises(CannotStart, options.configuration))

    def config(self, text: str) -> str:
        path = self.folder / "center.toml"
        path.write_text(text)
        return str(path)

    def test_defaults(self) -> None:
        """Both loopback addresses, a file in the working directory, the samples' users."""
        found = self.configure("--data", str(self.folder))
        self.assertEqual(found.listen, DEFAULT_LISTEN)
        self.assertTrue(found.is_default_listen)
        self.assertEqual(found.store.path, Path.cwd() / "medappt.sqlite3")
        self.assertEqual([row.name for row in found.data.users], ["patient1", "patient2"])
        self.assertEqual(len(found.data.openings), 6)
        self.assertEqual(found.folder, self.folder)
        self.assertFalse(found.is_classroom)
        self.assertEqual(found.limits.idle_seconds, 600)

    def test_everything_given(self) -> None:
        """Each option changes what it says."""
        found = self.configure(
            *("--data", str(self.folder), "--store", "sqlite://", "--classroom"),
            *("--timezone", "America/Toronto", "--listen", "tcp:0", "--listen", "tcp:1"),
            *("--limit", "idle_seconds=1.5", "--limit", "unanswered=7"),
        )
        self.assertEqual(found.listen, ("tcp:0", "tcp:1"))
        self.assertFalse(found.is_default_listen)
        self.assertIsNone(found.store.path)
        self.assertEqual(found.zone, ZoneInfo("America/Toronto"))
        self.assertEqual((found.limits.idle_seconds, found.limits.unanswered), (1.5, 7))
        self.assertTrue(found.is_classroom)

    def test_usage_errors_are_one_line(self) -> None:
        """What was wrong and what was expected."""
        for words, told in (
            (["--bogus"], "option --bogus not recognized"),
            (["--timezone", "Mars/Olympus"], "expected a time zone such as America/Toronto"),
            (["--timezone", "../etc"], "expected a time zone"),
            (["--data", ""], "--data: expected a path"),
            (["--limit", "idle"], "expected NAME=VALUE, not 'idle'"),
            (["--limit", "bogus=1"], "no such limit"),
            (["--limit", "unanswered=1.5"], "expected a whole number above 0"),
            (["--limit", "unanswered=0"], "--limit: unanswered: expected a whole number above 0"),
            (["extra"], "unexpected 'extra'"),
        ):
            with self.subTest(words=words):
                self.assertIn(told, self.refused(*words))

    def test_what_cannot_be_used_is_named(self) -> None:
        """The file, the line, what was expected."""
        data = ["--data", str(self.folder)]
        self.assertIn("store: expected sqlite:///FILE", self.cannot(*data, "--store", "mysql:x"))
        self.assertIn("PostgreSQL", self.cannot(*data, "--store", "postgresql://x"))
        (self.folder / "users.txt").write_text("a b\nc\n")
        self.assertIn("users.txt, line 2: expected USER PASSWORD", self.cannot(*data))
        (self.folder / "users.txt").write_text("a $argon2id$x\n")
        self.assertIn("users.txt, line 1: expected a hash", self.cannot(*data))
        (self.folder / "users.txt").unlink()
        self.assertIn("users.txt: No such file", self.cannot(*data))

    def test_a_settings_file(self) -> None:
        """Its paths are relative to it, and ``--data`` is not read."""
        path = self.config(
            '[center]\ntimezone = "Europe/Lisbon"\nlisten = "tcp:5"\nstore = "sqlite:///s.db"\n'
            'users = "users.txt"\navailabilities = "availabilities.txt"\n'
            "[center.limits]\nunanswered = 3\n"
        )
        found = self.configure("--config", path, "--data", "/nonexistent")
        self.assertEqual(found.zone, ZoneInfo("Europe/Lisbon"))
        self.assertEqual(found.listen, ("tcp:5",))
        self.assertEqual(found.store.path, self.folder / "s.db")
        self.assertEqual(len(found.data.users), 2)
        self.assertEqual(found.limits.unanswered, 3)

    def test_options_override_the_settings_file(self) -> None:
        """What is typed counts more than what is written; its paths are the shell's."""
        path = self.config('[center]\ntimezone = "Europe/Lisbon"\nlisten = "tcp:5"\n')
        found = self.configure(
            *("--config", path, "--timezone", "Asia/Tokyo", "--listen", "tcp:6"),
            *("--store", "sqlite:///t.db"),
        )
        self.assertEqual(found.zone, ZoneInfo("Asia/Tokyo"))
        self.assertEqual(found.listen, ("tcp:6",))
        self.assertEqual(found.store.path, Path.cwd() / "t.db")
        self.assertEqual(found.data.users, ())

    def test_an_empty_settings_file(self) -> None:
        """All its keys are optional."""
        found = self.configure("--config", self.config(""))
        self.assertEqual(found.listen, DEFAULT_LISTEN)
        self.assertEqual(found.store.path, self.folder / "medappt.sqlite3")
        self.assertEqual(found.data.openings, ())

    def test_a_broken_settings_file(self) -> None:
        """Names the file and the key."""
        told = self.cannot("--config", self.config('[center]\ntimezone = "Mars"\n'))
        self.assertIn("center.toml: center.timezone: expected a time zone", told)

    def test_the_machines_time_zone(self) -> None:
        """``TZ`` counts more than the machine; one that is none cannot be used."""

        def zone_with(name: str) -> tzinfo:
            self.patch(os, "environ", {**os.environ, "TZ": name})
            return self.configure("--data", str(self.folder)).zone

        self.assertEqual(str(zone_with("America/Toronto")), "America/Toronto")
        error = self.assertRaises(CannotStart, zone_with, "Mars/Olympus")
        self.assertIn("the time zone cannot be told (TZ is 'Mars/Olympus')", str(error))
        self.patch(options, "reload_localzone", self.fail_to_tell)
        error = self.assertRaises(CannotStart, zone_with, "")
        self.assertIn("the time zone cannot be told (the machine's)", str(error))

    def fail_to_tell(self) -> tzinfo:
        raise LookupError("no such zone")

    def test_zone_names(self) -> None:
        """Neither a path nor nothing is a zone."""
        for name in ("", "/etc/localtime", "America", "\0"):
            self.assertRaises(ValueError, to_zone, name)
