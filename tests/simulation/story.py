"""The story of one history, for people: the same every time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from medappt.model.ids import AppointmentId, PersonId, SlotName
from medappt.wire.envelope import Envelope, Header, Kind, read_header
from medappt.wire.federation import parse_reply, parse_request, parse_stale
from tests.simulation.scenery import CITIES, FEDERATION_KEY, HOSTS, Scenery
from tests.simulation.weather import Weather

_CITY_AT = {host: city for city, host in HOSTS.items()}
_ENVELOPE = Envelope([FEDERATION_KEY])
_RECORD = re.compile(r"([A-Z]{3}-[0-9]+)-[0-9a-f]{32}-([0-9]+)")
_SILENT = frozenset(("stream", "committed"))
"""Too much to read."""


class Story:
    """Writes a line for each thing that happens, by ``write``."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def open(self, seed: int, scenery: Scenery, weather: Weather) -> None:
        """How it begins."""
        self._write(f"seed {seed}, it is {scenery.begins:%Y-%m-%d %H:%M:%S} UTC")
        for city in CITIES:
            slots = ", ".join(f"{name} x {places}" for name, places in scenery.slots[city])
            self._write(f"{city}: {slots}")
        self._write(f"reach {scenery.reach}; {weather}")

    def __call__(self, now: float, kind: str, what: tuple[object, ...]) -> None:
        """Something happens."""
        if kind in _SILENT:
            return
        text = self._datagram(what) if kind in ("datagram", "received") else _words(what)
        self._write(f"{now:9.3f}  {kind:12} {text}")

    def _datagram(self, what: tuple[object, ...]) -> str:
        source, to, data = what
        assert isinstance(source, tuple)
        assert isinstance(to, tuple)
        assert isinstance(data, bytes)
        header = read_header(data)
        opened = None if header is None else _ENVELOPE.open(header, data)
        if header is None or opened is None:
            return f"{source[0]} -> {to[0]}: {data!r}"
        name = f"{header.sender}#{header.incarnation.boot} -> {header.receiver}"
        return f"{name} number {header.number}: {_message(header, opened.payload)}"


def _message(header: Header, payload: bytes) -> str:
    match header.kind:
        case Kind.REQUEST:
            request = parse_request(header.sender, header.incarnation, payload)
            return "?" if request is None else f"[{request[0].sequence}] {brief(request[1])}"
        case Kind.REPLY:
            reply = parse_reply(header.receiver, payload)
            return "?" if reply is None else f"[{reply[0].sequence}] {brief(reply[1])}"
        case Kind.STALE:
            return brief(parse_stale(payload))
    return header.kind.name


def brief(value: object) -> str:
    """A value as the story tells it: ids without their random bytes."""
    if isinstance(value, SlotName | AppointmentId | PersonId):
        return str(value)
    if is_dataclass(value):
        parts = [getattr(value, each.name) for each in fields(value)]
        inside = ", ".join(brief(part) for part in parts if part is not None)
        return f"{type(value).__name__}({inside})"
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()[:8]
        case Enum():
            return value.name
        case tuple():
            return "[" + ", ".join(brief(part) for part in value) + "]"
    return _RECORD.sub(r"\1-\2", str(value))


def _words(what: tuple[object, ...]) -> str:
    return " ".join(_CITY_AT.get(str(word), str(word)) for word in what)
