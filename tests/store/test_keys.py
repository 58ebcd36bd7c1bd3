"""The key beside the store, and the digests it makes."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.store.failures import StoreUnavailable
from medappt.store.keys import (
    KEY_BYTES,
    key_path,
    line_digest,
    load_key,
    load_or_create_key,
    store_key,
)
from medappt.store.location import Location
from tests.store.doubles import scratch

KEY = bytes(range(KEY_BYTES))
words = st.lists(st.text(max_size=3), max_size=4)


def no_randomness(size: int) -> bytes:
    raise AssertionError("the key is there already")


class KeyTests(SynchronousTestCase):
    """A key is made once and kept."""

    def setUp(self) -> None:
        self.path = scratch(self) / "store.key"

    def test_made_at_first_start(self) -> None:
        """Where there is none it is made, for its owner alone, and nothing else is left."""
        asked: list[int] = []

        def randomness(size: int) -> bytes:
            asked.append(size)
            return KEY

        self.assertEqual(load_or_create_key(self.path, randomness), KEY)
        self.assertEqual(asked, [KEY_BYTES])
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.path.parent), ["store.key"])

    def test_kept_afterwards(self) -> None:
        """The second start reads what the first made."""
        load_or_create_key(self.path, lambda size: KEY)
        self.assertEqual(load_or_create_key(self.path, no_randomness), KEY)

    def test_what_is_no_key_is_not_replaced(self) -> None:
        """A file of another length is refused and stays."""
        for content in (b"", KEY[1:], KEY + b"\n"):
            self.path.write_bytes(content)
            with self.assertRaises(StoreUnavailable) as caught:
                load_or_create_key(self.path, no_randomness)
            self.assertIn(f"{len(content)} bytes instead of 32", str(caught.exception))
            self.assertEqual(self.path.read_bytes(), content)

    def test_only_read(self) -> None:
        """Who only reads makes no key, and takes none of another length."""
        with self.assertRaises(StoreUnavailable) as caught:
            load_key(self.path)
        self.assertEqual(
            str(caught.exception), f"the key {self.path} cannot be read: No such file or directory"
        )
        self.path.write_bytes(KEY[1:])
        self.assertRaises(StoreUnavailable, load_key, self.path)
        self.path.write_bytes(KEY)
        self.assertEqual(load_key(self.path), KEY)

    def test_of_a_store(self) -> None:
        """A store in a file has its key beside it; one in memory has a new one each time."""
        store = self.path.with_name("store")
        self.assertEqual(key_path(store), self.path)
        self.assertEqual(store_key(Location(path=store), lambda size: KEY), KEY)
        self.assertEqual(store_key(Location(path=store), no_randomness), KEY)
        fresh = iter([KEY, KEY[::-1]])
        for key in (KEY, KEY[::-1]):
            self.assertEqual(store_key(Location(path=None), lambda size: next(fresh)), key)

    def test_another_process_is_first(self) -> None:
        """A key that appears while ours is made wins, and ours leaves nothing behind."""

        def late(size: int) -> bytes:
            self.path.write_bytes(KEY)
            return b"x" * size

        self.assertEqual(load_or_create_key(self.path, late), KEY)
        self.assertEqual(os.listdir(self.path.parent), ["store.key"])

    def test_what_a_crash_left_is_cleared(self) -> None:
        """A file that a crashed process of our number left is no hindrance."""
        left = self.path.with_name(f"store.key.{os.getpid()}")
        left.write_bytes(b"half")
        self.assertEqual(load_or_create_key(self.path, lambda size: KEY), KEY)
        self.assertFalse(left.exists())

    def test_a_place_that_cannot_be_used(self) -> None:
        """Where no file can be made or read the message names it and the reason."""
        for path, reason in (
            (self.path.parent / "nowhere" / "key", "No such file or directory"),
            (self.path.parent, "Is a directory"),
        ):
            with self.assertRaises(StoreUnavailable) as caught:
                load_or_create_key(path, lambda size: KEY)
            message = str(caught.exception)
            self.assertEqual(message, f"the key {path} cannot be read or made: {reason}")


class DigestTests(SynchronousTestCase):
    """Digests tell lines apart."""

    @settings(deadline=None)
    @given(words, words)
    def test_equal_exactly_for_equal_words(self, one: list[str], other: list[str]) -> None:
        """Two lines have the same digest exactly if they have the same words."""
        same = line_digest(KEY, *one) == line_digest(KEY, *other)
        self.assertEqual(same, one == other)

    def test_words_do_not_run_together(self) -> None:
        """Where one word ends matters; bytes that are no UTF-8 are words like others."""
        self.assertNotEqual(line_digest(KEY, "ab", "c"), line_digest(KEY, "a", "bc"))
        self.assertNotEqual(line_digest(KEY, "\udcff"), line_digest(KEY, "\udcfe"))

    def test_another_key_another_digest(self) -> None:
        """Without the key nobody can make the digest of a line."""
        self.assertNotEqual(line_digest(KEY, "a"), line_digest(KEY[::-1], "a"))
