"""Requests that come again while the first still runs (section 4, tags)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from medappt.model.refusals import Refused
from medappt.store.results import REUSED, Tagged

T = TypeVar("T")


@dataclass(slots=True)
class _Running:
    digest: str
    joined: list[Deferred[Any]] = field(default_factory=list)


class Joining:
    """The tagged requests under way, by user and tag."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], _Running] = {}

    def once(
        self,
        tagged: Tagged | None,
        operation: Callable[[], Coroutine[Deferred[Any], Any, T]],
    ) -> Deferred[T]:
        """What ``operation`` gives; of one that runs under this tag already, if there is one.

        Fails like it, and with ``Refused`` (``syntax``) where that has another text. Cancelling
        drops the answer, not the operation.
        """
        waiting: Deferred[T] = Deferred()
        if tagged is None:
            Deferred.fromCoroutine(operation()).addBoth(_pass_on, [waiting])
            return waiting
        running = self._running.get(tagged.key)
        if running is not None:
            if running.digest != tagged.digest:
                waiting.errback(Refused(REUSED.code, REUSED.text))
            else:
                running.joined.append(waiting)
            return waiting
        running = self._running[tagged.key] = _Running(tagged.digest, [waiting])
        key = tagged.key

        def over(result: T | Failure) -> None:
            del self._running[key]
            _pass_on(result, running.joined)

        Deferred.fromCoroutine(operation()).addBoth(over)
        return waiting


def _pass_on(result: object, joined: list[Deferred[Any]]) -> None:
    for waiting in joined:
        if waiting.called:  # who cancelled has given up
            continue
        if isinstance(result, Failure):
            waiting.errback(result)
        else:
            waiting.callback(result)
