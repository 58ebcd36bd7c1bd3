"""Tests of what is remembered of MOVEs under way."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.moves import MoveRuns, PageCursors
from medappt.model.records import Page

FIRST = Page(options=("QUEM090227", "QUEA090227"), is_last=False)
LAST = Page(options=("QUEE090227",), is_last=True)


class MoveRunsTests(SynchronousTestCase):
    """At the home."""

    def setUp(self) -> None:
        self.runs = MoveRuns()

    def test_one_at_a_time(self) -> None:
        """While a list runs, another for the same record is ignored; others are not."""
        self.assertTrue(self.runs.arrive("a", FIRST))
        self.assertFalse(self.runs.arrive("a", FIRST))
        self.assertFalse(self.runs.arrive("a", LAST))
        self.assertTrue(self.runs.arrive("b", FIRST))
        self.assertIsNone(self.runs.answer("a"))

    def test_again_after_its_end(self) -> None:
        """A run that ended without a word (unreachable) is begun again when asked again."""
        self.runs.arrive("a", FIRST)
        self.runs.finish("a")
        self.assertIsNone(self.runs.answer("a"))
        self.assertTrue(self.runs.arrive("a", FIRST))

    def test_the_next_page(self) -> None:
        """A page refused whole is answered with its last option, as often as it is asked."""
        self.runs.arrive("a", FIRST)
        self.runs.finish("a", FIRST)
        for _ in range(2):
            self.assertFalse(self.runs.arrive("a", FIRST))
            self.assertEqual(self.runs.answer("a"), "QUEA090227")
        self.assertTrue(self.runs.arrive("a", LAST))
        self.assertIsNone(self.runs.answer("a"))

    def test_starting_over(self) -> None:
        """After the last page the first is run again: a refusal does not stand for ever."""
        self.runs.arrive("a", FIRST)
        self.runs.finish("a", FIRST)
        self.runs.arrive("a", LAST)
        self.runs.finish("a")
        self.assertTrue(self.runs.arrive("a", FIRST))

    def test_the_rest_is_gone(self) -> None:
        """The same options as the last ones are another page: it has to be run, for only after a
        last page the patient waits."""
        self.runs.arrive("a", FIRST)
        self.runs.finish("a", FIRST)
        self.assertTrue(self.runs.arrive("a", Page(options=FIRST.options, is_last=True)))

    def test_an_empty_page(self) -> None:
        """A page without options has no last one to answer, whatever its sender says follows."""
        empty = Page(options=(), is_last=False)
        self.runs.arrive("a", empty)
        self.runs.finish("a", empty)
        self.assertIsNone(self.runs.answer("a"))
        self.assertTrue(self.runs.arrive("a", empty))

    def test_forgotten(self) -> None:
        """Of a record that is gone nothing is kept."""
        self.runs.arrive("a", FIRST)
        self.runs.finish("a", FIRST)
        self.runs.forget("a")
        self.runs.forget("never heard of")
        self.assertIsNone(self.runs.answer("a"))


class PageCursorsTests(SynchronousTestCase):
    """At the owner."""

    def setUp(self) -> None:
        self.cursors = PageCursors()

    def test_page_after_page(self) -> None:
        """The next page begins behind what was refused last; no answer yet changes nothing."""
        self.assertIsNone(self.cursors["a"])
        self.cursors.sent("a", FIRST)
        self.cursors.answered("a", None)
        self.assertIsNone(self.cursors["a"])
        self.cursors.answered("a", "QUEA090227")
        self.assertEqual(self.cursors["a"], "QUEA090227")
        self.assertIsNone(self.cursors["b"])

    def test_starting_over(self) -> None:
        """After the last page comes the first."""
        self.cursors.answered("a", "QUEA090227")
        self.cursors.sent("a", LAST)
        self.assertIsNone(self.cursors["a"])
        self.cursors.sent("a", LAST)

    def test_forgotten(self) -> None:
        """Of who needs no more pages nothing is kept."""
        self.cursors.answered("a", "QUEA090227")
        self.cursors.answered("b", "QUEA090227")
        self.cursors.retain({"b"})
        self.assertIsNone(self.cursors["a"])
        self.assertEqual(self.cursors["b"], "QUEA090227")
