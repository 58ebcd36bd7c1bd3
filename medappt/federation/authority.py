"""Where the transactions of a center with a city run: its writer, its clock and its ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

from medappt.model.records import REACH
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")


class Authority:
    """The store of the center of ``city``, in the time zone ``zone``.

    ``now`` tells the instant (aware, UTC); ``new_id`` makes ids of records and is called in the
    writer's thread. ``reach`` is how far R7 looks.
    """

    def __init__(
        self,
        *,
        city: str,
        zone: tzinfo,
        writer: Writer,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        reach: timedelta = REACH,
    ) -> None:
        self.city = city
        self._zone = zone
        self._writer = writer
        self._now = now
        self._new_id = new_id
        self._reach = reach

    def do(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> Deferred[T]:
        """A transaction that needs not know where and when it runs.

        It fails with what ``function`` raises, and with ``StoreBusy`` or ``StoreFailed``.
        """
        return self._writer.submit(lambda connection: function(connection, *arguments, **named))

    def act(
        self,
        function: Callable[Concatenate[Connection, Here, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> Deferred[T]:
        """A transaction here and now; it fails like ``do``."""
        here = Here(
            city=self.city,
            zone=self._zone,
            now=self._now(),
            new_id=self._new_id,
            reach=self._reach,
        )
        return self._writer.submit(
            lambda connection: function(connection, here, *arguments, **named)
        )
