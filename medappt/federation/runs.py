"""Home: the options of a MOVE are run down, one after the other (R7; section 8, remove)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.bookings import Bookings
from medappt.federation.errands import Errands
from medappt.model.ids import parse_appointment_id
from medappt.model.moves import MoveRuns
from medappt.model.records import Page
from medappt.store.booking import Pending
from medappt.store.failures import StoreBusy, StoreFailed
from medappt.store.moves import begin_move, ends_run, finish_page, record_to_move
from medappt.wire.federation import Gone, Moving


class Runs:
    """The runs of one home, one for a record at most. ``changed`` is called after each."""

    def __init__(
        self,
        authority: Authority,
        bookings: Bookings,
        clock: IReactorTime,
        changed: Callable[[], object],
    ) -> None:
        self._authority = authority
        self._bookings = bookings
        self._changed = changed
        self._errands = Errands(clock)
        self._runs = MoveRuns()

    async def move(self, owner: str, id_: str, page: Page) -> Moving | Gone:
        """Answer a MOVE of ``owner``, at once; its options are tried meanwhile."""
        if await self._authority.do(record_to_move, owner, id_) is None:
            self._runs.forget(id_)
            return Gone()
        if self._runs.arrive(id_, page):
            self._errands.start(id_, lambda: self._run_down(owner, id_, page))
        return Moving(refused=self._runs.answer(id_))

    def stop(self) -> None:
        """End all where they are; owners will ask again."""
        self._errands.stop()

    async def _run_down(self, owner: str, id_: str, page: Page) -> None:
        refused: Page | None = None
        try:
            if not await self._is_over(owner, id_, page):
                wants_more = await self._authority.act(
                    finish_page, owner, id_, is_last=page.is_last
                )
                refused = page if wants_more else None
        except (StoreBusy, StoreFailed):
            pass  # as if the MOVE had not come: it comes again
        finally:
            self._runs.finish(id_, refused)
        self._changed()

    async def _is_over(self, owner: str, id_: str, page: Page) -> bool:
        for option in page.options:
            code = parse_appointment_id(option)
            assert code is not None, "a message has IDs only"
            begun = await self._authority.act(begin_move, owner, id_, code)
            answer = await self._bookings.settle(begun) if isinstance(begun, Pending) else begun
            if ends_run(answer):
                return True
        return False
