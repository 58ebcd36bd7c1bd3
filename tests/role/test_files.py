"""Tests of reading the files a role starts from."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.role.files import load, read_file
from medappt.role.startup import CannotStart
from medappt.wire.datafiles import read_prices
from tests.folders import temporary_folder


class FilesTests(SynchronousTestCase):
    """What is wrong with a file is said with its name."""

    def setUp(self) -> None:
        self.path = temporary_folder(self) / "prices.txt"

    def test_bytes(self) -> None:
        """The bytes of a file are read as they are."""
        self.path.write_bytes(b"a\r\nb\0")
        self.assertEqual(read_file(self.path), b"a\r\nb\0")

    def test_missing(self) -> None:
        """A file that is not there is named, with the reason."""
        with self.assertRaises(CannotStart) as caught:
            read_file(self.path)
        self.assertEqual(str(caught.exception), f"{self.path}: No such file or directory")

    def test_no_file(self) -> None:
        """A directory in the place of a file is told as such."""
        with self.assertRaises(CannotStart) as caught:
            read_file(self.path.parent)
        self.assertIn("Is a directory", str(caught.exception))

    def test_load(self) -> None:
        """``load`` gives what the reader makes of the file."""
        self.path.write_bytes(b"gold 12.50")
        self.assertEqual(dict(load(self.path, read_prices).amounts), {"gold": "12.50"})

    def test_load_broken(self) -> None:
        """A broken file is named with its line and what was expected there."""
        self.path.write_bytes(b"gold 12.50\nsilver free\n")
        with self.assertRaises(CannotStart) as caught:
            load(self.path, read_prices)
        self.assertTrue(
            str(caught.exception).startswith(f"{self.path}, line 2: expected PLAN AMOUNT")
        )
