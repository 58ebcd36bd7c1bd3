"""A command as a process: what it uses of the world, how it ends, and what its failures mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IReactorCore,
    IReactorPluggableNameResolver,
    IReactorTime,
    IReactorUDP,
    IStreamClientEndpoint,
)
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from medappt.commands import machine
from medappt.commands.arguments import FAILED, NO_ANSWER, USAGE, WrongUsage
from medappt.commands.centers import Server
from medappt.model.refusals import Refused
from medappt.patient.distant import CONNECT_SECONDS
from medappt.patient.failures import LoginRefused, NoAnswer, NoEstimate, ServerGone
from medappt.patient.process import ClientProcess, settle
from medappt.patient.sentences import SentencePrinter
from medappt.patient.terminal import CarefulStream
from medappt.role.startup import CannotStart
from medappt.wire.replies import UnexpectedReply
from medappt.wire.words import displayable

TAG_BYTES = 16
"""Of a tag, before it is written in hexadecimal: no two requests of a user ever have the same."""

EXPECTED = (
    CancelledError,
    CannotStart,
    LoginRefused,
    NoAnswer,
    NoEstimate,
    Refused,
    ServerGone,
    UnexpectedReply,
)
"""How a command may fail without a fault of ours."""


class ICommandReactor(IReactorCore, IReactorPluggableNameResolver, IReactorTime, IReactorUDP):
    """What commands use of a reactor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What a command takes from the world. ``connect`` gives the endpoint of a server,
    ``randomness`` so many bytes; ``reactor`` is for what listens at an endpoint string."""

    reactor: object
    clock: IReactorTime
    udp: IReactorUDP
    names: IReactorPluggableNameResolver
    connect: Callable[[Server], IStreamClientEndpoint]
    randomness: Callable[[int], bytes] = field(repr=False)
    out: CarefulStream
    err: CarefulStream

    def new_tag(self) -> str:
        """A tag for a request with an effect, which it shares with no other."""
        return self.randomness(TAG_BYTES).hex()


Command: TypeAlias = Callable[[World], Coroutine[Deferred[Any], Any, int]]
"""Comes to an exit code, or raises one of ``EXPECTED``."""


def explain(error: BaseException) -> tuple[str, int]:
    """What to say of one of ``EXPECTED``, in one line, and the exit code it makes."""
    match error:
        case CancelledError():
            return "; ".join(["interrupted", *map(str, error.args)]), FAILED
        case UnexpectedReply():
            return f"the server does not speak the health center protocol: {error}", FAILED
        case NoAnswer() | NoEstimate():
            return displayable(str(error)), NO_ANSWER
        case WrongUsage():
            return displayable(str(error)), USAGE
        case _:
            return displayable(str(error)), FAILED


class CommandProcess(ClientProcess):
    """Runs a command."""

    def __init__(self, reactor: IReactorCore, world: World, command: Command) -> None:
        super().__init__(reactor)
        self._world = world
        self._command = command

    def begin(self) -> Deferred[None]:
        running = Deferred.fromCoroutine(self._command(self._world))
        return running.addCallbacks(self._done, self._failed)

    def _done(self, exit_code: int) -> None:
        self.exit_code = exit_code

    def _failed(self, failure: Failure) -> None:
        failure.trap(*EXPECTED)
        assert failure.value is not None
        told, self.exit_code = explain(failure.value)
        self._world.err.line(f"medappt: {told}")


def real_world(reactor: ICommandReactor) -> World:
    """That of this process."""

    def connect(server: Server) -> IStreamClientEndpoint:
        return HostnameEndpoint(reactor, *server, timeout=CONNECT_SECONDS)

    return World(
        reactor=reactor,
        clock=reactor,
        udp=reactor,
        names=reactor,
        connect=connect,
        randomness=machine.randomness,
        out=CarefulStream(sys.stdout),
        err=CarefulStream(sys.stderr),
    )


def log_to(out: CarefulStream, err: CarefulStream) -> None:
    """Of all that is logged only faults are shown."""
    printer = SentencePrinter(out, err)
    globalLogBeginner.beginLoggingTo([printer], redirectStandardIO=False, discardBuffer=True)


def run_command(command: Command) -> int:
    """Run ``command`` in this process: its exit code."""
    # not before: whoever only wants the help text, or a reactor of their own, gets none
    from twisted.internet import reactor as installed

    reactor = cast(ICommandReactor, installed)
    world = real_world(reactor)
    log_to(world.out, world.err)
    process = CommandProcess(reactor, world, command)
    reactor.callWhenRunning(process.start)
    reactor.run()
    return settle(process.exit_code, world.out, world.err)
