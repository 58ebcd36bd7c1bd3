"""Owner: of every place that is HELD its home is asked how the record stands (section 8, doubt).
Time alone never drops a hold."""

from __future__ import annotations

from collections.abc import Callable

from medappt.federation.errands import Errands
from medappt.federation.inquiring import Inquiring
from medappt.federation.link import LinkStopped
from medappt.model.records import PlaceState
from medappt.store.holding import settle_hold
from medappt.store.places import held_places
from medappt.wire.federation import Status

FIRST_SECONDS = 10.0
"""From the hold to the first question: by then every home has decided."""

AGAIN_SECONDS = 5.0
"""From one question to the next, where the home has not decided."""

_FIND = "find"


class Doubt:
    """The holds of one center. ``settled`` is called when one was confirmed or released here."""

    def __init__(self, inquiring: Inquiring, settled: Callable[[], object]) -> None:
        self._authority = inquiring.authority
        self._link = inquiring.link
        self._peers = inquiring.peers
        self._settled = settled
        self._errands = Errands(inquiring.clock)

    def start(self) -> None:
        """Ask about every place that is held in the store, now."""
        self._errands.start(_FIND, self._find)

    async def _find(self) -> None:
        for held in await self._errands.done(lambda: self._authority.do(held_places)):
            self.watch(held.id, held.home, 0.0)

    def watch(self, id_: str, home: str, delay: float = FIRST_SECONDS) -> None:
        """A place is held: ask ``home`` about it after ``delay`` seconds."""
        if home in self._peers:
            self._errands.start(id_, lambda: self._ask(id_, home, delay))

    def forget(self, id_: str) -> None:
        """Its home has told how it stands."""
        self._errands.end(id_)

    def stop(self) -> None:
        """Ask nothing more; what is held stays so."""
        self._errands.stop()

    async def _ask(self, id_: str, home: str, delay: float) -> None:
        await self._errands.pause(delay)
        while True:
            try:
                answer = await self._link.request(home, Status(id=id_))
            except LinkStopped:
                return
            assert answer is not None, "without a deadline there is an answer, or a failure"
            standing = answer.state
            place = await self._errands.done(
                lambda standing=standing: self._authority.act(  # type: ignore[misc]
                    settle_hold, id_, standing
                )
            )
            if place is not PlaceState.HELD:
                self._settled()
                return
            await self._errands.pause(AGAIN_SECONDS)
