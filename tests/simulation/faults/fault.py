"""What a planted fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.simulation.patching import Patches

Plant: TypeAlias = Callable[[Patches], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """``plant`` puts it into the code; ``what`` says what is wrong then. ``seed`` is one whose
    history shows it."""

    name: str
    what: str
    seed: int
    plant: Plant


class Faults:
    """The faults of one room, in the order they are written down."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def add(self, name: str, seed: int) -> Callable[[Plant], Plant]:
        """A decorator: the function plants the fault ``name``, and its docstring says what is
        wrong then."""

        def note(plant: Plant) -> Plant:
            assert plant.__doc__, name
            self.all.append(Fault(name=name, what=plant.__doc__, seed=seed, plant=plant))
            return plant

        return note
