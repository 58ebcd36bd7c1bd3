"""What the settings file says of a center with a city and of its federation (section 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from medappt.model.ids import is_city
from medappt.model.records import NOBODY, Contact
from medappt.wire import words
from medappt.wire.datafiles import BrokenFile

DEFAULT_TYPES = ("Physician", "Surgeon", "Dental")
NAME_BYTES = 64
"""Of a type or a doctor: so many rows fit a datagram between centers."""

Address: TypeAlias = tuple[str, int]
"""A literal IP address or a host name, and a port."""

_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}", re.ASCII)
_ADDRESS = re.compile(
    r"(?:\[([0-9A-Fa-f:.%a-z]+)\]|([A-Za-z0-9._-]{1,255})):([0-9]{1,5})", re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationSettings:
    """The ``[federation]`` table. ``key_file`` is as written: relative to the settings file."""

    listen: Address
    key_file: str
    peers: Mapping[str, Address] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CitySettings:
    """A center's city, the types of appointment it has, and who sees the patients of each."""

    city: str
    doctors: Mapping[str, Contact]
    federation: FederationSettings | None = None


def read_city(center: dict[str, Any], federation: object, file: str) -> CitySettings | None:
    """Take ``city``, ``types`` and ``doctors`` out of the ``[center]`` table, and read the
    ``[federation]`` table, if there is one; ``None`` for a center without a city.

    Raises ``BrokenFile``: a federation, types and doctors need a city.
    """
    city = center.pop("city", None)
    types, doctors = center.pop("types", None), center.pop("doctors", None)
    if city is None:
        if types is not None or doctors is not None or federation is not None:
            raise BrokenFile(
                file, 0, "center.city: expected a city, which types, doctors and a federation need"
            )
        return None
    if not isinstance(city, str) or not is_city(city):
        raise BrokenFile(file, 0, "center.city: expected three capital letters, such as MTL")
    return CitySettings(
        city=city,
        doctors=_doctors(_types(types, file), doctors, file),
        federation=None if federation is None else _federation(city, federation, file),
    )


def _is_name(value: object) -> bool:
    """One word that every message between centers can carry."""
    return (
        isinstance(value, str)
        and words.is_storable(value)
        and words.split(value) == [value]
        and len(words.encode(value)) <= NAME_BYTES
    )


def _types(types: object, file: str) -> list[str]:
    if types is None:
        return list(DEFAULT_TYPES)
    if not isinstance(types, list) or not types or not all(map(_is_name, types)):
        raise BrokenFile(file, 0, "center.types: expected a list of words")
    if len(set(types)) < len(types):
        raise BrokenFile(file, 0, "center.types: expected every type once")
    return types


def _doctors(types: list[str], doctors: object, file: str) -> dict[str, Contact]:
    """The contact of every type; of those that no doctor is given for, nothing is known."""
    if doctors is None:
        doctors = {}
    if not isinstance(doctors, dict):
        raise BrokenFile(file, 0, "center.doctors: expected a table")
    for type_ in doctors:
        if type_ not in types:
            raise BrokenFile(file, 0, f"center.doctors.{type_}: no such type of appointment")
    return {
        type_: _contact(type_, doctors[type_], file) if type_ in doctors else NOBODY
        for type_ in types
    }


def _contact(type_: str, doctor: object, file: str) -> Contact:
    name, host, port = (
        (doctor.get("name"), doctor.get("host"), doctor.get("port"))
        if isinstance(doctor, dict) and set(doctor) == {"name", "host", "port"}
        else (None, None, None)
    )
    is_port = isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536
    is_host = isinstance(host, str) and _HOST.fullmatch(host) is not None
    if not (_is_name(name) and is_host and is_port):
        raise BrokenFile(
            file,
            0,
            f'center.doctors.{type_}: expected {{ name = "doc1", host = "127.0.0.1",'
            " port = 41000 }",
        )
    return Contact(name=name, host=host, port=port)


def _federation(city: str, federation: object, file: str) -> FederationSettings:
    if not isinstance(federation, dict):
        raise BrokenFile(file, 0, "expected [federation] to be a table")
    unknown = set(federation) - {"listen", "key-file", "peer"}
    if unknown:
        raise BrokenFile(file, 0, f"federation.{min(unknown)}: no such setting")
    key_file = federation.get("key-file")
    if not isinstance(key_file, str) or not key_file:
        raise BrokenFile(file, 0, "federation.key-file: expected a path")
    return FederationSettings(
        listen=_address(federation.get("listen"), "federation.listen", file),
        key_file=key_file,
        peers=_peers(city, federation.get("peer", []), file),
    )


def _peers(own: str, peers: object, file: str) -> dict[str, Address]:
    if not isinstance(peers, list):
        raise BrokenFile(file, 0, "federation.peer: expected tables [[federation.peer]]")
    found: dict[str, Address] = {}
    for peer in peers:
        city = peer.get("city") if isinstance(peer, dict) else None
        if not isinstance(city, str) or not is_city(city) or set(peer) != {"city", "address"}:
            raise BrokenFile(file, 0, "federation.peer: expected a city and an address")
        if city == own or city in found:
            raise BrokenFile(file, 0, f"federation.peer: expected {city} only once, and not here")
        found[city] = _address(peer["address"], f"federation.peer {city}", file)
    return found


def _address(value: object, key: str, file: str) -> Address:
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 0 < int(match[3]) < 65536:
        raise BrokenFile(file, 0, f"{key}: expected HOST:PORT, such as 127.0.0.1:21100")
    return match[1] or match[2], int(match[3])
