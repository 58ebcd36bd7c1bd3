"""The command ``twistd medappt-doctor`` (section 6)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast

from twisted.application.service import IService, MultiService
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python import usage

from medappt.doctor.practice import (
    OPTIONAL_HOSTS,
    DoctorService,
    IDoctorReactor,
    Practice,
    build_doctors,
)
from medappt.doctor.rate import REQUESTS_A_SECOND
from medappt.role.listening import LOOPBACK_HOSTS
from medappt.role.options import RoleOptions, coercion, parameter, to_count, to_path, to_port
from medappt.role.services import together
from medappt.role.signals import SignalService
from medappt.role.startup import one_line_on_failure

FIRST_PORT = 40_000
PORTS_APART = 1_000
HIGHEST_ID = 9_999
"""Of an ID: four digits."""


def default_port(number: int) -> int:
    """The port of doctor ``number``; over 65535 for numbers that have none."""
    return FIRST_PORT + PORTS_APART * number


def _ids(value: str) -> tuple[int, ...]:
    numbers = []
    for word in value.split(","):
        if not (word.isascii() and word.isdigit() and len(word) <= 4 and int(word)):
            raise ValueError(value)
        numbers.append(int(word))
    if len(set(numbers)) < len(numbers):
        raise ValueError(value)
    return tuple(numbers)


to_ids = coercion(_ids, f"numbers from 1 to {HIGHEST_ID}, each once, such as 2 or 1,2")


class HostOptions(RoleOptions):
    """Options of what listens for datagrams."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses that were given, in their order; none for the default."""
        hosts: tuple[str, ...] = self.get("hosts", ())
        return hosts

    def opt_listen_host(self, host: str) -> None:
        """Address to listen on; may be given several times. (127.0.0.1 and ::1)"""
        if not (isIPAddress(host) or isIPv6Address(host)):
            expected = "an IP address such as 127.0.0.1"
            raise usage.UsageError(f"--listen-host: expected {expected}, not {host!r}")
        if host not in self.hosts:
            self["hosts"] = (*self.hosts, host)


class Options(HostOptions):
    """What can be said on the command line of a doctor."""

    role = "medappt-doctor"
    synopsis = "--id N[,N...] [options]"
    longdesc = (
        "Doctors who answer over UDP what a visit costs under an insurance plan. A SIGHUP makes"
        " them read their price lists again; a broken one is told in the log, and the old one"
        " stays in force."
    )
    optParameters: ClassVar[list[list[object]]] = [
        parameter("id", "i", None, "Number of the doctor, or several: 1,2. Required.", to_ids),
        parameter("port", "p", None, "UDP port (40000 + 1000 x N); for one doctor only.", to_port),
        parameter("data", "d", None, "Directory with the price lists docN.txt (data).", to_path),
        parameter("prices", None, None, "Price list, not --data; for one doctor only.", to_path),
        parameter(
            "rate",
            "r",
            REQUESTS_A_SECOND,
            "Requests a second of one address that are answered, 0 for all.",
            to_count,
        ),
    ]

    def postOptions(self) -> None:
        if self["id"] is None:
            raise usage.UsageError("--id N is needed")
        if len(self["id"]) > 1:
            for option in ("port", "prices"):
                if self[option] is not None:
                    raise usage.UsageError(f"--{option} is for one --id only")
        if self["prices"] is not None and self["data"] is not None:
            raise usage.UsageError("either --data or --prices, not both")
        if self["data"] is None:
            self["data"] = to_path("data")
        if self["port"] is None:
            for number in self["id"]:
                if default_port(number) > 65_535:
                    raise usage.UsageError(
                        f"doctor {number} has no default port ({default_port(number)} is over"
                        " 65535), give one with --port"
                    )
        super().postOptions()

    def pid_name(self) -> str:
        return "-".join((self.role, *map(str, self["id"])))

    def practices(self) -> Iterator[Practice]:
        """The doctors that were asked for."""
        for number in self["id"]:
            data: Path = self["data"]
            yield Practice(
                name=str(number),
                prices_path=self["prices"] or data / f"doc{number}.txt",
                port=default_port(number) if self["port"] is None else self["port"],
                hosts=self.hosts or LOOPBACK_HOSTS,
                optional_hosts=() if self.hosts else OPTIONAL_HOSTS,
                rate=self["rate"],
            )


def make_service(options: Options, reactor: IDoctorReactor) -> MultiService:
    """The service of a doctor process, whose ports listen already.

    Ends the process with a line on stderr and exit code 1 where it cannot start.
    """
    with one_line_on_failure(options.role):
        doctors = build_doctors(reactor, options.practices())
    hangup = SignalService(reactor, signal.SIGHUP, lambda: _reload(doctors))
    # the signal first: who reads that a doctor listens may ask for a reload at once
    return together([hangup, *doctors])


def _reload(doctors: list[DoctorService]) -> None:
    for doctor in doctors:
        doctor.reload()


def makeService(options: Options) -> IService:
    """What twistd calls."""
    from twisted.internet import reactor

    return make_service(options, cast(IDoctorReactor, reactor))
