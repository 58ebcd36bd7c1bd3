"""Visits in every dialect to our own center and its doctor, over real sockets in this process."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ClientEndpoint

from medappt.center.service import CenterService
from medappt.clinic import Options, make_service
from medappt.patient.failures import LoginRefused, SlotTaken
from medappt.patient.visit import Visit, VisitPlan, VisitResult
from medappt.samples import write_samples
from medappt.wire.foreign import Dialect
from tests.patient.fakes import RecordingScreen

DIALECTS = pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)


class Clinic:
    """A clinic that listens, and the port of its one doctor."""

    def __init__(self, reactor: Any, services: MultiService, doctor_port: int) -> None:
        self._reactor = reactor
        self.services = services
        self.doctor_port = doctor_port

    def visit(self, dialect: Dialect, choose: str, **changes: Any) -> Visit:
        center = next(each for each in self.services if isinstance(each, CenterService))
        (listening,) = center.ports.listening
        address = listening.getHost()
        assert isinstance(address, IPv4Address)
        described = {"user": "patient1", "password": "password111", "insurance": "insurance1"}
        plan = VisitPlan(**{**described, **changes}, choose=choose, dialect=dialect)
        endpoint = TCP4ClientEndpoint(self._reactor, address.host, address.port)
        reactor = self._reactor
        screen = RecordingScreen()
        return Visit(plan, screen, endpoint, clock=reactor, udp=reactor, names=reactor)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest_twisted.async_yield_fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic with one doctor, whose port has five digits."""
    from twisted.internet import reactor

    write_samples(tmp_path)
    port = free_udp_port()
    while port < 10_000:
        port = free_udp_port()
    rows = [f"{index} Tue 01pm doc1 {port}\n" for index in range(1, 4)]
    (tmp_path / "availabilities.txt").write_text("".join(rows))
    options = Options()
    listen = ["--listen", "tcp:0:interface=127.0.0.1", "--listen-host", "127.0.0.1"]
    options.parseOptions(["--data", str(tmp_path), "--store", "sqlite://", *listen])
    services = make_service(options, reactor)
    services.startService()
    yield Clinic(reactor, services, port)
    await services.stopService()


@DIALECTS
@pytest_twisted.ensureDeferred
async def test_three_phases(clinic: Clinic, dialect: Dialect) -> None:
    """Each dialect gets through a login, a reservation and an estimate."""
    result = await clinic.visit(dialect, "2").run()
    assert result == VisitResult(
        doctor=None if dialect is Dialect.BARE else "doc1",
        doctor_port=clinic.doctor_port,
        user="patient1",
        insurance="insurance1",
        amount="30",
    )


@DIALECTS
@pytest_twisted.ensureDeferred
async def test_taken(clinic: Clinic, dialect: Dialect) -> None:
    """A slot that somebody has is not available, in any words."""
    await clinic.visit(Dialect.LINE, "1").run()
    with pytest.raises(SlotTaken):
        await clinic.visit(dialect, "1", user="patient2", password="password222").run()


@DIALECTS
@pytest_twisted.ensureDeferred
async def test_wrong_password(clinic: Clinic, dialect: Dialect) -> None:
    """A wrong password is a failed login, in any words."""
    with pytest.raises(LoginRefused):
        await clinic.visit(dialect, "1", password="wrong").run()
