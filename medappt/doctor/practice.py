"""A doctor as a service: a price list and the ports on which it is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime, IReactorUDP
from twisted.logger import Logger

from medappt.doctor.desk import Desk
from medappt.doctor.drops import Drops
from medappt.doctor.protocol import DoctorProtocol
from medappt.doctor.rate import REQUESTS_A_SECOND, RateLimit
from medappt.doctor.sentences import Sentences
from medappt.role.files import load
from medappt.role.listening import LOOPBACK_HOSTS, Ports
from medappt.role.startup import CannotStart
from medappt.wire.datafiles import read_prices

OPTIONAL_HOSTS = ("::1",)
"""Of the addresses nobody asked for, what a machine may not have."""


class IDoctorReactor(IReactorUDP, IReactorTime, IReactorFromThreads):
    """What a doctor needs of a reactor; ``cast`` the real one to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Practice:
    """Where a doctor is asked, and what they answer from.

    ``name`` is the N of ``DoctorN``. ``hosts`` are addresses of this machine; those that are in
    ``optional_hosts`` too are left out where the machine lacks them. Port 0 is any free one.
    ``rate`` is the number of requests a second of one address that are answered, 0 for all.
    """

    name: str
    prices_path: Path
    port: int
    hosts: Sequence[str] = LOOPBACK_HOSTS
    optional_hosts: Collection[str] = OPTIONAL_HOSTS
    rate: int = REQUESTS_A_SECOND


class DoctorService(Service):
    """One doctor. It reads its price list when it is made (``CannotStart`` where it cannot);
    ``listen`` comes next, while the process still has its terminal."""

    _log = Logger()

    def __init__(self, reactor: IDoctorReactor, practice: Practice) -> None:
        self._reactor = reactor
        self._practice = practice
        prices = load(practice.prices_path, read_prices)
        self._prices = prices
        self._rate = RateLimit(practice.rate)
        self._sentences = Sentences(practice.name, prices, reactor)
        self.doctor = self._sentences.doctor
        self._drops = Drops(self.doctor)
        self._desks: list[Desk] = []
        self.ports = Ports()

    def listen(self) -> None:
        """Listen on every host, now. Raises ``CannotStart``, and then listens on none."""
        practice = self._practice
        try:
            for host in practice.hosts:
                desk = Desk(self._prices, self._rate)
                protocol = DoctorProtocol(desk, self._reactor, self._sentences, self._drops)
                is_optional = host in practice.optional_hosts
                self.ports.listen_udp(
                    self._reactor, host, practice.port, protocol, is_optional=is_optional
                )
                self._desks.append(desk)
            if not self.ports.listening:
                raise CannotStart(f"{self.doctor} has no address to listen on")
        except CannotStart:
            self.ports.close()
            raise

    def reload(self) -> None:
        """Read the price list again. What cannot be used is told in the log, with file and line,
        and the old list stays in force."""
        path = self._practice.prices_path
        try:
            prices = load(path, read_prices)
        except CannotStart as reason:
            self._log.error(
                "{doctor} keeps the price list it has: {reason}",
                doctor=self.doctor,
                reason=reason,
            )
            return
        self._prices = prices
        self._sentences.use(prices)
        for desk in self._desks:
            desk.use(prices)
        self._log.info(
            "{doctor} has a new price list of {plans} plans from {path}",
            doctor=self.doctor,
            plans=len(prices.amounts),
            path=str(path),
        )

    def startService(self) -> None:
        Service.startService(self)
        for port in self.ports.listening:
            address = port.getHost()
            assert isinstance(address, IPv4Address | IPv6Address)
            self._sentences.listening(address.host, address.port)

    def stopService(self) -> Deferred[list[None]]:
        Service.stopService(self)
        closing = self.ports.close()
        self._drops.tell_totals()
        self._sentences.stop()
        return closing


def build_doctors(reactor: IDoctorReactor, practices: Iterable[Practice]) -> list[DoctorService]:
    """Doctors that listen, to be made children of the process's service.

    Raises ``CannotStart``; a price list that is missing or broken is found before any of them
    listens. Call ``reload`` of each when the process is asked to read its files again.
    """
    doctors = [DoctorService(reactor, practice) for practice in practices]
    for doctor in doctors:
        doctor.listen()
    return doctors
