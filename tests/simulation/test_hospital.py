"""Tests of production's center in the simulated world, one fault at a time."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.disk import open_image
from tests.simulation.hospital import Hospital
from tests.simulation.network import Network
from tests.simulation.scenery import CITIES, draw_scenery
from tests.simulation.timeline import Timeline
from tests.simulation.weather import Weather


class HospitalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.timeline = Timeline(Random(1))
        self.network = Network(self.timeline, Random(2), Weather())
        scenery = draw_scenery(Random(3), 30.0)
        self.hospitals = {city: Hospital(self.network, city, scenery, 1) for city in CITIES}
        self.mtl = self.hospitals["MTL"]
        self.told: list[tuple[str, tuple[object, ...]]] = []
        self.timeline.on_note = lambda now, kind, what: self.told.append((kind, what))

    def boots(self) -> list[int]:
        """The boot numbers on the disk of Montreal."""
        raw = open_image(self.mtl.disk.image)
        rows = raw.execute("SELECT number FROM boots ORDER BY number").fetchall()
        raw.close()
        return [number for (number,) in rows]

    def test_disk_full_at_the_start(self) -> None:
        """A center that cannot write its boot number ends with one line, and listens nowhere; when
        there is room again it starts."""
        self.mtl.disk.is_full = True
        self.mtl.boot()
        [line] = [what[1] for kind, what in self.told if kind == "cannot start"]
        self.assertEqual(
            line, "medappt-server: the store cannot be written: database or disk is full"
        )
        self.assertEqual((self.network.sockets, self.network.doors), ({}, {}))
        self.mtl.disk.is_full = False
        self.mtl.boot()
        self.assertEqual(self.boots(), [1])

    def test_each_life_has_its_number(self) -> None:
        """A center that is killed starts with the next boot number."""
        for _ in range(3):
            self.mtl.boot()
            self.mtl.machine.kill()
        self.assertEqual(self.boots(), [1, 2, 3])

    def test_restored(self) -> None:
        """A center with an older boot number is told by its peers, and stops its federation."""
        for hospital in self.hospitals.values():
            hospital.boot()
        self.mtl.machine.kill()
        self.mtl.boot()
        self.timeline.run_until(2.0, lambda: None)
        self.mtl.machine.kill()
        self.mtl.set_boot_back(1)
        self.mtl.boot()
        self.timeline.run_until(4.0, lambda: None)
        assert self.mtl.service is not None
        assert self.mtl.service._federation is not None
        stale = self.mtl.service._federation.link.stale
        assert stale is not None
        self.assertEqual(stale.highest, 2)
