"""Logins: a checker for twisted.cred with a bound on what they may cost (sections 4 and 11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ICredentials
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from medappt.center.notices import LimitNotices
from medappt.center.passwords import Hasher
from medappt.center.throttle import Throttle
from medappt.model.limits import Limits
from medappt.store import people
from medappt.store.people import Person
from medappt.store.writer import StoreBusy, StoreFailed, Worker, Writer
from medappt.wire import words

HASHES_AT_ONCE = 2
"""Threads that hash: more would take the processor from bookings."""

_NOBODY = ""
"""A name no file can give: looked up in place of one that cannot be stored."""


class LoginBusy(LoginFailed):
    """Too many logins wait already; this one was not looked at."""


class IPasswordFrom(ICredentials):
    """A user name and a password that came from an address."""


@implementer(IPasswordFrom)
@dataclass(frozen=True, kw_only=True)
class PasswordFrom:
    """What somebody at ``address`` typed. ``is_awaited`` tells whether they are still there: a
    login nobody waits for is not worth a hash."""

    user: str
    password: str = field(repr=False)
    address: str
    is_awaited: Callable[[], bool]


@implementer(ICredentialsChecker)
class PasswordChecker:
    """Compares passwords with the store's hashes in a bounded worker.

    Fails with ``UnauthorizedLogin``, after the same work whether the user is unknown or the
    password wrong, and at once for who has failed too often; with ``LoginBusy`` where too many
    wait; with the store's failures where it could not be asked. ``hashes`` are those that users
    have at the start: their parameters are what a failure costs. ``now`` tells the instant.
    """

    _log = Logger()

    credentialInterfaces = (IPasswordFrom,)

    def __init__(
        self,
        *,
        writer: Writer,
        hasher: Hasher,
        hashes: Iterable[str],
        worker: Worker,
        clock: IReactorTime,
        limits: Limits,
        notices: LimitNotices,
        now: Callable[[], datetime],
    ) -> None:
        self._writer = writer
        self._hasher = hasher
        self._worker = worker
        self._clock = clock
        self._limits = limits
        self._notices = notices
        self._now = now
        self._decoys = hasher.decoys(hashes)
        self._throttle = Throttle(limits)
        self._turns = DeferredSemaphore(HASHES_AT_ONCE)

    def requestAvatarId(self, credentials: PasswordFrom) -> Deferred[bytes | tuple[()]]:
        """See ``ICredentialsChecker``: the avatar's id is the user's name."""
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, login: PasswordFrom) -> bytes | tuple[()]:
        self._refuse_blocked(login)
        if len(self._turns.waiting) >= self._limits.waiting_logins:
            self._notices.met("waiting_logins", self._limits.waiting_logins)
            raise LoginBusy("too many logins wait")
        await self._turns.acquire()
        try:
            # those before it in the queue may have used up what this user or address may cost
            self._refuse_blocked(login)
            if not login.is_awaited():
                raise UnauthorizedLogin("nobody waits for this login any more")
            return await self._compare(login)
        finally:
            self._turns.release()

    def _refuse_blocked(self, login: PasswordFrom) -> None:
        limit = self._throttle.blocked_by(login.user, login.address, self._clock.seconds())
        if limit is not None:
            self._notices.met(limit, getattr(self._limits, limit))
            raise UnauthorizedLogin("too many failed logins")

    async def _compare(self, login: PasswordFrom) -> bytes:
        name = login.user if words.is_storable(login.user) else _NOBODY
        password = words.encode(login.password)
        person = await self._writer.submit(lambda connection: people.find_person(connection, name))
        encoded = person.password_hash if person is not None and person.is_listed else None
        is_good = await self._worker(lambda: self._verify(encoded, password))
        if person is None or not is_good:
            self._throttle.failed(login.user, login.address, self._clock.seconds())
            raise UnauthorizedLogin("no such user with this password")
        if self._hasher.is_outdated(person.password_hash):
            await self._rehash(person, password)
        return words.encode(person.name)

    def _verify(self, encoded: str | None, password: bytes) -> bool:
        """Whether ``encoded`` is of this password; ``None`` is of none.

        Whatever is wrong costs the same: a comparison for each set of parameters that any user's
        hash has, be it with the user's hash or with a decoy.
        """
        if encoded is not None and self._hasher.verify(encoded, password):
            return True
        done = None if encoded is None else self._hasher.parameters(encoded)
        for parameters, decoy in self._decoys.items():
            if parameters != done:
                self._hasher.verify(decoy, password)
        return False

    async def _rehash(self, person: Person, password: bytes) -> None:
        new = await self._worker(lambda: self._hasher.hash(password))
        now = self._now()
        try:
            await self._writer.submit(
                lambda connection: people.replace_hash(
                    connection, person.name, person.password_hash, new, now
                )
            )
        except (StoreBusy, StoreFailed) as error:  # the next login tries again
            self._log.warn("A password keeps its outdated hash: {reason}", reason=str(error))
