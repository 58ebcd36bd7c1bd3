"""What must hold in the stores after every commit, whatever the weather."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulation.audits import Audits
from tests.simulation.chronicle import Chronicle, require
from tests.simulation.errands import Errand
from tests.simulation.hospital import KEY
from tests.simulation.rules import MOST_AWAY, objection, start_of, suits
from tests.simulation.scenery import CITIES
from tests.simulation.snapshots import Answer, Notice, Snapshot, day_of, week_of

STEPS = {"HELD": 0, "CONFIRMED": 1, "RELEASED": 2}
"""The states of a place, in the only order there is."""


class Promises:
    """``errands`` are those asked so far, by user and tag; ``latest_instant`` tells the latest
    that a center's clock has shown, in seconds; ``counts`` is told what was met."""

    def __init__(
        self,
        chronicle: Chronicle,
        errands: Mapping[tuple[str, str], Errand],
        latest_instant: Callable[[str], float],
        reach: float,
        counts: Counter[str],
    ) -> None:
        self._chronicle = chronicle
        self._errands = errands
        self._latest_instant = latest_instant
        self._reach = reach
        self._counts = counts
        self._audits = Audits(KEY)
        self._furthest: dict[str, dict[str, int]] = {city: {} for city in CITIES}
        self._over: dict[str, set[str]] = {city: set() for city in CITIES}

    def begin(self, city: str, snapshot: Snapshot) -> None:
        """A store as it is at the beginning."""
        self._audits.begin(city, snapshot)

    def check(self, city: str, before: Snapshot | None, now: Snapshot) -> None:
        """``city`` has committed."""
        changed = now.changed
        if changed & {"places", "slots"}:
            self._check_capacity(city, now)
        if changed & {"places", "records", "slots"}:
            self._check_places(city, now)
        if "records" in changed:
            self._check_rules(city, now)
        if before is not None:
            self._check_boots(city, before, now)
            self._check_moves_forward(city, now)
            self._check_account(city, before, now)
            self._check_slots_account(city, before, now)
            self._audits.check(city, before, now, _new_answers(before, now))
            self._check_closest(city, before, now)
        self._check_told_of(city, now)
        if changed & {"places", "records", "slots", "waits"}:
            self._check_own_waiters(city, now)
            if before is not None:
                self._check_order(city, before, now)

    def _check_capacity(self, city: str, now: Snapshot) -> None:
        """R1; and every slot begins when its ID says (R8)."""
        for slot in now.slots.values():
            require(slot.start == start_of(slot.code), city, "has", slot, "at a wrong time")
        for key, count in now.taken.items():
            assert key is not None
            slot = now.slots[key]
            require(count <= slot.capacity, "R1:", city, slot, "has", count)

    def _check_places(self, city: str, now: Snapshot) -> None:
        """Places and records agree, and no patient of the own city is left in a removed slot."""
        for place in now.places.values():
            if place.home == city and place.state == "CONFIRMED":
                assert place.slot is not None
                require(now.slots[place.slot].removal is None, "left behind:", place)
        for home in CITIES:
            for record in self._chronicle.latest(home).records.values():
                if record.state == "ACTIVE" and record.owner == city:
                    found = now.places.get(record.id)
                    require(found is not None, "an appointment without a place:", record)
                    assert found is not None
                    place = found
                    require(place.state != "RELEASED", "its place was released:", record, place)
                    assert place.slot is not None
                    slot = now.slots[place.slot]
                    require(
                        (slot.name, slot.start, place.patient)
                        == (record.name, record.start, record.patient),
                        "place and record differ:",
                        record,
                        place,
                    )
        for record in now.records.values():
            if record.state == "ACTIVE":
                kept = self._chronicle.latest(record.owner).places.get(record.id)
                require(
                    kept is not None and kept.state != "RELEASED",
                    "an appointment without a place:",
                    record,
                    kept,
                )

    def _check_rules(self, city: str, now: Snapshot) -> None:
        """R2, R3, R4."""
        for patient in now.patients():
            records = now.decided(patient)
            names = Counter(record.name for record in records)
            require(all(count == 1 for count in names.values()), "R2:", patient, names)
            roots = Counter(record.root for record in records)
            require(all(count == 1 for count in roots.values()), "one root twice:", roots)
            active = [record for record in records if record.state == "ACTIVE"]
            days = Counter((record.type, day_of(record.code)) for record in active)
            require(all(count == 1 for count in days.values()), "R3:", patient, days)
            weeks = Counter(week_of(record.code) for record in active if record.owner != city)
            require(all(count <= MOST_AWAY for count in weeks.values()), "R4:", patient, weeks)

    def _check_boots(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """No center listens to an earlier run of a peer again."""
        if "peers" in now.changed:
            known = {peer: (boot, randomness) for peer, boot, randomness in before.peers}
            for peer, boot, randomness in now.peers:
                highest = known.get(peer, (0, ""))
                require(
                    boot > highest[0] or (boot, randomness) == highest,
                    city,
                    "listens to run",
                    boot,
                    "of",
                    peer,
                    "after",
                    highest,
                )

    def _check_moves_forward(self, city: str, now: Snapshot) -> None:
        """Places and waiting only move forward. Of what is over a center may forget; the checker
        does not."""
        if "places" in now.changed:
            furthest = self._furthest[city]
            for id_, place in now.places.items():
                step = STEPS[place.state]
                require(step >= furthest.get(id_, 0), "revived:", place)
                furthest[id_] = step
            for id_, step in furthest.items():
                is_over = step == STEPS["RELEASED"]
                require(is_over or id_ in now.places, city, "has forgotten the place", id_)
        if "waits" in now.changed:
            over = self._over[city]
            for wait in now.waits:
                if wait.state == "OVER":
                    over.add(wait.id)
                require(wait.state == "OVER" or wait.id not in over, "revived:", wait)

    def _check_account(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """Whatever a patient has, changed by a request that had its effect now, or by a notice."""
        if not now.changed & {"records", "answers", "notices"}:
            return
        expected: Counter[tuple[str, str]] = Counter()
        for answer in _new_answers(before, now):
            self._account(expected, answer, before, now)
        for notice in now.notices[len(before.notices) :]:
            self._counts[f"R7 {notice.kind}"] += 1
            if notice.kind != "waitlisted":
                expected[notice.patient, f"{notice.code} {notice.type}"] -= 1
            if notice.kind == "moved":
                expected[notice.patient, f"{notice.new_code} {notice.type}"] += 1
        changes: Counter[tuple[str, str]] = Counter()
        for snapshot, sign in ((before, -1), (now, 1)):
            for patient in snapshot.patients():
                for record in snapshot.decided(patient):
                    changes[patient, record.name] += sign
        for key in sorted({*expected, *changes}):
            require(
                expected[key] == changes[key],
                city,
                "changed",
                key,
                "by",
                changes[key],
                "and its answers and notices tell of",
                expected[key],
            )

    def _account(
        self, expected: Counter[tuple[str, str]], answer: Answer, before: Snapshot, now: Snapshot
    ) -> None:
        errand = self._errands.get((answer.user, answer.tag))
        require(errand is not None, "an answer to what nobody asked:", answer)
        assert errand is not None
        [(kind, values)] = json.loads(answer.text).items()
        if kind in ("booked", "swapped", "cancelled"):
            require(errand.is_allowed, "R5:", errand.user, "did", errand)
            assert errand.patient is not None
            if kind != "booked":
                old = _given_up(errand, before, now) if kind == "swapped" else " ".join(values)
                expected[errand.patient, old] -= 1
            if kind != "cancelled":
                expected[errand.patient, f"{values[0]} {values[1]}"] += 1

    def _check_slots_account(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """Slots are opened and closed by requests that say so, and by nothing else."""
        if not now.changed & {"slots", "answers"}:
            return
        expected: Counter[tuple[str, str]] = Counter()
        for answer in _new_answers(before, now):
            [kind] = json.loads(answer.text)
            if kind in ("added", "removed"):
                errand = self._errands[answer.user, answer.tag]
                require(errand.is_allowed, "R5:", errand.user, "did", errand)
                expected[kind, str(errand.new)] += 1
        changes: Counter[tuple[str, str]] = Counter()
        for key, slot in now.slots.items():
            was = before.slots.get(key)
            if was is None:
                changes["added", slot.name] += 1
            if slot.removal is not None and (was is None or was.removal is None):
                changes["removed", slot.name] += 1
        require(+expected == +changes, city, "slots:", dict(changes), "told:", dict(expected))

    def _check_told_of(self, city: str, now: Snapshot) -> None:
        """The last notice of an appointment says how it stands (R7)."""
        if not now.changed & {"records", "notices"}:
            return
        last: dict[str, Notice] = {notice.root: notice for notice in now.notices}
        for patient in now.patients():
            for record in now.decided(patient):
                notice = last.get(record.root)
                if notice is None:
                    told: object = record.state == "ACTIVE" and record.id == record.root
                elif record.state == "WAITLISTED":
                    told = notice.kind == "waitlisted"
                else:
                    told = (notice.kind, notice.new_code) == ("moved", record.code)
                require(told, city, "has", record, "and told", notice)

    def _check_own_waiters(self, city: str, now: Snapshot) -> None:
        """Nobody of the own city waits beside a place they could have."""
        own = [wait for wait in now.waiting() if wait.home == city]
        listed = {
            record.id
            for record in now.records.values()
            if record.state == "WAITLISTED" and record.owner == city
        }
        require({wait.id for wait in own} == listed, city, "own waiters:", own, "records:", listed)
        self.require_nobody_waits_in_vain(city, own, now)

    def require_nobody_waits_in_vain(self, city: str, waiting: Any, now: Snapshot) -> None:
        """None of ``waiting`` at ``city`` could have a place that is open there."""
        if not waiting:
            return
        instant = self._latest_instant(city)
        room = [
            slot
            for slot in now.slots.values()
            if slot.removal is None and slot.start > instant and now.free(slot) > 0
        ]
        for wait in waiting:
            records = self._chronicle.latest(wait.home).decided(wait.patient)
            for slot in room:
                if suits(wait, slot, self._reach):
                    refused = objection(records, slot.code, slot.type, wait.home, wait.id)
                    require(refused is not None, wait, "waits beside", slot)

    def _check_closest(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """Who was moved at home got the closest place they could have; of two the later (R7)."""
        moved = [each for each in now.notices[len(before.notices) :] if each.kind == "moved"]
        records = {record.root: record for record in now.records.values()}
        if len(moved) != 1 or moved[0].root not in records:
            return  # of several, each has taken its place from the next
        [notice] = moved
        record = records[notice.root]
        if record.owner != city or record.name != f"{notice.new_code} {notice.type}":
            return
        around = start_of(notice.code)
        has = before.decided(notice.patient)
        old = next((each.id for each in has if each.root == notice.root), None)
        instant = self._latest_instant(city)
        for slot in before.slots.values():
            is_there = slot.removal is None and now.slots[slot.key].removal is None
            has_room = before.free(slot) > 0 and now.free(slot) > 0
            fits = slot.type == notice.type and abs(slot.start - around) <= self._reach
            if not (is_there and has_room and fits and slot.start > instant):
                continue
            if _nearness(slot.start, around) >= _nearness(record.start or 0, around):
                continue
            refused = objection(has, slot.code, slot.type, city, old)
            require(refused, notice, "moved to", record, "and not to the closer", slot)

    def _check_order(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """Who was removed, then booked, first is placed first (own city)."""
        was_waiting = [wait for wait in before.waiting() if wait.home == city]
        if not was_waiting:
            return
        still = {wait.id for wait in now.waiting()}
        by_root = {record.root: record for record in now.records.values()}
        for position, wait in enumerate(was_waiting):
            root = before.records[wait.id].root
            record = by_root.get(root)
            if wait.id in still or record is None or record.state != "ACTIVE":
                continue
            self._counts["placed from the waiting list"] += 1
            slot = now.slots[now.places[record.id].slot or 0]
            for earlier in was_waiting[:position]:
                if earlier.id not in still or earlier.patient == wait.patient:
                    continue
                could = suits(earlier, slot, self._reach) and not any(
                    objection(
                        snapshot.decided(earlier.patient or ""),
                        slot.code,
                        slot.type,
                        city,
                        earlier.id,
                    )
                    for snapshot in (before, now)
                )
                require(not could, wait, "got", slot, "before", earlier)


def _nearness(start: float, around: float) -> tuple[float, float]:
    """What R7 sorts by: less is closer."""
    return abs(start - around), -start


def _given_up(errand: Errand, before: Snapshot, now: Snapshot) -> str:
    """What a swap gives up: where that was moved meanwhile, what it was moved to."""
    assert errand.patient is not None
    old = str(errand.old)
    has = before.decided(errand.patient)
    if old not in [record.name for record in has]:
        roots = {each.root for each in now.notices if f"{each.code} {each.type}" == old}
        for record in has:
            if record.root in roots:
                return record.name
    return old


def _new_answers(before: Snapshot, now: Snapshot) -> list[Answer]:
    known = before.answers[-1].row if before.answers else 0
    return [answer for answer in now.answers if answer.row > known]
