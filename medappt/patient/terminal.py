"""Standard input and output, as a client in a reactor needs them."""

from __future__ import annotations

import os
from io import TextIOWrapper
from typing import TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from medappt.patient.failures import EndOfInput
from medappt.wire import words

READ_BYTES = 4096
"""A read; and what a line may have: who types more, or pipes something without line ends in, gets
what came so far taken for a line."""


@implementer(IReadDescriptor)
class Keyboard:
    """Lines from a descriptor: a terminal, a pipe, a file.

    It is read only while a line is waited for, and left in the mode it is in: a terminal set to
    non-blocking stays so for the shell behind us, and a thread in ``read`` cannot be ended.
    ``descriptor`` is ``None`` where standard input was closed before we began.
    """

    def __init__(
        self, descriptors: IReactorFDSet, clock: IReactorTime, descriptor: int | None
    ) -> None:
        self._descriptors = descriptors
        self._clock = clock
        self._descriptor = descriptor
        self._buffer = b""
        self._waiting: Deferred[str] | None = None
        self._soon: IDelayedCall | None = None

    def read_line(self) -> Deferred[str]:
        """The next line, without blanks around it. Fails with ``EndOfInput``; never fires at
        once, so that who asks again and again does not recurse. One at a time; cancelling leaves
        what was typed for the next."""
        assert self._waiting is None
        waiting = self._waiting = Deferred(self._cancelled)
        self._soon = self._clock.callLater(0, self._start)
        return waiting

    def _start(self) -> None:
        self._soon = None
        if self._has_line():
            self._deliver()
        elif self._descriptor is None:
            self._stop().errback(EndOfInput("there is no standard input"))
        else:
            self._descriptors.addReader(self)

    def _has_line(self) -> bool:
        return b"\n" in self._buffer or len(self._buffer) >= READ_BYTES

    def _deliver(self) -> None:
        line, _, self._buffer = self._buffer.partition(b"\n")
        self._stop().callback(words.decode(line).strip())

    def _cancelled(self, waiting: Deferred[str]) -> None:
        self._stop()

    def _stop(self) -> Deferred[str]:
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._descriptor is not None:
            self._descriptors.removeReader(self)
        return waiting

    def fileno(self) -> int:
        assert self._descriptor is not None
        return self._descriptor

    def doRead(self) -> None:
        try:
            data = os.read(self.fileno(), READ_BYTES)
        except BlockingIOError:  # whoever shares the descriptor made it so, and was faster
            return
        except OSError as error:  # a directory, a terminal that is gone
            self._at_end(f"standard input cannot be read: {error.strerror}")
            return
        self._buffer += data
        if self._has_line():
            self._deliver()
        elif not data:
            self._at_end("end of input")

    def connectionLost(self, reason: Failure) -> None:
        # how a reactor tells that the other end of a pipe or a terminal hung up
        if self._waiting is not None:
            self._at_end("end of input")

    def _at_end(self, why: str) -> None:
        if self._buffer:
            self._deliver()
        else:
            self._stop().errback(EndOfInput(f"{why}: no index was given"))

    def logPrefix(self) -> str:
        return "Keyboard"


class CarefulStream:
    """A text stream whose reader may go and whose disk may be full: it remembers the first
    failure and is silent from then on, because a visit should not break off half done for it.

    ``None`` stands for a stream that was closed before we began; that is no failure.
    """

    def __init__(self, stream: TextIO | None) -> None:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name the locale cannot write
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        if self._stream is not None and self.failure is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self.failure = error
        return len(text)

    def flush(self) -> None:
        if self._stream is not None and self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self.failure = error

    def discard(self) -> None:
        """Let what could not be written go nowhere, else the interpreter tries again at exit."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)

    def line(self, text: str) -> None:
        """Write one line, at once: a reader at the end of a pipe waits for it."""
        self.write(text + "\n")
        self.flush()

    @property
    def encoding(self) -> str:
        return self._stream.encoding if self._stream is not None else "utf-8"

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("closed")
        return self._stream.fileno()
