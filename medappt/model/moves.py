"""What home and owner remember, in memory, of MOVEs that are under way (section 8). Pure.

A crash forgets it, which costs no more than asking again.
"""

from __future__ import annotations

from collections.abc import Set

from medappt.model.records import Page


class MoveRuns:
    """The lists of options that are being run down, one for a record at most, and the pages that
    were refused whole."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._refused: dict[str, Page] = {}

    def arrive(self, id_: str, page: Page) -> bool:
        """A MOVE came: whether its page is to be run down now, and ``finish`` called then.

        Not while another runs, nor where this very page was refused before and the next was asked
        for: a repeated question gets the answer again. The page itself is compared, not its last
        option: where the slots behind that are gone it comes again as the last page, and unless
        it is run then, nobody would ever be waitlisted.
        """
        if id_ in self._running or self._refused.get(id_) == page:
            return False
        self._refused.pop(id_, None)
        self._running.add(id_)
        return True

    def finish(self, id_: str, refused: Page | None = None) -> None:
        """The run for a record has ended; with ``refused`` its owner is asked for the next page."""
        self._running.remove(id_)
        if refused is not None and refused.options:
            self._refused[id_] = refused

    def answer(self, id_: str) -> str | None:
        """What is answered to MOVE now: the last option of the page that was refused whole, or
        nothing yet."""
        page = self._refused.get(id_)
        return None if page is None else page.options[-1]

    def forget(self, id_: str) -> None:
        """The record is gone: MOVE is answered with GONE."""
        self._refused.pop(id_, None)


class PageCursors:
    """How far an owner has come, in memory, with the options of each patient who is to be moved."""

    def __init__(self) -> None:
        self._refused: dict[str, str] = {}

    def __getitem__(self, id_: str) -> str | None:
        """The option behind which the next page begins; ``None`` for the first page."""
        return self._refused.get(id_)

    def sent(self, id_: str, page: Page) -> None:
        """A page goes out. After the last it starts over: a refusal does not stand for ever."""
        if page.is_last:
            self._refused.pop(id_, None)

    def answered(self, id_: str, refused: str | None) -> None:
        """The home's answer to MOVE."""
        if refused is not None:
            self._refused[id_] = refused

    def retain(self, ids: Set[str]) -> None:
        """Forget all who need no more pages: ``ids`` are those that do."""
        self._refused = {id_: last for id_, last in self._refused.items() if id_ in ids}
