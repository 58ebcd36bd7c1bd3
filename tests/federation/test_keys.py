"""Tests of the key file: reading, rotation, and where the sample key may be used."""

from __future__ import annotations

import base64
import os

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.keys import (
    SAMPLE_KEY,
    FederationKeys,
    format_keys,
    load_keys,
    mode_complaint,
    new_key,
    parse_keys,
)
from medappt.role.startup import CannotStart
from medappt.wire.datafiles import BrokenFile
from medappt.wire.envelope import Envelope
from tests.folders import temporary_folder

KEY, OLD = b"k" * 32, b"o" * 32
LOOPBACK = ("127.0.0.1", "::1", "localhost", "127.8.8.8")
keys = st.builds(
    FederationKeys,
    current=st.binary(min_size=32, max_size=32),
    retiring=st.none() | st.binary(min_size=32, max_size=32),
)


def text(key: bytes) -> bytes:
    return base64.b64encode(key)


class ParseTests(SynchronousTestCase):
    """A file holds one key or two."""

    def test_one_and_two(self) -> None:
        """The first line is the key that seals, a second the one being retired."""
        self.assertEqual(parse_keys(text(KEY), "f"), FederationKeys(current=KEY))
        both = parse_keys(text(KEY) + b"\n" + text(OLD) + b"\n", "f")
        self.assertEqual(both, FederationKeys(current=KEY, retiring=OLD))
        self.assertEqual(both.in_order, (KEY, OLD))
        self.assertEqual(Envelope(both.in_order).keys, 2)

    def test_lines(self) -> None:
        """Carriage returns, blanks, blank lines and comments are no hindrance."""
        data = b"# ours\r\n\r\n  " + text(KEY) + b" \r\n\n# old\n" + text(OLD)
        self.assertEqual(parse_keys(data, "f"), FederationKeys(current=KEY, retiring=OLD))

    def test_what_is_no_key(self) -> None:
        """An error names file, line and form, and shows nothing of a key."""
        form = "expected 32 random bytes in base64"
        for data, message in (
            (b"", f"f: {form}"),
            (b"# nothing\n", f"f: {form}"),
            (b"\n" + text(KEY)[:-1], f"f, line 2: {form}"),
            (text(KEY[1:]), f"f, line 1: {form}"),
            (text(KEY + b"k"), f"f, line 1: {form}"),
            (b"!" + text(KEY), f"f, line 1: {form}"),
            (text(KEY) + b" " + text(OLD), f"f, line 1: {form}"),
            (text(KEY) + b"\n\xff\xfe", f"f, line 2: {form}"),
            (b"\n".join([text(KEY)] * 3), "f, line 3: expected no third key"),
        ):
            with self.assertRaises(BrokenFile) as caught:
                parse_keys(data, "f")
            self.assertEqual(str(caught.exception), message)

    @settings(deadline=None)
    @given(keys)
    def test_round_trip(self, some: FederationKeys) -> None:
        """What is written is read."""
        self.assertEqual(parse_keys(format_keys(some), "f"), some)

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """Whatever is in a file, it is keys of 32 bytes or refused."""
        try:
            found = parse_keys(data, "f")
        except BrokenFile:
            return
        self.assertEqual({len(key) for key in found.in_order}, {32})

    def test_not_shown(self) -> None:
        """Keys do not stand in what is printed for debugging."""
        self.assertNotIn("kkk", repr(FederationKeys(current=KEY, retiring=KEY)))


