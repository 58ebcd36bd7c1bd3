"""How far an owner has come, in memory, in looking through those it has to ask one home about."""

from __future__ import annotations

from collections.abc import Sequence

from medappt.store.options import BEGINNING, Displaced, Position


class Sweep:
    """Goes round the list of one home, a piece at a time. The next piece begins where the last one
    ended, so that everybody has a turn, however few are asked at once."""

    def __init__(self) -> None:
        self._position: Position = BEGINNING
        self._is_looking = False
        self._ends_left = 0
        self._seen: set[str] = set()

    @property
    def is_due(self) -> bool:
        """Whether somebody on the list has not been looked at since ``begin``."""
        return self._ends_left > 0

    def begin(self) -> None:
        """Everybody has to be looked at from now on."""
        # Its end comes once, then all that is before the present position. What is being looked
        # at just now is looked at again: it may have been read before what happened.
        is_fresh = self._position == BEGINNING and not self._is_looking
        self._ends_left = 1 if is_fresh else 2

    def next_piece(self) -> Position:
        """Where the next piece begins: it is being looked at until ``advance``."""
        self._is_looking = True
        return self._position

    def advance(self, looked_at: Sequence[Displaced], *, is_end: bool) -> set[str] | None:
        """Those of the piece were looked at, up to the end of the list if it ``is_end``: then the
        ids of all that are on it, else ``None``."""
        self._is_looking = False
        self._seen |= {each.id for each in looked_at}
        if not is_end:
            if looked_at:
                self._position = looked_at[-1].position
            return None
        everybody, self._seen = self._seen, set()
        self._position = BEGINNING
        self._ends_left = max(0, self._ends_left - 1)
        return everybody
