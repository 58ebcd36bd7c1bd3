"""Requests that happen once, and replies in the order of the requests, on the wire."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.center.fixtures import ALL_FREE, HeldWorker, MemoryCenter


class TagTests(SynchronousTestCase):
    """A tag makes a request with an effect happen once."""

    def test_the_first_reply_comes_again(self) -> None:
        """On any connection, and without a second effect."""
        center = MemoryCenter()
        self.assertEqual(center.login().ask("@t selection 2"), ["@t doc2 42000"])
        again = center.login()
        self.assertEqual(again.ask("@t SELECTION  2"), ["@t doc2 42000"])
        self.assertEqual(again.ask("schedule"), ["2 - booked 2026-11-23T15:00:00+00:00", "."])

    def test_refusals_are_remembered(self) -> None:
        """Even when the reason is gone."""
        center = MemoryCenter()
        first, second = center.login(), center.login("patient2", "password222")
        first.ask("selection 2")
        self.assertEqual(second.ask("@t selection 2"), ["@t notavailable"])
        first.ask("cancel 2")
        self.assertEqual(second.ask("@t selection 2"), ["@t notavailable"])
        self.assertEqual(second.ask("@u selection 2"), ["@u doc2 42000"])
        self.assertEqual(second.ask("@v selection x"), ["@v invalid"])
        self.assertEqual(second.ask("@v selection x"), ["@v invalid"])

    def test_a_replay_changes_nothing(self) -> None:
        """A cancellation sent again does not cancel what was reserved since."""
        center = MemoryCenter()
        client = center.login()
        client.ask("selection 2")
        self.assertEqual(client.ask("@c cancel 2"), ["@c cancelled 2 -"])
        client.ask("selection 2")
        self.assertEqual(client.ask("@c cancel 2"), ["@c cancelled 2 -"])
        self.assertIn("2 Mon 03pm doc2 taken", client.ask("slots"))
        client.ask("@s selection 1")
        client.ask("cancel 1")
        self.assertEqual(client.ask("@s selection 1"), ["@s doc1 41000"])
        self.assertIn("1 Tue 01pm doc1 free", client.ask("slots"))

    def test_an_index_is_the_number_it_names(self) -> None:
        """However it is written, the request is the same."""
        client = MemoryCenter().login()
        self.assertEqual(client.ask("@t selection 2"), ["@t doc2 42000"])
        self.assertEqual(client.ask("@t selection 002"), ["@t doc2 42000"])
        self.assertEqual(client.ask("@c cancel 02"), ["@c cancelled 2 -"])
        self.assertEqual(client.ask("@c cancel 2"), ["@c cancelled 2 -"])

    def test_a_tag_with_another_text_is_refused(self) -> None:
        """Which of the two was meant, nobody can tell."""
        client = MemoryCenter().login()
        client.ask("@t selection 2")
        self.assertEqual(client.ask("@t selection 1"), ["@t error syntax tag reused"])
        self.assertEqual(client.ask("@t cancel 2"), ["@t error syntax tag reused"])
        self.assertEqual(client.ask("@t selection"), ["@t error syntax tag reused"])
        self.assertIn("1 Tue 01pm", client.ask("available"))

    def test_malformed_effects_are_remembered_too(self) -> None:
        """Their tag is used up; that of a read is only echoed."""
        client = MemoryCenter().login()
        self.assertEqual(client.ask("@t selection"), ["@t error syntax expected: selection INDEX"])
        self.assertEqual(client.ask("@t selection 1"), ["@t error syntax tag reused"])
        self.assertEqual(client.ask("@t available"), [f"@t {ALL_FREE[0]}", *ALL_FREE[1:]])
        self.assertEqual(
            client.ask("@t what"), ["@t error unknown-command no such request, try help"]
        )

    def test_tags_are_a_users_own(self) -> None:
        """Two users may choose the same."""
        center = MemoryCenter()
        self.assertEqual(center.login().ask("@t selection 2"), ["@t doc2 42000"])
        other = center.login("patient2", "password222")
        self.assertEqual(other.ask("@t selection 2"), ["@t notavailable"])

    def test_a_tag_is_forgotten_after_a_day(self) -> None:
        """Then it means a new request."""
        center = MemoryCenter()
        client = center.login()
        client.ask("@t selection 1")
        center.now += timedelta(hours=24, seconds=1)
        done = Deferred.fromCoroutine(center.center.forget_expired())
        center.settle()
        self.successResultOf(done)
        self.assertEqual(client.ask("@t selection 3"), ["@t doc1 41000"])

    def test_a_bad_tag_is_a_syntax_error(self) -> None:
        """A tag has 1 to 64 printable characters, and a request behind it."""
        client = MemoryCenter().login()
        reply = ["error syntax a tag is @ and 1 to 64 printable characters"]
        self.assertEqual(client.ask("@ available"), reply)
        self.assertEqual(client.ask(f"@{'x' * 65} available"), reply)
        self.assertEqual(client.ask("@é available"), reply)
        self.assertEqual(client.ask("@t"), ["@t error syntax a tag needs a request behind it"])
        self.assertEqual(client.ask(f"@{'x' * 64} quit"), [f"@{'x' * 64} bye"])


class PipeliningTests(SynchronousTestCase):
    """Replies come in the order of the requests, however the bytes come."""

    SCRIPT = (
        b"authenticate patient1 password111\r\navailable\nselection 1\nselection 1\n"
        b"@x selection 2\nslots\nschedule\ncancel 1\navailable\nselection 9\nnonsense\nhelp\n"
        b"@y quit\n"
    )

    def test_reads_see_what_was_asked_before(self) -> None:
        """A list behind a selection does not have the slot."""
        lines = MemoryCenter().login().send(b"selection 1\navailable\ncancel 1\nslots\n")
        self.assertEqual(lines[0], "doc1 41000")
        self.assertEqual(lines[1:7], ALL_FREE[1:])
        self.assertEqual(lines[7], "cancelled 1 -")
        self.assertEqual(lines[8], "1 Tue 01pm doc1 free")

    def test_a_pipeline_of_selections_shares_a_commit(self) -> None:
        """What may overlap goes to the store together."""
        center = MemoryCenter()
        client = center.login()
        commits: list[None] = []
        commit = center.database.commit
        self.patch(center.database, "commit", lambda: commits.append(commit()))
        lines = client.send(b"selection 1\nselection 2\nselection 3\nselection 1\n")
        self.assertEqual(lines, ["doc1 41000", "doc2 42000", "doc1 41000", "notavailable"])
        self.assertEqual(len(commits), 1)

    def test_nothing_is_answered_before_its_commit(self) -> None:
        """The promise leaves when the place is durable, not earlier."""
        worker = HeldWorker()
        center = MemoryCenter(store_worker=worker)
        client = center.login()
        worker.hold()
        self.assertEqual(client.send(b"selection 2\nhelp\n"), [])
        self.assertEqual(center.connect().ask("help")[0], "authenticate USER PASSWORD")
        worker.release()
        center.settle()
        self.assertEqual(client.transport.take()[0], "doc2 42000")

    @settings(deadline=None, max_examples=60)
    @given(cuts=st.lists(st.integers(min_value=1, max_value=len(SCRIPT) - 1), max_size=12))
    def test_cuts_change_nothing(self, cuts: list[int]) -> None:
        """Joined, split or byte by byte: the same replies."""
        whole = MemoryCenter().connect().send(self.SCRIPT)
        self.assertEqual(whole[-1], "@y bye")
        client = MemoryCenter().connect()
        lines = []
        points = sorted({0, *cuts, len(self.SCRIPT)})
        for start, end in pairwise(points):
            lines += client.send(self.SCRIPT[start:end])
        self.assertEqual(lines, whole)

    def test_byte_by_byte(self) -> None:
        """A line may come in single bytes."""
        client = MemoryCenter().connect()
        lines: list[str] = []
        for byte in self.SCRIPT:
            lines += client.send(bytes((byte,)))
        self.assertEqual(lines, MemoryCenter().connect().send(self.SCRIPT))

    def test_more_than_a_hundred_are_all_answered(self) -> None:
        """The limit pauses reading; it drops nothing."""
        lines = MemoryCenter().login().send(b"selection 1\n" * 1_000)
        self.assertEqual(lines, ["doc1 41000"] + ["notavailable"] * 999)
