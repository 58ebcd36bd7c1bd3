"""Putting something else in the place of parts of production code, for the time of a history."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

_MISSING = object()


class Patches:
    """What was replaced; ``undo`` puts everything back."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def undo(self) -> None:
        """Everything is as it was."""
        self._stack.close()

    def attribute(self, owner: Any, name: str, value: object) -> Any:
        """``owner.name`` is ``value``, be it of a class or of a module. What it was."""
        before = vars(owner)[name]
        setattr(owner, name, value)
        self._stack.callback(setattr, owner, name, before)
        return before

    def function(self, before: Any, after: object) -> None:
        """``after`` is called wherever the package has imported the function ``before``."""
        found = 0
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("medappt"):
                for name, value in list(vars(module).items()):
                    if value is before:
                        self.attribute(module, name, after)
                        found += 1
        assert found, f"{before} is not in the package"

    def everywhere(self, name: str, value: object) -> None:
        """The constant ``name`` is ``value`` in every module of the package that has it."""
        found = 0
        for module in list(sys.modules.values()):
            in_package = getattr(module, "__name__", "").startswith("medappt")
            if in_package and vars(module).get(name, _MISSING) is not _MISSING:
                self.attribute(module, name, value)
                found += 1
        assert found, f"the package has no {name}"


@contextmanager
def patches() -> Iterator[Patches]:
    """What is replaced inside the block is as before behind it."""
    patched = Patches()
    try:
        yield patched
    finally:
        patched.undo()
