"""The options of ``twistd medappt-server`` and what they come to."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from twisted.python import usage
from tzlocal import reload_localzone

from medappt.center.city_options import configure_city
from medappt.center.imports import CenterData, check_hashes
from medappt.federation.service import FederationConfiguration
from medappt.model.limits import Limits
from medappt.role.files import load
from medappt.role.options import RoleOptions, parameter, to_count, to_path
from medappt.role.startup import CannotStart
from medappt.store.sqlite import Location, parse_location
from medappt.wire.datafiles import BrokenFile, UserRow, read_availabilities, read_users
from medappt.wire.settings import CenterSettings, read_limits, read_settings

DEFAULT_LISTEN = ("tcp:21000:interface=127.0.0.1", r"tcp:21000:interface=\:\:1")
DEFAULT_STORE = "sqlite:///medappt.sqlite3"
_LIMIT = re.compile(r"([a-z_]+)=([0-9]+(?:\.[0-9]+)?)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class CenterConfiguration:
    """Everything a center starts with, read and checked.

    ``is_default_listen`` tells that the places to listen were not asked for: one the machine
    does not have (no IPv6) is left out then. ``folder`` is where the availabilities are. With a
    ``city`` it is a center of a federation; ``key_complaint`` is what is wrong with the mode of its
    key file. ``shows_names`` tells whether the sentences name its patients.
    """

    listen: tuple[str, ...]
    is_default_listen: bool
    folder: Path
    store: Location
    zone: tzinfo
    data: CenterData = field(repr=False)
    limits: Limits
    is_classroom: bool
    city: FederationConfiguration | None = None
    key_complaint: str | None = None
    shows_names: bool = True


def to_zone(name: str) -> tzinfo:
    """The IANA time zone of a name. ``ValueError`` where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"expected a time zone such as America/Toronto, not {name!r}") from None


def machine_zone() -> tzinfo:
    """``TZ``, else the machine's time zone, else UTC (section 6). ``CannotStart`` where ``TZ``
    names none."""
    try:
        return reload_localzone()
    except (OSError, ValueError, LookupError):
        told = f"TZ is {os.environ['TZ']!r}" if os.environ.get("TZ") else "the machine's"
        raise CannotStart(
            f"the time zone cannot be told ({told}): give one such as --timezone America/Toronto"
        ) from None


def store_of(settings: CenterSettings, base: Path) -> Location:
    """Where a center of these settings keeps its record, ``base`` being their folder. Raises
    ``ValueError``."""
    default = DEFAULT_STORE
    if settings.city is not None:
        default = f"sqlite:///{settings.city.city}.sqlite3"
    return parse_location(settings.store or default, base)


class CenterOptions(RoleOptions):
    """What the health center can be told; see also ``ServerOptions`` and the clinic's."""

    optParameters: ClassVar[Sequence[Sequence[object]]] = [
        parameter("data", "d", None, "Folder of users.txt and availabilities.txt. (data)", to_path),
        parameter("store", "s", None, f"Where appointments are kept. ({DEFAULT_STORE})", str),
        parameter("timezone", "z", None, "The center's time zone. (TZ, or the machine's)", to_zone),
        parameter("config", "c", None, "A settings file (TOML); --data is not read then.", to_path),
        parameter(
            "boot-above",
            None,
            0,
            "Of a center restored from a copy: the highest boot number a peer reports. (0)",
            to_count,
        ),
    ]
    optFlags: ClassVar[Sequence[Sequence[object]]] = [
        ["classroom", None, "Print passwords and tables as the original exercise does."],
        ["names", None, "Name the patients of a center with a city in what it tells."],
    ]
    compData: ClassVar[usage.Completions] = usage.Completions()

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["listen"] = []
        self["limit"] = {}

    def opt_listen(self, description: str) -> None:
        """Where patients connect, as an endpoint string; may be given more than once.
        (port 21000 on 127.0.0.1 and ::1)"""
        self["listen"].append(description)

    def opt_limit(self, setting: str) -> None:
        """A limit, as NAME=VALUE, such as idle_seconds=60; may be given more than once."""
        match = _LIMIT.fullmatch(setting)
        if match is None:
            raise usage.UsageError(f"--limit: expected NAME=VALUE, not {setting!r}")
        value = float(match[2]) if "." in match[2] else int(match[2])
        try:
            read_limits({match[1]: value}, "--limit", prefix="")
        except BrokenFile as error:
            raise usage.UsageError(str(error)) from None
        self["limit"][match[1]] = value

    def pid_name(self) -> str:
        """With the city, where there is one: those of a federation may share a directory."""
        if self["config"] is not None:
            try:
                settings = load(self["config"], read_settings)
            except CannotStart:  # told when the rest of it is read
                return self.role
            if settings.city is not None:
                return f"{self.role}-{settings.city.city}"
        return self.role

    def configuration(self) -> CenterConfiguration:
        """Read what the options name. Raises ``CannotStart``: what is wrong, and where."""
        settings, base = CenterSettings(), Path.cwd()
        config: Path | None = self["config"]
        if config is not None:
            settings, base = load(config, read_settings), config.parent
        else:
            data: Path = self["data"] or to_path("data")
            settings = CenterSettings(
                users=str(data / "users.txt"), availabilities=str(data / "availabilities.txt")
            )
        listen = tuple(self["listen"]) or settings.listen
        zone = self._zone(settings, config)
        city, key_complaint = None, None
        if settings.city is not None:
            city, key_complaint = configure_city(settings.city, base, zone, self["boot-above"])
        return CenterConfiguration(
            listen=listen or DEFAULT_LISTEN,
            is_default_listen=not listen,
            folder=(base / (settings.availabilities or "")).parent,
            store=self._location(settings, base),
            zone=zone,
            data=_read_data(settings, base),
            limits=read_limits(self["limit"], "--limit", settings.limits, prefix=""),
            is_classroom=bool(self["classroom"]),
            city=city,
            key_complaint=key_complaint,
            shows_names=city is None or bool(self["names"] or self["classroom"]),
        )

    def _location(self, settings: CenterSettings, base: Path) -> Location:
        try:
            if self["store"] is None:
                return store_of(settings, base)
            return parse_location(self["store"], Path.cwd())
        except ValueError as error:
            raise CannotStart(f"store: {error}") from None

    def _zone(self, settings: CenterSettings, config: Path | None) -> tzinfo:
        given: tzinfo | None = self["timezone"]
        if given is not None:
            return given
        if settings.timezone is None:
            return machine_zone()
        try:
            return to_zone(settings.timezone)
        except ValueError as error:
            raise CannotStart(f"{config}: center.timezone: {error}") from None


def _read_data(settings: CenterSettings, base: Path) -> CenterData:
    users: list[UserRow] = []
    openings = []
    if settings.users is not None:
        city = None if settings.city is None else settings.city.city
        users = load(base / settings.users, partial(_read_checked_users, city))
    if settings.availabilities is not None:
        openings = load(base / settings.availabilities, read_availabilities)
    return CenterData(users=tuple(users), openings=tuple(openings))


def _read_checked_users(city: str | None, data: bytes, file: str) -> list[UserRow]:
    users = read_users(data, file, city)
    check_hashes(users, file)
    return users


class ServerOptions(CenterOptions):
    """Options of ``twistd medappt-server``."""

    role = "medappt-server"
    synopsis = "[options]"
    longdesc = "A health center's appointment server: patients log in over TCP and reserve slots."
