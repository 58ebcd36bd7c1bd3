"""A center as a service: how it starts, fails to start, and stops."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar, cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.options import ServerOptions
from medappt.center.service import CenterService, Surroundings
from medappt.role.startup import CannotStart
from medappt.samples import write_samples
from medappt.store.failures import StoreFailed
from medappt.store.writer import inline
from tests.center.fixtures import CLIENT, MONDAY, PlainHasher, Transport
from tests.folders import temporary_folder
from tests.role.logs import listening_to_the_log
from tests.role.memory import MemoryUDPReactor

T = TypeVar("T")


class InlineWorkers:
    """Does everything at once, and remembers that it was started and stopped."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def start(self) -> None:
        self.events.append("start")

    def stop(self) -> None:
        self.events.append("stop")

    def write(self, work: Callable[[], T]) -> Deferred[T]:
        return inline(work)

    def hash(self, work: Callable[[], T]) -> Deferred[T]:
        return inline(work)


class ServiceTests(SynchronousTestCase):
    """One center from its configuration to its end."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_samples(self.folder)
        self.reactor = MemoryUDPReactor()
        self.workers = InlineWorkers()
        self.now = MONDAY
        self.hasher = PlainHasher()

    def make(self, *words: str) -> CenterService:
        options = ServerOptions()
        options.parseOptions(
            [
                *("--data", str(self.folder), "--timezone", "UTC"),
                *("--store", f"sqlite:///{self.folder}/s.db"),
                *words,
            ]
        )
        surroundings = Surroundings(
            clock=self.reactor,
            now=self.instant,
            randomness=lambda count: b"r" * count,
            jitter=lambda: 0.5,
            workers=self.workers,
            hasher=self.hasher,
        )
        return CenterService(
            options.configuration(), surroundings, most_connections=10, role="medappt-server"
        )

    def instant(self) -> datetime:
        return self.now

    def start(self, *words: str) -> CenterService:
        service = self.make(*words)
        service.prepare_store()
        service.listen(self.reactor)
        service.startService()
        self.addCleanup(self.stop, service)
        return service

    def stop(self, service: CenterService) -> None:
        if service.running:
            stopped = service.stopService()
            self.settle()
            for protocol in list(service._factory._connections):
                protocol.connectionLost()
            self.successResultOf(stopped)

    def settle(self) -> None:
        for _ in range(50):
            self.reactor.advance(0)

    def connect(self) -> tuple[Any, Transport]:
        factory = self.reactor.tcpServers[0][1]
        protocol, transport = factory.buildProtocol(CLIENT), Transport()
        if protocol is not None:
            protocol.makeConnection(transport)
        return protocol, transport

    def talk(self, *lines: str) -> list[str]:
        protocol, transport = self.connect()
        for line in lines:
            protocol.dataReceived(f"{line}\n".encode())
            self.settle()
        return transport.take()

    def test_it_serves_between_start_and_stop(self) -> None:
        """Before the start and after the stop connections are closed at once."""
        service = self.make()
        service.prepare_store()
        service.listen(self.reactor)
        self.assertEqual(
            [(port, interface) for port, _, _, interface in self.reactor.tcpServers],
            [(21000, "127.0.0.1"), (21000, "::1")],
        )
        self.assertIsNone(self.connect()[0])
        service.startService()
        self.assertEqual(
            self.talk("authenticate patient1 password111", "selection 2"),
            ["success", "doc2 42000"],
        )
        stopped = service.stopService()
        self.settle()
        self.assertIsNone(self.connect()[0])
        self.assertNoResult(stopped)  # a connection is still there
        for protocol in list(service._factory._connections):
            protocol.connectionLost()
        self.successResultOf(stopped)
        self.assertEqual(self.workers.events, ["start", "stop"])

    def test_a_restart_keeps_reservations(self) -> None:
        """They are in the file, with the key beside it."""
        first = self.start()
        self.talk("authenticate patient1 password111", "selection 2")
        self.stop(first)
        self.assertEqual(self.workers.events, ["start", "stop"])
        self.assertEqual((self.folder / "s.db.key").stat().st_mode & 0o777, 0o600)
        self.reactor.tcpServers.clear()
        self.start()
        self.assertIn(
            "2 Mon 03pm doc2 taken", self.talk("authenticate patient2 password222", "slots")
        )

    def test_a_store_in_memory(self) -> None:
        """Needs no file, and has no backup."""
        service = self.start("--store", "sqlite://")
        self.assertEqual(
            self.talk("authenticate patient1 password111", "selection 1")[-1], "doc1 41000"
        )
        with listening_to_the_log() as told:
            copied = service.back_up()
            self.settle()
        self.successResultOf(copied)
        self.assertEqual(told.texts(LogLevel.warn), ["A store in memory has no backup."])

    def test_a_store_in_use_is_refused(self) -> None:
        """At the preparation, and where somebody came in between."""
        self.start()
        error = self.assertRaises(CannotStart, self.make().prepare_store)
        self.assertIn("s.db", str(error))
        end = self.assertRaises(SystemExit, self.make().startService)
        self.assertIn("medappt-server: ", str(end))
        self.assertIn("s.db", str(end))

    def test_a_failed_login_costs_what_any_users_hash_costs(self) -> None:
        """The decoys are made for the hashes that are in the store at the start."""
        seen: list[str] = []
        decoys = self.hasher.decoys

        def remember(hashes: Iterable[str]) -> dict[str, str]:
            seen.extend(hashes)
            return decoys(seen)

        self.patch(self.hasher, "decoys", remember)
        self.start()
        self.assertEqual(sorted(seen), ["plain:password111", "plain:password222"])

    def test_its_files(self) -> None:
        """The store and its key; none in memory."""
        self.assertEqual(self.make().store_files, (self.folder / "s.db", self.folder / "s.db.key"))
        self.assertEqual(self.make("--store", "sqlite://").store_files, ())

    def test_a_failing_import_closes_the_store(self) -> None:
        """What cannot be read in leaves no lock behind, nor does a key that is none."""
        service = self.make()
        key = self.folder / "s.db.key"
        key.write_bytes(b"short")
        self.assertRaises(CannotStart, service.prepare_store)
        key.unlink()

        def full(password: bytes) -> str:
            raise StoreFailed("no space")

        undo = self.patch(self.hasher, "hash", full)
        self.assertRaises(CannotStart, service.prepare_store)
        undo.restore()
        service.prepare_store()

    def test_a_busy_port_closes_the_others(self) -> None:
        """Nothing listens if not all does."""
        service = self.make("--listen", "tcp:1", "--listen", "tcp:2")
        listen = self.reactor.listenTCP
        stopped = []

        def some(port: int, *arguments: Any, **named: Any) -> Any:
            if port == 2:
                raise CannotListenError("", 2, OSError(errno.EADDRINUSE, "in use"))
            opened = listen(port, *arguments, **named)
            self.patch(opened, "stopListening", lambda: stopped.append(port))
            return opened

        self.patch(self.reactor, "listenTCP", some)
        error = self.assertRaises(CannotStart, service.listen, self.reactor)
        self.assertIn("tcp:2", str(error))
        self.assertEqual(stopped, [1])

    def test_a_backup_is_told(self) -> None:
        """Where it is, or why there is none."""
        service = self.start()
        with listening_to_the_log() as told:
            service.back_up()
            self.settle()
        self.assertEqual(told.texts(), [f"The store was copied to {self.folder}/s.db.backup"])
        os.unlink(self.folder / "s.db.backup")
        (self.folder / "s.db.backup").mkdir()
        with listening_to_the_log() as told:
            service.back_up()
            self.settle()
        self.assertIn("The store was not copied: ", told.texts(LogLevel.error)[0])

    def test_a_backup_needs_a_running_center(self) -> None:
        """There is nothing to copy before."""
        self.assertRaises(RuntimeError, self.make().back_up)

    def test_what_is_kept_for_a_time_is_dropped(self) -> None:
        """Every hour; a failure is logged and the next hour tries again."""
        service = self.start()
        begun: list[datetime] = []
        forgotten = MONDAY.replace(hour=20)
        board = service._forgetting
        assert board is not None
        self.now = forgotten
        writer = service._writer
        assert writer is not None
        submit = writer.submit

        def failing(function: Any) -> Any:
            begun.append(self.now)
            raise OSError("the disk is gone")

        self.patch(writer, "submit", failing)
        self.reactor.advance(3600)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.patch(writer, "submit", submit)
        self.reactor.advance(3600)
        self.settle()
        self.assertEqual(begun, [forgotten])

    def test_addresses_are_told_as_they_are(self) -> None:
        """Also those that have no port."""
        service = self.make("--classroom")
        service.prepare_store()
        for address in (
            IPv4Address("TCP", "127.0.0.1", 5),
            IPv6Address("TCP", "::1", 6),
            UNIXAddress(b"/run/x"),
        ):
            service.ports.listening.append(cast(IListeningPort, _Port(address)))
        with listening_to_the_log() as told:
            service.startService()
        self.addCleanup(self.stop, service)
        texts = told.texts()
        self.assertEqual(
            texts[1], "Phase1: The Health Center Server has port number: 6 and IP address: ::1"
        )
        self.assertIn("Listening on UNIXAddress", texts[2])
        self.assertIn("--classroom: passwords are shown", texts[3])
        self.assertEqual(texts[4], "Users:\npatient1 password111\npatient2 password222")

    def test_a_center_that_never_started_stops(self) -> None:
        """The other roles of its process may have failed."""
        service = self.make()
        service.listen(self.reactor)
        self.successResultOf(service.stopService())


class _Port:
    def __init__(self, address: object) -> None:
        self._address = address

    def getHost(self) -> object:
        return self._address

    def startListening(self) -> None:
        """Listens already."""

    def stopListening(self) -> None:
        """Nothing to wait for."""
