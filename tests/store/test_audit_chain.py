"""The chain of the audit: links, restarts, and every kind of forgery."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from unittest.mock import ANY

from hypothesis import given, settings
from hypothesis import strategies as st

from medappt.model.audit import AuditHead
from medappt.store import audit_chain, schema
from medappt.store.audit_chain import Verified, audit_head, has_head
from medappt.store.connection import Connection
from medappt.store.trail import chain_key
from medappt.store.transactions import Single, run_batch, run_now
from tests.store.audited import AuditedFile, note, read
from tests.store.doubles import KEY, DyingDisk, memory_database
from tests.store.writing import WriterCase, refuse


class LinkTests(AuditedFile):
    def macs(self) -> list[str | None]:
        raw = sqlite3.connect(self.path)
        rows = raw.execute("SELECT mac FROM audit ORDER BY sequence").fetchall()
        raw.close()
        return [mac for (mac,) in rows]

    def test_one_link_a_commit(self) -> None:
        """However many transactions a commit has, the last row of it bears its only mac."""
        self.commit(["1"], ["2", "3", "4"], ["5", "6"])
        self.assertEqual(
            [mac is not None for mac in self.macs()], [True, *[False, False, True], False, True]
        )
        self.assertEqual(self.verify(), Verified(rows=6, commits=3, head=self.head()))
        self.assertEqual(self.head().sequence, 6)

    def test_the_formula(self) -> None:
        """A mac is HMAC-SHA256 over the mac before and the rows as JSON, which anybody with the
        key can compute."""
        self.commit(["1"], ["2"])
        before = bytes(32)
        raw = sqlite3.connect(self.path)
        for *row, mac in raw.execute("SELECT * FROM audit ORDER BY sequence"):
            text = json.dumps([row], separators=(",", ":"))
            before = hmac.new(chain_key(KEY), before + text.encode(), hashlib.sha256).digest()
            self.assertEqual(mac, before.hex())
        raw.close()

    def test_another_key(self) -> None:
        """With another key nothing holds; the chain's key is not the store's own."""
        self.commit(["1"], ["2"])
        self.assertEqual(self.broken(key=bytes(32))[0], 1)
        self.assertNotEqual(chain_key(KEY), KEY)

    def test_a_restart_goes_on(self) -> None:
        """What is committed after a restart is chained to what was before it."""
        for number in range(3):
            self.commit([str(number)])
        self.assertEqual(self.verify(), Verified(rows=3, commits=3, head=ANY))

    def test_empty(self) -> None:
        """An audit without a row holds, and has no head; but not where a head is known of."""
        self.assertEqual(self.verify(), Verified(rows=0, commits=0, head=None))
        where, what = self.broken(AuditHead(sequence=1, mac=bytes(32)))
        self.assertEqual((where, what.partition(":")[0]), (1, "the end was cut off"))

    def test_pages(self) -> None:
        """An audit is read in pages, whose ends need not be those of commits."""
        self.patch(audit_chain, "ROWS_AT_ONCE", 2)
        self.commit(["1", "2", "3"], ["4"], ["5", "6", "7", "8", "9"])
        self.assertEqual(self.verify(), Verified(rows=9, commits=3, head=ANY))


class ForgeryTests(AuditedFile):
    """Three commits, of the rows 1, 2 to 4, and 5."""

    def setUp(self) -> None:
        super().setUp()
        self.commit(["a"], ["b", "c", "d"], ["e"])
        self.copy = self.head()

    def test_every_field_of_a_row(self) -> None:
        """A row that was changed is found, whatever was changed in it."""
        for field in schema.audit.columns.keys():  # noqa: SIM118 - the columns are no mapping
            if field == "sequence":
                continue
            self.forge("CREATE TABLE kept AS SELECT * FROM audit")
            self.forge(
                f"UPDATE audit SET {field} = 'x' || {field} || 'x' WHERE sequence = 1",
                f"UPDATE audit SET {field} = 'x' WHERE sequence = 1 AND {field} IS NULL",
            )
            self.assertEqual(self.broken(), (1, "row 1 is not what was written"), field)
            self.forge(
                "DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept", "DROP TABLE kept"
            )
        self.verify()

    def test_a_changed_row_among_others(self) -> None:
        """In a commit of several rows the commit is told."""
        self.forge("UPDATE audit SET object = 'x' WHERE sequence = 3")
        self.assertEqual(self.broken(), (2, "one of rows 2 to 4 is not what was written"))

    def test_another_type(self) -> None:
        """Bytes in the place of text are found as well."""
        self.forge("UPDATE audit SET object = x'61' WHERE sequence = 1")
        self.assertEqual(self.broken()[0], 1)

    def test_a_removed_row(self) -> None:
        """A gap is found: at the beginning, in a commit, at the end of one, several together."""
        for gone, where, what in (
            ("1", 1, "row 1 is missing"),
            ("3", 3, "row 3 is missing"),
            ("4", 4, "row 4 is missing"),
            ("2, 3, 4", 2, "rows 2 to 4 are missing"),
        ):
            self.forge("CREATE TABLE kept AS SELECT * FROM audit")
            self.forge(f"DELETE FROM audit WHERE sequence IN ({gone})")
            self.assertEqual(self.broken(), (where, what))
            self.forge(
                "DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept", "DROP TABLE kept"
            )

    def test_a_removed_row_closed_up(self) -> None:
        """Who gives the later rows new numbers is found at the first that is another."""
        self.forge(
            "DELETE FROM audit WHERE sequence = 1",
            *(f"UPDATE audit SET sequence = {n - 1} WHERE sequence = {n}" for n in (2, 3, 4, 5)),
        )
        self.assertEqual(self.broken()[0], 1)

    def test_reordered(self) -> None:
        """Rows that changed places are found."""
        self.forge(
            "UPDATE audit SET sequence = 0 WHERE sequence = 2",
            "UPDATE audit SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit SET sequence = 3 WHERE sequence = 0",
        )
        self.assertEqual(self.broken()[0], 2)

    def test_reordered_commits(self) -> None:
        """Whole commits that changed places are found, each with its own mac."""
        self.commit(["f"])
        self.forge(
            "UPDATE audit SET sequence = 0 WHERE sequence = 5",
            "UPDATE audit SET sequence = 5 WHERE sequence = 6",
            "UPDATE audit SET sequence = 6 WHERE sequence = 0",
        )
        self.assertEqual(self.broken(), (5, "row 5 is not what was written"))

    def test_an_inserted_row(self) -> None:
        """A row that was put in is found: behind the last, before the first, or between."""
        columns = "at, actor, role, source, verb, patient, object, outcome, tag"
        copy = f"INSERT INTO audit (sequence, {columns}) SELECT {{}}, {columns} FROM audit"
        self.forge(copy.format(6) + " WHERE sequence = 1")
        self.assertEqual(self.broken(), (6, "rows from 6 on belong to no commit"))
        self.forge("UPDATE audit SET mac = '00' WHERE sequence = 6")
        self.assertEqual(self.broken(), (6, "row 6 is not what was written"))
        self.forge("DELETE FROM audit WHERE sequence = 6", copy.format(-7) + " WHERE sequence = 1")
        self.assertEqual(self.broken(), (-7, "row -7 was inserted before the first"))
        self.forge(
            "DELETE FROM audit WHERE sequence = -7",
            "UPDATE audit SET sequence = 6 WHERE sequence = 5",
            copy.format(5) + " WHERE sequence = 1",
        )
        self.assertEqual(self.broken(), (5, "one of rows 5 to 6 is not what was written"))

    def test_commits_joined(self) -> None:
        """Where a commit ends is part of the chain."""
        self.forge("UPDATE audit SET mac = NULL WHERE sequence = 4")
        self.assertEqual(self.broken(), (2, "one of rows 2 to 5 is not what was written"))

    def test_the_end_cut_off(self) -> None:
        """A chain without its end is whole, but not against a copy of the head."""
        for first in (5, 2, 1):
            self.forge(f"DELETE FROM audit WHERE sequence >= {first}")
            self.assertEqual(self.verify().rows, first - 1)
            where, what = self.broken(self.copy)
            self.assertEqual(where, first)
            self.assertIn(f"the end was cut off: {first - 1} rows are left, and row 5", what)

    def test_the_end_written_anew(self) -> None:
        """Nor can the center that has the key write another end where a copy is known."""
        self.forge("DELETE FROM audit WHERE sequence = 5")
        self.commit(["another"], ["more"])
        self.assertEqual(self.verify().rows, 6)
        self.assertEqual(self.broken(self.copy)[0], 5)

    def test_copies(self) -> None:
        """Every copy is compared, the first that does not fit is told; those that fit do."""
        first = AuditHead(sequence=1, mac=self.mac_of(1))
        self.verify(self.copy, first)
        wrong = AuditHead(sequence=4, mac=bytes(32))
        inside = AuditHead(sequence=3, mac=bytes(32))
        self.assertEqual(self.broken(self.copy, wrong, first)[0], 4)
        self.assertEqual(self.broken(self.copy, wrong, inside)[0], 3)

    def mac_of(self, sequence: int) -> bytes:
        raw = sqlite3.connect(self.path)
        [(mac,)] = raw.execute("SELECT mac FROM audit WHERE sequence = ?", [sequence])
        raw.close()
        return bytes.fromhex(mac)

    def test_a_center_goes_on_with_a_forged_head(self) -> None:
        """A mac that is none stops nobody from booking; the chain tells."""
        for forged in ("NULL", "'no mac'", "x'00'"):
            self.forge(f"UPDATE audit SET mac = {forged} WHERE sequence = 5")
            self.commit(["f"])
            self.assertEqual(self.broken()[0], 5)
            self.forge("DELETE FROM audit WHERE sequence = 6")


class AnyForgeryTests(AuditedFile):
    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.integers(1, 4), min_size=2, max_size=6), st.data())
    def test_found(self, sizes: list[int], data: st.DataObject) -> None:
        """However commits were made, one row changed, removed, repeated, or swapped with another
        is found, at that row's commit or before."""
        self.forge("DELETE FROM audit")
        self.commit(
            *([f"{of}.{number}" for number in range(size)] for of, size in enumerate(sizes))
        )
        total = sum(sizes)
        copy = self.head()
        row = data.draw(st.integers(1, total))
        other = data.draw(st.integers(1, total).filter(lambda each: each != row))
        columns = "at, actor, role, source, verb, patient, object, outcome, tag"
        forgeries = {
            "changed": [f"UPDATE audit SET object = object || 'x' WHERE sequence = {row}"],
            "removed": [f"DELETE FROM audit WHERE sequence = {row}"],
            "repeated": [
                f"UPDATE audit SET sequence = -sequence WHERE sequence >= {row}",
                "UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0",
                f"INSERT INTO audit (sequence, {columns}) SELECT {row}, {columns} FROM audit"
                f" WHERE sequence = {row + 1}",
            ],
            "swapped": [
                f"UPDATE audit SET sequence = 0 WHERE sequence = {row}",
                f"UPDATE audit SET sequence = {row} WHERE sequence = {other}",
                f"UPDATE audit SET sequence = {other} WHERE sequence = 0",
            ],
        }
        self.forge(*forgeries[data.draw(st.sampled_from(sorted(forgeries)))])
        where, _ = self.broken(copy)
        self.assertLessEqual(where, row)


