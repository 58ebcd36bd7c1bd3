"""What a session does when its machine says so: answers, logins, and leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.center.answers import Answers
from medappt.center.checker import LoginBusy, PasswordFrom
from medappt.center.realm import IVisitor, Visitor
from medappt.center.sentences import CenterSentences, Peer
from medappt.center.turns import Turn, Turns
from medappt.model.limits import LINE_BYTES, Limits
from medappt.model.refusals import Code, Refusal
from medappt.store.writer import StoreBusy, StoreFailed
from medappt.wire.replies import Bye, Reply
from medappt.wire.replies import Failure as Failed
from medappt.wire.requests import Authenticate, Malformed, Request

_TOO_LONG = Refusal(code=Code.TOO_LONG, text=f"a line has at most {LINE_BYTES} bytes")


class Connection(Protocol):
    """What a session asks of the connection it lives on."""

    def allow(self, seconds: float, *, renew: bool) -> None:
        """Tell the session when it is too late: ``seconds`` from now, or from the last complete
        line if ``renew``."""

    def stop_allowance(self) -> None:
        """No time limit for now."""

    def finish(self) -> None:
        """Close behind what was sent: what the peer still sends is read and dropped for a while,
        because a close upon unread bytes would take the last answer with it."""

    def cut(self) -> None:
        """Close behind what was sent, and read nothing more."""

    def drop(self) -> None:
        """Close."""


class SessionCore:
    """The means of one session; the machine in ``session`` decides when they are used."""

    _log = Logger()

    def __init__(
        self,
        *,
        connection: Connection,
        send: Callable[[bytes], None],
        word: Callable[[Reply, str | None], bytes],
        start: Callable[[Turn], None],
        portal: Portal,
        sentences: CenterSentences,
        peer: Peer,
        limits: Limits,
    ) -> None:
        self.connection = connection
        self.turns = Turns(start, word, send)
        self._portal = portal
        self._sentences = sentences
        self._peer = peer
        self._limits = limits
        self._answers = Answers(sentences, peer)
        self._is_over = False

    def answer(self, turn: Turn, reply: Reply) -> None:
        self.turns.answer(turn, reply)

    def await_login(self) -> None:
        """Start the time a peer has to log in: absolute, no line renews it."""
        self.connection.allow(self._limits.login_seconds, renew=False)

    def await_requests(self) -> None:
        """Start the time a peer may be idle."""
        self.connection.allow(self._limits.idle_seconds, renew=True)

    def check(
        self,
        asked: Authenticate,
        admitted: Callable[[Visitor], None],
        rejected: Callable[[], None],
        put_off: Callable[[], None],
    ) -> None:
        """Ask the portal who this is; exactly one of the three is called."""
        self.connection.stop_allowance()
        self._sentences.login_received(asked.user, asked.password)
        credentials = PasswordFrom(
            user=asked.user,
            password=asked.password,
            address=self._peer.host,
            is_awaited=lambda: not self._is_over,
        )
        login: Deferred[Any] = self._portal.login(credentials, self._peer.host, IVisitor)

        def good(result: tuple[object, Visitor, Callable[[], None]]) -> None:
            _, visitor, _ = result
            self._sentences.login_answered(asked.user, good=True)
            admitted(visitor)

        def bad(failure: Failure) -> None:
            if failure.check(UnauthorizedLogin):
                self._sentences.login_answered(asked.user, good=False)
                rejected()
            else:
                if not failure.check(LoginBusy, StoreBusy, StoreFailed):
                    self._log.failure("A login could not be checked.", failure)
                put_off()

        login.addCallbacks(good, bad)
        login.addErrback(self._failed)

    def serve(self, turn: Turn, request: Request, visitor: Visitor) -> None:
        """Answer a visitor's request, now or later."""
        answered = Deferred.fromCoroutine(self._answers.to(request, visitor))
        answered.addCallback(lambda reply: self.answer(turn, reply))
        answered.addErrback(self._failed)

    def refuse(self, turn: Turn, asked: Malformed, visitor: Visitor) -> None:
        """Refuse a visitor's line that is no request, now or later."""
        answered = Deferred.fromCoroutine(self._answers.to_malformed(asked, visitor))
        answered.addCallback(lambda reply: self.answer(turn, reply))
        answered.addErrback(self._failed)

    def turn_away(self, turn: Turn) -> None:
        """A bad login: nothing that was sent behind it is looked at."""
        self.turns.answer_last(turn, Failed())
        self.part()

    def say_goodbye(self, turn: Turn) -> None:
        """Answer ``quit`` and close."""
        self.turns.answer_last(turn, Bye())
        self.part()

    def cut_off(self, turn: Turn) -> None:
        """Refuse a line that was too long, read nothing more and close."""
        self.turns.answer_last(turn, _TOO_LONG)
        self.end()
        self.connection.cut()

    def part(self) -> None:
        """Close behind the last answer."""
        self.end()
        self.connection.finish()

    def drop(self) -> None:
        """Close without a word."""
        self.end()
        self.connection.drop()

    def end(self) -> None:
        """Answer and start nothing more."""
        self._is_over = True
        self.connection.stop_allowance()
        self.turns.close()

    def _failed(self, failure: Failure) -> None:
        """A defect of ours: the peer must not wait for ever for a reply that will not come."""
        self._log.failure("A session failed.", failure)
        self.connection.drop()
