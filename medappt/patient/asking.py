"""What every client of the *line* dialect has in common: a login, requests, what replies mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed

from medappt.model.refusals import Code, Refusal, Refused
from medappt.patient.connection import CenterConnection
from medappt.patient.distant import DistantCenter
from medappt.wire import replies, requests
from medappt.wire.replies import Reply, Rows, UnexpectedReply

T = TypeVar("T")


class AskedCenter(DistantCenter):
    """A center at the other end of a connection, as one user after ``authenticate``.

    Requests may be made without waiting for the answers before them. Beside ``Refused``, each
    fails with ``ServerGone``, ``NoAnswer`` or ``UnexpectedReply`` when the connection ends before
    its answer: whether it had its effect is then not known.
    """

    def __init__(self, connection: CenterConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    def when_ready(self) -> Deferred[None]:
        """Has fired: a center of this protocol is silent until it is asked."""
        return succeed(None)

    def authenticate(self, user: str, password: str) -> Deferred[bool]:
        """Log in: whether the center knows this user with this password. After ``False`` it
        closes. Refused: ``busy``; ``syntax`` for what is no single word."""
        return self._ask(requests.Authenticate(user=user, password=password), _login)

    def quit(self) -> Deferred[None]:
        """Take leave; fires, and never fails, when the connection has ended."""
        return self._connection.quit()

    def _ask(
        self,
        command: requests.Command,
        understand: Callable[[Reply], T],
        tag: str | None = None,
        unsayable: Code = Code.SYNTAX,
    ) -> Deferred[T]:
        try:
            answer = self._connection.request(command, tag)
        except ValueError as error:  # the center would say the same of it, could it be said
            return fail(Refused(unsayable, str(error)))
        return answer.addCallback(self._understand, understand)

    def _understand(self, reply: Reply, understand: Callable[[Reply], T]) -> T:
        if isinstance(reply, Refusal):
            raise Refused(reply.code, reply.text)
        try:
            return understand(reply)
        except UnexpectedReply as error:
            self._connection.give_up(error)
            raise


def _login(reply: Reply) -> bool:
    if not isinstance(reply, replies.Success | replies.Failure):
        raise UnexpectedReply("neither success nor failure of a login")
    return isinstance(reply, replies.Success)


def only(kind: type[T], name: str) -> Callable[[Reply], T]:
    """Understands replies of this kind only; ``name`` is what was asked for."""

    def understand(reply: Reply) -> T:
        if not isinstance(reply, kind):
            raise UnexpectedReply(f"no answer to a {name}")
        return reply

    return understand


def rows(parse: Callable[[Rows], T]) -> Callable[[Reply], T]:
    """Understands replies of several lines, by ``parse``."""

    def understand(reply: Reply) -> T:
        assert isinstance(reply, Rows)  # the reader of a list knows only that and refusals
        return parse(reply)

    return understand


def lines(reply: Rows) -> Sequence[str]:
    """The lines of a reply that is for people."""
    return reply.rows
