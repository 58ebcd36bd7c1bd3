"""Faults in what brings messages from one center to another."""

from __future__ import annotations

from typing import Any

from medappt.federation.drops import Drop
from medappt.federation.link import Link, LinkStopped
from medappt.federation.listing import Lister
from medappt.federation.window import Window
from medappt.model.ids import RecordIds
from medappt.wire.federation import parse_stale
from tests.simulation.faults.fault import Faults
from tests.simulation.patching import Patches

FAULTS = Faults()


@FAULTS.add("window-not-looked-at", seed=4)
def _window_not_looked_at(patched: Patches) -> None:
    """A datagram has its effect as often as it comes."""
    patched.attribute(Window, "accept", lambda *_: True)


@FAULTS.add("earlier-runs-heard", seed=-5)
def _earlier_runs_heard(patched: Patches) -> None:
    """Datagrams of an earlier run of a peer have effects, and it is not told that it is stale."""

    def admit(self: Link, peer: Any, arrival: Any) -> Drop | None:
        run, highest = arrival.opened.header.incarnation, peer.highest
        if highest is None or run.boot > highest.boot or peer.is_recording:
            return before(self, peer, arrival)  # type: ignore[no-any-return]
        peer.highest = run
        try:
            return before(self, peer, arrival)  # type: ignore[no-any-return]
        finally:
            peer.highest = highest

    before = patched.attribute(Link, "_admit", admit)


@FAULTS.add("stopped-by-any-stale", seed=26)
def _stopped_by_any_stale(patched: Patches) -> None:
    """A center stops its federation when a peer refuses a late datagram of an earlier run."""

    def be_stale(self: Link, peer: Any, opened: Any) -> Drop | None:
        stale = parse_stale(opened.payload)
        if stale is None:
            return Drop.UNREADABLE
        self.stale = stale
        self._asking.fail_all(LinkStopped("stale"))
        self._on_stale(peer.city, stale)
        return None

    patched.attribute(Link, "_be_stale", be_stale)


@FAULTS.add("ids-come-again", seed=1)
def _ids_come_again(patched: Patches) -> None:
    """The ids of records have no random bytes: a restored center makes some of them again."""

    def init(self: RecordIds, city: str, boot: int, randomness: bytes) -> None:
        before(self, city, 1, b"\0")

    before = patched.attribute(RecordIds, "__init__", init)


@FAULTS.add("silent-cities-are-empty", seed=4)
def _silent_cities_are_empty(patched: Patches) -> None:
    """A city that does not answer is listed as one without slots."""
    patched.attribute(Lister, "_missing", lambda *_: [])