class LoadTests(SynchronousTestCase):
    """What a center starts with."""

    def setUp(self) -> None:
        self.path = temporary_folder(self) / "federation.key"

    def write(self, *some: bytes, mode: int = 0o600) -> None:
        self.path.write_bytes(b"\n".join(map(text, some)))
        self.path.chmod(mode)

    def test_anywhere(self) -> None:
        """A key of one's own serves for any address."""
        self.write(KEY, OLD)
        found = load_keys(self.path, ["192.0.2.1", "que.example"])
        self.assertEqual(found, FederationKeys(current=KEY, retiring=OLD))

    def test_sample_at_home(self) -> None:
        """The sample key serves on one machine."""
        self.write(SAMPLE_KEY)
        self.assertEqual(load_keys(self.path, LOOPBACK).current, SAMPLE_KEY)

    def test_sample_elsewhere(self) -> None:
        """The sample key, also as the one being retired, is refused where one address is another
        machine's, or every machine's."""
        for some in ((SAMPLE_KEY,), (KEY, SAMPLE_KEY)):
            self.write(*some)
            for host in ("192.0.2.1", "0.0.0.0", "::", "que.example"):
                with self.assertRaises(CannotStart) as caught:
                    load_keys(self.path, [*LOOPBACK, host])
                self.assertIn(f"not for {host}: medappt federation new-key", str(caught.exception))

    def test_no_file(self) -> None:
        """A file that is missing or broken is named."""
        with self.assertRaises(CannotStart) as caught:
            load_keys(self.path, LOOPBACK)
        self.assertIn(str(self.path), str(caught.exception))
        self.path.write_bytes(b"secret?")
        with self.assertRaises(CannotStart) as caught:
            load_keys(self.path, LOOPBACK)
        self.assertNotIn("secret", str(caught.exception))

    def test_mode(self) -> None:
        """A key that other users can read or change is complained about, the sample key never."""
        for mode, is_fine in ((0o600, True), (0o400, True), (0o640, False), (0o602, False)):
            self.write(KEY, mode=mode)
            complaint = mode_complaint(self.path, load_keys(self.path, ()))
            self.assertEqual(complaint is None, is_fine, oct(mode))
        self.assertIn("mode 602 instead of 600", str(complaint))
        self.write(SAMPLE_KEY, mode=0o644)
        self.assertIsNone(mode_complaint(self.path, load_keys(self.path, LOOPBACK)))


class NewKeyTests(SynchronousTestCase):
    """``medappt federation new-key``."""

    def setUp(self) -> None:
        self.path = temporary_folder(self) / "federation.key"
        self.drawn = 0

    def randomness(self, size: int) -> bytes:
        self.drawn += 1
        return bytes([self.drawn]) * size

    def loaded(self) -> FederationKeys:
        return load_keys(self.path, ["192.0.2.1"])

    def test_first(self) -> None:
        """Without a file one is made, private, with nothing to retire."""
        made = new_key(self.path, self.randomness)
        self.assertEqual(made, FederationKeys(current=b"\1" * 32))
        self.assertEqual(self.loaded(), made)
        self.assertIsNone(mode_complaint(self.path, made))
        self.assertEqual(os.listdir(self.path.parent), ["federation.key"])

    def test_rotation(self) -> None:
        """The new key comes first, the one before it second, and the one before that goes."""
        for number in (1, 2, 3):
            new_key(self.path, self.randomness)
            retiring = bytes([number - 1]) * 32 if number > 1 else None
            expected = FederationKeys(current=bytes([number]) * 32, retiring=retiring)
            self.assertEqual(self.loaded(), expected)

    def test_sample_is_not_kept(self) -> None:
        """The sample key is replaced, not retired: it would keep the center on loopback."""
        self.path.write_bytes(text(SAMPLE_KEY))
        self.path.chmod(0o644)
        self.assertIsNone(new_key(self.path, self.randomness).retiring)
        self.assertIsNone(mode_complaint(self.path, self.loaded()))

    def test_a_link(self) -> None:
        """A symbolic link goes on pointing to the file, which is replaced."""
        target = self.path.with_name("shared.key")
        target.write_bytes(text(OLD))
        self.path.symlink_to(target)
        new_key(self.path, self.randomness)
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(self.loaded().retiring, OLD)

    def test_after_a_crash(self) -> None:
        """What a crashed command left is no hindrance."""
        self.path.with_name("federation.key.new").write_bytes(b"half")
        new_key(self.path, self.randomness)
        self.assertEqual(os.listdir(self.path.parent), ["federation.key"])

    def test_broken(self) -> None:
        """A file that holds no key is not replaced."""
        self.path.write_bytes(b"precious")
        with self.assertRaises(CannotStart):
            new_key(self.path, self.randomness)
        self.assertEqual(self.path.read_bytes(), b"precious")

    def test_nowhere(self) -> None:
        """Where nothing can be written the message names file and reason."""
        path = self.path.parent / "nowhere" / "federation.key"
        with self.assertRaises(CannotStart) as caught:
            new_key(path, self.randomness)
        self.assertEqual(str(caught.exception), f"{path}: No such file or directory")
