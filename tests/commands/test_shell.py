"""``medappt shell``: lines are requests."""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from medappt.commands import conversation, prompt
from medappt.commands.completion import Vocabulary
from medappt.commands.conversation import Conversation, Visit
from medappt.commands.password import Login
from medappt.patient.failures import LoginRefused, ServerGone
from tests.commands.scripted import HANG_UP, PASSWORD, SILENCE, ScriptedCase, ScriptedCenter
from tests.commands.test_passwords import TypedOn
from tests.commands.test_requests import BOOKED, SLOTS

T = TypeVar("T")


class Typed:
    """Lines, and those that may be wanted again."""

    def __init__(self, *lines: str, is_interactive: bool = False) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.is_interactive = is_interactive
        self.remembered: list[str] = []

    def read_line(self) -> str | None:
        return next(self._lines, None)

    def remember(self, line: str) -> None:
        self.remembered.append(line)


class ShellCase(ScriptedCase):
    def setUp(self) -> None:
        super().setUp()
        self.out, self.err = io.StringIO(), io.StringIO()
        self.vocabulary = Vocabulary()
        self.interrupts = False

    def call(self, work: Callable[[], Coroutine[Deferred[Any], Any, T]]) -> T:
        """Do ``work``, while the center answers."""
        deferred = Deferred.fromCoroutine(work())
        outcome: list[T | Failure] = []
        deferred.addBoth(outcome.append)
        for _ in range(100):
            while self.center.answer():
                pass
            if outcome:
                break
            if self.interrupts:
                deferred.cancel()
            self.clock.advance(1)
        [result] = outcome
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def shell(self, *lines: str, plan: str | None = None, user: str = "MTLP2345") -> int:
        """The exit code of a shell with these lines."""
        self.typed = Typed(*lines, is_interactive=self.is_terminal)
        visit = Visit(
            login=Login(user=user, password=PASSWORD), server=("center.example", 21000), plan=plan
        )
        return Conversation(self.world(), visit, self.vocabulary, self.call).run(self.typed)


