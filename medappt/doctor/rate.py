"""How many requests one address may send (section 5)."""

from __future__ import annotations

from dataclasses import dataclass

REQUESTS_A_SECOND = 200
"""Of one address, unless told otherwise: a clinic's patients behind one router stay below it."""

ADDRESSES = 4_096
"""Addresses counted at once: forged ones must not make the doctor grow."""

WINDOW_SECONDS = 1.0


@dataclass(slots=True)
class _Window:
    start: float
    requests: int = 1


class RateLimit:
    """Admits ``most`` requests of an address in the second from its first; 0 admits them all.

    ``addresses`` bounds how many are remembered.
    """

    def __init__(self, most: int = REQUESTS_A_SECOND, addresses: int = ADDRESSES) -> None:
        self._most = most
        self._addresses = addresses
        self._windows: dict[str, _Window] = {}

    def admits(self, host: str, now: float) -> bool:
        """Count a request of ``host`` at ``now`` (seconds): whether it is to be answered."""
        if not self._most:
            return True
        window = self._windows.get(host)
        if window is None:
            if len(self._windows) >= self._addresses:
                self._forget(now)
            self._windows[host] = _Window(now)
            return True
        if not _is_open(window, now):
            window.start = now
            window.requests = 1
            return True
        window.requests += 1
        return window.requests <= self._most

    def _forget(self, now: float) -> None:
        # Who asked only once loses nothing by being forgotten, and forged senders mostly do. At
        # least half of the table is free afterwards, so that the search is paid by that many
        # newcomers.
        self._windows = {
            host: window
            for host, window in self._windows.items()
            if window.requests > 1 and _is_open(window, now)
        }
        if len(self._windows) > self._addresses // 2:
            self._windows = {}

    def __len__(self) -> int:
        """The addresses that are remembered."""
        return len(self._windows)


def _is_open(window: _Window, now: float) -> bool:
    # a window that begins in the future is of before the clock was set back
    return 0 <= now - window.start < WINDOW_SECONDS
