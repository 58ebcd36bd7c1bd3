"""Asking a doctor, over UDP, what a visit will cost (section 5).

Datagrams get lost, so the question is asked again; and anybody can send one, so only what comes
from the very address that was asked, and reads like an answer, is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import CannotListenError, DNSLookupError, MessageLengthError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHostResolution,
    IReactorPluggableNameResolver,
    IReactorTime,
    IReactorUDP,
    IResolutionReceiver,
    IUDPTransport,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from medappt.patient.addresses import Address, address_of, canonical_host
from medappt.patient.failures import NoEstimate
from medappt.wire.estimates import DATAGRAM_BYTES

ASK_AGAIN_AFTER = (0.5, 1.0, 2.0, 4.0)
"""Seconds from one question to the next. Visible from outside: section 5 fixes them."""

LAST_WAIT = 4.0
"""Seconds after the last question."""

RESOLVE_SECONDS = 10.0
"""To find the address of a doctor's host name: a resolver may be silent as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a doctor is asked: the datagrams, in their order, and what is an answer to them
    (``understand`` gives ``None`` for what is none)."""

    datagrams: tuple[bytes, ...]
    understand: Callable[[bytes], str | None]


class EstimateSocket(DatagramProtocol):
    """A socket of our own to one ``doctor``. ``open_estimate_socket`` makes one that is open."""

    _log = Logger()
    noisy = False

    def __init__(self, clock: IReactorTime, doctor: Address) -> None:
        self._clock = clock
        self.doctor = doctor
        self._question: Question | None = None
        self._answer: Deferred[str] | None = None
        self._next: IDelayedCall | None = None
        self._waits: list[float] = []
        self._is_open = False

    @property
    def _udp(self) -> IUDPTransport:
        return cast(IUDPTransport, self.transport)

    @property
    def local(self) -> Address:
        """The port and the very address from which this doctor is asked."""
        return address_of(self._udp.getHost())

    def ask(self, question: Question) -> Deferred[str]:
        """Ask, and ask again: fires with what was understood; fails with ``NoEstimate``. The
        socket is closed then. To be called once; cancelling ends it."""
        self._question = question
        self._waits = [*ASK_AGAIN_AFTER, LAST_WAIT]
        answer: Deferred[str] = Deferred(self._cancelled)
        self._answer = answer
        self._ask_once()
        return answer

    def _ask_once(self) -> None:
        assert self._question is not None
        self._next = self._clock.callLater(self._waits.pop(0), self._unanswered)
        try:
            for datagram in self._question.datagrams:
                self._udp.write(datagram, (self.doctor.host, self.doctor.port))
        except (OSError, MessageLengthError) as error:
            # a network that is down now may be up for the next one
            self._log.debug("a datagram could not be sent: {error}", error=error)

    def _unanswered(self) -> None:
        self._next = None
        if self._waits:
            self._ask_once()
        else:
            self._end().errback(NoEstimate("the doctor did not answer"))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if self._answer is None:
            return
        assert self._question is not None
        host, port = addr[:2]
        if (_without_scope(host), port) != (_without_scope(self.doctor.host), self.doctor.port):
            self._log.debug("a datagram from {host} port {port}, not asked", host=host, port=port)
            return
        amount = self._question.understand(datagram)
        if amount is None:
            self._log.debug("a datagram that is no estimate: {datagram!r}", datagram=datagram)
            return
        self._end().callback(amount)

    def startProtocol(self) -> None:
        self._is_open = True

    def stopProtocol(self) -> None:
        self._is_open = False
        if self._answer is not None:  # the reactor closed it: the network refused us for good
            self._end().errback(NoEstimate("the network does not let us reach the doctor"))

    def _cancelled(self, answer: Deferred[str]) -> None:
        self._end()

    def _end(self) -> Deferred[str]:
        answer, self._answer = self._answer, None
        assert answer is not None
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self.close()
        return answer

    def close(self) -> None:
        """Close the socket; no harm if it is closed."""
        if self._is_open:
            self._is_open = False
            self._udp.stopListening()


def _without_scope(host: str) -> str:
    return host.partition("%")[0]


def open_estimate_socket(udp: IReactorUDP, clock: IReactorTime, doctor: Address) -> EstimateSocket:
    """A socket of a port the system chooses, to ask the doctor at a literal address.

    Raises ``NoEstimate`` where the machine has no way there.
    """
    if not 0 < doctor.port < 65536:
        raise NoEstimate(f"{doctor.port} is no port to ask a doctor at")
    socket = EstimateSocket(clock, doctor)
    try:
        udp.listenUDP(0, socket, _address_towards(udp, doctor), DATAGRAM_BYTES)
    except (CannotListenError, OSError) as error:
        reason = getattr(error, "socketError", error)
        raise NoEstimate(f"there is no way to {doctor.host}: {reason}") from None
    return socket


def _address_towards(udp: IReactorUDP, doctor: Address) -> str:
    """Which of our addresses leads there: what the kernel gives a connected socket, which sends
    nothing. The question itself goes out of another one: connected, epoll's reactor closes it
    when nobody listens at the doctor's port yet."""
    probe = DatagramProtocol()
    probe.noisy = False
    everywhere = "::" if doctor.is_ipv6 else "0.0.0.0"  # noqa: S104 - nothing is received
    port = udp.listenUDP(0, probe, everywhere, DATAGRAM_BYTES)
    try:
        transport = cast(IUDPTransport, probe.transport)
        transport.connect(doctor.host, doctor.port)
        return transport.getHost().host
    finally:
        port.stopListening()


def resolve_host(
    names: IReactorPluggableNameResolver, clock: IReactorTime, host: str
) -> Deferred[str]:
    """The literal address of a host: the first that its name has. Fails with ``NoEstimate``."""
    literal = canonical_host(host)
    if literal is not None:
        return succeed(literal)
    first = _FirstAddress()
    names.nameResolver.resolveHostName(first, host, transportSemantics="UDP")
    first.found.addTimeout(RESOLVE_SECONDS, clock)
    return first.found.addErrback(_not_found, host)


@implementer(IResolutionReceiver)
class _FirstAddress:
    def __init__(self) -> None:
        self.found: Deferred[str] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to do with it: it cannot be cancelled."""

    def addressResolved(self, address: IAddress) -> None:
        if not self.found.called:
            self.found.callback(address_of(address).host)

    def resolutionComplete(self) -> None:
        if not self.found.called:
            self.found.errback(DNSLookupError("no address"))


def _not_found(failure: Failure, host: str) -> Failure:
    failure.trap(DNSLookupError, DeferredTimeout)
    raise NoEstimate(f"no address of {host} can be found")
