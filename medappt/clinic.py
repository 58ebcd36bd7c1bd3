"""``twistd medappt-clinic``: a health center and every doctor its data names, in one process."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from twisted.application.service import IService, MultiService, Service
from twisted.internet.address import IPv4Address
from twisted.logger import Logger

from medappt.center.options import CenterConfiguration, CenterOptions
from medappt.center.server import build_center
from medappt.center.service import CenterService
from medappt.doctor.practice import OPTIONAL_HOSTS, DoctorService, IDoctorReactor, Practice
from medappt.doctor.rate import REQUESTS_A_SECOND
from medappt.doctor.service import HostOptions
from medappt.role.listening import LOOPBACK_HOSTS, Ports
from medappt.role.options import parameter, to_count
from medappt.role.services import together
from medappt.role.signals import SignalService
from medappt.role.startup import one_line_on_failure

_NUMBERED_DOCTOR = re.compile(r"doc([0-9]+)", re.ASCII)
_PATIENT_SERVER = ("127.0.0.1", 21000)
"""Where ``medappt patient`` looks unless told otherwise."""


class Options(HostOptions, CenterOptions):
    """Options of ``twistd medappt-clinic``: those of the server, and the doctors' addresses."""

    role = "medappt-clinic"
    synopsis = "[options]"
    longdesc = (
        "A health center and every doctor its availabilities name, in one process. The price list"
        " of doctor docN is docN.txt beside the availabilities; a SIGHUP reads it again."
    )
    optParameters: ClassVar[list[list[object]]] = [
        parameter(
            "rate",
            "r",
            REQUESTS_A_SECOND,
            "Estimates a second for one address, 0 for no limit.",
            to_count,
        ),
    ]

    def practices(self, configuration: CenterConfiguration) -> Iterator[Practice]:
        """The doctors that the availabilities name, once for every port they are named with."""
        named = {(opening.doctor, opening.port) for opening in configuration.data.openings}
        for doctor, port in sorted(named):
            numbered = _NUMBERED_DOCTOR.fullmatch(doctor)
            yield Practice(
                name=numbered[1] if numbered else doctor,
                prices_path=configuration.folder / f"{doctor}.txt",
                port=port,
                hosts=self.hosts or LOOPBACK_HOSTS,
                optional_hosts=() if self.hosts else OPTIONAL_HOSTS,
                rate=self["rate"],
            )


class Invitation(Service):
    """Says, once all listens, which command books an appointment."""

    _log = Logger()

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def startService(self) -> None:
        Service.startService(self)
        places = [port.getHost() for port in self._ports.listening]
        place = next((each for each in places if isinstance(each, IPv4Address)), None)
        if place is not None:
            self._log.info(
                "To book an appointment, in another terminal: {command}",
                command=booking_command(sys.argv[0], place.host, place.port),
            )


def booking_command(program: str, host: str, port: int) -> str:
    """The command that books at a center on ``host`` and ``port``, with the ``medappt`` that is
    beside ``program`` if there is one, as short as the working directory allows."""
    beside = Path(program).absolute().with_name("medappt")
    command = "medappt"
    if beside.exists():
        here = Path.cwd()
        command = str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
    words = [command, "patient", "--id", "1"]
    if (host, port) != _PATIENT_SERVER:
        words += ["--server", f"{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"]  # noqa: S104
    return shlex.join(words)


def make_service(options: Options, reactor: Any) -> MultiService:
    """The clinic, whose ports listen already.

    Ends the process with a line on stderr and exit code 1 where it cannot start.
    """
    with one_line_on_failure(options.role):
        configuration = options.configuration()
        doctors = [
            DoctorService(cast(IDoctorReactor, reactor), practice)
            for practice in options.practices(configuration)
        ]
        center = build_center(options, configuration, reactor)
        for doctor in doctors:
            doctor.listen()
    # the signal first: who reads that a doctor listens may ask for a reload at once
    hangup = SignalService(reactor, signal.SIGHUP, lambda: _reload(doctors))
    ports = next(each for each in center if isinstance(each, CenterService)).ports
    return together([hangup, *center, *doctors, Invitation(ports)])


def _reload(doctors: Sequence[DoctorService]) -> None:
    for doctor in doctors:
        doctor.reload()


def makeService(options: Options) -> IService:
    """What twistd calls."""
    from twisted.internet import reactor

    return make_service(options, reactor)
