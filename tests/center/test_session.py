"""The session machine: every event in every state, the impossible ones too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from automat import NoTransition
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.core import SessionCore
from medappt.center.session import Session, new_session
from medappt.center.turns import EndOfInput, Turn
from medappt.center.visitor import Visitor
from medappt.model.identity import User
from medappt.model.refusals import Code, Refusal
from medappt.wire.requests import Authenticate, Available, Malformed, Request

TURN = Turn(EndOfInput())
ASKED = Request(command=Available())
LOGIN = Authenticate(user="patient1", password="x")
BAD = Malformed(refusal=Refusal(code=Code.SYNTAX, text="no"))
VISITOR = cast(Visitor, type("AnyVisitor", (Visitor,), {})(User(name="patient1"), None, None))

EVENTS: dict[str, Callable[[Session], None]] = {
    "login": lambda session: session.login(TURN, LOGIN),
    "ask": lambda session: session.ask(TURN, ASKED),
    "help": lambda session: session.help(TURN),
    "quit": lambda session: session.quit(TURN),
    "malformed": lambda session: session.malformed(TURN, BAD),
    "overlong": lambda session: session.overlong(TURN),
    "end_of_input": lambda session: session.end_of_input(TURN),
    "admitted": lambda session: session.admitted(TURN, VISITOR),
    "rejected": lambda session: session.rejected(TURN),
    "put_off": lambda session: session.put_off(TURN),
    "too_late": lambda session: session.too_late(),
    "disconnected": lambda session: session.disconnected(),
}

PATHS = {
    "arriving": [],
    "checking": ["login"],
    "serving": ["login", "admitted"],
    "ended": ["disconnected"],
}

IMPOSSIBLE = None
"""``turns`` starts nothing while a login is checked or after the end, and no timer runs then."""

TABLE: dict[tuple[str, str], tuple[str, list[str]] | None] = {
    ("arriving", "login"): ("checking", ["check"]),
    ("arriving", "ask"): ("arriving", ["answer"]),
    ("arriving", "help"): ("arriving", ["answer"]),
    ("arriving", "quit"): ("ended", ["say_goodbye"]),
    ("arriving", "malformed"): ("arriving", ["answer"]),
    ("arriving", "overlong"): ("ended", ["cut_off"]),
    ("arriving", "end_of_input"): ("ended", ["part"]),
    ("arriving", "admitted"): IMPOSSIBLE,
    ("arriving", "rejected"): IMPOSSIBLE,
    ("arriving", "put_off"): IMPOSSIBLE,
    ("arriving", "too_late"): ("ended", ["drop"]),
    ("arriving", "disconnected"): ("ended", ["end"]),
    ("checking", "login"): IMPOSSIBLE,
    ("checking", "ask"): IMPOSSIBLE,
    ("checking", "help"): IMPOSSIBLE,
    ("checking", "quit"): IMPOSSIBLE,
    ("checking", "malformed"): IMPOSSIBLE,
    ("checking", "overlong"): IMPOSSIBLE,
    ("checking", "end_of_input"): IMPOSSIBLE,
    ("checking", "admitted"): ("serving", ["await_requests", "answer"]),
    ("checking", "rejected"): ("ended", ["turn_away"]),
    ("checking", "put_off"): ("arriving", ["await_login", "answer"]),
    ("checking", "too_late"): IMPOSSIBLE,
    ("checking", "disconnected"): ("ended", ["end"]),
    ("serving", "login"): ("serving", ["refuse"]),
    ("serving", "ask"): ("serving", ["serve"]),
    ("serving", "help"): ("serving", ["answer"]),
    ("serving", "quit"): ("ended", ["say_goodbye"]),
    ("serving", "malformed"): ("serving", ["refuse"]),
    ("serving", "overlong"): ("ended", ["cut_off"]),
    ("serving", "end_of_input"): ("ended", ["part"]),
    ("serving", "admitted"): IMPOSSIBLE,
    ("serving", "rejected"): IMPOSSIBLE,
    ("serving", "put_off"): IMPOSSIBLE,
    ("serving", "too_late"): ("ended", ["drop"]),
    ("serving", "disconnected"): ("ended", ["end"]),
    ("ended", "login"): IMPOSSIBLE,
    ("ended", "ask"): IMPOSSIBLE,
    ("ended", "help"): IMPOSSIBLE,
    ("ended", "quit"): IMPOSSIBLE,
    ("ended", "malformed"): IMPOSSIBLE,
    ("ended", "overlong"): IMPOSSIBLE,
    ("ended", "end_of_input"): IMPOSSIBLE,
    ("ended", "admitted"): ("ended", []),
    ("ended", "rejected"): ("ended", []),
    ("ended", "put_off"): ("ended", []),
    ("ended", "too_late"): IMPOSSIBLE,
    ("ended", "disconnected"): ("ended", []),
}


class RecordingCore:
    """Remembers what the machine had it do."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append(name)


class StateTests(SynchronousTestCase):
    """What the machine does, in each state, upon each event."""

    def test_the_table_is_complete(self) -> None:
        """Every pair of a state and an event is decided."""
        events = {
            name for name, _ in inspect.getmembers(Session, inspect.isfunction) if name[0] != "_"
        }
        self.assertEqual(set(EVENTS), events)
        self.assertEqual(set(TABLE), {(state, event) for state in PATHS for event in events})

    def test_every_pair(self) -> None:
        """The machine does what the table says, and nothing else."""
        for (state, event), expected in TABLE.items():
            with self.subTest(state=state, event=event):
                core = RecordingCore()
                session = new_session(cast(SessionCore, core))
                for step in PATHS[state]:
                    EVENTS[step](session)
                core.calls.clear()
                if expected is IMPOSSIBLE:
                    self.assertRaises(NoTransition, EVENTS[event], session)
                    continue
                EVENTS[event](session)
                after, calls = expected
                self.assertEqual(core.calls, calls)
                self.assertEqual(state_of(session), after)


def state_of(session: Session) -> str:
    """Told by Automat's own record of the machine."""
    transitioner = session.__automat_transitioner__  # type: ignore[attr-defined]
    return str(transitioner._state.name)
