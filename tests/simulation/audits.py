"""The audit as the checker knows it: one row for each effect, chained to the rows before."""

from __future__ import annotations

import hmac
import json
from collections import Counter

from medappt.store.trail import MAC_BYTES, chain_key
from tests.simulation.chronicle import require
from tests.simulation.scenery import CITIES
from tests.simulation.snapshots import Answer, AuditRow, Snapshot

VERB_OF = {
    "booked": "book",
    "swapped": "swap",
    "cancelled": "cancel",
    "added": "add",
    "removed": "remove",
}
"""What an answer is called in the audit."""

VERB_OF_NOTICE = {"moved": "move", "waitlisted": "waitlist", "expired": "expire"}
ONCE = ("hold", "confirm", "release", "wait", "unwait")
"""What can happen once to a place."""


class Audits:
    """Follows the audits of all centers. ``key`` is that of their stores."""

    def __init__(self, key: bytes) -> None:
        self._key = chain_key(key)
        self._macs: dict[str, bytes] = dict.fromkeys(CITIES, b"")
        self._once: dict[str, set[tuple[str, str]]] = {city: set() for city in CITIES}

    def begin(self, city: str, snapshot: Snapshot) -> None:
        """The audit of a store as it is at the beginning."""
        self._macs[city] = bytes(MAC_BYTES)
        for commit in _commits(snapshot.audit):
            self._follow(city, commit)

    def check(self, city: str, before: Snapshot, now: Snapshot, answers: list[Answer]) -> None:
        """``city`` has committed ``answers``, among other things."""
        for commit in _commits(now.audit):
            self._follow(city, commit)
        self._check_requests(city, now, answers)
        self._check_notices(city, before, now)
        self._check_places(city, before, now)

    def _follow(self, city: str, commit: list[AuditRow]) -> None:
        text = json.dumps([list(row[:-1]) for row in commit], separators=(",", ":"))
        mac = hmac.digest(self._key, self._macs[city] + text.encode("ascii"), "sha256")
        require(commit[-1].mac == mac.hex(), city, "has a broken audit at", commit[-1])
        self._macs[city] = mac

    def _check_requests(self, city: str, now: Snapshot, answers: list[Answer]) -> None:
        """One row for each effect of a request, and for each refusal of an administrator."""
        expected: Counter[tuple[object, ...]] = Counter()
        for answer in answers:
            [(kind, values)] = json.loads(answer.text).items()
            if kind in VERB_OF:
                expected[answer.user, answer.tag, VERB_OF[kind], "done"] += 1
            elif answer.user[3] == "A":
                expected[answer.user, answer.tag, "refused", values[0]] += 1
        found: Counter[tuple[object, ...]] = Counter()
        for row in now.audit:
            if row.tag is not None:
                verb = row.verb if row.outcome == "done" else "refused"
                found[row.actor, row.tag, verb, row.outcome] += 1
        require(found == expected, city, "audits", dict(found), "and answers", dict(expected))

    def _check_notices(self, city: str, before: Snapshot, now: Snapshot) -> None:
        expected = Counter(
            (notice.patient, VERB_OF_NOTICE[notice.kind])
            for notice in now.notices[len(before.notices) :]
        )
        found = Counter(
            (row.patient or "", row.verb)
            for row in now.audit
            if row.verb in VERB_OF_NOTICE.values() and row.outcome == "done"
        )
        require(found == expected, city, "audits", dict(found), "and tells of", dict(expected))

    def _check_places(self, city: str, before: Snapshot, now: Snapshot) -> None:
        """Each hold, and what became of it, has its one row."""
        verbs = Counter(row.verb for row in now.audit)
        held = released = 0
        if "places" in now.changed:
            for place in now.places.values():
                if place.home == city or place.slot is None:
                    continue
                was = before.places.get(place.id)
                held += was is None
                is_new = was is None or was.state != "RELEASED"
                released += is_new and place.state == "RELEASED"
        require(verbs["hold"] == held, city, "audits", verbs["hold"], "holds, and made", held)
        require(
            verbs["release"] == released, city, "audits", verbs["release"], "of", released, "given"
        )
        for row in now.audit:
            if row.verb in ONCE and row.outcome == "done":
                key = row.verb, row.object
                require(key not in self._once[city], city, "audits twice", row)
                self._once[city].add(key)


def _commits(rows: list[AuditRow]) -> list[list[AuditRow]]:
    """Rows by commit: the last of each bears the mac."""
    commits: list[list[AuditRow]] = [[]]
    for row in rows:
        commits[-1].append(row)
        if row.mac is not None:
            commits.append([])
    require(not commits[-1], "rows without a commit:", commits[-1])
    return commits[:-1]
