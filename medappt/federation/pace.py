"""How much a peer is asked at once: as much as it answers, and little while it is silent."""

from __future__ import annotations

MOST_AT_ONCE = 64
"""Requests of one kind to one peer that wait for its answer: a peer that comes back after a week is
not buried, and takes no more of ours at once than it handles."""


class Pace:
    """One peer's share. It is all of ``most`` at first, one request once the peer was silent, and
    twice as much with each answer, up to ``most``. No peer takes from another's share."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._allowed = most
        self._under_way = 0

    @property
    def room(self) -> int:
        """How many more may be asked now."""
        return max(0, self._allowed - self._under_way)

    def begin(self) -> None:
        """A request goes out."""
        self._under_way += 1

    def end(self, *, is_answered: bool) -> bool:
        """A request waits no more, for its answer or for nothing: whether there is room now where
        there was none."""
        was_full = not self.room
        self._under_way -= 1
        if is_answered:
            self._allowed = min(2 * self._allowed, self._most)
        return was_full and self.room > 0

    def silent(self) -> None:
        """The peer has answered nothing for a while: one request finds out when it is back."""
        self._allowed = 1
