"""Home: what owners have to be told is told until they acknowledge it (section 8, outbox)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from medappt.federation.authority import Authority
from medappt.federation.errands import Errands
from medappt.federation.link import LinkStopped
from medappt.federation.owners import OwnerOperations
from medappt.model.records import Verb
from medappt.store.outbox import Letter, acknowledge, letters

UNDER_WAY = 64
"""Letters to one peer that wait for its answer: a peer that was down for a day is not buried, and
takes no more of ours at once than it handles."""

_COLLECT = "collect"


class Letters:
    """The outbox of one center. Each letter is sent again by itself, with its own growing pause:
    one that its peer cannot take holds up no other."""

    _log = Logger()

    def __init__(
        self, authority: Authority, owners: Mapping[str, OwnerOperations], clock: IReactorTime
    ) -> None:
        self._authority = authority
        self._owners = owners
        self._errands = Errands(clock)
        self._under_way: Counter[str] = Counter()
        self._is_due = False
        self._has_more: set[str] = set()

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
            for letter in await self._errands.done(lambda: self._authority.do(letters)):
                self._send(letter)

    def _send(self, letter: Letter) -> None:
        # a peer that is configured no more may be so again
        if letter.peer not in self._owners or letter in self._errands:
            return
        if self._under_way[letter.peer] >= UNDER_WAY:
            self._has_more.add(letter.peer)
            return
        self._under_way[letter.peer] += 1
        self._errands.start(letter, lambda: self._deliver(letter))

    async def _deliver(self, letter: Letter) -> None:
        try:
            is_lost = not await self._tell(letter)
            is_alarm = await self._errands.done(
                lambda: self._authority.do(acknowledge, letter, is_lost=is_lost)
            )
        except LinkStopped:
            return
        finally:
            self._under_way[letter.peer] -= 1
        if is_alarm:
            self._log.critical(
                "{city}: {peer} has lost the place of an appointment that is booked: {record}",
                city=self._authority.city,
                peer=letter.peer,
                record=letter.record,
            )
        if letter.peer in self._has_more:
            self._has_more.discard(letter.peer)
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
