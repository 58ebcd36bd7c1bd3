"""Lines that somebody types, and the thread in which the reactor runs meanwhile."""

from __future__ import annotations

import builtins
import io
import sys
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from medappt.commands import prompt, threads
from medappt.commands.completion import Vocabulary
from medappt.commands.prompt import Pipe, Terminal
from medappt.commands.threads import ReactorThread
from medappt.role.startup import CannotStart


class FakeReadline:
    """The library that edits lines, with one line in it."""

    def __init__(self) -> None:
        self.line, self.begins = "", 0
        self.history: list[str] = []
        self.is_automatic = True
        self.bound = ""

    def set_auto_history(self, enabled: bool) -> None:
        self.is_automatic = enabled

    def set_completer_delims(self, delimiters: str) -> None:
        self.delimiters = delimiters

    def set_completer(self, complete: Callable[[str, int], str | None]) -> None:
        self.complete = complete

    def parse_and_bind(self, binding: str) -> None:
        self.bound = binding

    def add_history(self, line: str) -> None:
        self.history.append(line)

    def get_line_buffer(self) -> str:
        return self.line

    def get_begidx(self) -> int:
        return self.begins


class TerminalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.readline = FakeReadline()
        self.patch(prompt, "readline", self.readline)
        self.out = io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.typed: list[str | BaseException] = []
        self.signs: list[str] = []
        self.patch(builtins, "input", self.input)
        self.terminal = Terminal("MTLP2345> ", Vocabulary(["Dental", "Dentures"]))

    def input(self, sign: str) -> str:
        self.signs.append(sign)
        typed = self.typed.pop(0)
        if isinstance(typed, BaseException):
            raise typed
        return typed

    def test_lines(self) -> None:
        """A line is asked for behind the sign."""
        self.typed = ["list Dental"]
        self.assertEqual(self.terminal.read_line(), "list Dental")
        self.assertEqual(self.signs, ["MTLP2345> "])

    def test_keys(self) -> None:
        """Ctrl-C drops the line, Ctrl-D ends; both leave the line on the screen."""
        self.typed = [KeyboardInterrupt(), EOFError()]
        self.assertEqual(self.terminal.read_line(), "")
        self.assertIsNone(self.terminal.read_line())
        self.assertEqual(self.out.getvalue(), "\n\n")

    def test_history(self) -> None:
        """Only what is to be remembered is."""
        self.typed = ["a password"]
        self.terminal.read_line()
        self.assertFalse(self.readline.is_automatic)
        self.terminal.remember("list Dental")
        self.assertEqual(self.readline.history, ["list Dental"])

    def complete(self, line: str) -> list[str]:
        """What the tab key offers at the end of a line."""
        beginning = line.rpartition(" ")[2]
        self.readline.line, self.readline.begins = line, len(line) - len(beginning)
        offered: list[str] = []
        while (word := self.readline.complete(beginning, len(offered))) is not None:
            offered.append(word)
        return offered

    def test_completion(self) -> None:
        """The tab key completes the word at the cursor."""
        self.assertEqual(self.readline.bound, "tab: complete")
        self.assertEqual(self.complete("sc"), ["schedule "])
        self.assertEqual(self.complete("list Den"), ["Dental ", "Dentures "])
        self.assertEqual(self.complete("list X"), [])

    def test_without_readline(self) -> None:
        """A Python without the library has lines all the same."""
        self.patch(prompt, "readline", None)
        terminal = Terminal("> ", Vocabulary())
        self.typed = ["list Dental"]
        self.assertEqual(terminal.read_line(), "list Dental")
        terminal.remember("list Dental")


class PipeTests(SynchronousTestCase):
    def test_unreadable(self) -> None:
        """What cannot be read is told."""

        class Directory(io.BytesIO):
            def readline(self, size: int | None = -1, /) -> bytes:
                raise IsADirectoryError(21, "Is a directory")

        pipe = Pipe(io.TextIOWrapper(Directory()))
        error = self.assertRaises(CannotStart, pipe.read_line)
        self.assertEqual(str(error), "standard input cannot be read: Is a directory")


class FakeReactor:
    """Runs functions in the thread that runs it."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._is_running = False
        self.handles_signals: bool | None = None

    def run(self, installSignalHandlers: bool = True) -> None:
        self.handles_signals = installSignalHandlers
        self._is_running = True
        while self._is_running:
            self._calls.get()()

    def stop(self) -> None:
        self._is_running = False

    def callFromThread(self, function: Callable[..., object], *arguments: Any) -> None:
        self._calls.put(lambda: function(*arguments))


class InterruptedQueue(SimpleQueue[Any]):
    """One whose first reader is interrupted while it waits."""

    is_interrupted = False

    def get(self, *arguments: Any) -> Any:
        if not self.is_interrupted:
            self.is_interrupted = True
            raise KeyboardInterrupt
        return super().get(*arguments)


class ThreadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = FakeReactor()

    def test_result(self) -> None:
        """What is done in the reactor comes back, or is raised."""

        async def work() -> int:
            return 7

        async def fail() -> int:
            raise KeyError("x")

        with ReactorThread(self.reactor) as thread:
            self.assertEqual(thread.call(work), 7)
            self.assertRaises(KeyError, thread.call, fail)
            self.assertEqual(thread.call(work), 7)
        self.assertFalse(self.reactor.handles_signals)
        self.assertFalse(thread._thread.is_alive())

    def test_ends_with_the_block(self) -> None:
        """The reactor stops, however the block ends."""
        with self.assertRaises(ZeroDivisionError), ReactorThread(self.reactor) as thread:
            raise ZeroDivisionError
        self.assertFalse(thread._thread.is_alive())

    def test_interrupted(self) -> None:
        """Who interrupts what is under way cancels it, and waits for its end."""
        ended: list[str] = []

        async def work() -> None:
            try:
                await Deferred()
            finally:
                ended.append("cleaned up")

        self.patch(threads, "SimpleQueue", InterruptedQueue)
        with ReactorThread(self.reactor) as thread:
            self.assertRaises(CancelledError, thread.call, work)
        self.assertEqual(ended, ["cleaned up"])
