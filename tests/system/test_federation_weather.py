"""Three centers as processes in foul weather: every request is answered in time, and afterwards
all that was told is so."""

from __future__ import annotations

from tests.system.federation import run_federation
from tests.system.proxy import FOUL
from tests.system.roles import Stage
from tests.system.visitors import Crowd

STEPS = 12


def test_mixed_load(stage: Stage) -> None:
    """Patients and administrators of three cities book, swap, cancel, add, remove and list while
    datagrams are lost, doubled and late: each has every answer within ten seconds, and when the
    weather clears the stores have what each was told, and agree."""
    with run_federation(stage, seed=1) as federation:
        crowd = Crowd(federation, seed=1, steps=STEPS)
        with federation.proxy.in_weather(FOUL), crowd.at_work():
            pass
        crowd.assert_told(federation.settle())
        done = crowd.answers
        for keyword in ("book booked", "swap swapped", "cancel cancelled", "add added", "remove"):
            assert done[keyword], done
