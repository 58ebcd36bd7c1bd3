"""The clinic: a center and its doctors in one process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.application.service import MultiService
from twisted.trial.unittest import SynchronousTestCase

from medappt import clinic
from medappt.center.service import CenterService
from medappt.clinic import Invitation, Options, booking_command, make_service
from medappt.doctor.practice import DoctorService
from medappt.samples import write_samples
from tests.folders import temporary_folder
from tests.role.logs import listening_to_the_log
from tests.role.memory import MemoryUDPReactor


class ClinicTests(SynchronousTestCase):
    """Which doctors there are, and in what order things go wrong."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_samples(self.folder)
        self.reactor = MemoryUDPReactor()

    def options(self, *words: str) -> Options:
        options = Options()
        options.parseOptions(
            ["--data", str(self.folder), "--store", f"sqlite:///{self.folder}/s.db", *words]
        )
        return options

    def make(self, *words: str) -> MultiService:
        return make_service(self.options(*words), self.reactor)

    def test_every_doctor_of_the_data(self) -> None:
        """On the ports that the availabilities name."""
        services = self.make()
        doctors = [each.doctor for each in services if isinstance(each, DoctorService)]
        self.assertEqual(doctors, ["Doctor1", "Doctor2"])
        self.assertEqual(
            [(port.host, port.port) for port in self.reactor.udp_ports],
            [("127.0.0.1", 41000), ("::1", 41000), ("127.0.0.1", 42000), ("::1", 42000)],
        )

    def test_a_doctor_may_have_any_name(self) -> None:
        """Their price list is named after them."""
        (self.folder / "availabilities.txt").write_text("1 Tue 01pm smith 41000\n")
        (self.folder / "smith.txt").write_text("insurance1 30\n")
        services = self.make("--listen-host", "127.0.0.2", "--rate", "0")
        doctors = [each.doctor for each in services if isinstance(each, DoctorService)]
        self.assertEqual(doctors, ["Doctorsmith"])
        self.assertEqual([port.host for port in self.reactor.udp_ports], ["127.0.0.2"])

    def test_a_missing_price_list_is_found_first(self) -> None:
        """Nothing listens, and there is no store."""
        (self.folder / "doc2.txt").unlink()
        end = self.assertRaises(SystemExit, self.make)
        self.assertIn("medappt-clinic: ", str(end))
        self.assertIn("doc2.txt", str(end))
        self.assertEqual(self.reactor.tcpServers, [])
        self.assertFalse((self.folder / "s.db").exists())

    def test_hangup_reloads_every_doctor(self) -> None:
        """Those who can, use their new list."""
        services = self.make()
        doctors = [each for each in services if isinstance(each, DoctorService)]
        reloaded: list[str] = []
        for doctor in doctors:
            self.patch(doctor, "reload", lambda name=doctor.doctor: reloaded.append(name))
        clinic._reload(doctors)
        self.assertEqual(reloaded, ["Doctor1", "Doctor2"])

    def test_the_pid_file_has_the_roles_name(self) -> None:
        """So that several roles can be started in one directory."""
        self.assertEqual(self.options().pid_name(), "medappt-clinic")

    def test_twistd_calls_with_the_reactor(self) -> None:
        """The one that is installed."""
        called: list[Any] = []
        self.patch(clinic, "make_service", lambda *arguments: called.append(arguments))
        clinic.makeService(self.options())
        from twisted.internet import reactor

        self.assertIs(called[0][1], reactor)


class InvitationTests(SynchronousTestCase):
    """The one command that books."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self).resolve()

    def test_the_command_is_as_short_as_can_be(self) -> None:
        """The default port needs no word, nor does a command that is on the path."""
        self.patch(Path, "cwd", classmethod(lambda cls: self.folder))
        program = str(self.folder / "bin" / "twistd")
        self.assertEqual(booking_command(program, "127.0.0.1", 21000), "medappt patient --id 1")
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "medappt").touch()
        self.assertEqual(
            booking_command(program, "127.0.0.1", 21001),
            "bin/medappt patient --id 1 --server 127.0.0.1:21001",
        )
        self.assertEqual(
            booking_command(program, "0.0.0.0", 5),
            "bin/medappt patient --id 1 --server 127.0.0.1:5",
        )
        self.patch(Path, "cwd", classmethod(lambda cls: Path("/nowhere")))
        self.assertEqual(
            booking_command(program, "127.0.0.1", 21000),
            f"{self.folder}/bin/medappt patient --id 1",
        )

    def test_it_is_told_where_the_center_listens(self) -> None:
        """And not where it listens on nothing that a patient could be told."""
        write_samples(self.folder)
        reactor = MemoryUDPReactor()
        options = Options()
        options.parseOptions(["--data", str(self.folder), "--store", "sqlite://"])
        services = make_service(options, reactor)
        ports = next(each for each in services if isinstance(each, CenterService)).ports
        self.patch(sys, "argv", ["/nowhere/twistd"])
        with listening_to_the_log() as told:
            Invitation(ports).startService()
        self.assertEqual(len(told.texts()), 1)
        self.assertTrue(
            told.texts()[0].startswith(
                "To book an appointment, in another terminal: medappt patient --id 1"
            )
        )
        ports.listening.clear()
        with listening_to_the_log() as told:
            Invitation(ports).startService()
        self.assertEqual(told.texts(), [])
