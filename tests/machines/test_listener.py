"""The dialect of a connection, told by its first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from medappt.wire.dialects import Heard, Listener, Message, SpeaksLine
from medappt.wire.dialects.spoken import Bare, Line
from medappt.wire.replies import Success
from tests.machines.drawn import DrawnCase

LOGIN = b"authenticate u p"

PATHS: dict[str, list[bytes]] = {
    "recognising": [],
    "waits_for_silence": [LOGIN],
    "line_unanswered": [LOGIN + b"\n"],
    "line_answered": [LOGIN + b"\n"],
    "packet": [b"Authenticate u p\n"],
    "bare": [b"u p\n"],
}

EVENTS: dict[str, Callable[[Listener], Iterable[Heard]]] = {
    "login and LF": lambda listener: listener.receive(LOGIN + b"\n"),
    "login and LF and more": lambda listener: listener.receive(LOGIN + b"\nhelp\n"),
    "login and NUL": lambda listener: listener.receive(LOGIN + b"\0"),
    "Authenticate": lambda listener: listener.receive(b"Authenticate u p\n"),
    "two words": lambda listener: listener.receive(b"u p\n"),
    "half a word": lambda listener: listener.receive(b"authent"),
    "NUL": lambda listener: listener.receive(b"\0"),
    "one long word": lambda listener: listener.receive(b"x" * 40 + b"\n"),
    "too much": lambda listener: listener.receive(b"x" * 2_048),
    "LF": lambda listener: listener.receive(b"\n"),
    "silence": lambda listener: listener.silence(),
    "an answer": lambda listener: _answer(listener),
}


def state_of(listener: Listener, heard: list[Heard]) -> str:
    """Told by what it said last, and by what it keeps."""
    if heard and not isinstance(heard[-1], Message):
        return "lines" if isinstance(heard[-1], SpeaksLine) else "over"
    if listener._recognition is not None:
        return "recognising" if listener.pause is None else "waits_for_silence"
    if isinstance(listener._dialect, Line):
        return "line_answered" if listener._has_spoken else "line_unanswered"
    return "bare" if isinstance(listener._dialect, Bare) else "packet"


def prepared(state: str) -> Listener:
    listener = Listener()
    for segment in PATHS[state]:
        list(listener.receive(segment))
    if state == "line_answered":
        _answer(listener)
    return listener


def _answer(listener: Listener) -> list[Heard]:
    listener.word(Success(), None)
    return []


class ListenerMachineTests(DrawnCase):
    """What is heard of each kind of segment, in each state."""

    def test_every_pair(self) -> None:
        """The listener does what diagram and table say."""
        done = {}
        for state, (event, happen) in product(PATHS, EVENTS.items()):
            if event == "an answer" and state in ("recognising", "waits_for_silence"):
                continue  # nothing was asked yet
            listener = prepared(state)
            heard = list(happen(listener))
            names = " ".join(type(each).__name__ for each in heard)
            done[event, state] = (state_of(listener, heard), names)
        self.assert_drawn("Dialects", done, "recognising")

    def test_the_paths(self) -> None:
        """Each state is reached by the way that this test takes."""
        for state in PATHS:
            self.assertEqual(state_of(prepared(state), []), state)
