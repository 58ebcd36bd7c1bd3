"""The visit as a process: files, exit codes, interruption."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO, cast

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogBeginner

from medappt.model.refusals import Code, Refused
from medappt.patient import command
from medappt.patient.command import (
    IVisitReactor,
    PatientOptions,
    VisitProcess,
    plan_visit,
    read_plan,
    run_patient,
)
from medappt.patient.failures import (
    EndOfInput,
    InvalidIndex,
    LoginRefused,
    NoAnswer,
    NoEstimate,
    NoFreeSlot,
    ServerGone,
    SlotTaken,
)
from medappt.patient.process import DONE, FAILED, NO_ANSWER
from medappt.patient.terminal import CarefulStream
from medappt.patient.visit import Visit, VisitPlan, VisitResult
from medappt.role.startup import CannotStart
from medappt.wire.foreign import Dialect
from medappt.wire.replies import UnexpectedReply
from tests.patient.fakes import PatientCase

RESULT = VisitResult(doctor="doc1", doctor_port=1, user="u", insurance="i", amount="1")


def options(data: Path, **changes: Any) -> PatientOptions:
    fields = {"number": 1, "data": data, "server_host": "127.0.0.1", "server_port": 21000}
    return PatientOptions(**{**fields, **changes})


class FakeVisit:
    """A visit that ends when a test says so, in two steps when it is cancelled."""

    def __init__(self) -> None:
        self.running: Deferred[VisitResult] = Deferred(self._cancelled)
        self.is_cancelled = False
        self.closing: Deferred[VisitResult] | None = None

    def _cancelled(self, _: Deferred[VisitResult]) -> None:
        self.is_cancelled = True

    def run(self) -> Deferred[VisitResult]:
        if self.closing is not None:
            self.running.addErrback(lambda _: self.closing)
        return self.running


class ProcessCase(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.reactor = MemoryReactorClock()
        self.visit = self.make_visit()
        self.process = VisitProcess(cast(IReactorCore, self.reactor), cast(Visit, self.visit))
        self.process.start()

    def make_visit(self) -> FakeVisit:
        return FakeVisit()

    def interrupt(self) -> Deferred[None] | None:
        (interrupt,) = [function for function, _, _ in self.reactor.triggers["before"]["shutdown"]]
        outcome: Deferred[None] | None = interrupt()
        return outcome


class ExitCodeTests(ProcessCase):
    def test_done(self) -> None:
        """A visit that came out well is 0, and ends the process."""
        self.assertFalse(self.reactor.hasStopped)
        self.visit.running.callback(RESULT)
        self.assertEqual(self.process.exit_code, DONE)
        self.assertTrue(self.reactor.hasStopped)
        self.assertIsNone(self.interrupt())

    def test_failures(self) -> None:
        """Each end has its code, and is told once: by the screen, or here."""
        busy = Refused(Code.BUSY, "later\x1b[2J")
        for failure, code, told in (
            (LoginRefused("a"), FAILED, []),
            (SlotTaken("a"), FAILED, []),
            (NoEstimate("a"), NO_ANSWER, []),
            (NoAnswer("silent"), NO_ANSWER, ["medappt: silent"]),
            (ServerGone("gone\n"), FAILED, ["medappt: gone\\n"]),
            (EndOfInput("end"), FAILED, ["medappt: end"]),
            (NoFreeSlot("none"), FAILED, ["medappt: none"]),
            (InvalidIndex("9"), FAILED, ["medappt: the center has no appointment '9'"]),
            (busy, FAILED, ["medappt: the center refused: busy: later\\x1b[2J"]),
            (
                UnexpectedReply("x"),
                FAILED,
                ["medappt: the server does not speak the health center protocol: x"],
            ),
        ):
            self.setUp()
            self.visit.running.errback(failure)
            self.assertEqual(self.process.exit_code, code, failure)
            self.assertEqual(self.texts("error"), told)
            self.assertTrue(self.reactor.hasStopped)

    def test_fault(self) -> None:
        """A fault of our own ends the process as well, and is not hidden."""
        self.visit.running.errback(KeyError("x"))
        self.assertEqual(self.process.exit_code, FAILED)
        self.assertEqual(self.texts("critical"), ["medappt: a fault of this program"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertTrue(self.reactor.hasStopped)


class InterruptTests(ProcessCase):
    def test_interrupted(self) -> None:
        """A reactor that is stopped waits until the visit is broken off, and fails it."""
        waiting = self.interrupt()
        assert waiting is not None
        self.assertTrue(self.visit.is_cancelled)
        self.assertIsNone(self.successResultOf(waiting))
        self.assertEqual(self.process.exit_code, FAILED)
        self.assertEqual(self.texts("error"), ["medappt: interrupted"])
        self.assertFalse(self.reactor.hasStopped)


class SlowInterruptTests(ProcessCase):
    def make_visit(self) -> FakeVisit:
        visit = FakeVisit()
        visit.closing = Deferred()
        return visit

    def test_interrupted_slowly(self) -> None:
        """Until then it waits; how the visit ends after that is no matter."""
        closed = self.visit.closing
        assert closed is not None
        waiting = self.interrupt()
        assert waiting is not None
        self.assertNoResult(waiting)
        closed.errback(NoEstimate("a"))
        self.successResultOf(waiting)
        self.assertEqual(self.process.exit_code, FAILED)


class PlanTests(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)
        (self.data / "patient1.txt").write_text("patient1 password111\n")
        (self.data / "patient1insurance.txt").write_text("insurance1\n")

    def test_plan(self) -> None:
        """The plan is what the files and the options say."""
        plan = read_plan(
            options(
                self.data,
                doctor_host="::1",
                doctor_port_offset=-2,
                choose="4",
                is_classroom=True,
                dialect=Dialect.BARE,
            )
        )
        expected = VisitPlan(
            user="patient1",
            password="password111",
            insurance="insurance1",
            doctor_host="::1",
            doctor_port_offset=-2,
            choose="4",
            is_classroom=True,
            dialect=Dialect.BARE,
        )
        self.assertEqual(plan, expected)

    def test_missing(self) -> None:
        """A file that is not there is named."""
        error = self.assertRaises(CannotStart, read_plan, options(self.data, number=2))
        self.assertIn("patient2.txt", str(error))
        (self.data / "patient1insurance.txt").unlink()
        error = self.assertRaises(CannotStart, read_plan, options(self.data))
        self.assertIn("patient1insurance.txt", str(error))

    def test_broken(self) -> None:
        """A file that is not right is named, with its line."""
        (self.data / "patient1.txt").write_text("# me\npatient1\n")
        error = self.assertRaises(CannotStart, read_plan, options(self.data))
        self.assertIn("patient1.txt, line 2", str(error))


class RunTests(PlanTests):
    """The whole command, on a reactor and streams of our own."""

    def setUp(self) -> None:
        super().setUp()
        self.reactor = MemoryReactorClock()
        self.stream = io.StringIO()

    def plan(self, standard_input: TextIO | None, **changes: Any) -> VisitProcess:
        chosen = options(self.data, **changes)
        return plan_visit(
            cast(IVisitReactor, self.reactor),
            chosen,
            read_plan(chosen),
            CarefulStream(self.stream),
            standard_input,
        )

    def test_connects(self) -> None:
        """Starting connects to the server that was named."""
        self.plan(None).start()
        self.assertEqual(self.reactor.tcpClients[0][:2], ("127.0.0.1", 21000))
        self.assertEqual(self.texts("warn"), [])

    def test_classroom(self) -> None:
        """Classroom mode is said before anything else, once."""
        with open(os.devnull) as nothing:
            self.plan(nothing, is_classroom=True)
        self.assertEqual(len(self.texts("warn")), 1)
        self.assertEqual(self.reactor.tcpClients, [])

    def run_with(self, stream: TextIO, exit_code: int) -> tuple[int, str]:
        """Run the command with a visit that ends so; its exit code and standard error."""
        errors = io.StringIO()
        process = VisitProcess(cast(IReactorCore, self.reactor), cast(Visit, FakeVisit()))
        process.exit_code = exit_code

        def plan(_: object, __: object, ___: object, out: CarefulStream, ____: object) -> object:
            out.line("Phase1")
            return process

        self.patch(command, "plan_visit", plan)
        self.patch(globalLogBeginner, "beginLoggingTo", lambda *_, **__: None)
        self.patch(installed, "callWhenRunning", self.reactor.callWhenRunning)
        self.patch(installed, "run", self.reactor.run)
        self.patch(sys, "stdout", stream)
        self.patch(sys, "stderr", errors)
        return run_patient(options(self.data)), errors.getvalue()

    def test_exit_code(self) -> None:
        """The exit code is the visit's."""
        self.assertEqual(self.run_with(io.StringIO(), NO_ANSWER), (NO_ANSWER, ""))
        self.assertTrue(self.reactor.hasRun)

    def test_nobody_reads(self) -> None:
        """A visit whose sentences could not be written is not done well, and says why."""
        for ended, told in ((DONE, FAILED), (NO_ANSWER, NO_ANSWER)):
            self.setUp()
            reading, writing = os.pipe()
            os.close(reading)
            with os.fdopen(writing, "w") as stream:
                exit_code, errors = self.run_with(stream, ended)
            self.assertEqual(exit_code, told)
            self.assertEqual(errors, "medappt: standard output: Broken pipe\n")
