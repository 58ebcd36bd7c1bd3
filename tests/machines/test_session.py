"""The session of a connection."""

from __future__ import annotations

import inspect

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.session import Session, new_session
from tests.documents import arrows, section
from tests.machines.drawn import MACHINES


class SessionMachineTests(SynchronousTestCase):
    """Automat itself says which transitions the built machine has."""

    def test_diagram(self) -> None:
        """The diagram has every transition of the machine, and no other."""
        automaton = new_session.__automat_automaton__
        built = {
            (before.name, event, after.name)
            for before, event, after, _ in automaton.allTransitions()
        }
        drawn = arrows(section(MACHINES, "Session"))
        self.assertEqual(drawn, {("[*]", "", automaton.initialState.name), *built})

    def test_events(self) -> None:
        """Every event of the machine is drawn somewhere."""
        events = {name for name, _ in inspect.getmembers(Session, inspect.isfunction)}
        drawn = {event for _, event, _ in arrows(section(MACHINES, "Session"))}
        self.assertEqual(drawn - {""}, {name for name in events if not name.startswith("_")})