class GuardTests(AuditedFile):
    """The triggers."""

    def test_refused(self) -> None:
        """A row is neither changed, nor removed, nor replaced, by whatever connection."""
        self.commit(["a", "b"])
        raw = sqlite3.connect(self.path)
        for statement in (
            "UPDATE audit SET object = 'x'",
            "UPDATE audit SET mac = NULL WHERE sequence = 2",
            "DELETE FROM audit WHERE sequence = 2",
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1",
            "REPLACE INTO audit (sequence, at, actor, source, verb, object, outcome)"
            " VALUES (2, 0, 'x', 'x', 'x', 'x', 'x')",
        ):
            error = self.assertRaises(sqlite3.IntegrityError, raw.execute, statement)
            self.assertEqual(str(error), "rows of the audit are only added")
        raw.close()
        self.assertEqual(self.verify().rows, 2)


class BatchTests(WriterCase):
    """The audit of a batch, of whose transactions some fail."""

    def test_what_is_undone_leaves_no_row(self) -> None:
        """What a transaction noted before it failed is undone with it; its neighbours' rows
        stay."""

        def fails(connection: Connection) -> None:
            note(connection, "2")
            refuse(connection)

        work = [
            Single(lambda connection: note(connection, "1")),
            Single(fails),
            Single(lambda connection: note(connection, "3")),
        ]
        self.assertIsNone(run_batch(self.disk, work).error)
        rows = run_now(self.disk, read)
        self.assertEqual([(row.sequence, row.object) for row in rows], [(1, "1"), (2, "3")])

    def test_a_failed_commit_leaves_no_row(self) -> None:
        """What was noted for a commit that failed is not written by the next, whenever it
        failed."""
        for step in ("commit", "release"):
            self.disk.faults = {step: self.full}
            report = run_batch(self.disk, [Single(lambda connection: note(connection, "lost"))])
            self.assertIs(report.error, self.full)
            self.disk.faults = {}
        self.assertEqual(run_now(self.disk, read), [])
        run_now(self.disk, lambda connection: note(connection, "kept"))
        self.assertEqual([row.object for row in run_now(self.disk, read)], ["kept"])

    def test_nothing_noted(self) -> None:
        """A commit that nobody noted anything for writes nothing, and asks nothing."""
        disk = DyingDisk()
        self.addCleanup(disk.real.close)
        asked: list[str] = []
        disk.real._raw.set_trace_callback(asked.append)
        run_now(disk, lambda connection: None)
        self.assertEqual([each for each in asked if "audit" in each], [])

    def test_heads(self) -> None:
        """The head is that of the last commit; every earlier one is still gone through."""
        database = memory_database()
        self.addCleanup(database.close)
        self.assertIsNone(run_now(database, audit_head))
        heads = []
        for number in range(3):
            run_now(database, lambda connection: note(connection, "x"))
            head = run_now(database, audit_head)
            assert head is not None
            self.assertEqual(head.sequence, number + 1)
            heads.append(head)
        for head in heads:
            self.assertTrue(run_now(database, lambda connection: has_head(connection, head)))  # noqa: B023
            other = AuditHead(sequence=head.sequence, mac=bytes(32))
            self.assertFalse(run_now(database, lambda connection: has_head(connection, other)))  # noqa: B023
