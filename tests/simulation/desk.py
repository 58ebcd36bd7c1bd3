"""Where everything is written down that people asked, were told and saw, and compared with the
stores at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from medappt.model.appointments import (
    Booked,
    Fate,
    ListedSlot,
    Removed,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.prices import PriceList
from medappt.model.refusals import Refusal
from medappt.store.answers import encode_answer
from tests.simulation.chronicle import Chronicle, require
from tests.simulation.errands import Errand, Seen, Told, Verb, describe, kind_of
from tests.simulation.grounds import Grounds, Window
from tests.simulation.rules import start_of
from tests.simulation.scenery import CITIES
from tests.simulation.snapshots import Snapshot
from tests.simulation.timeline import Timeline
from tests.simulation.wishes import Look

ANSWER_WITHIN = 10.0
"""Seconds in which everything is answered once the weather is fair."""

MOVING_AFTER = 8.0


@dataclass(slots=True)
class _Asked:
    errand: Errand
    since: int
    at: float
    life: int
    is_quiet: bool
    sessions: int = 1
    told: Told | None = None


@dataclass(kw_only=True)
class Desk:
    """``is_open`` while people think of something new. ``fair_since`` is when the weather cleared,
    ``None`` before that. ``quiet_since`` tells since when every center can be
    reached, infinity where one cannot; ``life_of`` counts the processes a center has had.
    ``true_instant`` is that of second 0 where all clocks are right, ``None`` where some are not."""

    timeline: Timeline
    chronicle: Chronicle
    grounds: Grounds
    counts: Counter[str]
    latest_instant: Callable[[str], float]
    quiet_since: Callable[[], float]
    life_of: Callable[[str], int]
    prices: dict[str, PriceList]
    disk_fails: bool
    true_instant: float | None
    is_open: bool = True
    fair_since: float | None = None
    errands: dict[tuple[str, str], Errand] = field(default_factory=dict)
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)

    def require(self, condition: object, *what: object) -> None:
        """Raise ``Broken`` unless ``condition``."""
        require(condition, *what)

    @property
    def unanswered(self) -> list[Errand]:
        """What people still wait for."""
        return [each.errand for each in self._asked.values() if each.sessions]

    def asked(self, errand: Errand) -> None:
        """Somebody begins to ask, or asks again what was answered."""
        self.timeline.note("asks", errand.user, str(errand))
        known = self._asked.get(errand.key)
        if known is not None:
            known.sessions += 1
            return
        self.errands[errand.key] = errand
        self._asked[errand.key] = _Asked(
            errand,
            self.chronicle.moment,
            self.timeline.now,
            self.life_of(errand.user[:3]),
            self.timeline.now >= self.quiet_since(),
        )

    def told(self, errand: Errand, told: Told) -> None:
        """They have their answer: it is on record, it is the one under this tag, and true."""
        self.timeline.note("told", errand.user, describe(told))
        asked = self._asked[errand.key]
        asked.sessions -= 1
        on_record = self.chronicle.answers.get(errand.key)
        require(on_record is not None, errand, "was answered before it was durable:", told)
        assert on_record is not None
        moment, answer = on_record
        require(answer.text == encode_answer(told), errand, "told:", told, "stored:", answer)
        if asked.told is not None:
            self.counts["told again"] += 1
            require(asked.told == told, errand, "first told:", asked.told, "then:", told)
            return
        asked.told = told
        self.counts[f"{errand.verb.value} {kind_of(told)}"] += 1
        require(moment > asked.since, errand, "was done before it was asked")
        if self._is_calm(asked):
            self.counts["answered in fair weather"] += 1
            took = self.timeline.now - asked.at
            require(took <= ANSWER_WITHIN, errand, "was answered after", took, "s in fair weather")
        if isinstance(told, Refusal):
            window = Window(since=asked.since, until=moment, is_calm=self._is_calm(asked))
            self.grounds.check(errand, told, window)
        elif isinstance(told, Removed):
            self._check_removed(asked, told)
        else:
            self._check_possible(asked)

    def _check_possible(self, asked: _Asked) -> None:
        """What no state of the stores would allow was not done."""
        errand = asked.errand
        require(errand.is_allowed, errand.user, "was allowed", errand)
        if errand.verb is Verb.SWAP:
            require(errand.old != errand.new, errand, "is a swap onto itself")
        if self.true_instant is not None:
            at = self.true_instant + asked.at
            for name in (errand.old, errand.new):
                if name is not None:
                    is_over = start_of(str(name.code)) <= at
                    is_waited_for = name == errand.old  # waiting goes on after the removed start
                    require(is_waited_for or not is_over, errand, "was done after it had begun")

    def _is_calm(self, asked: _Asked) -> bool:
        """Whether all centers could be reached from the question to the answer."""
        return asked.is_quiet and asked.at >= self.quiet_since()

    def _check_removed(self, asked: _Asked, told: Removed) -> None:
        """What an administrator was told of each patient happened, or is still being decided."""
        errand = asked.errand
        assert errand.new is not None
        now = self.chronicle.latest(errand.new.city)
        keys = [key for key, slot in now.slots.items() if slot.name == str(errand.new)]
        there = {place.patient for place in now.places.values() if place.slot in keys}
        for row in told.rows:
            self.counts[f"removal {row.fate.value}"] += 1
            require(row.patient in there, errand, "tells of", row, "who was never there")
            if row.fate is Fate.MOVING:
                waited = self.timeline.now - asked.at
                # after a crash, or ``busy`` at its end, the answer is what was on record when the
                # slot was closed
                has_died = self.life_of(errand.new.city) != asked.life
                is_excused = has_died or self.disk_fails
                is_late = waited >= MOVING_AFTER
                require(is_excused or is_late, errand, "tells", row, "after", waited, "s")
                continue
            versions = self.chronicle.during(row.patient[:3], asked.since, self.chronicle.moment)
            require(
                any(
                    _has_happened(version, errand, row.patient, row.new_code)
                    for version in versions
                ),
                errand,
                "tells",
                row,
                "and its home knows nothing of it",
            )

    # what people see

    def look_begins(self) -> int:
        return self.chronicle.moment

    def saw(self, user: str, look: Look, seen: Seen, began: int) -> None:
        """A list, a schedule or a preview was answered."""
        if isinstance(seen, SlotList):
            self._saw_list(look, seen, began)
        elif isinstance(seen, Removed):
            self.counts["preview"] += 1  # that it has no effect shows in the account
        else:
            self._saw_schedule(user, seen, began)

    def _saw_list(self, look: Look, seen: SlotList, began: int) -> None:
        self.counts["list"] += 1
        starts = [(_start(slot), str(slot.code)) for slot in seen.slots]
        require(starts == sorted(starts), "a list out of order:", starts)
        for city in CITIES:
            rows = {str(slot.code): slot.free for slot in seen.slots if slot.code.city == city}
            if city in seen.unreachable:
                require(not rows, city, "is unreachable and listed")
                self.counts["list without a city"] += 1
                continue
            versions = self.chronicle.during(city, began, self.chronicle.moment)
            self._check_rows(city, look.type, rows, versions)

    def _check_rows(
        self, city: str, type_: str | None, rows: dict[str, int], versions: Sequence[Snapshot]
    ) -> None:
        """Each row was true at some moment, and nothing that was open all the time is left out."""
        possible = [
            {
                slot.code: version.free(slot)
                for slot in version.slots.values()
                if slot.removal is None and slot.type == type_
            }
            for version in versions
        ]
        for code, free in rows.items():
            require(any(each.get(code) == free for each in possible), "listed:", code, free)
        always = set.intersection(*(set(each) for each in possible))
        instant = self.latest_instant(city)
        for version in versions[:1]:
            for slot in version.slots.values():
                if slot.code in always and slot.type == type_ and slot.start > instant:
                    require(slot.code in rows, "left out of a list:", slot)

    def _saw_schedule(self, user: str, seen: Sequence[Scheduled], began: int) -> None:
        self.counts["schedule"] += 1
        rows = {(row.code, row.type, row.state.value) for row in seen}
        instant = self.latest_instant(user[:3])
        for version in self.chronicle.during(user[:3], began, self.chronicle.moment):
            shown = {
                (record.code, record.type, _state(record.state, record.id == record.root))
                for record in version.decided(user)
            }
            begun = {
                (record.code, record.type, _state(record.state, record.id == record.root))
                for record in version.decided(user)
                if (record.start or 0) <= instant
            }
            if rows <= shown and shown - rows <= begun:
                return
        require(False, user, "saw", rows)

    def estimated(self, place: Booked | Swapped, plan: str, amount: str) -> None:
        """A doctor has named a price."""
        self.counts["estimate"] += 1
        assert place.doctor is not None
        expected = self.prices[place.doctor].amounts.get(plan, "unknown")
        require(amount == expected, place.doctor, "said", amount, "for", plan)

    def no_estimate(self, asked_at: float) -> None:
        """No doctor answered to what was first asked at this second."""
        self.counts["no estimate"] += 1
        was_bad = self.fair_since is None or asked_at <= self.fair_since
        require(was_bad, "no doctor answers in fair weather")


def _start(slot: ListedSlot) -> float:
    return start_of(str(slot.code))


def _state(state: str, is_first: bool) -> str:
    if state == "WAITLISTED":
        return "waitlisted"
    return "booked" if is_first else "moved"


def _has_happened(version: Snapshot, errand: Errand, patient: str, new_code: str | None) -> bool:
    """Whether a version of a patient's home tells of their move, or of their waiting."""
    assert errand.verb is Verb.REMOVE
    old = str(errand.new)
    for notice in version.notices:
        if notice.patient == patient and f"{notice.code} {notice.type}" == old:
            if new_code is None and notice.kind == "waitlisted":
                return True
            if new_code is not None and (notice.kind, notice.new_code) == ("moved", new_code):
                return True
    return False
