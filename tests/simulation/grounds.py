"""Whether a refusal was true at some moment between the question and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medappt.model.ids import SlotName
from medappt.model.refusals import Code, Refusal
from tests.simulation.chronicle import Chronicle, require
from tests.simulation.errands import Errand, Verb
from tests.simulation.rules import MOST_AWAY, start_of
from tests.simulation.scenery import CITIES
from tests.simulation.snapshots import Record, Snapshot, day_of, week_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From the question to its answer, in moments of the chronicle; ``is_calm`` if all centers
    could be reached all the time."""

    since: int
    until: int
    is_calm: bool


class Grounds:
    """``latest_instant`` tells the latest that a center's clock has shown, in seconds of UTC."""

    def __init__(self, chronicle: Chronicle, latest_instant: Callable[[str], float]) -> None:
        self._chronicle = chronicle
        self._latest_instant = latest_instant

    def check(self, errand: Errand, refusal: Refusal, window: Window) -> None:
        """Raise ``Broken`` where there was no ground for a refusal. What each patient has, and what
        each slot has room for, is then linearizable: with what the store's changes account for,
        every answer has a moment at which it was true."""
        code = refusal.code
        if not errand.is_allowed:
            require(
                code in (Code.FORBIDDEN, Code.SYNTAX), errand.user, "not allowed and told", code
            )
            return
        require(self._is_true(errand, code, window), errand, "of", errand.user, "was told", code)

    def _is_true(self, errand: Errand, code: Code, window: Window) -> bool:
        match code:
            case Code.PAST:
                return any(self._has_begun(name) for name in (errand.old, errand.new) if name)
            case Code.EXISTS:
                return self._was_open(errand, window, True)
            case Code.UNKNOWN_SLOT:
                return self._was_open(errand, window, False)
            case Code.FULL:
                return self._was_full(errand, window)
            case Code.UNREACHABLE:
                assert errand.new is not None
                return errand.new.city != errand.user[:3] and not window.is_calm
        return errand.patient is not None and self._is_true_of_patient(errand, code, window)

    def _has_begun(self, name: SlotName) -> bool:
        start = start_of(str(name.code))
        return start <= max(self._latest_instant(city) for city in CITIES)

    def _versions(self, city: str, window: Window) -> list[Snapshot]:
        return list(self._chronicle.during(city, window.since, window.until))

    def _was_open(self, errand: Errand, window: Window, wanted: bool) -> bool:
        assert errand.new is not None
        name = str(errand.new)
        return any(
            (version.open_slot(name) is not None) == wanted
            for version in self._versions(errand.new.city, window)
        )

    def _was_full(self, errand: Errand, window: Window) -> bool:
        assert errand.new is not None
        for version in self._versions(errand.new.city, window):
            slot = version.open_slot(str(errand.new))
            if slot is not None and version.free(slot) == 0:
                return True
        return False

    def _is_true_of_patient(self, errand: Errand, code: Code, window: Window) -> bool:
        assert errand.patient is not None
        old = None if errand.old is None else str(errand.old)
        for version in self._versions(errand.patient[:3], window):
            records = version.decided(errand.patient)
            if self._applies(errand, code, records, old):
                return True
        return False

    def _applies(self, errand: Errand, code: Code, records: list[Record], old: str | None) -> bool:
        names = [record.name for record in records]
        if code is Code.NOT_BOOKED:
            if errand.verb is Verb.CANCEL and not errand.names_type:
                assert errand.old is not None
                return str(errand.old.code) not in [record.code for record in records]
            return old not in names
        if code is Code.AMBIGUOUS:
            assert errand.old is not None
            return [record.code for record in records].count(str(errand.old.code)) > 1
        if errand.new is None:
            return False
        wanted = errand.new
        if code is Code.ALREADY_BOOKED:
            return str(wanted) in names
        others = [record for record in records if record.state == "ACTIVE" and record.name != old]
        if code is Code.SAME_DAY:
            return any(
                record.type == wanted.type and day_of(record.code) == wanted.code.day
                for record in others
            )
        if code is Code.WEEKLY_LIMIT:
            home = errand.patient[:3] if errand.patient else ""
            week = week_of(str(wanted.code))
            away = [each for each in others if each.owner != home and week_of(each.code) == week]
            return wanted.city != home and len(away) >= MOST_AWAY
        return False
