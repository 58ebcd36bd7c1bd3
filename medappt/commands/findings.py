"""What ``medappt check`` finds in the files of a center: settings, users, key and store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from medappt.center.imports import check_hashes
from medappt.commands.stores import location_of, zone_of
from medappt.federation.keys import load_keys, mode_complaint
from medappt.model.identity import Role
from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.store import schema
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import revision_of
from medappt.wire.city_settings import FederationSettings
from medappt.wire.datafiles import UserRow, read_availabilities, read_users
from medappt.wire.settings import CenterSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A line of ``medappt check``."""

    subject: str
    text: str
    is_ok: bool = True


def found(subject: str, look: Callable[[], str]) -> Finding:
    """What ``look`` says of the subject; a failure where it raises ``CannotStart`` or
    ``StoreUnavailable``."""
    try:
        return Finding(subject=subject, text=look())
    except (CannotStart, StoreUnavailable) as error:
        return Finding(subject=subject, text=str(error), is_ok=False)


def in_files(config: Path, settings: CenterSettings) -> Iterator[Finding]:
    """What is to be said of all that the settings in ``config`` name."""
    base, city = config.parent, settings.city
    yield found("time zone", lambda: str(zone_of(settings, config)))
    yield found("users", lambda: _users(settings, base))
    if settings.availabilities is not None:
        yield found("availabilities", lambda: _availabilities(base / str(settings.availabilities)))
    if city is not None and city.federation is not None:
        federation = city.federation
        yield found("key", lambda: _key(federation, base))
    yield found("store", lambda: _store(location_of(settings, config)))


def _users(settings: CenterSettings, base: Path) -> str:
    if settings.users is None:
        return "none: nobody can log in"
    city = None if settings.city is None else settings.city.city
    path = base / settings.users
    users = load(path, partial(_read_users, city))
    administrators = sum(user.role is Role.ADMINISTRATOR for user in users)
    return f"{path}: {len(users)}, {administrators} of them administrators"


def _read_users(city: str | None, data: bytes, file: str) -> list[UserRow]:
    users = read_users(data, file, city)
    check_hashes(users, file)
    return users


def _availabilities(path: Path) -> str:
    return f"{path}: {len(load(path, read_availabilities))} numbered slots"


def _key(federation: FederationSettings, base: Path) -> str:
    path = base / federation.key_file
    hosts = [federation.listen[0], *(host for host, _ in federation.peers.values())]
    keys = load_keys(path, hosts)
    complaint = mode_complaint(path, keys)
    if complaint is not None:
        raise CannotStart(complaint)
    if keys.has_sample:
        return f"{path}: the sample key, which everybody has: for this machine only"
    return f"{path}: one key" if keys.retiring is None else f"{path}: two, one to be retired"


def _store(location: Location) -> str:
    try:
        revision = revision_of(location)
    except StoreInUse:
        return f"{location.description}: in use, as by the center that runs"
    if revision is None:
        return f"{location.description}: nothing yet, the first start makes it"
    if revision != schema.REVISION:
        return (
            f"{location.description}: revision {revision}, the next start brings it to"
            f" {schema.REVISION}"
        )
    return f"{location.description}: revision {revision}, the newest"
