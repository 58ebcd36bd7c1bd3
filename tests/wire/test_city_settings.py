"""Tests of what the settings file says of a city and its federation (section 6)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.records import NOBODY, Contact
from medappt.wire.city_settings import DEFAULT_TYPES, CitySettings, FederationSettings
from medappt.wire.datafiles import BrokenFile
from medappt.wire.settings import read_settings

FILE = "MTL.toml"
WHOLE = b"""
[center]
city = "MTL"
timezone = "America/Toronto"
types = ["Physician", "Dental"]
listen = "tcp:21000:interface=127.0.0.1"
store = "sqlite:///mtl.sqlite3"
users = "MTL.users.txt"
[center.doctors]
Physician = { name = "doc1", host = "127.0.0.1", port = 41000 }
[federation]
listen = "127.0.0.1:21100"
key-file = "federation.key"
[[federation.peer]]
city = "QUE"
address = "127.0.0.1:21110"
[[federation.peer]]
city = "SHE"
address = "[::1]:21120"
"""
DOCTOR = b"{ name = 'doc1', host = 'h', port = 41000 }"


class CityTests(SynchronousTestCase):
    """A center with a city, alone or in a federation."""

    def city(self, data: bytes) -> CitySettings | None:
        return read_settings(data, FILE).city

    def broken(self, data: bytes, *expected: str) -> None:
        """The file is refused, and the complaint names it and all that is ``expected``."""
        broken = self.assertRaises(BrokenFile, read_settings, data, FILE)
        for each in (f"{FILE}: ", *expected):
            self.assertIn(each, str(broken), data)

    def test_the_example_of_the_design(self) -> None:
        """Everything it has is read; a type without a doctor has nobody."""
        self.assertEqual(
            self.city(WHOLE),
            CitySettings(
                city="MTL",
                doctors={
                    "Physician": Contact(name="doc1", host="127.0.0.1", port=41000),
                    "Dental": NOBODY,
                },
                federation=FederationSettings(
                    listen=("127.0.0.1", 21100),
                    key_file="federation.key",
                    peers={"QUE": ("127.0.0.1", 21110), "SHE": ("::1", 21120)},
                ),
            ),
        )

    def test_a_city_alone(self) -> None:
        """Types have their defaults, and no federation is needed."""
        found = self.city(b"[center]\ncity = 'MTL'\n")
        assert found is not None
        self.assertEqual(tuple(found.doctors), DEFAULT_TYPES)
        self.assertEqual(set(found.doctors.values()), {NOBODY})
        self.assertIsNone(found.federation)
        self.assertIsNone(self.city(b"[center]\n"))

    def test_a_federation_without_peers(self) -> None:
        """They may come later."""
        data = b"[center]\ncity = 'MTL'\n[federation]\nlisten = 'h:1'\nkey-file = 'k'\n"
        found = self.city(data)
        assert found is not None
        self.assertEqual(found.federation, FederationSettings(listen=("h", 1), key_file="k"))

    def test_what_needs_a_city(self) -> None:
        """Types, doctors and a federation are of a city."""
        for data in (b"[center]\ntypes = ['A']", b"[center.doctors]\n", b"[federation]\n"):
            self.broken(data, "center.city: expected a city")

    def test_no_cities(self) -> None:
        """A city is three capital letters."""
        for value in (b"'mtl'", b"'MT'", b"'MTLX'", b"5", b"'\xc3\x84BC'"):
            self.broken(b"[center]\ncity = " + value, "center.city: expected three capital")

    def test_no_types(self) -> None:
        """A type is a word that every message can carry, and there is each once."""
        for value in (b"'A'", b"[]", b"[1]", b"['a b']", b"['']", b"['%s']" % (b"x" * 65)):
            data = b"[center]\ncity = 'MTL'\ntypes = " + value
            self.broken(data, "center.types: expected a list of words")
        self.broken(b"[center]\ncity = 'MTL'\ntypes = ['A', 'A']", "every type once")

    def test_no_doctors(self) -> None:
        """A doctor has a name, a host and a port, and is of a type that there is."""
        begin = b"[center]\ncity = 'MTL'\n"
        self.broken(begin + b"doctors = 5", "center.doctors: expected a table")
        self.broken(begin + b"doctors.Vet = " + DOCTOR, "center.doctors.Vet: no such type")
        for value in (
            b"5",
            b"{ name = 'doc1' }",
            DOCTOR.replace(b"'doc1'", b"'doc 1'"),
            DOCTOR.replace(b"'h'", b"'h h'"),
            DOCTOR.replace(b"'h'", b"7"),
            DOCTOR.replace(b"41000", b"0"),
            DOCTOR.replace(b"41000", b"true"),
            DOCTOR.replace(b"41000", b"'41000'"),
        ):
            self.broken(begin + b"doctors.Dental = " + value, "center.doctors.Dental: expected {")

    def test_no_federations(self) -> None:
        """Every key is looked at, and there is no other."""
        begin = b"[center]\ncity = 'MTL'\n[federation]\n"
        self.broken(b"federation = 5\n[center]\ncity = 'MTL'\n", "[federation] to be a table")
        self.broken(begin + b"port = 5\n", "federation.port: no such setting")
        self.broken(begin, "federation.key-file: expected a path")
        self.broken(begin + b"key-file = ''\n", "federation.key-file: expected a path")
        begin += b"key-file = 'k'\n"
        for value in (b"5", b"'h'", b"'h:0'", b"'h:65536'", b"'::1:5'", b"'h h:5'"):
            self.broken(begin + b"listen = " + value, "federation.listen: expected HOST:PORT")
        begin += b"listen = '127.0.0.1:21100'\n"
        self.broken(begin + b"peer = 5", "[[federation.peer]]")
        for peer in (b"5", b"{ city = 'QUE' }", b"{ city = 'que', address = 'h:1' }"):
            self.broken(begin + b"peer = [" + peer + b"]", "expected a city and an address")
        for cities in ((b"MTL",), (b"QUE", b"QUE")):
            peers = b", ".join(b"{ city = '%s', address = 'h:1' }" % each for each in cities)
            self.broken(begin + b"peer = [" + peers + b"]", "only once, and not here")
        peer = b"peer = [{ city = 'QUE', address = 'h' }]"
        self.broken(begin + peer, "federation.peer QUE: expected HOST:PORT")
