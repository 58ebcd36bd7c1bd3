"""Where a shell has its lines from: somebody at a terminal, with completion and history, or a
pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from medappt.commands.completion import Vocabulary
from medappt.role.startup import CannotStart
from medappt.wire import words

try:
    import readline
except ImportError:  # a Python without it still has terminals
    readline = None  # type: ignore[assignment]


class Prompt(Protocol):
    """Gives lines, one after the other."""

    @property
    def is_interactive(self) -> bool:
        """Whether somebody types them, and sees what becomes of each."""

    def read_line(self) -> str | None:
        """The next line; ``None`` at the end. Waits for it."""

    def remember(self, line: str) -> None:
        """This line was a request: it may be wanted again."""


class Pipe:
    """Lines of a file or a program. May be interrupted by ``KeyboardInterrupt``."""

    is_interactive = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read_line(self) -> str | None:
        try:
            data = self._stream.buffer.readline()
        except OSError as error:
            raise CannotStart(f"standard input cannot be read: {error.strerror}") from None
        return words.decode(data).rstrip("\r\n") if data else None

    def remember(self, line: str) -> None:
        """Nobody asks a pipe for it."""


class Terminal:
    """Lines that somebody types after ``sign``. The history is in memory, and has requests only:
    no password that was typed by mistake."""

    is_interactive = True

    def __init__(self, sign: str, vocabulary: Vocabulary) -> None:
        self._sign = sign
        self._vocabulary = vocabulary
        self._found: Sequence[str] = ()
        if readline is not None:
            readline.set_auto_history(False)
            readline.set_completer_delims(" \t")
            readline.set_completer(self._complete)
            readline.parse_and_bind("tab: complete")

    def read_line(self) -> str | None:
        try:
            return input(self._sign)
        except EOFError:
            sys.stdout.write("\n")
            return None
        except KeyboardInterrupt:  # the line is dropped, as in every shell
            sys.stdout.write("\n")
            return ""

    def remember(self, line: str) -> None:
        if readline is not None:
            readline.add_history(line)

    def _complete(self, beginning: str, number: int) -> str | None:
        """What readline calls, with 0 and upwards until there is no more."""
        if number == 0:
            before = words.split(readline.get_line_buffer()[: readline.get_begidx()])
            self._found = self._vocabulary.candidates(before, beginning)
        return f"{self._found[number]} " if number < len(self._found) else None


def open_prompt(user: str, vocabulary: Vocabulary) -> Prompt:
    """The prompt of this process. Raises ``CannotStart``."""
    stdin: Any = sys.stdin
    if stdin is None:
        raise CannotStart("there is no standard input to read requests from")
    if stdin.isatty() and sys.stdout is not None and sys.stdout.isatty():
        return Terminal(f"{user}> ", vocabulary)
    return Pipe(stdin)
