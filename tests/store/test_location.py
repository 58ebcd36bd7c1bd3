"""Where a store is."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt.store.sqlite import Location, parse_location
from tests.store.doubles import scratch


class LocationTests(SynchronousTestCase):
    """The URLs of ``--store``."""

    def test_absolute(self) -> None:
        """Four slashes name an absolute path."""
        location = parse_location("sqlite:////var/lib/center.sqlite3")
        self.assertEqual(location, Location(path=Path("/var/lib/center.sqlite3")))
        self.assertEqual(location.description, "/var/lib/center.sqlite3")

    def test_relative_to_the_working_directory(self) -> None:
        """Three slashes name a path in the directory of this moment, wherever we go later."""
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        place = scratch(self).resolve()
        os.chdir(place)
        location = parse_location("sqlite:///center.sqlite3")
        os.chdir(before)
        self.assertEqual(location.path, place / "center.sqlite3")

    def test_relative_to_a_base(self) -> None:
        """A base takes the place of the working directory, and an absolute path needs none."""
        base = Path("/etc/medappt")
        self.assertEqual(parse_location("sqlite:///a b.sqlite3", base).path, base / "a b.sqlite3")
        self.assertEqual(parse_location("sqlite:////x", base).path, Path("/x"))

    def test_memory(self) -> None:
        """No path is the memory of the process."""
        for url in ("sqlite://", "sqlite:///:memory:"):
            self.assertIsNone(parse_location(url).path)
        self.assertEqual(parse_location("sqlite://").description, "in memory")

    def test_what_is_no_location(self) -> None:
        """Anything else is refused with a sentence that says what is expected."""
        wrong = (
            "",
            "center.sqlite3",
            "sqlite:",
            "sqlite:///",
            "sqlite:///directory/",
            "sqlite://host/center.sqlite3",
            "mysql://host/center",
            "sqlite:///a\0b",
        )
        for url in wrong:
            with self.assertRaises(ValueError) as caught:
                parse_location(url)
            self.assertTrue(str(caught.exception).startswith("expected sqlite:///FILE"), url)

    def test_what_is_not_served(self) -> None:
        """PostgreSQL and options of a driver get a sentence of their own."""
        for url in ("postgresql://host/center", "postgresql+psycopg://host/center"):
            with self.assertRaises(ValueError) as caught:
                parse_location(url)
            self.assertIn("PostgreSQL is not served by this version", str(caught.exception))
        with self.assertRaises(ValueError) as caught:
            parse_location("sqlite:///center.sqlite3?mode=ro")
        self.assertIn("takes no options", str(caught.exception))
