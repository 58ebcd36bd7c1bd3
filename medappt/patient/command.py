"""``medappt patient``: a visit on the terminal, in a process of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IReactorCore,
    IReactorFDSet,
    IReactorPluggableNameResolver,
    IReactorTime,
    IReactorUDP,
)
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from medappt.model.refusals import Refused
from medappt.patient.distant import CONNECT_SECONDS
from medappt.patient.failures import (
    EndOfInput,
    LoginRefused,
    NoAnswer,
    NoEstimate,
    ServerGone,
    SlotTaken,
    VisitRefused,
)
from medappt.patient.process import DONE, NO_ANSWER, ClientProcess, settle
from medappt.patient.screen import TextScreen
from medappt.patient.sentences import NAMESPACE, SentencePrinter
from medappt.patient.terminal import CarefulStream, Keyboard
from medappt.patient.visit import Visit, VisitPlan, VisitResult
from medappt.role.files import load
from medappt.wire.datafiles import read_account, read_insurance
from medappt.wire.foreign import Dialect
from medappt.wire.replies import UnexpectedReply
from medappt.wire.words import displayable

_TOLD = (LoginRefused, SlotTaken, NoEstimate)
"""What the screen has said already."""


class IVisitReactor(
    IReactorCore, IReactorFDSet, IReactorPluggableNameResolver, IReactorTime, IReactorUDP
):
    """What this command uses of a reactor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientOptions:
    """What was asked for. ``number`` is the N of PatientN and of the files in ``data``; the rest
    is as in ``VisitPlan``."""

    number: int
    data: Path
    server_host: str
    server_port: int
    doctor_host: str | None = None
    doctor_port_offset: int = 0
    choose: str | None = None
    is_classroom: bool = False
    dialect: Dialect = Dialect.LINE


def read_plan(options: PatientOptions) -> VisitPlan:
    """The visit that the options and the patient's files describe. Raises ``CannotStart``."""
    name = f"patient{options.number}"
    account = load(options.data / f"{name}.txt", read_account)
    return VisitPlan(
        user=account.user,
        password=account.password,
        insurance=load(options.data / f"{name}insurance.txt", read_insurance),
        doctor_host=options.doctor_host,
        doctor_port_offset=options.doctor_port_offset,
        choose=options.choose,
        is_classroom=options.is_classroom,
        dialect=options.dialect,
    )


class VisitProcess(ClientProcess):
    """Runs a visit."""

    _log = Logger(namespace=NAMESPACE)

    def __init__(self, reactor: IReactorCore, visit: Visit) -> None:
        super().__init__(reactor)
        self._visit = visit

    def begin(self) -> Deferred[None]:
        return self._visit.run().addCallbacks(self._done, self._failed)

    def _done(self, result: VisitResult) -> None:
        self.exit_code = DONE

    def _failed(self, failure: Failure) -> None:
        failure.trap(
            CancelledError,
            EndOfInput,
            NoAnswer,
            NoEstimate,
            Refused,
            ServerGone,
            UnexpectedReply,
            VisitRefused,
        )
        if failure.check(NoAnswer, NoEstimate) and not self._is_interrupted:
            self.exit_code = NO_ANSWER
        if not failure.check(*_TOLD):
            self._log.error("medappt: {reason}", reason=_reason(failure.value))


def _reason(error: BaseException | None) -> str:
    match error:
        case CancelledError():
            return "interrupted"
        case UnexpectedReply():
            return f"the server does not speak the health center protocol: {error}"
        case Refused():
            return displayable(f"the center refused: {error}")
        case _:
            return displayable(str(error))


def run_patient(options: PatientOptions) -> int:
    """``medappt patient``: the exit code. Raises ``CannotStart`` before anything happened."""
    plan = read_plan(options)
    out, err = CarefulStream(sys.stdout), CarefulStream(sys.stderr)
    printer = SentencePrinter(out, err)
    globalLogBeginner.beginLoggingTo([printer], redirectStandardIO=False, discardBuffer=True)
    # not before: whoever only wants the help text, or a reactor of their own, gets none
    from twisted.internet import reactor as installed

    reactor = cast(IVisitReactor, installed)
    process = plan_visit(reactor, options, plan, out, sys.stdin)
    reactor.callWhenRunning(process.start)
    reactor.run()
    return settle(process.exit_code, out, err)


def plan_visit(
    reactor: IVisitReactor,
    options: PatientOptions,
    plan: VisitPlan,
    out: CarefulStream,
    standard_input: TextIO | None,
) -> VisitProcess:
    """A visit of ``reactor``, ready to start."""
    descriptor = None if standard_input is None else standard_input.fileno()
    screen = TextScreen(options.number, Keyboard(reactor, reactor, descriptor), out)
    if plan.is_classroom:
        screen.classroom()
    server = HostnameEndpoint(
        reactor, options.server_host, options.server_port, timeout=CONNECT_SECONDS
    )
    visit = Visit(plan, screen, server, clock=reactor, udp=reactor, names=reactor)
    return VisitProcess(reactor, visit)
