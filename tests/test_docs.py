"""The documents say what the program does: their examples are played, their tables compared."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from contextlib import redirect_stdout
from dataclasses import fields
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python import usage
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from medappt import clinic
from medappt.center.server import Options as ServerOptions
from medappt.cli import main
from medappt.doctor.desk import Answer, Desk, Sender
from medappt.doctor.rate import RateLimit
from medappt.doctor.service import Options as DoctorOptions
from medappt.model.limits import LINE_BYTES, TAG_SECONDS, Limits
from medappt.samples import FILES
from medappt.wire.city_settings import CitySettings, FederationSettings
from medappt.wire.datafiles import read_prices
from medappt.wire.settings import CenterSettings, read_settings
from tests.center.fixtures import MONDAY, Client, MemoryCenter
from tests.documents import (
    DOCUMENTS,
    PROTOCOL,
    README,
    ROOT,
    Block,
    anchors,
    blocks,
    section,
    table_rows,
)

TORONTO = ZoneInfo("America/Toronto")

_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


class DatagramTests(SynchronousTestCase):
    """The doctor's datagrams in the description of the protocol."""

    def test_datagrams(self) -> None:
        """Every datagram gets the answer that is printed below it, and no other."""
        examples = blocks(PROTOCOL, "datagrams")
        self.assertGreater(len(examples), 2)
        for block in examples:
            self.assertEqual(block.lines, _played(block), block.where)


def _played(block: Block) -> list[str]:
    """The block as the doctor would have it: its questions, and the answers they get."""
    desk = Desk(read_prices(FILES["doc1.txt"].encode(), "doc1.txt"), RateLimit())
    clients: dict[str, Sender] = {"A": ("192.0.2.1", 5001), "B": ("192.0.2.2", 5002)}
    names = {address: name for name, address in clients.items()}
    now, told = 1000.0, []
    for line in block.lines:
        answers: list[Answer] = []
        if line.startswith("+ "):
            now += float(line[2:])
            answers = desk.expire(now)
        elif line[1:3] == "> ":
            datagram = line[3:].encode().decode("unicode_escape").encode()
            outcome = desk.receive(datagram, clients[line[0]], now)
            answers = [outcome] if isinstance(outcome, Answer) else []
        else:
            continue
        told.append(line)
        told += [f"{names[each.to]}< {_escaped(each.reply)}" for each in answers]
    return told


def _escaped(reply: bytes) -> str:
    return reply.decode("ascii").replace("\0", "\\0")


