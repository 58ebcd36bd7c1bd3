"""Home: bookings in other cities, between their two transactions (section 8, book)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.errands import Errands
from medappt.federation.owners import OwnerOperations
from medappt.store import booking
from medappt.store.answers import Answer
from medappt.store.booking import Booking, Pending
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import UNKNOWN_SLOT
from medappt.store.records import delete_record
from medappt.store.results import Answered, refuse


class Bookings:
    """``changed`` is called after a transaction that may have posted a letter or opened a place.

    No lock is held while an owner is asked: the rules are judged again when it has answered.
    """

    def __init__(
        self,
        authority: Authority,
        owners: Mapping[str, OwnerOperations],
        clock: IReactorTime,
        changed: Callable[[], object],
    ) -> None:
        self._authority = authority
        self._owners = owners
        self._errands = Errands(clock)
        self._changed = changed

    async def book(self, wanted: Booking) -> Answer:
        """A booking or a swap, and what is answered to it, finally. Fails with ``StoreBusy`` or
        ``StoreFailed``: it is not done then, and the place given back."""
        begun = await self._authority.act(_begin, wanted, self._owners.keys())
        if isinstance(begun, Pending):
            return await self.settle(begun)
        if wanted.instead is not None:
            self._changed()
        return begun.answer

    async def settle(self, pending: Pending) -> Answer:
        """Ask the owner for the place, and decide. Fails like ``book``."""
        try:
            reply = await self._owners[pending.wanted.city].hold(
                pending.id, pending.wanted, pending.patient, pending.moves
            )
            answered = await self._authority.act(booking.decide, pending, reply)
        except CancelledError:
            raise  # the center stops: what is pending then is given up when it starts
        except Exception:
            self._errands.start(pending.id, lambda: self._abandon(pending))
            raise
        self._changed()
        return answered.answer

    async def _abandon(self, pending: Pending) -> None:
        await self._errands.done(lambda: self._authority.act(booking.abandon, pending))
        self._changed()

    def stop(self) -> None:
        """Give up trying; what is pending is given up at the next start."""
        self._errands.stop()


def _begin(
    connection: Connection, here: Here, wanted: Booking, peers: Collection[str]
) -> Pending | Answered:
    begun = booking.begin(connection, here, wanted)
    if isinstance(begun, Pending) and begun.wanted.city not in peers:
        # nobody to be asked, and nobody to be told
        delete_record(connection, begun.id)
        return refuse(connection, wanted.deed, wanted.tagged, here.now, UNKNOWN_SLOT)
    return begun
