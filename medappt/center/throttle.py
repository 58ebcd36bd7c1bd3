"""Failed logins: the first few cost nothing, then a pair or an address has to wait (section 4)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from medappt.model.limits import Limits

K = TypeVar("K")


@dataclass(slots=True)
class _Record:
    failures: list[float] = field(default_factory=list)
    blocked_until: float = float("-inf")


class Throttle:
    """Counts failed logins per user and address and per address; ``now`` is in seconds.

    Blocked is the pair of user and address, or the address: from elsewhere the user can still log
    in, so nobody can lock a patient out. Answers given to who is blocked are no further failures.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._users: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._addresses: OrderedDict[str, _Record] = OrderedDict()

    def blocked_by(self, user: str, address: str, now: float) -> str | None:
        """The limit for which a login of ``user`` from ``address`` is to fail at once, by its name
        in ``Limits``; ``None`` if it is to be looked at."""
        pair = self._users.get((user, address))
        if pair is not None and now < pair.blocked_until:
            return "failures_per_user"
        host = self._addresses.get(address)
        if host is not None and now < host.blocked_until:
            return "failures_per_address"
        return None

    def failed(self, user: str, address: str, now: float) -> None:
        """A login failed after its password was looked at."""
        self._count(self._users, (user, address), self._limits.failures_per_user, now)
        self._count(self._addresses, address, self._limits.failures_per_address, now)

    def _count(self, table: OrderedDict[K, _Record], key: K, most: int, now: float) -> None:
        self._forget(table, now)
        record = table.setdefault(key, _Record())
        table.move_to_end(key)
        since = now - self._limits.failure_seconds
        record.failures = [*(when for when in record.failures if when > since), now]
        if len(record.failures) >= most:
            record.failures.clear()
            record.blocked_until = now + self._limits.blocked_seconds

    def _forget(self, table: OrderedDict[K, _Record], now: float) -> None:
        """Drop the oldest records that no longer matter: the tables stay as small as the rush."""
        keep = max(self._limits.failure_seconds, self._limits.blocked_seconds)
        while table:
            key, record = next(iter(table.items()))
            last = max([*record.failures, record.blocked_until - self._limits.blocked_seconds])
            if last + keep > now:
                return
            del table[key]
