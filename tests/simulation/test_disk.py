"""Tests of the simulated disk: what survives a crash, and what a failing one does."""

from __future__ import annotations

import sqlite3
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from medappt.store.boots import start_boot
from medappt.store.failures import StoreFailed
from medappt.store.migrate import memory_image
from medappt.store.transactions import run_now
from tests.simulation.disk import Disk, SimulatedStore, open_image
from tests.simulation.machine import Machine
from tests.simulation.network import Network
from tests.simulation.timeline import Timeline
from tests.simulation.weather import Weather

KEY = b"k" * 32


class Recorder:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def passing(self, raw: sqlite3.Connection) -> None:
        self.told.append("passing")

    def undone(self) -> None:
        self.told.append("undone")

    def committed(self, raw: sqlite3.Connection) -> None:
        self.told.append("committed")


class DiskTests(SynchronousTestCase):
    def setUp(self) -> None:
        timeline = Timeline(Random(1))
        self.network = Network(timeline, Random(2), Weather())
        self.recorder = Recorder()
        self.disk = Disk(image=memory_image(), observer=self.recorder)
        self.store = self.open()

    def open(self) -> SimulatedStore:
        self.machine = Machine(self.network, "10.0.0.1", "center", 3)
        return SimulatedStore(self.disk, self.machine, KEY)

    def write(self) -> int:
        return run_now(self.store, lambda connection: start_boot(connection, b"\1"))

    def boots(self) -> int:
        """What is on the disk."""
        raw = open_image(self.disk.image)
        [(count,)] = raw.execute("SELECT count(*) FROM boots").fetchall()
        raw.close()
        return int(count)

    def test_commit_is_durable(self) -> None:
        """What was committed is on the disk, and the observer has seen it."""
        self.write()
        self.assertEqual(self.boots(), 1)
        self.assertEqual(self.recorder.told, ["committed"])

    def test_reading_is_no_commit(self) -> None:
        """What only reads leaves the disk alone."""
        self.write()
        run_now(self.store, lambda connection: None)
        self.assertEqual(self.disk.commits, 1)

    def test_dies_before(self) -> None:
        """Who dies right before a commit leaves nothing, and goes on without any effect."""
        self.network.weather = Weather(dies_before_commit=1.0)
        self.write()
        self.assertFalse(self.machine.is_alive)
        self.write()
        self.assertEqual((self.boots(), self.disk.commits), (0, 0))

    def test_dies_after(self) -> None:
        """Who dies right after a commit has committed."""
        self.network.weather = Weather(dies_after_commit=1.0)
        self.write()
        self.assertFalse(self.machine.is_alive)
        self.assertEqual(self.boots(), 1)

    def test_full(self) -> None:
        """A full disk refuses, keeps what it had, and takes more when there is room again."""
        self.write()
        self.disk.is_full = True
        self.assertRaises(StoreFailed, self.write)
        self.assertEqual(self.boots(), 1)
        self.disk.is_full = False
        self.assertEqual(self.write(), 2)
        self.assertEqual(self.boots(), 2)

    def test_broken(self) -> None:
        """A commit that fails on a broken disk is undone for who runs, and may come back with a
        crash; not once another has followed."""
        self.disk.is_broken = True
        self.assertRaises(StoreFailed, self.write)
        self.assertEqual(self.boots(), 0)
        self.assertIsNotNone(self.disk.ghost)
        self.disk.is_broken = False
        self.assertEqual(self.write(), 1)
        self.assertIsNone(self.disk.ghost)
        self.disk.is_broken = True
        self.assertRaises(StoreFailed, self.write)
        self.disk.crash(ghost_returns=True)
        self.assertEqual(self.boots(), 2)

    def test_ghost_that_stays_away(self) -> None:
        """After a crash a failed commit may be gone as well."""
        self.disk.is_broken = True
        self.assertRaises(StoreFailed, self.write)
        self.disk.crash(ghost_returns=False)
        self.assertEqual(self.boots(), 0)
