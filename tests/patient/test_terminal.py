"""Standard input and output, with all that people connect to them."""

from __future__ import annotations

import errno
import os
import tempfile
from io import BytesIO, StringIO, TextIOWrapper
from typing import cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IReactorFDSet
from twisted.python.failure import Failure

from medappt.patient.failures import EndOfInput
from medappt.patient.terminal import READ_BYTES, CarefulStream, Keyboard
from tests.patient.fakes import FakeDescriptors, PatientCase


class KeyboardTests(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.descriptors = FakeDescriptors()
        self.reading, self.writing = os.pipe()
        self.addCleanup(self.close_all)
        self.keyboard = self.open(self.reading)

    def close_all(self) -> None:
        os.close(self.reading)
        if self.writing >= 0:
            os.close(self.writing)

    def open(self, descriptor: int | None) -> Keyboard:
        return Keyboard(cast(IReactorFDSet, self.descriptors), self.clock, descriptor)

    def read(self) -> Deferred[str]:
        line = self.keyboard.read_line()
        self.assertNoResult(line)
        self.clock.advance(0)
        return line

    def types(self, data: bytes) -> None:
        os.write(self.writing, data)

    def hang_up(self) -> None:
        os.close(self.writing)
        self.writing = -1

    def assert_idle(self) -> None:
        self.assertEqual(self.descriptors.readers, set())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_line(self) -> None:
        """A line comes without blanks around it; nothing is read before and after."""
        self.assert_idle()
        line = self.read()
        self.assertEqual(self.descriptors.readers, {self.keyboard})
        self.assertEqual(self.keyboard.fileno(), self.reading)
        self.assertEqual(self.keyboard.logPrefix(), "Keyboard")
        self.types(b" 2\r\n")
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "2")
        self.assert_idle()

    def test_pieces(self) -> None:
        """A line may come in pieces."""
        line = self.read()
        for piece in (b"1", b"2"):
            self.types(piece)
            self.keyboard.doRead()
            self.assertNoResult(line)
        self.types(b"\n")
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "12")

    def test_several(self) -> None:
        """Lines that come together are given one by one, empty ones too."""
        line = self.read()
        self.types(b"9\n\n1")
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "9")
        self.assertEqual(self.successResultOf(self.read()), "")
        line = self.read()
        self.assertNoResult(line)
        self.hang_up()
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "1")
        line = self.read()
        self.keyboard.doRead()
        self.assertIn("end of input", str(self.failure_of(line, EndOfInput)))
        self.assert_idle()

    def test_not_text(self) -> None:
        """What is no text is a line like any other."""
        line = self.read()
        self.types(b"\xff\x00\n")
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "\udcff\x00")

    def test_no_line_end(self) -> None:
        """A flood without a line end does not fill our memory."""
        line = self.read()
        self.types(b"9" * (READ_BYTES + 10))
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "9" * READ_BYTES)

    def test_hung_up(self) -> None:
        """A pipe or terminal that hangs up ends the input, after what came before."""
        line = self.read()
        self.types(b"1")
        self.keyboard.doRead()
        self.keyboard.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.successResultOf(line), "1")
        line = self.read()
        self.keyboard.connectionLost(Failure(ConnectionLost()))
        self.failure_of(line, EndOfInput)
        self.keyboard.connectionLost(Failure(ConnectionLost()))

    def test_no_input(self) -> None:
        """A process that was started without standard input has none."""
        self.keyboard = self.open(None)
        self.failure_of(self.read(), EndOfInput)

    def test_unreadable(self) -> None:
        """What cannot be read is the end, and says why."""
        with tempfile.TemporaryDirectory() as folder:
            descriptor = os.open(folder, os.O_RDONLY)
            self.addCleanup(os.close, descriptor)
            self.keyboard = self.open(descriptor)
            line = self.read()
            self.keyboard.doRead()
        self.assertIn(os.strerror(errno.EISDIR), str(self.failure_of(line, EndOfInput)))

    def test_not_blocking(self) -> None:
        """A descriptor that somebody made non-blocking, and read before us, is waited for."""
        os.set_blocking(self.reading, False)
        line = self.read()
        self.keyboard.doRead()
        self.assertNoResult(line)

    def test_cancelled(self) -> None:
        """Nobody reads for who no longer waits; what was typed is for the next."""
        line = self.keyboard.read_line()
        line.cancel()
        self.failure_of(line, CancelledError)
        self.assert_idle()
        line = self.read()
        self.types(b"1")
        self.keyboard.doRead()
        line.cancel()
        self.failure_of(line, CancelledError)
        self.assert_idle()
        line = self.read()
        self.types(b"2\n")
        self.keyboard.doRead()
        self.assertEqual(self.successResultOf(line), "12")


class FullDisk(StringIO):
    """A stream that takes text, and cannot keep it."""

    def __init__(self, *, fails_early: bool) -> None:
        super().__init__()
        self.fails_early = fails_early
        self.attempts = 0

    def write(self, text: str) -> int:
        self.attempts += 1
        if self.fails_early:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(text)

    def flush(self) -> None:
        self.attempts += 1
        raise OSError(errno.ENOSPC, "No space left on device")


class CarefulStreamTests(PatientCase):
    def test_line(self) -> None:
        """A line is there at once."""
        stream = StringIO()
        careful = CarefulStream(stream)
        careful.line("a")
        self.assertEqual(stream.getvalue(), "a\n")
        self.assertIsNone(careful.failure)
        self.assertFalse(careful.isatty())

    def test_failure(self) -> None:
        """The first failure is remembered, and nothing is tried after it."""
        for fails_early in (True, False):
            stream = FullDisk(fails_early=fails_early)
            careful = CarefulStream(stream)
            careful.line("a")
            assert careful.failure is not None
            self.assertEqual(careful.failure.errno, errno.ENOSPC)
            before = stream.attempts
            careful.line("b")
            self.assertEqual(stream.attempts, before)

    def test_closed(self) -> None:
        """A stream that was closed before we began is no failure."""
        careful = CarefulStream(None)
        careful.line("a")
        self.assertIsNone(careful.failure)
        self.assertEqual((careful.isatty(), careful.encoding), (False, "utf-8"))
        self.assertRaises(OSError, careful.fileno)

    def test_other_alphabets(self) -> None:
        """What the locale cannot write is shown escaped."""
        data = BytesIO()
        careful = CarefulStream(TextIOWrapper(data, encoding="ascii"))
        careful.line("Zoé")
        self.assertEqual(data.getvalue(), b"Zo\\xe9\n")
        self.assertEqual(careful.encoding, "ascii")

    def test_discard(self) -> None:
        """What could not be written does not fail again at the end of the process."""
        reading, writing = os.pipe()
        os.close(reading)
        stream = os.fdopen(writing, "w")
        careful = CarefulStream(stream)
        careful.line("a")
        self.assertIsInstance(careful.failure, BrokenPipeError)
        careful.discard()
        stream.close()
