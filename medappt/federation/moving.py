"""Owner: patients of other cities whose slot was removed are moved, or offered a place, by their
homes (section 8, remove and waiting)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from medappt.federation.errands import Bell, Errands
from medappt.federation.inquiring import Inquiring
from medappt.federation.link import LinkStopped
from medappt.federation.pace import Pace
from medappt.federation.sweep import Sweep
from medappt.model.moves import PageCursors
from medappt.model.records import Page
from medappt.store.connection import Connection
from medappt.store.options import (
    BEGINNING,
    Displaced,
    Position,
    displaced,
    first_unsettled,
    page_for,
    pages_for,
)
from medappt.wire.federation import Move, Moving

FIRST_PAUSE = 0.5
"""Seconds until a home is asked again; then twice as long each time."""

LONGEST_MOVE_PAUSE = 5.0
"""A patient of a removed slot has to be moved: as often as doubt asks."""

LONGEST_OFFER_PAUSE = 60.0
"""Who waits may have refused all there is for good reason."""

ANSWER_SECONDS = 10.0
"""A page that had no answer by then is made anew: its slots may be taken."""

LOOKED_AT_ONCE = 256
"""Patients of one home in one transaction: a millisecond of the writer."""

STEP_SECONDS = 0.1
"""Between such looks, where one is not enough: whatever happens, they take no more than a hundredth
of the writer's time."""

_SURVEY = "survey"


@dataclass(slots=True, eq=False)
class _Home:
    """A peer, with what is remembered of its patients: the pages they refused, and how long each
    rests after the next answer."""

    city: str
    pace: Pace = field(default_factory=Pace)
    sweep: Sweep = field(default_factory=Sweep)
    cursors: PageCursors = field(default_factory=PageCursors)
    pauses: dict[str, float] = field(default_factory=dict)

    def retain(self, ids: set[str]) -> None:
        self.cursors.retain(ids)
        self.pauses = {id_: pause for id_, pause in self.pauses.items() if id_ in ids}


class Mover:
    """Asks homes, level-triggered: as long as a place in a removed slot is taken, or a suitable
    one is open for somebody who waits. ``jitter`` draws from 0 up to 1.

    What bounds the work: the list of each home is looked through in pieces, in turn, and of it no
    more are asked about at once than its pace allows; a home that is silent is asked about one
    patient at a time, and others do not wait for it.
    """

    def __init__(self, inquiring: Inquiring, jitter: Callable[[], float]) -> None:
        self._authority = inquiring.authority
        self._link = inquiring.link
        self._jitter = jitter
        self._errands = Errands(inquiring.clock)
        self._rest = Bell(inquiring.clock)
        self._homes = [_Home(city) for city in inquiring.peers]
        self._since = 0  # removals before it are settled

    def wake(self) -> None:
        """There may be somebody to move, or a place to offer."""
        for home in self._homes:
            home.sweep.begin()
        self._errands.start(_SURVEY, self._survey)

    def wake_all(self) -> None:
        """A slot was added: nobody rests for what they refused before."""
        for home in self._homes:
            home.pauses.clear()
        self._rest.ring()
        self.wake()

    def stop(self) -> None:
        """Ask nothing more."""
        self._errands.stop()

    async def _survey(self) -> None:
        while due := [home for home in self._homes if home.sweep.is_due and home.pace.room]:
            is_much = False
            for home in due:
                is_much |= await self._look(home)
            if is_much:
                await self._errands.pause(STEP_SECONDS)

    async def _look(self, home: _Home) -> bool:
        """Look at the next of one home; whether there were as many as are looked at at once."""
        position = home.sweep.next_piece()
        self._since, found = await self._errands.done(
            lambda: self._authority.do(_next, home.city, position, self._since)
        )
        due = [(each, home.cursors[each.id]) for each in found if each.id not in self._errands]
        room = home.pace.room
        pages = []
        if due and room:
            pages = await self._errands.done(lambda: self._authority.act(pages_for, due, room))
        for each, page in pages:
            self._start(home, each, page)
        if pages and len(pages) == room:
            # who comes behind the last of them is the next
            last = found.index(pages[-1][0])
            home.sweep.advance(found[: last + 1], is_end=False)
            return False
        everybody = home.sweep.advance(found, is_end=len(found) < LOOKED_AT_ONCE)
        if everybody is not None:
            home.retain(everybody)
        return everybody is None

    def _start(self, home: _Home, each: Displaced, page: Page) -> None:
        home.pace.begin()
        self._errands.start(each.id, lambda: self._ask(home, each, page))

    async def _ask(self, home: _Home, each: Displaced, page: Page) -> None:
        is_answered = False
        try:
            is_answered = await self._offer(home, each, page)
        except LinkStopped:
            return
        finally:
            has_room = home.pace.end(is_answered=is_answered)
        if not is_answered:
            home.pace.silent()
        if has_room:
            self._errands.start(_SURVEY, self._survey)
        await self._rest.heard(self._next_pause(home, each))
        # once this is over: one of its id is under way until then
        self._errands.start((_SURVEY, home.city), lambda: self._look_again(home))

    async def _offer(self, home: _Home, each: Displaced, first: Page) -> bool:
        """Ask page after page; whether the home has answered the last of them."""
        page: Page | None = first
        while page is not None:
            home.cursors.sent(each.id, page)
            reply = await self._link.request(home.city, Move(id=each.id, page=page), ANSWER_SECONDS)
            if reply is None:
                return False
            refused = reply.refused if isinstance(reply, Moving) else None
            home.cursors.answered(each.id, refused)
            if refused is None or page.is_last:
                break
            page = await self._errands.done(
                lambda refused=refused: self._authority.act(  # type: ignore[misc]
                    page_for, each, refused
                )
            )
        return True

    async def _look_again(self, home: _Home) -> None:
        """Once for all of a home who have rested meanwhile."""
        await self._errands.pause(STEP_SECONDS)
        home.sweep.begin()
        self._errands.start(_SURVEY, self._survey)

    def _next_pause(self, home: _Home, each: Displaced) -> float:
        longest = LONGEST_OFFER_PAUSE if each.is_waiting else LONGEST_MOVE_PAUSE
        pause = home.pauses.get(each.id, FIRST_PAUSE)
        home.pauses[each.id] = min(2 * pause, longest)
        return min(pause * (0.5 + self._jitter()), longest)


def _next(
    connection: Connection, home: str, position: Position, since: int
) -> tuple[int, list[Displaced]]:
    if position == BEGINNING:
        since = first_unsettled(connection, since)
        position = False, (since, 0)
    return since, displaced(connection, home, position, LOOKED_AT_ONCE)
