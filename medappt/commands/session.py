"""A user's session with a center: one login, requests, and a second connection where the first is
lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from medappt.commands.password import Login
from medappt.patient.failures import LoginRefused, NoAnswer, ServerGone
from medappt.patient.remote_city import RemoteCity, connect_city
from medappt.wire.replies import UnexpectedReply

T = TypeVar("T")

_DOUBT = "whether it was done is not known"


class Session:
    """Requests of one user. The connection is made with the first of them.

    Beside ``Refused`` every method fails with ``ServerGone``, ``NoAnswer``, ``UnexpectedReply``
    or ``LoginRefused``.
    """

    def __init__(self, center: IStreamClientEndpoint, clock: IReactorTime, login: Login) -> None:
        self._center = center
        self._clock = clock
        self._login = login
        self._city: RemoteCity | None = None

    async def ask(
        self, question: Callable[[RemoteCity], Deferred[T]], *, has_effect: bool = False
    ) -> T:
        """The answer to ``question``, which is put again, once, where the connection is lost
        before it: what ``has_effect`` has a tag, so that it happens once, and fails with words
        that say so if whether it happened is not known."""
        city = await self.connect()
        try:
            try:
                return await question(city)
            except ServerGone:
                self._city = None
                return await question(await self.connect())
        except (ServerGone, NoAnswer) as error:
            self._city = None
            if has_effect:
                raise type(error)(f"{error}; {_DOUBT}") from None
            raise
        except CancelledError:
            if has_effect:
                raise CancelledError(_DOUBT) from None
            raise
        except UnexpectedReply:
            self._city = None
            raise

    async def connect(self) -> RemoteCity:
        """The center, connected and logged in."""
        if self._city is None:
            city = await connect_city(self._center, self._clock)
            try:
                is_good = await city.authenticate(self._login.user, self._login.password)
            except BaseException:
                await city.close()
                raise
            if not is_good:
                await city.close()
                raise LoginRefused("the center refused the login")
            self._city = city
        return self._city

    async def quit(self) -> None:
        """Take leave; never fails."""
        if self._city is not None:
            await self._city.quit()

    async def close(self) -> None:
        """Close without a word; never fails."""
        if self._city is not None:
            await self._city.close()
