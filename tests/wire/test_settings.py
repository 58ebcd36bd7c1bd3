"""Tests of the settings file of a center (section 6)."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.limits import Limits
from medappt.wire.datafiles import BrokenFile
from medappt.wire.settings import CenterSettings, read_limits, read_settings

FILE = "center.toml"
EVERY_KEY = b"""
[center]
listen = ["tcp:21000:interface=127.0.0.1", "tcp6:21000"]
store = "sqlite:///here.sqlite3"
timezone = "America/Toronto"
users = "users.txt"
availabilities = "availabilities.txt"
[center.limits]
login_seconds = 2.5
connections = 7
"""

keys = st.sampled_from(
    "center limits listen store timezone city idle_seconds connections x".split()
)
values = st.recursive(
    st.sampled_from("'x' '' 'é' 0 1 -1 1.5 nan true 07:32:00 1979-05-27 2026-02-30".split()),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.builds("{{{} = {}}}".format, keys, inner)
    ),
    max_leaves=4,
)
tables = st.dictionaries(keys, values, max_size=3).map(
    lambda table: "\n".join(f"{key} = {value}" for key, value in table.items())
)
documents = st.builds(
    "{}\n[center]\n{}\n{}\n{}".format,
    st.just("") | tables,
    tables,
    st.sampled_from(["", "[center.limits]", "[[center]]", "[federation]"]),
    tables,
).map(str.encode)


class SettingsCase(SynchronousTestCase):
    """What the tests of broken settings share."""

    def assert_broken(self, data: bytes, *expected: str) -> None:
        """The file is refused, and the complaint names it and all that is ``expected``."""
        broken = self.assertRaises(BrokenFile, read_settings, data, FILE)
        self.assertEqual((broken.file, broken.line), (FILE, 0))
        for each in (f"{FILE}: ", *expected):
            self.assertIn(each, str(broken), data[:80])


class FileTests(SettingsCase):
    """The file as a whole."""

    def test_every_key(self) -> None:
        """Every key is read, paths as they are written."""
        self.assertEqual(
            read_settings(EVERY_KEY, FILE),
            CenterSettings(
                listen=("tcp:21000:interface=127.0.0.1", "tcp6:21000"),
                store="sqlite:///here.sqlite3",
                timezone="America/Toronto",
                users="users.txt",
                availabilities="availabilities.txt",
                limits=Limits(login_seconds=2.5, connections=7),
            ),
        )

    def test_nothing(self) -> None:
        """All keys are optional, the table too."""
        for data in (b"", b"# nothing\n", b"[center]\n", b"[center.limits]\n"):
            self.assertEqual(read_settings(data, FILE), CenterSettings())

    def test_no_utf_8(self) -> None:
        """TOML is UTF-8."""
        self.assert_broken(b"[center]\nstore = '\xff'\n", "expected TOML")

    def test_no_toml(self) -> None:
        """What is wrong is told with the place."""
        self.assert_broken(b"[center]\nstore = \n", "expected TOML", "line 2")
        self.assert_broken(b"[center]\nstore = 'a'\nstore = 'b'\n", "expected TOML")
        self.assert_broken(b"[center]\nstore = 2026-02-30\n", "expected TOML")

    def test_beyond_measure(self) -> None:
        """Numbers and nesting that Python's reader gives up on are broken files too."""
        self.assert_broken(b"[center]\nstore = " + b"1" * 5_000, "expected TOML")
        self.assert_broken(b"[center]\nstore = " + b"[" * 100_000, "expected TOML")

    def test_other_tables(self) -> None:
        """A key or a table outside the center's is told by name."""
        self.assert_broken(b"store = 'x'\n", "not store")
        self.assert_broken(b"[centre]\n", "not centre")

    def test_center_is_no_table(self) -> None:
        """``center`` is a table, whatever else somebody made of it."""
        for value in (b"5", b"true", b"'city'", b"['city']", b"[]", b"1979-05-27"):
            self.assert_broken(b"center = " + value, "expected [center] to be a table")
        self.assert_broken(b"[[center]]\ncity = 'MTL'\n", "expected [center] to be a table")

    @settings(deadline=None)
    @given(st.binary(max_size=100) | documents)
    def test_any_bytes(self, data: bytes) -> None:
        """Whatever the file holds it is read, or it is ``BrokenFile``."""
        try:
            self.assertIsInstance(read_settings(data, FILE), CenterSettings)
        except BrokenFile as broken:
            self.assertEqual((broken.file, broken.line), (FILE, 0))


