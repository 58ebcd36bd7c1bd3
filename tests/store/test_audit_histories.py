"""One row for each effect over random histories: what the tables hold is counted another way."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import select

from medappt.model.records import NoticeKind, PlaceState
from medappt.store import booking, cancelling, holding, moves, placement, removal, results, schema
from medappt.store.audit_chain import verify_chain
from medappt.store.connection import Connection, Statement
from medappt.store.trail import chain_key
from medappt.store.waits import WaitState
from tests.store import pump
from tests.store.actors import Center
from tests.store.audited import read
from tests.store.doubles import KEY
from tests.store.pump import Federation
from tests.store.test_histories import BUSY, SETTLING, HistoryCase, nothing

SEEDS = range(100, 124)

_ANSWERS = Statement(select(*schema.results.c["user", "answer"]))
_SLOTS = Statement(select(schema.slots.c.removal))
_NOTICES = Statement(select(schema.notices.c.kind))
_PLACES = Statement(select(*schema.places.c["id", "home", "slot", "state"]))
_WAITS = Statement(select(*schema.waits.c["home", "patient", "state"]))

_KINDS = {"booked": "book", "swapped": "swap", "cancelled": "cancel", "removed": "remove"}
_MOVES = {
    NoticeKind.MOVED.value: "move",
    NoticeKind.WAITLISTED.value: "waitlist",
    NoticeKind.EXPIRED.value: "expire",
}


class AuditHistoryTests(HistoryCase):
    """Rows and effects."""

    def setUp(self) -> None:
        super().setUp()
        self.aborted: Counter[str] = Counter()
        abort = booking.abort_pending

        def counted(connection: Connection, now: datetime) -> int:
            count = abort(connection, now)
            self.aborted["abort"] += count
            return count

        self.patch(pump, "abort_pending", counted)
        # the effects are counted in the tables: nothing of them may be dropped meanwhile
        self.patch(pump, "purge", lambda connection, here, last, most: last)

    def live(self, seed: int) -> Counter[str]:
        """A history through bad weather and behind it: its rows, by verb, or code if refused."""
        self.aborted.clear()
        federation = Federation(seed)
        try:
            for _ in range(BUSY):
                federation.step()
            federation.clear_up()
            for _ in range(SETTLING // 2):
                federation.step(is_calm=True)
            rows: Counter[str] = Counter()
            expected: Counter[str] = Counter()
            for name, center in federation.centers.items():
                found = center.city.do(rows_of)
                rows += found
                expected += center.city.do(effects_of, name)
                self.check_chain(center)
            self.assertEqual(rows["confirm"], len(self.confirmed(federation)), seed)
            expected += self.aborted
            expected["confirm"] = rows["confirm"]
            self.assertEqual(+rows, +expected, f"seed {seed}")
            return rows
        finally:
            federation.close()

    def check_chain(self, center: Center) -> None:
        center.city.do(verify_chain, chain_key(KEY))

    def confirmed(self, federation: Federation) -> set[str]:
        """The places that were confirmed, by their rows: each once, and those that still are."""
        known: set[str] = set()
        standing: set[str] = set()
        for name, center in federation.centers.items():
            known |= {row.object for row in center.city.do(read) if row.verb == "confirm"}
            standing |= {
                id_
                for id_, home, _, state in center.city.do(_read, _PLACES)
                if state == PlaceState.CONFIRMED.value and home != name
            }
        self.assertLessEqual(standing, {object_.split()[-1] for object_ in known})
        return known

    def test_one_row_an_effect(self) -> None:
        """Every effect has one row, every refusal of an administrator one, and there is no
        other; all chains hold."""
        rows: Counter[str] = Counter()
        for seed in SEEDS:
            rows += self.live(seed)
        verbs = (
            "add remove book swap cancel move waitlist expire abort hold confirm release wait"
            " unwait exists unknown-slot"
        )
        self.assertEqual(set(verbs.split()) - set(rows), set())

    def test_planted(self) -> None:
        """An effect that somebody forgot to note, wherever, does not go unnoticed."""
        for module in (booking, cancelling, holding, moves, placement, removal, results):
            forgotten = "note_refusal" if module is results else "note_effect"
            undo = self.patch(module, forgotten, nothing)
            with self.assertRaises(self.failureException):
                for seed in SEEDS:
                    self.live(seed)
            undo.restore()


def _read(connection: Connection, statement: Statement) -> list[tuple[Any, ...]]:
    return connection.rows(statement)


def rows_of(connection: Connection) -> Counter[str]:
    """The rows of the audit, by verb, or by code where it was refused."""
    return Counter(row.verb if row.outcome == "done" else row.outcome for row in read(connection))


def effects_of(connection: Connection, city: str) -> Counter[str]:
    """The effects that the tables tell of, but for places that were confirmed."""
    counts: Counter[str] = Counter()
    for user, answer in connection.rows(_ANSWERS):
        [(kind, values)] = json.loads(answer).items()
        if kind in _KINDS:
            counts[_KINDS[kind]] += 1
        elif kind == "refused" and user[3] == "A":
            counts[values[0]] += 1
    for (removed,) in connection.rows(_SLOTS):
        counts["add"] += 1
        counts["closed"] += removed is not None
    assert counts.pop("closed", 0) == counts["remove"]
    for (kind,) in connection.rows(_NOTICES):
        counts[_MOVES[kind]] += 1
    for _, home, slot, state in connection.rows(_PLACES):
        if home != city and slot is not None:
            counts["hold"] += 1
            counts["release"] += state == PlaceState.RELEASED.value
    for home, patient, state in connection.rows(_WAITS):
        if home != city and patient is not None:
            counts["wait"] += 1
            counts["unwait"] += state == WaitState.OVER.value
    return counts
