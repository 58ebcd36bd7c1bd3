"""Which datagrams of a peer came before (section 8)."""

from __future__ import annotations

WINDOW = 1_024
"""Datagram numbers that are told apart behind the highest: what is later than that was overtaken
by a thousand others, and its sender has sent it again."""

_MASK = (1 << WINDOW) - 1


class Window:
    """The datagram numbers of one incarnation of a peer. Bit n of the bits is set if the number n
    below the highest came."""

    def __init__(self) -> None:
        self._highest = -1
        self._came = 0

    def accept(self, number: int) -> bool:
        """Whether ``number`` comes for the first time and not too late; it has come, then."""
        ahead = number - self._highest
        if ahead > 0:
            # a shift further than the window would make a number of that many bits first
            self._came = 1 if ahead >= WINDOW else (self._came << ahead | 1) & _MASK
            self._highest = number
            return True
        if -ahead >= WINDOW or self._came >> -ahead & 1:
            return False
        self._came |= 1 << -ahead
        return True
