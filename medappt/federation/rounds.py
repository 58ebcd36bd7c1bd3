"""What is looked through from time to time, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.errands import Errands
from medappt.store.moves import expire
from medappt.store.purging import Purged, purge

ROUND_SECONDS = 60.0
"""How often waiting that has lasted long enough ends (R7), tombstones that nothing needs any more
are dropped, and all that is level-triggered is looked through, in case somebody else has changed
the store."""


class Rounds:
    """``changed`` is called in every round, the first at the start."""

    def __init__(
        self, authority: Authority, clock: IReactorTime, changed: Callable[[], object]
    ) -> None:
        self._authority = authority
        self._changed = changed
        self._errands = Errands(clock)

    def start(self) -> None:
        """Begin the first round."""
        self._errands.start("rounds", self._go)

    def stop(self) -> None:
        """Begin no other."""
        self._errands.stop()

    async def _go(self) -> None:
        purged = Purged()
        while True:
            await self._errands.done(lambda: self._authority.act(expire))
            purged = await self._purge(purged)
            self._changed()
            await self._errands.pause(ROUND_SECONDS)

    async def _purge(self, last: Purged) -> Purged:
        return await self._errands.done(lambda: self._authority.act(purge, last))
