"""Where and when a transaction of a center with a city runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from medappt.model.calendar import has_begun
from medappt.model.ids import SlotName
from medappt.model.records import REACH


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """The center's city and time zone, the instant (aware), what makes ids for new records
    (``model.ids.RecordIds``; called inside of transactions), and how far R7 looks."""

    city: str
    zone: tzinfo
    now: datetime
    new_id: Callable[[], str] = field(repr=False)
    reach: timedelta = REACH

    def has_begun(self, name: SlotName) -> bool:
        """Whether a slot has begun as far as its ID tells (R8): one of this city exactly, one of
        another only once it has begun in whatever time zone."""
        if name.city == self.city:
            return has_begun(name.code.start(self.zone), self.now)
        return has_begun(name.code.latest_start, self.now)
