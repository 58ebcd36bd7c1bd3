"""A center as a service: how it starts, fails to start, and stops."""

from __future__ import annotations

import errno
import os
import pwd
import resource
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from medappt.center import server
from medappt.center.options import ServerOptions
from medappt.center.server import check_writable, most_connections, prepare_for_future_user
from medappt.center.service import CenterService, Surroundings
from medappt.center.workers import ThreadWorkers
from medappt.model.limits import Limits
from medappt.role.startup import CannotStart
from medappt.samples import write_samples
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
            workers=self.workers,
            hasher=PlainHasher(),
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

    def test_its_files(self) -> None:
        """The store and its key; none in memory."""
        self.assertEqual(self.make().store_files, (self.folder / "s.db", self.folder / "s.db.key"))
        self.assertEqual(self.make("--store", "sqlite://").store_files, ())

    def test_a_failing_import_closes_the_store(self) -> None:
        """What cannot be read in leaves no lock behind."""
        service = self.make()
        (self.folder / "s.db.key").write_bytes(b"short")
        self.assertRaises(CannotStart, service.prepare_store)
        (self.folder / "s.db.key").unlink()
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


class ServerTests(SynchronousTestCase):
    """What twistd calls."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_samples(self.folder)

    def options(self, *words: str) -> ServerOptions:
        options = ServerOptions()
        options.parseOptions(
            ["--data", str(self.folder), "--store", f"sqlite:///{self.folder}/s.db", *words]
        )
        return options

    def test_a_center_and_its_signal(self) -> None:
        """It listens before it is started, and copies its store upon SIGUSR1."""
        reactor = MemoryUDPReactor()
        options = self.options()
        services = server.build_center(options, options.configuration(), reactor)
        self.assertEqual(len(reactor.tcpServers), 2)
        before = signal.getsignal(signal.SIGUSR1)
        copied = []
        center = next(each for each in services if isinstance(each, CenterService))
        self.patch(center, "back_up", lambda: copied.append(True))
        for each in services:
            if not isinstance(each, CenterService):
                self.patch(each, "_action", center.back_up)
                each.startService()
                signal.raise_signal(signal.SIGUSR1)
                reactor.advance(0)
                each.stopService()
        self.assertEqual(copied, [True])
        self.assertEqual(signal.getsignal(signal.SIGUSR1), before)

    def test_a_failure_is_one_line(self) -> None:
        """On stderr, and exit code 1."""
        (self.folder / "users.txt").unlink()
        end = self.assertRaises(SystemExit, server.makeService, self.options())
        self.assertEqual(
            str(end), f"medappt-server: {self.folder}/users.txt: No such file or directory"
        )

    def test_files_belong_to_who_twistd_will_be(self) -> None:
        """With --uid and --gid, new files become that user's; those that were there stay."""
        group = pwd.getpwuid(0).pw_gid
        for uid, gid, expected in (
            (None, None, None),
            (0, None, (0, group)),
            (0, 77, (0, 77)),
            (None, 77, (0, 77)),
        ):
            with self.subTest(uid=uid, gid=gid):
                store = _Store(temporary_folder(self))
                store.old.touch()
                given, checked = self.prepare({"uid": uid, "gid": gid}, store)
                self.assertEqual(given, [] if expected is None else [(store.new, *expected)])
                self.assertEqual(checked, [] if expected is None else [expected])
                self.assertTrue(store.new.exists())

    def test_without_root_files_are_our_own(self) -> None:
        """Nor is there another user to be when twistd does not start us."""
        store = _Store(temporary_folder(self))
        self.assertEqual(self.prepare(None, store), ([], []))
        self.patch(os, "geteuid", lambda: 1000)
        self.assertEqual(self.prepare({"uid": 0, "gid": 0}, store, root=False), ([], []))

    def prepare(
        self, options: dict[str, int | None] | None, store: _Store, *, root: bool = True
    ) -> tuple[list[tuple[Path, int, int]], list[tuple[int, int]]]:
        """Who was given which file, and as whom the files were tried."""
        given: list[tuple[Path, int, int]] = []
        tried: list[tuple[int, int]] = []
        if root:
            self.patch(os, "geteuid", lambda: 0)

        def chown(path: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None:
            self.assertFalse(follow_symlinks)
            given.append((path, uid, gid))

        def run_as(uid: int, gid: int, action: Callable[[Any], None], files: Any) -> None:
            tried.append((uid, gid))
            action(files)

        self.patch(os, "chown", chown)
        self.patch(server, "runAsEffectiveUser", run_as)
        prepare_for_future_user(options, cast(CenterService, store))
        return given, tried

    def test_a_file_that_cannot_be_written_is_told(self) -> None:
        """Before the process gives up being root."""
        self.patch(os, "access", lambda path, mode, effective_ids: path.name != "s.db")
        check_writable([self.folder / "other"])
        error = self.assertRaises(CannotStart, check_writable, [self.folder / "s.db"])
        self.assertIn("s.db cannot be written to by the user of --uid", str(error))

    def test_connections_fit_under_the_file_limit(self) -> None:
        """Which is raised as far as it may be."""
        infinity = resource.RLIM_INFINITY
        raised: list[tuple[int, int]] = []
        self.patch(resource, "setrlimit", lambda _, both: raised.append(both))
        for soft, hard, expected, after in (
            (1024, 4096, 3896, [(4096, 4096)]),
            (1024, 65536, 10_000, [(10_200, 65536)]),
            (1024, infinity, 10_000, [(10_200, infinity)]),
            (20_000, 20_000, 10_000, []),
            (infinity, infinity, 10_000, []),
            (100, 100, 1, [(100, 100)]),
        ):
            raised.clear()
            with self.subTest(soft=soft, hard=hard):
                limits = (soft, hard)
                self.patch(resource, "getrlimit", lambda _, limits=limits: limits)
                self.assertEqual(most_connections(Limits()), expected)
                self.assertEqual(raised, after)


class _Store:
    """A center whose store has a file that was there and one that was not."""

    def __init__(self, folder: Path) -> None:
        self.old, self.new = folder / "old", folder / "new"
        self.store_files = (self.old, self.new)

    def prepare_store(self) -> None:
        for path in self.store_files:
            path.touch()


class WorkerTests(SynchronousTestCase):
    """Threads that do what takes long."""

    def test_results_come_in_the_reactor(self) -> None:
        """Through ``callFromThread``, from a thread that is not this one."""
        reactor = MemoryUDPReactor()
        workers = ThreadWorkers(reactor)
        workers.start()
        written, hashed = workers.write(lambda: 1), workers.hash(lambda: 2)
        workers.stop()  # waits for what was begun
        self.assertNoResult(written)
        reactor.advance(0)
        self.assertEqual(self.successResultOf(written), 1)
        self.assertEqual(self.successResultOf(hashed), 2)
