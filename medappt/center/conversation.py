"""One connection's conversation, sans-IO: lines in, bytes out, through a session."""

from __future__ import annotations

from collections.abc import Callable

from twisted.cred.portal import Portal

from medappt.center.core import Connection, SessionCore
from medappt.center.sentences import CenterSentences, Peer
from medappt.center.session import new_session
from medappt.center.turns import EndOfInput, Overlong, Turn
from medappt.model.limits import Limits
from medappt.wire.replies import Reply
from medappt.wire.requests import (
    NUMBERED,
    Authenticate,
    Help,
    Malformed,
    Quit,
    Vocabulary,
    parse_request,
)


class Conversation:
    """What the protocol hands its lines to; it answers through ``send`` and ``connection``, in the
    dialect of ``word``, and does not know which that is. ``vocabulary`` is what the center serves.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        send: Callable[[bytes], None],
        word: Callable[[Reply, str | None], bytes],
        portal: Portal,
        sentences: CenterSentences,
        peer: Peer,
        limits: Limits,
        vocabulary: Vocabulary = NUMBERED,
    ) -> None:
        self._vocabulary = vocabulary
        self._core = SessionCore(
            connection=connection,
            send=send,
            word=word,
            start=self._start,
            portal=portal,
            sentences=sentences,
            peer=peer,
            limits=limits,
        )
        self._turns = self._core.turns
        self._session = new_session(self._core)
        self._core.await_login()

    @property
    def unanswered(self) -> int:
        """How many requests wait for their reply."""
        return len(self._turns)

    def line(self, line: bytes) -> None:
        """A complete line, without its end."""
        asked = parse_request(line, self._vocabulary)
        if asked is not None:
            self._turns.add(asked)

    def overlong(self) -> None:
        """A line that was too long; nothing is read behind it."""
        self._turns.add(Overlong())

    def end_of_input(self) -> None:
        """The peer will send nothing more; what it sent is still answered."""
        self._turns.add(EndOfInput())

    def too_late(self) -> None:
        """The time that ``connection.allow`` gave is over."""
        self._session.too_late()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._session.disconnected()

    def _start(self, turn: Turn) -> None:
        asked = turn.asked
        if isinstance(asked, Overlong):
            self._session.overlong(turn)
        elif isinstance(asked, EndOfInput):
            self._session.end_of_input(turn)
        elif isinstance(asked, Malformed):
            self._session.malformed(turn, asked)
        elif isinstance(asked.command, Authenticate):
            self._session.login(turn, asked.command)
        elif isinstance(asked.command, Help):
            self._session.help(turn)
        elif isinstance(asked.command, Quit):
            self._session.quit(turn)
        else:
            self._session.ask(turn, asked)
