"""Home: what owners have to be told is told until they acknowledge it (section 8, outbox)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from medappt.federation.authority import Authority
from medappt.federation.errands import Errands
from medappt.federation.link import LinkStopped
from medappt.federation.owners import OwnerOperations
from medappt.federation.pace import MOST_AT_ONCE, Pace
from medappt.model.records import Verb
from medappt.store.outbox import Letter, acknowledge, oldest_letters

SILENT_SECONDS = 10.0
"""Without an answer to any letter: by then one has gone out six times."""

_COLLECT = "collect"


@dataclass(slots=True, eq=False)
class _Correspondent:
    """A peer: ``untold`` are the letters that wait for its answer, in the order they were sent;
    ``answers`` counts what it has answered."""

    pace: Pace = field(default_factory=Pace)
    untold: dict[Letter, None] = field(default_factory=dict)
    answers: int = 0


class Letters:
    """The outbox of one center. Each letter is sent again by itself, with its own growing pause:
    one that its peer cannot take holds up no other.

    What bounds the work: a peer with as many letters under way as its pace allows is not looked
    up in the store at all, and for any other no more is read than may be under way. So a peer
    that is down costs one letter every few seconds, however many wait for it.
    """

    _log = Logger()

    def __init__(
        self, authority: Authority, owners: Mapping[str, OwnerOperations], clock: IReactorTime
    ) -> None:
        self._authority = authority
        self._owners = owners
        self._errands = Errands(clock)
        # a peer that is configured no more may be so again: its letters stay
        self._peers = {city: _Correspondent() for city in owners}
        self._is_due = False

    def wake(self) -> None:
        """There may be new letters."""
        self._is_due = True
        self._errands.start(_COLLECT, self._collect)

    def stop(self) -> None:
        """Send nothing more; what is not acknowledged stays in the outbox."""
        self._errands.stop()

    async def _collect(self) -> None:
        while self._is_due:
            self._is_due = False
            # who has no room is looked up once there is some
            cities = [city for city, peer in self._peers.items() if peer.pace.room]
            if not cities:
                return
            for letter in await self._oldest(cities):
                self._send(letter)

    async def _oldest(self, cities: Sequence[str]) -> Sequence[Letter]:
        # those under way are among the oldest: with so many all that may follow are found
        return await self._errands.done(
            lambda: self._authority.do(oldest_letters, cities, MOST_AT_ONCE)
        )

    def _send(self, letter: Letter) -> None:
        peer = self._peers[letter.peer]
        if peer.pace.room and letter not in self._errands:
            peer.pace.begin()
            peer.untold[letter] = None
            self._errands.start(letter.peer, lambda: self._listen(peer))
            self._errands.start(letter, lambda: self._deliver(letter, peer))

    async def _listen(self, peer: _Correspondent) -> None:
        """Take note of silence, until no letter waits."""
        while True:
            answers = peer.answers
            await self._errands.pause(SILENT_SECONDS)
            if peer.answers == answers:
                peer.pace.silent()
                for letter in list(peer.untold)[1:]:
                    del peer.untold[letter]
                    peer.pace.end(is_answered=False)
                    self._errands.end(letter)

    async def _deliver(self, letter: Letter, peer: _Correspondent) -> None:
        try:
            is_lost = not await self._tell(letter)
        except LinkStopped:
            self._errands.end(letter.peer)
            return
        peer.answers += 1
        del peer.untold[letter]
        if not peer.untold:
            self._errands.end(letter.peer)
        try:
            is_alarm = await self._errands.done(
                lambda: self._authority.do(acknowledge, letter, is_lost=is_lost)
            )
        finally:
            has_room = peer.pace.end(is_answered=True)
        if is_alarm:
            self._log.critical(
                "{city}: {peer} has lost the place of an appointment that is booked: {record}",
                city=self._authority.city,
                peer=letter.peer,
                record=letter.record,
            )
        if has_room:
            self.wake()

    async def _tell(self, letter: Letter) -> bool:
        """Whether the owner knows of what it was told."""
        owner = self._owners[letter.peer]
        match letter.verb:
            case Verb.CONFIRM:
                return await owner.confirm(letter.record)
            case Verb.RELEASE:
                await owner.release(letter.record)
            case Verb.WAIT:
                await owner.wait(letter.record)
            case Verb.UNWAIT:
                await owner.unwait(letter.record)
        return True
