"""The records of two centers are compared, once one was restored from a backup (section 8).

What one has told the other since the backup was made it does not know any more: as a home it has
lost records, or has again what it gave up; as an owner it has lost places, or has again what was
released. Each appointment is looked at from the side that compares; ``TAKEN`` is a place that is
CONFIRMED or a record that is ACTIVE. Nothing is said of what is HELD or PENDING, or has a letter in
the outbox: that is decided as ever. What has begun is history.

As the home, about the places of its patients with the peer:

===========  ===========  ====================================================================
record here  place there  what is done
===========  ===========  ====================================================================
none         TAKEN        if this center was restored, the record is written again: the patient was
                          told that it is booked, and nobody else can get the place. At worst they
                          had cancelled it, see it again, and cancel it again. Only for ids of
                          earlier runs, and as far as the rules (R2 to R4) allow. If it was not
                          restored the peer was, and has again what was given up: shown.
none         WAITING      the same, as WAITLISTED
TAKEN        none         shown: the place is gone or was given up, and only the patient knows which
TAKEN        WAITING      shown, and so is every other pair that differs in how it stands, in the
                          slot or in the patient: either may be the later one
===========  ===========  ====================================================================

As the owner, about the records of its places at the peer:

==========  ============  ====================================================================
place here  record there  what is done
==========  ============  ====================================================================
none        TAKEN         the place is held again, if its slot is open and has room, and the home
                          asked as of every hold (doubt), which confirms or releases it. Not for an
                          id that was ever released here: shown.
TAKEN       none          shown: a home that has lost the record writes it again, one that has not
                          has given it up; releasing it could break what a patient was told
any         any           shown where they differ, as above
==========  ============  ====================================================================

What is compared does not stand still. So the own side is read before the other and again after it,
and nothing is said of what has changed in between. What neither reading has seen may still have
come and gone: as the home, nothing is said of ids of the present run that have no record, and as
the owner, the home is asked once more about what has no place. An id of an earlier run is never
made again: if the home had neither record nor letter for it before the owner was asked, and has no
record afterwards, a place that the owner had then is one that it will never be told about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from medappt.federation.doubt import Doubt
from medappt.federation.inquiring import Inquiring
from medappt.model.calendar import has_begun
from medappt.model.ids import boot_of, home_of
from medappt.model.records import Entry, Standing
from medappt.store.boots import last_boot
from medappt.store.comparing import (
    Own,
    hold_again,
    own_places,
    own_records,
    write_again,
)
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.wire.federation import Places, Records, Status

PAGE_SECONDS = 8.0
"""For each page: an operator waits, and sees why."""


class Side(Enum):
    """What this center is to an appointment."""

    HOME = "home"
    OWNER = "owner"


class NotCompared(Exception):
    """A peer does not answer, or not with what it keeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """An appointment that the two centers do not agree on: what is kept ``here``, where this
    center is its ``side``, and ``there``; at least one of them is something. ``is_settled`` tells
    that it was settled by this comparison, or is being asked about."""

    side: Side
    here: Entry | None
    there: Entry | None
    is_settled: bool = False

    @property
    def entry(self) -> Entry:
        """The appointment, as this center keeps it if it does."""
        entry = self.here or self.there
        assert entry is not None, "what neither keeps is no difference"
        return entry


_Pair: TypeAlias = tuple[Entry | None, Entry | None]
_Read: TypeAlias = Callable[[Connection, Here, str], Own]


class Reconciling:
    """Compares the records of one center with its peers'."""

    def __init__(self, inquiring: Inquiring, doubt: Doubt) -> None:
        self._authority = inquiring.authority
        self._link = inquiring.link
        self._doubt = doubt

    async def compare(self, city: str, *, is_restored: bool) -> tuple[Difference, ...]:
        """What differs between this center and the one of ``city``, by ID, as home, then as
        owner. What has one safe answer is settled; ``is_restored`` tells that it is this center
        whose store was restored, and not the other.

        Fails with ``NotCompared``, ``LinkStopped``, ``StoreBusy`` or ``StoreFailed``; then some may
        have been settled, and comparing again goes on from there.
        """
        found = [
            await self._as_home(city, pair, is_restored=is_restored)
            for pair in await self._differing(city, Side.HOME)
        ]
        for pair in await self._differing(city, Side.OWNER):
            difference = await self._as_owner(city, pair)
            if difference is not None:
                found.append(difference)
        return tuple(found)

    async def _differing(self, city: str, side: Side) -> list[_Pair]:
        read: _Read = own_records if side is Side.HOME else own_places
        before = await self._authority.act(read, city)
        there = await self._all_pages(city, side)
        return await self._authority.act(_differing, read, city, before, there)

    async def _all_pages(self, city: str, side: Side) -> dict[str, Entry]:
        kind = Places if side is Side.HOME else Records
        found: dict[str, Entry] = {}
        after: str | None = None
        while True:
            page = await self._link.request(city, kind(after=after), PAGE_SECONDS)
            if page is None:
                raise NotCompared(f"{city} does not answer")
            for entry in page.entries:
                if after is not None and entry.id <= after:
                    raise NotCompared(f"{city} answers with a list that is none")
                after = entry.id
                found[entry.id] = entry
            if not page.more:
                return found
            if not page.entries:
                raise NotCompared(f"{city} answers with a list that does not end")

    async def _as_home(self, city: str, pair: _Pair, *, is_restored: bool) -> Difference:
        here, there = pair
        is_settled = False
        if here is None and there is not None and is_restored and there.name.city == city:
            is_settled = await self._authority.act(write_again, there)
        return Difference(side=Side.HOME, here=here, there=there, is_settled=is_settled)

    async def _as_owner(self, city: str, pair: _Pair) -> Difference | None:
        here, there = pair
        if here is not None or there is None:
            return Difference(side=Side.OWNER, here=here, there=there)
        is_settled = await self._authority.act(hold_again, city, there)
        if is_settled:
            self._doubt.watch(there.id, city, 0.0)
        elif await self._is_gone(city, there.id):
            return None
        return Difference(side=Side.OWNER, here=None, there=there, is_settled=is_settled)

    async def _is_gone(self, city: str, id_: str) -> bool:
        answer = await self._link.request(city, Status(id=id_), PAGE_SECONDS)
        if answer is None:
            raise NotCompared(f"{city} does not answer")
        return answer.state is None


def _differing(
    connection: Connection,
    here: Here,
    read: _Read,
    city: str,
    before: Own,
    there: dict[str, Entry],
) -> list[_Pair]:
    after = read(connection, here, city)
    run = last_boot(connection)
    return [
        (own, there.get(id_))
        for id_, own in _still(before, after, there)
        if _is_difference((own, there.get(id_)), here)
        and (own is not None or home_of(id_) != here.city or (boot_of(id_) or 0) < run)
    ]


def _still(before: Own, after: Own, there: dict[str, Entry]) -> Iterator[tuple[str, Entry | None]]:
    """What stood still here while the other side was read, by ID."""
    moving = before.on_the_way | after.on_the_way
    for id_ in sorted({*before.entries, *there} - moving):
        own = before.entries.get(id_)
        if own == after.entries.get(id_):
            yield id_, own


def _is_difference(pair: _Pair, here: Here) -> bool:
    own, other = pair
    kept = [entry for entry in pair if entry is not None]
    if own == other or any(entry.standing is Standing.UNDECIDED for entry in kept):
        return False
    return not all(_is_history(entry, here) for entry in kept)


def _is_history(entry: Entry, here: Here) -> bool:
    if entry.standing is Standing.WAITING or entry.start is None:
        return False
    return has_begun(entry.start, here.now)