class KeyTests(SettingsCase):
    """The keys of ``[center]``."""

    def test_unknown(self) -> None:
        """A key that does not exist is told: a misspelt one would be ignored for ever."""
        self.assert_broken(b"[center]\ntime_zone = 'UTC'\n", "center.time_zone: no such setting")
        self.assert_broken(b"[center.store]\nx = 1\n", "center.store: expected text")

    def test_texts(self) -> None:
        """Store, zone and files are text, and not empty."""
        for key in ("store", "timezone", "users", "availabilities"):
            for value in ("5", "''", "true", "['x']", "{}", "1979-05-27"):
                data = f"[center]\n{key} = {value}\n".encode()
                self.assert_broken(data, f"center.{key}: expected text")

    def test_listen(self) -> None:
        """One endpoint or a list of them."""
        one = read_settings(b"[center]\nlisten = 'tcp:21000'\n", FILE)
        self.assertEqual(one.listen, ("tcp:21000",))
        self.assertEqual(read_settings(b"[center]\nlisten = []\n", FILE).listen, ())

    def test_wrong_listen(self) -> None:
        """Nothing else."""
        for value in ("21000", "[21000]", "['tcp:1', 2]", "true", "{}"):
            data = f"[center]\nlisten = {value}\n".encode()
            self.assert_broken(data, "center.listen: expected an endpoint")


class LimitTests(SettingsCase):
    """The limits, from the file and from options."""

    def test_every_limit(self) -> None:
        """Every limit can be set, to a value of its kind."""
        for each in fields(Limits):
            limits = read_limits({each.name: 3}, FILE)
            self.assertEqual(getattr(limits, each.name), 3)
            self.assertIs(type(getattr(limits, each.name)), type(each.default))

    def test_others_stay(self) -> None:
        """What is not named stays at its default, or as it was given."""
        self.assertEqual(read_limits({}, FILE), Limits())
        given_limits = Limits(unanswered=3, connections=5)
        self.assertEqual(
            read_limits({"connections": 7}, FILE, given_limits),
            Limits(unanswered=3, connections=7),
        )

    def test_fractions(self) -> None:
        """Seconds may have fractions, and a whole number may be written with a point."""
        self.assertEqual(read_limits({"idle_seconds": 0.5}, FILE), Limits(idle_seconds=0.5))
        self.assertEqual(read_limits({"connections": 7.0}, FILE), Limits(connections=7))

    def test_unknown(self) -> None:
        """A limit that does not exist is told, with those that do."""
        data = b"[center.limits]\nidle = 3\n"
        self.assert_broken(data, "center.limits.idle: no such limit", "idle_seconds", "connections")

    def test_wrong_values(self) -> None:
        """A limit is a number above 0, and within reason."""
        for value in ("0", "-1", "true", "'5'", "[]", "nan", "inf", "1e9", "10000000000"):
            data = f"[center.limits]\nidle_seconds = {value}\n".encode()
            self.assert_broken(data, "center.limits.idle_seconds: expected a number of seconds")

    def test_wrong_counts(self) -> None:
        """A count is a whole one."""
        for value in ("0", "0.5", "1.5", "-1", "false", "'5'", "nan", "1000000000"):
            data = f"[center.limits]\nconnections = {value}\n".encode()
            self.assert_broken(data, "center.limits.connections: expected a whole number")

    def test_no_table(self) -> None:
        """The limits are a table."""
        for value in ("5", "'x'", "[1]"):
            data = f"[center]\nlimits = {value}\n".encode()
            self.assert_broken(data, "center.limits: expected a table")