class LinesTests(ShellCase):
    def test_requests(self) -> None:
        """Each line is a request of one session."""
        self.center = ScriptedCenter({"list": SLOTS, "cancel 3": "cancelled 3 -"})
        self.assertEqual(self.shell("list Dental", "", "  # later", "CANCEL 3"), 0)
        self.assertEqual(
            self.center.asked,
            [
                f"authenticate MTLP2345 {PASSWORD}",
                "notices",
                "list Dental",
                "cancel 3",
                "quit",
            ],
        )
        self.assertEqual(self.told, ["MTLA100227  3", "QUEE110227  0", "3  -"])

    def test_numbered(self) -> None:
        """Those about numbered slots, and help, are requests too."""
        self.center = ScriptedCenter(
            {
                "available": "1 Tue 01pm\n.",
                "slots": "1 Tue 01pm doc1 taken\n.",
                "selection": "doc1 41000",
                "help": "list TYPE\nquit\n.",
            }
        )
        self.assertEqual(self.shell("available", "slots", "selection 1", "help"), 0)
        self.assertEqual(
            self.told,
            ["1  Tue  01pm", "1  Tue  01pm  doc1  taken", "doc1  41000", "list TYPE", "quit"],
        )
        self.assertEqual(len(self.center.tags), 1)

    def test_leaving(self) -> None:
        """``quit`` and ``exit`` end it; what stands behind them is not read."""
        self.center = ScriptedCenter({"list": "."})
        for word in ("quit", "exit", "QUIT"):
            self.assertEqual(self.shell(word, "list Dental"), 0)
        self.assertNotIn("list Dental", self.center.asked)

    def test_exit_code(self) -> None:
        """It is that of the last failure, whatever was done well behind it."""
        self.center = ScriptedCenter(
            {"list": ".", "schedule": SILENCE, "book": "error full no place"}
        )
        self.assertEqual(self.shell("book MTLA100227 Dental", "list Dental"), 1)
        self.assertEqual(self.shell("book MTLA100227 Dental", "schedule", "list Dental"), 3)
        self.assertEqual(self.shell("schedule", "book Dental", "list Dental"), 2)
        self.assertEqual(self.complaints[-1], "medappt: syntax: expected: book ID TYPE [PATIENT]")

    def test_no_requests(self) -> None:
        """What a session says by itself cannot be said by hand, nor can nonsense."""
        for line in ("authenticate MTLP2345 hunter2", "notices", "hunter2", "quit now"):
            self.assertEqual(self.shell(line), 2)
        self.assertEqual(
            self.complaints, ["medappt: unknown-command: no such request, try help"] * 4
        )
        self.assertNotIn("hunter2", "".join(self.center.asked))

    def test_history(self) -> None:
        """Only requests are remembered: no password that was typed by mistake."""
        self.center = ScriptedCenter({"list": "error busy later"})
        self.shell("my-password", "authenticate MTLP2345 secret", "list Dental", "book x y")
        self.assertEqual(self.typed.remembered, ["list Dental"])

    def test_learning(self) -> None:
        """What was shown and asked can be completed."""
        self.center = ScriptedCenter({"list": SLOTS})
        self.shell("list Dental")
        self.assertEqual(self.vocabulary.candidates(["book"], "Q"), ["QUEE110227"])
        self.assertEqual(self.vocabulary.candidates(["list"], ""), ["Dental"])

    def test_estimates(self) -> None:
        """A plan that was given is asked about with each booking."""
        self.center = ScriptedCenter({"book": BOOKED, "swap": BOOKED.replace("booked", "swapped")})
        self.network.no_way = OSError(101, "Network is unreachable")
        self.assertEqual(self.shell("book MTLA100227 Dental", plan="insurance1"), 3)
        self.assertIn("there is no way to 10.0.0.1", self.err.getvalue())
        self.shell("swap QUEA100227 Dental MTLA100227 Dental", plan="insurance1")
        self.assertIn("doc1 tells the cost", self.complaints[-1])

    def test_notices(self) -> None:
        """They are told once, at the login."""
        at = "2027-02-10T18:00:00+00:00"
        self.center = ScriptedCenter(
            {"list": ".", "notices": f"7 expired MTLA100227 Dental - {at}\n.", "notices 7": "."}
        )
        self.shell("list Dental")
        self.assertEqual(len(self.complaints), 1)
        self.assertEqual(self.center.asked[1:4], ["notices", "notices 7", "list Dental"])


class EndsTests(ShellCase):
    def test_login(self) -> None:
        """Without a login nothing is asked."""
        self.center = ScriptedCenter({"authenticate": "failure"})
        self.assertRaises(LoginRefused, self.shell, "list Dental")
        self.center.is_down = True
        self.assertRaises(ServerGone, self.shell, "list Dental")

    def test_reconnects(self) -> None:
        """A center that has closed an idle session is connected to again."""
        self.center = ScriptedCenter({"list": [".", HANG_UP, "."]})
        self.assertEqual(self.shell("list Dental", "list Dental"), 0)
        self.assertEqual(len(self.center.connections), 2)

    def test_goes_on(self) -> None:
        """A center that is gone is tried again with each request."""
        self.center = ScriptedCenter({"list": [HANG_UP, HANG_UP, "."]})
        self.assertEqual(self.shell("list Dental", "list Dental"), 1)
        self.assertEqual(len(self.complaints), 1)

    def test_interrupted(self) -> None:
        """Who interrupts a request may go on at a terminal; a pipe ends."""
        self.interrupts = True
        for is_terminal, times in ((True, 2), (False, 1)):
            self.is_terminal = is_terminal
            self.center = ScriptedCenter({"book": SILENCE})
            self.err = io.StringIO()
            self.assertEqual(self.shell("book MTLA100227 Dental", "book MTLA100227 Dental"), 1)
            told = "medappt: interrupted; whether it was done is not known"
            self.assertEqual(self.complaints, [told] * times)

    def test_nobody_reads(self) -> None:
        """When nobody reads the answers no more is asked."""
        self.out = io.StringIO()
        self.out.close()
        self.is_full = True
        world = self.world()
        world.out.failure = OSError(28, "full")
        visit = Visit(
            login=Login(user="MTLP2345", password=PASSWORD), server=("center.example", 21000)
        )
        Conversation(world, visit, self.vocabulary, self.call).run(Typed("list Dental"))
        self.assertNotIn("list Dental", self.center.asked)


