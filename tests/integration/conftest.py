"""A clinic in this process: real sockets, threads, files and clock, on the reactor of the tests."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from zope.interface import implementer

from medappt.center.service import CenterService
from medappt.clinic import Options, make_service
from medappt.patient.remote import RemoteCenter, connect_center
from medappt.samples import write_samples

PASSWORDS = {"patient1": "password111", "patient2": "password222", "boss": "secret"}


@dataclass(kw_only=True)
class Clinic:
    """A clinic that runs, and how to get in touch with it."""

    reactor: Any
    folder: Path
    doctor_port: int
    services: MultiService

    @property
    def center(self) -> CenterService:
        return next(each for each in self.services if isinstance(each, CenterService))

    @property
    def endpoint(self) -> TCP4ClientEndpoint:
        [listening] = self.center.ports.listening
        address = listening.getHost()
        assert isinstance(address, IPv4Address)
        return TCP4ClientEndpoint(self.reactor, address.host, address.port)

    async def visitor(self, user: str) -> RemoteCenter:
        """The center as a user who has logged in over TCP."""
        center = await connect_center(self.endpoint, self.reactor)
        assert await center.authenticate(user, PASSWORDS[user])
        return center


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def open_clinic(reactor: Any, folder: Path, doctor_port: int) -> Clinic:
    """Start a clinic on the data and the store in ``folder``."""
    options = Options()
    place = ["--listen", "tcp:0:interface=127.0.0.1", "--listen-host", "127.0.0.1"]
    store = f"sqlite:///{folder}/medappt.sqlite3"
    options.parseOptions(["--data", str(folder), "--store", store, *place])
    services = make_service(options, reactor)
    services.startService()
    return Clinic(reactor=reactor, folder=folder, doctor_port=doctor_port, services=services)


@pytest.fixture
def reactor() -> Any:
    """The reactor that pytest-twisted has installed."""
    from twisted.internet import reactor

    return reactor


@implementer(ILogObserver)
class Faults:
    """Keeps the failures nobody expected."""

    def __init__(self) -> None:
        self.logged: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        if event["log_level"] is LogLevel.critical:
            self.logged.append(event)


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    """Nothing that is tested here may log a failure nobody expected."""
    faults = Faults()
    globalLogPublisher.addObserver(faults)
    yield
    globalLogPublisher.removeObserver(faults)
    assert faults.logged == []


@pytest_twisted.async_yield_fixture
async def clinic(reactor: Any, tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic with one doctor."""
    write_samples(tmp_path)
    port = free_udp_port()
    rows = [f"{index} Tue 01pm doc1 {port}\n" for index in range(1, 101)]
    (tmp_path / "availabilities.txt").write_text("".join(rows))
    users = [f"{user} {password}" for user, password in PASSWORDS.items()]
    (tmp_path / "users.txt").write_text("\n".join(users) + " admin\n")
    clinic = open_clinic(reactor, tmp_path, port)
    yield clinic
    if clinic.services.running:
        await clinic.services.stopService()
