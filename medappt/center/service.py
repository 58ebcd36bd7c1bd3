"""A health center as a service: from its configuration to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.center.board import Board
from medappt.center.center import Center
from medappt.center.checker import PasswordChecker
from medappt.center.imports import Import
from medappt.center.notices import LimitNotices
from medappt.center.options import CenterConfiguration
from medappt.center.passwords import Hasher
from medappt.center.protocol import HealthCenterFactory
from medappt.center.realm import CenterRealm
from medappt.center.sentences import CenterSentences
from medappt.center.workers import Workers
from medappt.federation.city import City
from medappt.federation.service import Federation, FederationSurroundings
from medappt.role.listening import Ports, parse_place
from medappt.role.narration import Narrator
from medappt.role.startup import CannotStart, refuse
from medappt.store import appointments, people
from medappt.store.failures import StoreFailed, StoreUnavailable
from medappt.store.keys import key_path, store_key
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.openings import current_openings
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from medappt.store.writer import Writer
from medappt.wire.requests import CITY, NUMBERED

FORGET_SECONDS = 3_600.0
"""How often what is kept only for a time is looked through."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a center takes from the world: a clock in seconds, the instant (UTC), random bytes,
    random numbers from 0 up to 1, threads, how passwords are kept, and what opens its store."""

    clock: IReactorTime
    now: Callable[[], datetime]
    randomness: Callable[[int], bytes]
    jitter: Callable[[], float]
    workers: Workers
    hasher: Hasher
    open_store: Callable[[Location, bytes], SQLiteDatabase] = SQLiteDatabase.open


class CenterService(Service):
    """A health center.

    ``prepare_store`` and ``listen`` come first, while the process still has its terminal; then it
    is started and stopped as other services.
    """

    _log = Logger()

    def __init__(
        self,
        configuration: CenterConfiguration,
        surroundings: Surroundings,
        *,
        most_connections: int,
        role: str,
    ) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        self._role = role
        self._narrator = Narrator(self._log, surroundings.clock)
        self._sentences = CenterSentences(self._narrator, classroom=configuration.is_classroom)
        self._notices = LimitNotices()
        self._factory = HealthCenterFactory(
            clock=surroundings.clock,
            limits=configuration.limits,
            most_connections=most_connections,
            sentences=self._sentences,
            notices=self._notices,
            vocabulary=NUMBERED if configuration.city is None else CITY,
        )
        self._federation: Federation | None = None
        if configuration.city is not None:
            self._federation = Federation(
                configuration.city,
                FederationSurroundings(
                    clock=surroundings.clock,
                    now=surroundings.now,
                    jitter=surroundings.jitter,
                    randomness=surroundings.randomness,
                ),
            )
        self.ports = Ports()
        self._writer: Writer | None = None
        self._forgetting: LoopingCall | None = None

    @property
    def store_files(self) -> tuple[Path, ...]:
        """The files that ``prepare_store`` makes: none for a store in memory."""
        path = self._configuration.store.path
        return () if path is None else (path, key_path(path))

    def prepare_store(self) -> None:
        """Bring a store in a file up to date. Raises ``CannotStart``.

        It is closed again: neither the lock nor the connection of SQLite survives a fork.
        """
        if self._configuration.store.path is not None:
            self._open_up_to_date().close()

    def listen(self, reactor: Any) -> None:
        """Listen, now. Raises ``CannotStart``, and then listens nowhere."""
        try:
            for description in self._configuration.listen:
                place = parse_place(
                    reactor, description, is_optional=self._configuration.is_default_listen
                )
                self.ports.listen(place, self._factory)
            if self._federation is not None:
                self._federation.listen(reactor)
        except CannotStart:
            self.ports.close()
            raise

    def startService(self) -> None:
        """Open the store and the doors; ends the process where the store cannot be opened, or the
        start of a federation's run cannot be written."""
        try:
            database = self._open()
            begun = None if self._federation is None else run_now(database, self._federation.begin)
        except (CannotStart, StoreFailed) as error:
            refuse(self._role, error)
        Service.startService(self)
        surroundings, configuration = self._surroundings, self._configuration
        now = surroundings.now()
        board = Board(
            run_now(database, current_openings),
            run_now(database, lambda connection: appointments.reserved_slots(connection, now)),
            configuration.zone,
        )
        surroundings.workers.start()
        writer = Writer(database, surroundings.workers.write, surroundings.clock)
        center = Center(writer, board, surroundings.now)
        city: City | None = None
        if self._federation is not None and begun is not None:
            self._federation.open(writer, begun)
            city = self._federation.city
        checker = PasswordChecker(
            writer=writer,
            hasher=surroundings.hasher,
            hashes=run_now(database, people.password_hashes),
            worker=surroundings.workers.hash,
            clock=surroundings.clock,
            limits=configuration.limits,
            notices=self._notices,
            now=surroundings.now,
        )
        self._writer = writer
        self._factory.open(Portal(CenterRealm(center, writer, city), [checker]))
        self._start_forgetting(center)
        self._tell_start()

    def _open(self) -> SQLiteDatabase:
        if self._configuration.store.path is None:  # nothing was prepared
            return self._open_up_to_date()
        try:
            return self._surroundings.open_store(self._configuration.store, self._key())
        except StoreUnavailable as error:
            raise CannotStart(str(error)) from None

    def _open_up_to_date(self) -> SQLiteDatabase:
        """The store, migrated, with what the files say."""
        location = self._configuration.store
        try:
            migrate(location)
            key = self._key()
            database = self._surroundings.open_store(location, key)
            try:
                self._import_files(database, key)
            except BaseException:
                database.close()
                raise
        except (StoreUnavailable, StoreFailed) as error:
            raise CannotStart(str(error)) from None
        return database

    def _key(self) -> bytes:
        return store_key(self._configuration.store, self._surroundings.randomness)

    def _import_files(self, database: SQLiteDatabase, key: bytes) -> None:
        if not self._configuration.shows_names:
            self._sentences.hide_names(key)
        work = Import(self._configuration.data, key, self._surroundings.hasher)
        hashes = work.hash(run_now(database, work.names_to_hash))
        now = self._surroundings.now()
        run_now(database, lambda connection: work.apply(connection, hashes, now))

    def _start_forgetting(self, center: Center) -> None:
        def forget() -> Deferred[None]:
            done = Deferred.fromCoroutine(center.forget_expired())
            return done.addErrback(self._could_not_forget)

        self._forgetting = LoopingCall(forget)
        self._forgetting.clock = self._surroundings.clock
        self._forgetting.start(FORGET_SECONDS, now=False)

    def _could_not_forget(self, failure: Failure) -> None:
        self._log.failure("What is kept only for a time could not be dropped.", failure)

    def _tell_start(self) -> None:
        for port in self.ports.listening:
            address = port.getHost()
            if isinstance(address, IPv4Address | IPv6Address):
                self._sentences.listening(address.host, address.port)
            else:
                self._log.info("Listening on {address}", address=address)
        if self._configuration.key_complaint is not None:
            self._log.warn("{complaint}", complaint=self._configuration.key_complaint)
        if self._configuration.is_classroom:
            self._log.warn("--classroom: passwords are shown on this screen and in its log.")
            data = self._configuration.data
            self._sentences.tables(data.users, data.openings)

    def back_up(self) -> Deferred[None]:
        """Write a consistent copy of the store beside it, and say so in the log."""
        if self._writer is None:
            raise RuntimeError("the center is not running")
        written = self._writer.backup()
        return written.addCallbacks(self._backed_up, self._could_not_back_up)

    def _backed_up(self, path: Path | None) -> None:
        if path is None:
            self._log.warn("A store in memory has no backup.")
        else:
            self._log.info("The store was copied to {path}", path=str(path))

    def _could_not_back_up(self, failure: Failure) -> None:
        self._log.error("The store was not copied: {reason}", reason=failure.getErrorMessage())

    def stopService(self) -> Deferred[None]:
        """Take nothing more, answer what was taken, then close; fires when all is closed."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        closing = self.ports.close()
        self._factory.close()
        if self._forgetting is not None:
            self._forgetting.stop()
        if self._federation is not None:
            await self._federation.stopService()
        if self._writer is not None:
            await self._writer.stop()
        await self._factory.hang_up()
        await closing
        self._narrator.stop()
        self._surroundings.workers.stop()
