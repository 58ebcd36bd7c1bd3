"""Open slots of every city: all owners are asked at once, page by page (section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.defer import TimeoutError as LateError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.federation.link import LinkStopped
from medappt.federation.owners import LIST_SECONDS, OwnerOperations
from medappt.model.records import Cursor, Listing
from medappt.wire.federation import ListPage


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The slots of a type, by start, then ID; and the cities, by name, whose part did not arrive
    whole, of which nothing is among the rows."""

    rows: tuple[Listing, ...]
    unreachable: tuple[str, ...]


class BrokenList(Exception):
    """A peer's pages are no list of its slots."""


class Lister:
    """Asks ``owners``, by city; this center's own store is one of them, and may fail."""

    _log = Logger()

    def __init__(
        self, own: str, owners: Mapping[str, OwnerOperations], clock: IReactorTime
    ) -> None:
        self._own = own
        self._owners = owners
        self._clock = clock

    async def slots(self, type_: str) -> Listed:
        """Fails with ``StoreBusy`` or ``StoreFailed`` of the own store, never for a peer."""
        cities = sorted(self._owners)
        parts = await gatherResults(
            [self._part(city, type_) for city in cities], consumeErrors=True
        ).addErrback(_first)
        rows = [row for part in parts for row in part or ()]
        return Listed(
            rows=tuple(sorted(rows, key=lambda row: (row.start, str(row.name.code)))),
            unreachable=tuple(
                city for city, part in zip(cities, parts, strict=True) if part is None
            ),
        )

    def _part(self, city: str, type_: str) -> Deferred[list[Listing] | None]:
        part: Deferred[list[Listing] | None]
        part = Deferred.fromCoroutine(_all_pages(self._owners[city], city, type_))
        if city == self._own:
            return part
        return part.addTimeout(LIST_SECONDS, self._clock).addErrback(self._missing, city)

    def _missing(self, failure: Failure, city: str) -> None:
        if not failure.check(LateError, LinkStopped):
            self._log.warn(
                "The list of {city} cannot be used: {reason}",
                city=city,
                reason=failure.getErrorMessage(),
            )


async def _all_pages(owner: OwnerOperations, city: str, type_: str) -> list[Listing]:
    rows: list[Listing] = []
    after: Cursor | None = None
    while True:
        page = await owner.list(type_, after)
        _check(page, city, type_, after)
        rows += page.rows
        if not page.more:
            return rows
        after = _cursor(page.rows[-1])


def _check(page: ListPage, city: str, type_: str, after: Cursor | None) -> None:
    """Raises ``BrokenList`` for a page that is not the next: a list must come to its end."""
    if page.more and not page.rows:
        raise BrokenList("an empty page goes on")
    last = after
    for row in page.rows:
        cursor = _cursor(row)
        if last is not None and (cursor.start, cursor.code) <= (last.start, last.code):
            raise BrokenList("its rows are not in order")
        if (row.name.city, row.name.type) != (city, type_):
            raise BrokenList("a row of another city or type")
        last = cursor


def _cursor(row: Listing) -> Cursor:
    return Cursor(start=row.start, code=str(row.name.code))


def _first(failure: Failure) -> Failure:
    """What went wrong, without that it was one of several."""
    first: Failure = getattr(failure.value, "subFailure", failure)
    return first
