"""Faults to plant in production code while a history runs: the simulation must find each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.simulation.faults import at_home, at_the_owner, between, in_the_center, in_the_store
from tests.simulation.faults.fault import Fault
from tests.simulation.patching import patches

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for room in (in_the_store, at_home, at_the_owner, between, in_the_center)
    for fault in room.FAULTS.all
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The fault of this name is in the code inside the block; ``None`` plants nothing."""
    with patches() as patched:
        if name is not None:
            FAULTS[name].plant(patched)
        yield
