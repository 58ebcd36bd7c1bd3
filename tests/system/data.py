"""Data for the roles: hashes, openings, ports."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher


def cheap_hash(password: str) -> str:
    """A hash as ``users.txt`` takes it, made in no time."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def distant_day() -> str:
    """A weekday none of whose hours begins while a test runs."""
    return (datetime.now(UTC) + timedelta(days=3)).strftime("%a")


def openings(count: int) -> str:
    """So many lines of availabilities, all of one doctor and one hour."""
    day = distant_day()
    return "".join(f"{index} {day} 01pm doc1 41000\n" for index in range(1, count + 1))


def free_port(kind: socket.SocketKind) -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
