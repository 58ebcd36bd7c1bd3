"""The files of ``data/`` as they ship, for those who have the package but not the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from medappt.federation.keys import SAMPLE_KEY, FederationKeys, format_keys

_PORTS = {"MTL": 0, "QUE": 10, "SHE": 20}
"""What is added to 21000 (TCP) and to 21100 (UDP) by each city."""

_SETTINGS = """\
[center]
city = "{city}"
timezone = "America/Toronto"
types = ["Physician", "Surgeon", "Dental"]
listen = "tcp:{tcp}:interface=127.0.0.1"
store = "sqlite:///{store}.sqlite3"
users = "{city}.users.txt"
{availabilities}
[center.doctors]
Physician = {{ name = "doc1", host = "127.0.0.1", port = 41000 }}
Surgeon = {{ name = "doc2", host = "127.0.0.1", port = 42000 }}
Dental = {{ name = "doc1", host = "127.0.0.1", port = 41000 }}

[federation]
listen = "127.0.0.1:{udp}"
key-file = "federation.key"
{peers}"""

_PEER = """
[[federation.peer]]
city = "{city}"
address = "127.0.0.1:{udp}"
"""

_USERS = """\
{city}A2345 password345
{city}P2345 password111
{city}P2346 password222
{city}P2347 password333
"""


def _settings(city: str) -> str:
    peers = (
        _PEER.format(city=other, udp=21_100 + port)
        for other, port in _PORTS.items()
        if other != city
    )
    availabilities = f'availabilities = "{city}.availabilities.txt"\n' if city == "MTL" else ""
    return _SETTINGS.format(
        city=city,
        tcp=21_000 + _PORTS[city],
        udp=21_100 + _PORTS[city],
        store=city.lower(),
        availabilities=availabilities,
        peers="".join(peers),
    )


FILES: Mapping[str, str] = MappingProxyType(
    {
        "users.txt": "patient1 password111\npatient2 password222\n",
        "availabilities.txt": (
            "1 Tue 01pm doc1 41000\n"
            "2 Mon 03pm doc2 42000\n"
            "3 Thu 02pm doc1 41000\n"
            "4 Wed 10am doc1 41000\n"
            "5 Sat 12pm doc2 42000\n"
            "6 Fri 04pm doc2 42000\n"
        ),
        "doc1.txt": "insurance1 30\ninsurance2 20\ninsurance3 50\n",
        "doc2.txt": "insurance1 40\ninsurance2 60\ninsurance3 10\n",
        "patient1.txt": "patient1 password111\n",
        "patient2.txt": "patient2 password222\n",
        "patient1insurance.txt": "insurance1\n",
        "patient2insurance.txt": "insurance2\n",
    }
)


FEDERATION: Mapping[str, str] = MappingProxyType(
    {
        **{f"{city}.toml": _settings(city) for city in _PORTS},
        **{f"{city}.users.txt": _USERS.format(city=city) for city in _PORTS},
        "MTL.availabilities.txt": FILES["availabilities.txt"],
        "federation.key": format_keys(FederationKeys(current=SAMPLE_KEY)).decode("ascii"),
    }
)
"""The files of ``data/federation/``: three cities on one machine. Everybody has the key, which is
accepted for loopback addresses only."""


def write_samples(folder: Path) -> None:
    """Write the sample files into an existing folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="ascii")


def write_federation(folder: Path) -> None:
    """Write the sample files of the federation into an existing folder."""
    for name, text in FEDERATION.items():
        (folder / name).write_text(text, encoding="ascii")
