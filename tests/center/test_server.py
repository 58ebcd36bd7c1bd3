"""What twistd calls: who owns the store's files, how many connections there are, threads."""

from __future__ import annotations

import os
import pwd
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.trial.unittest import SynchronousTestCase

from medappt.center import server
from medappt.center.options import ServerOptions
from medappt.center.server import check_writable, most_connections, prepare_for_future_user
from medappt.center.service import CenterService
from medappt.center.workers import ThreadWorkers
from medappt.model.limits import Limits
from medappt.role.startup import CannotStart
from medappt.samples import write_samples
from tests.folders import temporary_folder
from tests.role.memory import MemoryUDPReactor

T = TypeVar("T")


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