class ReadmeTests(SynchronousTestCase):
    """What the README says in tables and examples."""

    def test_limits(self) -> None:
        """The table of limits has every limit with its default, and no other."""
        told = {
            cells[0].strip("`"): cells[1].replace(",", "")
            for cells in table_rows(section(README, "Limits"))
        }
        limits = Limits()
        known = {each.name: f"{getattr(limits, each.name):g}" for each in fields(limits)}
        self.assertEqual(told, known)

    def test_fixed_limits(self) -> None:
        """The limits that are no settings are told as they are."""
        text = section(README, "Limits")
        self.assertIn(f"{LINE_BYTES} bytes", text)
        self.assertIn(f"{TAG_SECONDS // 3600} hours", text)

    def check_options(self, title: str, known: set[str]) -> None:
        told: set[str] = set()
        for cells in table_rows(section(README, title)):
            told |= set(_OPTION.findall(cells[0]))
        self.assertEqual(told, known)

    def test_role_options(self) -> None:
        """The tables of the roles have every option, and no other."""
        server = _options(ServerOptions())
        self.check_options("twistd medappt-server", server)
        self.check_options("twistd medappt-doctor", _options(DoctorOptions()))
        self.check_options("twistd medappt-clinic", _options(clinic.Options()) - server)

    def test_command_options(self) -> None:
        """The tables of the commands have every option, and no other."""
        for command in ("patient", "passwd", "demo"):
            out = StringIO()
            with redirect_stdout(out), self.assertRaises(SystemExit):
                main([command, "--help"])
            known = set(_OPTION.findall(out.getvalue())) - {"help"}
            self.check_options(f"medappt {command}", known)

    def test_audit_options(self) -> None:
        """So has the table of the commands that read an audit."""
        known: set[str] = set()
        for command in ("verify", "show"):
            out = StringIO()
            with redirect_stdout(out), self.assertRaises(SystemExit):
                main(["audit", command, "--help"])
            known |= set(_OPTION.findall(out.getvalue())) - {"help"}
        self.check_options("medappt audit", known)

    def test_settings(self) -> None:
        """The settings files that are printed are some, and use every key there is."""
        plain, city = (
            read_settings(each.text.encode(), each.where) for each in blocks(README, "toml")
        )
        used: set[tuple[type, str]] = set()
        for values in (plain, city, city.city, city.city and city.city.federation):
            assert values is not None
            used |= {
                (type(values), each.name) for each in fields(values) if getattr(values, each.name)
            }
        known = {
            (table, each.name)
            for table in (CenterSettings, CitySettings, FederationSettings)
            for each in fields(table)
        }
        self.assertEqual(used, known)
        self.assertNotEqual(plain.limits, Limits())

    def test_library(self) -> None:
        """The program that is printed takes the first free slot of a center."""
        [example] = blocks(README, "python")
        out = StringIO()
        names: dict[str, Any] = {"__name__": "example"}
        exec(compile(example.text, example.where, "exec"), names)
        center, reactor = MemoryCenter(), MemoryReactorClock()
        with redirect_stdout(out):
            arguments = (reactor, "tcp:127.0.0.1:21000", "patient1", "password111")
            booked = Deferred.fromCoroutine(names["book"](*arguments))
            _carry(center.connect(), reactor)
        self.successResultOf(booked)
        self.assertEqual(out.getvalue(), "1 Tue 01pm with doc1\n")
        self.assertFalse(center.board.states(center.now)[0].free)


def _options(options: usage.Options) -> set[str]:
    return {name.rstrip("=") for name in options.longOpt} - {"help", "version"}


def _carry(server: Client, reactor: MemoryReactorClock) -> None:
    """Bring what a client connected through ``reactor`` and a server say to one another, until
    both are silent and the server has closed."""
    host, port, factory, _, _ = reactor.tcpClients[0]
    assert (host, port) == ("127.0.0.1", 21000)
    client, transport = factory.buildProtocol(None), StringTransport()
    assert client is not None
    client.makeConnection(transport)
    while question := transport.value():
        transport.clear()
        for line in server.send(question):
            client.dataReceived(line.encode() + b"\n")
    assert server.transport.write_closed
    client.connectionLost(Failure(ConnectionDone()))


class DocumentTests(SynchronousTestCase):
    """All documents."""

    def test_links(self) -> None:
        """What a document points at is there, and so is the heading."""
        for path in DOCUMENTS:
            text = path.read_text(encoding="utf-8")
            for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
                if "://" in target:
                    continue
                pointed = path.parent / target if target else path
                self.assertTrue(pointed.exists(), f"{path.name}: {target}")
                if heading:
                    self.assertIn(heading, anchors(pointed), f"{path.name}: {target}#{heading}")

    def test_units(self) -> None:
        """The systemd units start roles with options they have."""
        for name, options in (
            ("medappt-server.service", ServerOptions()),
            ("medappt-doctor@.service", DoctorOptions()),
        ):
            unit = RawConfigParser(strict=False)
            unit.read(ROOT / "docs" / "systemd" / name)
            command = unit["Service"]["ExecStart"].replace("%i", "1").split()
            options.parseOptions(command[command.index(options.role) + 1 :])

    def test_clock(self) -> None:
        """The instant that the description names is the one its examples are played at."""
        self.assertEqual(MONDAY, datetime(2026, 11, 23, 12, tzinfo=UTC))
        self.assertIn("Monday, 2026-11-23, 07:00", PROTOCOL.read_text(encoding="utf-8"))
        self.assertEqual(MONDAY.astimezone(TORONTO).hour, 7)
