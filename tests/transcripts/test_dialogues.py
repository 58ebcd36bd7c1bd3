"""Whole dialogues with a center in memory, cut anywhere."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.center.fixtures import MemoryCenter

LOGIN = b"authenticate patient1 password111"
LIST = b"1 Tue 01pm\n2 Mon 03pm\n3 Thu 02pm\n4 Wed 10am\n5 Sat 12pm\n6 Fri 04pm\n"


class DialogueTests(SynchronousTestCase):
    """Whole dialogues, cut anywhere: the same bytes come back, once."""

    def play(self, data: bytes, cuts: set[int], pause: float, expected: bytes) -> None:
        center = MemoryCenter()
        client = center.connect()
        places = sorted(cuts | {0, len(data)})
        for start, end in pairwise(places):
            client.protocol.dataReceived(data[start:end])
            center.clock.advance(pause)
        self.assertEqual(client.transport.value(), expected)

    @given(st.data(), st.sampled_from(["packet", "record", "capital", "bare", "line"]))
    @settings(deadline=None, max_examples=60)
    def test_cuts(self, data: st.DataObject, name: str) -> None:
        """Login, list, an invalid index, a slot, the same once more."""
        requests = [b"available", b"selection 99", b"selection 2", b"selection 2"]
        make: dict[str, Callable[[bytes], bytes]] = {
            "packet": lambda text: text + b"\0",
            "record": lambda text: text.ljust(100, b"\0"),
            "capital": lambda text: text + b"\0ccess\0cate\0\n\0",
            "bare": lambda text: text + b"\n",
            "line": lambda text: text + b"\r\n",
        }
        login = {"capital": b"A" + LOGIN[1:], "bare": LOGIN.partition(b" ")[2]}.get(name, LOGIN)
        sent = b"".join(make[name](text) for text in [login, *requests])
        first = len(make[name](login))
        # the whole login comes at once where its parts could be logins
        places = st.sets(st.integers(first, len(sent) - 1), max_size=20)
        cuts = set(range(first, len(sent))) if data.draw(st.booleans()) else data.draw(places)
        if name != "line":
            # "selection 9" of "selection 99" is a request, if the pause is long
            long_before_99 = sent.index(b"selection 99") + len(b"selection 9")
            cuts.discard(long_before_99)
        pause = data.draw(st.sampled_from([0.0, 0.1, 0.6]))
        expected = {
            "packet": b"success\0" + LIST + b"\0notavailable\0doc2 42000\0notavailable\0",
            "capital": b"SUCCESS\0" + LIST + b"\0Not available\0doc2 42000\0Not available\0",
            "bare": b"Success" + LIST + b"Invalid42000 notavailable",
            "line": b"success\n" + LIST + b".\ninvalid\ndoc2 42000\nnotavailable\n",
        }
        expected["record"] = expected["packet"]
        if name == "record":
            expected["record"] = expected["packet"].replace(LIST, LIST.replace(b"\n", b" "))
        self.play(sent, cuts | ({first} if name == "record" else set()), pause, expected[name])
