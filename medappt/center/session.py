"""The session of one connection: what is served when, as a typed state machine (section 4).

``turns`` feeds it requests in order, ``protocol`` does what touches bytes and timers, ``core``
does what the machine says, and the portal of twisted.cred says who somebody is.
"""

from __future__ import annotations

from typing import Protocol

from automat import TypeMachineBuilder

from medappt.center.core import SessionCore
from medappt.center.help import help_rows
from medappt.center.turns import Turn
from medappt.center.visitor import AnyVisitor
from medappt.model.refusals import Code, Refusal
from medappt.wire.replies import Success
from medappt.wire.requests import Authenticate, Malformed, Request

_LOG_IN_FIRST = Refusal(code=Code.UNAUTHENTICATED, text="log in first")
_ALREADY_IN = Refusal(code=Code.SYNTAX, text="already logged in")
_TOO_MANY_LOGINS = Refusal(code=Code.BUSY, text="the login could not be checked, try again")


class Session(Protocol):
    """What happens to a session. The first seven come in turn and are answered in turn."""

    def login(self, turn: Turn, asked: Authenticate) -> None:
        """Somebody says who they are."""

    def ask(self, turn: Turn, asked: Request) -> None:
        """A request that needs a login."""

    def help(self, turn: Turn) -> None:
        """Which requests are open?"""

    def quit(self, turn: Turn) -> None:
        """The peer takes its leave."""

    def malformed(self, turn: Turn, asked: Malformed) -> None:
        """A line that is no request."""

    def overlong(self, turn: Turn) -> None:
        """A line that was too long; nothing is read behind it."""

    def end_of_input(self, turn: Turn) -> None:
        """The peer sends nothing more, and all it sent is answered."""

    def admitted(self, turn: Turn, visitor: AnyVisitor) -> None:
        """The login was good."""

    def rejected(self, turn: Turn) -> None:
        """The login was not good."""

    def put_off(self, turn: Turn) -> None:
        """The login could not be looked at: too many wait, or the store did not answer."""

    def too_late(self) -> None:
        """The time to log in, or to send another line, is over."""

    def disconnected(self) -> None:
        """The connection is gone."""


def _keep_visitor(
    session: Session, core: SessionCore, turn: Turn, visitor: AnyVisitor
) -> AnyVisitor:
    return visitor


_builder = TypeMachineBuilder(Session, SessionCore)
_arriving = _builder.state("arriving")
_checking = _builder.state("checking")
_serving = _builder.state("serving", _keep_visitor)
_ended = _builder.state("ended")


# arriving: nobody has logged in yet


@_arriving.upon(Session.login).to(_checking)
def _check(session: Session, core: SessionCore, turn: Turn, asked: Authenticate) -> None:
    core.check(
        asked,
        lambda visitor: session.admitted(turn, visitor),
        lambda: session.rejected(turn),
        lambda: session.put_off(turn),
    )


@_arriving.upon(Session.ask).loop()
def _ask_first(session: Session, core: SessionCore, turn: Turn, asked: Request) -> None:
    core.answer(turn, _LOG_IN_FIRST)


@_arriving.upon(Session.help).loop()
def _help_arriving(session: Session, core: SessionCore, turn: Turn) -> None:
    core.answer(turn, help_rows(None))


@_arriving.upon(Session.malformed).loop()
def _malformed_arriving(session: Session, core: SessionCore, turn: Turn, asked: Malformed) -> None:
    core.answer(turn, asked.refusal)


# checking: the next request waits for its turn, so only the result of the login can come


@_checking.upon(Session.admitted).to(_serving)
def _admit(session: Session, core: SessionCore, turn: Turn, visitor: AnyVisitor) -> None:
    core.await_requests()
    core.answer(turn, Success())


@_checking.upon(Session.rejected).to(_ended)
def _reject(session: Session, core: SessionCore, turn: Turn) -> None:
    core.turn_away(turn)


@_checking.upon(Session.put_off).to(_arriving)
def _put_off(session: Session, core: SessionCore, turn: Turn) -> None:
    core.await_login()
    core.answer(turn, _TOO_MANY_LOGINS)


# serving: requests of a visitor


@_serving.upon(Session.login).loop()
def _login_again(
    session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn, asked: Authenticate
) -> None:
    core.refuse(turn, Malformed(refusal=_ALREADY_IN, text="authenticate"), visitor)


@_serving.upon(Session.ask).loop()
def _serve(
    session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn, asked: Request
) -> None:
    core.serve(turn, asked, visitor)


@_serving.upon(Session.help).loop()
def _help(session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn) -> None:
    core.answer(turn, help_rows(visitor))


@_serving.upon(Session.malformed).loop()
def _malformed(
    session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn, asked: Malformed
) -> None:
    core.refuse(turn, asked, visitor)


# the ways to the end, from either


@_arriving.upon(Session.quit).to(_ended)
def _quit_arriving(session: Session, core: SessionCore, turn: Turn) -> None:
    core.say_goodbye(turn)


@_serving.upon(Session.quit).to(_ended)
def _quit(session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn) -> None:
    core.say_goodbye(turn)


@_arriving.upon(Session.overlong).to(_ended)
def _overlong_arriving(session: Session, core: SessionCore, turn: Turn) -> None:
    core.cut_off(turn)


@_serving.upon(Session.overlong).to(_ended)
def _overlong(session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn) -> None:
    core.cut_off(turn)


@_arriving.upon(Session.end_of_input).to(_ended)
def _end_of_input_arriving(session: Session, core: SessionCore, turn: Turn) -> None:
    core.part()


@_serving.upon(Session.end_of_input).to(_ended)
def _end_of_input(session: Session, core: SessionCore, visitor: AnyVisitor, turn: Turn) -> None:
    core.part()


@_arriving.upon(Session.too_late).to(_ended)
def _too_late_arriving(session: Session, core: SessionCore) -> None:
    core.drop()


@_serving.upon(Session.too_late).to(_ended)
def _too_late(session: Session, core: SessionCore, visitor: AnyVisitor) -> None:
    core.drop()


@_arriving.upon(Session.disconnected).to(_ended)
def _disconnected_arriving(session: Session, core: SessionCore) -> None:
    core.end()


@_checking.upon(Session.disconnected).to(_ended)
def _disconnected_checking(session: Session, core: SessionCore) -> None:
    core.end()


@_serving.upon(Session.disconnected).to(_ended)
def _disconnected(session: Session, core: SessionCore, visitor: AnyVisitor) -> None:
    core.end()


# ended: what was under way may still come to its result


_ended.upon(Session.admitted).loop().returns(None)
_ended.upon(Session.rejected).loop().returns(None)
_ended.upon(Session.put_off).loop().returns(None)
_ended.upon(Session.disconnected).loop().returns(None)

new_session = _builder.build()
"""Makes a session in the state *arriving* from its ``SessionCore``."""
