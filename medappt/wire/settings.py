"""The settings file of a center (section 6): TOML to values, an error names file and key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from medappt.model.limits import Limits
from medappt.wire.city_settings import CitySettings, read_city
from medappt.wire.datafiles import BrokenFile


@dataclass(frozen=True, kw_only=True, slots=True)
class CenterSettings:
    """The ``[center]`` table; ``None`` where a key is not given. Paths are as written: relative
    to the file. ``city`` is what makes it a center of a federation."""

    listen: tuple[str, ...] = ()
    store: str | None = None
    timezone: str | None = None
    users: str | None = None
    availabilities: str | None = None
    limits: Limits = field(default_factory=Limits)
    city: CitySettings | None = None


_TEXT_KEYS = ("store", "timezone", "users", "availabilities")


def read_settings(data: bytes, file: str) -> CenterSettings:
    """The settings in a TOML file. Raises ``BrokenFile``."""
    try:
        tables = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also numbers and nesting beyond all measure
        raise BrokenFile(file, 0, f"expected TOML: {error}") from None
    center = tables.pop("center", {})
    if not isinstance(center, dict):
        raise BrokenFile(file, 0, "expected [center] to be a table")
    city = read_city(center, tables.pop("federation", None), file)
    if tables:
        expected = "expected the tables [center] and [federation] only"
        raise BrokenFile(file, 0, f"{expected}, not {_first(tables)}")
    return _center(center, city, file)


def _center(center: dict[str, Any], city: CitySettings | None, file: str) -> CenterSettings:
    limits = read_limits(center.pop("limits", {}), file)
    listen = center.pop("listen", [])
    listen = [listen] if isinstance(listen, str) else listen
    if not isinstance(listen, list) or not all(isinstance(each, str) for each in listen):
        raise BrokenFile(file, 0, "center.listen: expected an endpoint, or a list of them")
    values: dict[str, str] = {}
    for key in _TEXT_KEYS:
        if key in center:
            value = center.pop(key)
            if not isinstance(value, str) or not value:
                raise BrokenFile(file, 0, f"center.{key}: expected text")
            values[key] = value
    if center:
        raise BrokenFile(file, 0, f"center.{_first(center)}: no such setting")
    return CenterSettings(listen=tuple(listen), limits=limits, city=city, **values)


def read_limits(
    table: object, file: str, limits: Limits | None = None, *, prefix: str = "center.limits."
) -> Limits:
    """``limits`` (or the defaults) with the values of ``table``. Raises ``BrokenFile``, which
    names a limit with ``prefix`` before it."""
    limits = Limits() if limits is None else limits
    if not isinstance(table, Mapping):
        raise BrokenFile(file, 0, "center.limits: expected a table")
    known = {each.name: type(getattr(limits, each.name)) for each in fields(limits)}
    for name, value in table.items():
        if name not in known:
            raise BrokenFile(
                file, 0, f"{prefix}{name}: no such limit, there are {', '.join(known)}"
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value < 10**9 or (known[name] is int and value != int(value)):
            kind = "whole number" if known[name] is int else "number of seconds"
            raise BrokenFile(file, 0, f"{prefix}{name}: expected a {kind} above 0")
        limits = replace(limits, **{name: known[name](value)})
    return limits


def _first(table: Mapping[str, object]) -> str:
    return next(iter(table))