class ProcessTests(ShellCase):
    """A shell in this process, with a reactor beside it."""

    def setUp(self) -> None:
        super().setUp()
        shell = self

        class Thread:
            def __init__(self, reactor: object) -> None:
                self.call = shell.call

            def __enter__(self) -> Thread:
                return self

            def __exit__(self, *_: object) -> None:
                shell.has_ended = True

        self.has_ended = False
        self.patch(conversation, "ReactorThread", Thread)
        self.patch(conversation, "real_world", lambda _: self.world())
        self.patch(conversation, "log_to", lambda *_: None)

    def converse(self, *lines: str) -> int:
        login = Login(user="MTLP2345", password=PASSWORD)
        visit = Visit(login=login, server=("center.example", 21000))
        exit_code = conversation.converse(visit, self.vocabulary, Typed(*lines))
        self.assertTrue(self.has_ended)
        return exit_code

    def test_exit_code(self) -> None:
        """The exit code is the conversation's; the reactor ends with it."""
        self.center = ScriptedCenter({"list": "error busy later"})
        self.assertEqual(self.converse("list Dental"), 1)
        self.assertEqual(self.converse(), 0)

    def test_no_login(self) -> None:
        """Where there was none, a line says why."""
        self.center = ScriptedCenter({"authenticate": "failure"})
        self.assertEqual(self.converse("list Dental"), 1)
        self.assertEqual(self.complaints, ["medappt: the center refused the login"])


class CommandTests(ScriptedCase):
    """The words on the command line, and where lines come from."""

    def shell(self, *words: str) -> int:
        self.visits: list[Visit] = []

        def converse(visit: Visit, vocabulary: Vocabulary, lines: prompt.Prompt) -> int:
            self.visits.append(visit)
            self.vocabulary, self.lines = vocabulary, lines
            return 3

        self.patch(conversation, "converse", converse)
        return self.run_command("shell", "--as", "MTLP2345", *words)

    def test_words(self) -> None:
        """Who, where, and which plan."""
        self.stdin = io.TextIOWrapper(io.BytesIO(b"list Dental\r\nschedule"))
        self.assertEqual(self.shell("--server", "h:1", "--insurance", "insurance1"), 3)
        [visit] = self.visits
        self.assertEqual((visit.server, visit.plan), (("h", 1), "insurance1"))
        self.assertEqual(visit.login.password, PASSWORD)
        self.assertFalse(self.lines.is_interactive)
        self.lines.remember("list Dental")
        read = [self.lines.read_line() for _ in range(3)]
        self.assertEqual(read, ["list Dental", "schedule", None])
        self.assertEqual(self.vocabulary.candidates(["list"], ""), [])

    def test_settings(self) -> None:
        """The types of the settings can be completed from the start."""
        config = self.file("MTL.toml", '[center]\ncity = "MTL"\ntypes = ["Eyes"]\n')
        self.stdin = io.TextIOWrapper(io.BytesIO())
        self.shell("--config", str(config))
        self.assertEqual(self.vocabulary.candidates(["list"], ""), ["Eyes"])

    def test_password(self) -> None:
        """A pipe has requests, and so no password."""
        self.environment.clear()
        self.stdin = io.TextIOWrapper(io.BytesIO(b"secret\n"))
        self.assertEqual(self.shell("--server", "h:1"), 1)
        [complaint] = self.complaints
        self.assertIn("use --password-file or MEDAPPT_PASSWORD", complaint)
        self.assertEqual(self.visits, [])

    def test_no_input(self) -> None:
        """There must be a standard input."""
        self.assertEqual(self.shell("--server", "h:1"), 1)
        self.assertIn("no standard input", self.err.getvalue())

    def test_terminal(self) -> None:
        """Somebody at a terminal is prompted."""
        self.is_terminal = True
        self.stdin = TypedOn(io.BytesIO())
        self.assertEqual(self.shell("--server", "h:1"), 3)
        self.assertTrue(self.lines.is_interactive)
        self.is_terminal = False
        self.shell("--server", "h:1")
        self.assertFalse(self.lines.is_interactive)
