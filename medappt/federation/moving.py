"""Owner: patients of other cities whose slot was removed are moved, or offered a place, by their
homes (section 8, remove and waiting)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.errands import Bell, Errands
from medappt.federation.link import LinkStopped
from medappt.federation.owners import Asks
from medappt.model.moves import PageCursors
from medappt.model.records import Page
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.options import Displaced, page_for, to_move, to_offer
from medappt.wire.federation import Move, Moving

FIRST_PAUSE = 0.5
"""Seconds until a home is asked again; then twice as long each time."""

LONGEST_MOVE_PAUSE = 5.0
"""A patient of a removed slot has to be moved: as often as doubt asks."""

LONGEST_OFFER_PAUSE = 60.0
"""Who waits may have refused all there is for good reason."""

ASKED_AT_ONCE = 64
"""Homes asked about so many patients at once; the others come when one of them has answered."""

ANSWER_SECONDS = 10.0
"""A page that had no answer by then is made anew: its slots may be taken."""

_SURVEY = "survey"


class Mover:
    """Asks homes, level-triggered: as long as a place in a removed slot is taken, or a suitable
    one is open for somebody who waits. ``jitter`` draws from 0 up to 1."""

    def __init__(
        self,
        authority: Authority,
        link: Asks,
        peers: Collection[str],
        clock: IReactorTime,
        jitter: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._link = link
        self._peers = peers
        self._jitter = jitter
        self._errands = Errands(clock)
        self._rest = Bell(clock)
        self._cursors = PageCursors()
        self._pauses: dict[str, float] = {}
        self._asking = 0
        self._is_due = False

    def wake(self) -> None:
        """There may be somebody to move, or a place to offer."""
        self._is_due = True
        self._errands.start(_SURVEY, self._survey)

    def wake_all(self) -> None:
        """A slot was added: nobody rests for what they refused before."""
        self._pauses.clear()
        self._rest.ring()
        self.wake()

    def stop(self) -> None:
        """Ask nothing more."""
        self._errands.stop()

    async def _survey(self) -> None:
        while self._is_due:
            self._is_due = False
            displaced = await self._errands.done(lambda: self._authority.act(_displaced))
            self._retain({each.id for each in displaced})
            await self._send(
                [
                    (each, self._cursors[each.id])
                    for each in displaced
                    if each.home in self._peers and each.id not in self._errands
                ]
            )

    def _retain(self, ids: set[str]) -> None:
        self._cursors.retain(ids)
        self._pauses = {id_: pause for id_, pause in self._pauses.items() if id_ in ids}

    async def _send(self, due: Sequence[tuple[Displaced, str | None]]) -> None:
        most = ASKED_AT_ONCE - self._asking
        if not due or most <= 0:
            return
        pages = await self._errands.done(lambda: self._authority.act(_pages, due, most))
        for each, page in pages:
            self._cursors.sent(each.id, page)
            self._start(each, page)

    def _start(self, displaced: Displaced, page: Page) -> None:
        self._errands.start(displaced.id, lambda: self._ask(displaced, page))

    async def _ask(self, displaced: Displaced, page: Page) -> None:
        self._asking += 1
        try:
            reply = await self._link.request(
                displaced.home, Move(id=displaced.id, page=page), ANSWER_SECONDS
            )
        except LinkStopped:
            return
        finally:
            self._asking -= 1
        refused = reply.refused if isinstance(reply, Moving) else None
        self._cursors.answered(displaced.id, refused)
        if refused is None or page.is_last:
            self.wake()  # for those who were too many
            await self._rest.heard(self._next_pause(displaced))
        # once this is over: one of its id is under way until then
        self._errands.start((displaced.id, "next"), self._wake_later)

    async def _wake_later(self) -> None:
        await self._errands.pause(0)
        self.wake()

    def _next_pause(self, displaced: Displaced) -> float:
        longest = LONGEST_OFFER_PAUSE if displaced.is_waiting else LONGEST_MOVE_PAUSE
        pause = self._pauses.get(displaced.id, FIRST_PAUSE)
        self._pauses[displaced.id] = min(2 * pause, longest)
        return pause * (0.5 + self._jitter())


def _displaced(connection: Connection, here: Here) -> list[Displaced]:
    return [*to_move(connection, here), *to_offer(connection, here)]


def _pages(
    connection: Connection, here: Here, due: Sequence[tuple[Displaced, str | None]], most: int
) -> list[tuple[Displaced, Page]]:
    """The first ``most`` for whom there is something to send."""
    pages: list[tuple[Displaced, Page]] = []
    for each, refused in due:
        if len(pages) == most:
            break
        page = page_for(connection, here, each, refused)
        if page is not None:
            pages.append((each, page))
    return pages
