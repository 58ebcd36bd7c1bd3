"""How transcripts are read."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.folders import temporary_folder
from tests.transcripts.memory import MemoryStage
from tests.transcripts.transcript import Case, Step, read, transcripts, unescape


class TranscriptTests(SynchronousTestCase):
    """A transcript that is misread would prove nothing."""

    def read(self, text: str) -> list[Case]:
        path = Path(temporary_folder(self), "t.txt")
        path.write_text(text)
        return read(path)

    def steps(self, *lines: str) -> tuple[Step, ...]:
        return self.read("\n".join(["case x", *lines]))[0].steps

    def test_there_are_some(self) -> None:
        """Each file has cases, and each case sends or closes."""
        self.assertGreater(len(transcripts()), 20)
        for path in transcripts():
            for case in read(path):
                verbs = {step.verb for step in case.steps}
                self.assertTrue(verbs & {">", ">>", "closes", "shuts"}, path.name)

    def test_bytes(self) -> None:
        """Escapes are those of C."""
        self.assertEqual(unescape(r"a\0b\n\r\t\\0\xff\x20"), b"a\0b\n\r\t\\0\xff ")

    def test_segments(self) -> None:
        """Whole, joined, byte by byte, filled up."""
        self.assertEqual(
            self.steps("> ab", "x > c"), (Step(">", "client", b"ab"), Step(">", "x", b"c"))
        )
        self.assertEqual(self.steps("& ab", "> c"), (Step(">", "client", b"abc"),))
        self.assertEqual(
            self.steps(r"bytes > a\0"), (Step(">", "client", b"a"), Step(">", "client", b"\0"))
        )
        self.assertEqual(self.steps("record 4 > ab")[0].data, b"ab\0\0")
        dirty = self.steps(r"dirty 1024 > ab\0")[0].data
        self.assertEqual((len(dirty), dirty[:10]), (1024, b"ab\0ccess\0c"))

    def test_answers(self) -> None:
        """Those in a row are one; a pause has milliseconds."""
        self.assertEqual(self.steps("< a", "< b"), (Step("<", "client", b"ab"),))
        self.assertEqual(self.steps("< a", "x < b")[1], Step("<", "x", b"b"))
        self.assertEqual(self.steps("pause 150")[0].seconds, 0.15)

    def test_what_is_given(self) -> None:
        """Taken slots and other openings."""
        case = self.read("case x\ngiven 2 is taken\ngiven 3 openings\n> a\n")[0]
        self.assertEqual((case.taken, case.availabilities.count("\n")), ((2,), 3))
        self.assertEqual(self.read("case x\ngiven all are taken\n")[0].taken, (1, 2, 3, 4, 5, 6))

    def test_what_is_no_transcript(self) -> None:
        """It is not passed over."""
        for text in ("> a", "case x\nsays a", "case x\nrecord 2 > ab", "case x\n& a", "case x\n>a"):
            self.assertRaises(ValueError, self.read, text)

    def test_a_wrong_answer_fails(self) -> None:
        """A byte more, a byte less, none, one that was not expected, one too late."""
        hello = r"> authenticate patient1 password111\0"
        for lines in (
            (hello, "< success"),
            (hello, r"< success\0\0"),
            (hello, "nothing"),
            (hello,),
            (hello, "closed"),
            ("> authenticate patient1 password111", r"< success\0"),
            ("a >> insurance1", "b << 30"),
            ("a >> insurance1", r"a << 30\0"),
            ("a >> insurance1",),
        ):
            case = Case("x", self.steps(*lines), (), "1 Mon 03pm doc2 42000\n")
            self.assertRaises(self.failureException, MemoryStage(self, case).play)
