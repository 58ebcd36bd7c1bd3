"""The health center on a stream: bytes to lines and back, timers, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from medappt.center.conversation import Conversation
from medappt.center.notices import LimitNotices
from medappt.center.sentences import CenterSentences, Peer
from medappt.model.limits import LINE_BYTES, Limits
from medappt.wire.dialects import Heard, Listener, Message, Overfull, SpeaksLine, Stranger
from medappt.wire.requests import NUMBERED, Vocabulary

LINES_A_TURN = 64
"""Lines of one connection that are looked at in one turn of the reactor: a segment can hold
thousands, and everybody else waits meanwhile."""


@implementer(IPushProducer)
class _UnsentReplies:
    """Lets the transport stop our reading while its peer does not read what we answer."""

    def __init__(self, protocol: HealthCenterProtocol) -> None:
        self._protocol = protocol

    def pauseProducing(self) -> None:
        self._protocol.hold_reading("unsent")

    def resumeProducing(self) -> None:
        self._protocol.go_on_reading("unsent")

    def stopProducing(self) -> None:
        """The connection is lost: ``connectionLost`` sees to it."""


@implementer(IHalfCloseableProtocol)
class HealthCenterProtocol(LineReceiver):
    """One connection of a patient or an administrator.

    The first bytes go to a ``Listener``, which tells the dialect; from then on a *line* client's
    bytes are lines: they end in LF, a CR before it is dropped, and they have at most
    ``LINE_BYTES`` bytes. Reading pauses while too many requests are unanswered or too many replies
    unread.
    """

    delimiter = b"\n"
    line_mode = 0  # raw, until the dialect is known
    MAX_LENGTH = LINE_BYTES + 1  # the CR of a CRLF is not part of the line

    factory: HealthCenterFactory
    transport: Any  # a stream transport: TCP's, TLS's or a UNIX socket's

    def __init__(self) -> None:
        self._holds: set[str] = set()
        self._is_over = False
        self._has_read_all = False
        self._timer: IDelayedCall | None = None
        self._allowance = 0.0
        self._deadline = 0.0
        self._renews = False
        self._closers: list[IDelayedCall] = []
        self._listener = Listener()
        self._silence: IDelayedCall | None = None
        self._unheard: Iterator[Heard] = iter(())
        self._lines_left = LINES_A_TURN
        self._turn: IDelayedCall | None = None

    # what Twisted calls

    def connectionMade(self) -> None:
        factory = self.factory
        self._clock = factory.clock
        self._limits = factory.limits
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(_UnsentReplies(self), True)
        self._conversation = Conversation(
            connection=self,
            send=self.send,
            word=self._listener.word,
            portal=factory.portal,
            sentences=factory.sentences,
            peer=peer_of(self.transport.getPeer()),
            limits=self._limits,
            vocabulary=factory.vocabulary,
        )
        factory.opened(self)

    def dataReceived(self, data: bytes) -> None:
        if self._is_over:  # what comes after our last answer is dropped
            return
        self._lines_left = LINES_A_TURN
        LineReceiver.dataReceived(self, data)

    def lineReceived(self, line: bytes) -> None:
        self._lines_left -= 1
        if not self._lines_left:  # the others have their turn
            self.hold_reading("turn")
            self._turn = self._clock.callLater(0, self.go_on_reading, "turn")
        line = line.removesuffix(b"\r")
        if len(line) > LINE_BYTES:
            self.lineLengthExceeded(line)
            return
        self._take(line)

    def _take(self, line: bytes) -> None:
        """A complete request."""
        if self._renews:
            self._deadline = self._clock.seconds() + self._allowance
        self._conversation.line(line)
        self._watch_unanswered()

    def rawDataReceived(self, data: bytes) -> None:
        self._stop_silence()
        self._act_on(self._listener.receive(data))

    def lineLengthExceeded(self, line: bytes) -> None:
        self.factory.notices.met("line_bytes", LINE_BYTES)
        self.hold_reading("overlong")
        self._conversation.overlong()

    def readConnectionLost(self) -> None:
        self._has_read_all = True
        if self._is_over:
            self.transport.loseConnection()
        else:
            self._stop_silence()
            self._act_on(self._listener.silence())  # no silence is longer
            self._conversation.end_of_input()

    def writeConnectionLost(self) -> None:
        """We closed our side: ``finish`` has seen to the rest."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.stop_allowance()
        self._stop_silence()
        for call in (*self._closers, self._turn):
            if call is not None and call.active():
                call.cancel()
        self._is_over = True
        self._conversation.disconnected()
        self.factory.closed(self)

    # dialects whose messages silence may end

    def _act_on(self, heard: Iterator[Heard]) -> None:
        """Take what was heard; once reading is held, the rest waits, as lines do."""
        for each in heard:
            match each:
                case Message():
                    self._take(each.line)
                case SpeaksLine():
                    LineReceiver.setLineMode(self, each.data)
                case Stranger():
                    self.transport.write(each.answer)
                    self._conversation.end_of_input()
                case Overfull():
                    self.hold_reading("overfull")
                    self._conversation.end_of_input()
                case _:  # Overlong
                    self.lineLengthExceeded(b"")
            if self._is_over:
                return
            if self._holds:
                self._unheard = heard
                return
        if self._listener.pause is not None:
            self._silence = self._clock.callLater(self._listener.pause, self._listen_once_more)

    def _listen_once_more(self) -> None:
        """Timers run before reads: what has come meanwhile is read before it is called silence."""
        self._silence = self._clock.callLater(0, self._fell_silent)

    def _fell_silent(self) -> None:
        self._silence = None
        self._act_on(self._listener.silence())

    def _stop_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    # back-pressure

    def hold_reading(self, reason: str) -> None:
        """Read nothing while this reason stands."""
        if not self._holds:
            self._stop_silence()  # nobody listens
            LineReceiver.pauseProducing(self)
        self._holds.add(reason)

    def go_on_reading(self, reason: str) -> None:
        """This reason stands no longer."""
        if reason in self._holds:
            self._holds.discard(reason)
            if not self._holds:
                heard, self._unheard = self._unheard, iter(())
                self._act_on(heard)
            if not self._holds:
                LineReceiver.resumeProducing(self)

    def _watch_unanswered(self) -> None:
        if self._conversation.unanswered >= self._limits.unanswered:
            self.factory.notices.met("unanswered", self._limits.unanswered)
            self.hold_reading("unanswered")

    def send(self, data: bytes) -> None:
        """Send replies, in the order they come."""
        self.transport.write(data)
        self.go_on_reading("unanswered")  # what was sent is not unanswered any more

    # what the session asks (see core.Connection)

    def allow(self, seconds: float, *, renew: bool) -> None:
        self.stop_allowance()
        self._allowance = seconds
        self._renews = renew
        self._deadline = self._clock.seconds() + seconds
        self._timer = self._clock.callLater(seconds, self._look_at_clock)

    def stop_allowance(self) -> None:
        self._renews = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_clock(self) -> None:
        """One timer a connection, not one a line: it looks when the last line came."""
        left = self._deadline - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._look_at_clock)
            return
        self._timer = None
        limit = "idle_seconds" if self._renews else "login_seconds"
        self.factory.notices.met(limit, self._allowance)
        self._conversation.too_late()

    def finish(self) -> None:
        if self._is_over:
            return
        self._leave()
        self._holds.clear()
        LineReceiver.resumeProducing(self)
        self._close_writing()
        self._later(self._limits.linger_seconds, self.transport.loseConnection)

    def cut(self) -> None:
        self._leave()
        self._close_writing()

    def drop(self) -> None:
        if self._is_over:
            return
        self._leave()
        self.transport.loseConnection()

    def _leave(self) -> None:
        self._is_over = True
        self._stop_silence()
        LineReceiver.clearLineBuffer(self)
        self.transport.unregisterProducer()
        self._later(self._limits.close_seconds, self.transport.abortConnection)

    def _close_writing(self) -> None:
        """Close our side behind what was sent; all of it where TLS knows no halves, or where the
        peer has closed its own."""
        by_halves = ITCPTransport.providedBy(self.transport) and not (
            self._has_read_all or ISSLTransport.providedBy(self.transport)
        )
        if by_halves:
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()

    def _later(self, seconds: float, action: Callable[[], object]) -> None:
        self._closers.append(self._clock.callLater(seconds, action))


def peer_of(address: IAddress) -> Peer:
    """Where a connection comes from; a UNIX socket has neither host nor port."""
    return Peer(getattr(address, "host", "local"), getattr(address, "port", 0))


class HealthCenterFactory(Factory):
    """Makes the protocols of a center that serves ``vocabulary``, at most ``most_connections`` at
    once.

    Before ``open`` and after ``close`` every connection is closed at once.
    """

    noisy = False

    def __init__(
        self,
        *,
        clock: IReactorTime,
        limits: Limits,
        most_connections: int,
        sentences: CenterSentences,
        notices: LimitNotices,
        vocabulary: Vocabulary = NUMBERED,
    ) -> None:
        self.clock = clock
        self.vocabulary = vocabulary
        self.limits = limits
        self.sentences = sentences
        self.notices = notices
        self._most_connections = most_connections
        self._portal: Portal | None = None
        self._connections: set[HealthCenterProtocol] = set()
        self._emptied: list[Deferred[None]] = []

    def open(self, portal: Portal) -> None:
        """Serve whoever connects from now on; logins go through ``portal``."""
        self._portal = portal

    @property
    def portal(self) -> Portal:
        if self._portal is None:
            raise RuntimeError("the center is not open")
        return self._portal

    def buildProtocol(  # type: ignore[override] # Twisted asks for a generic factory
        self, addr: IAddress | None
    ) -> HealthCenterProtocol | None:
        if self._portal is None:
            return None
        if len(self._connections) >= self._most_connections:
            self.notices.met("connections", self._most_connections)
            return None
        protocol = HealthCenterProtocol()
        protocol.factory = self
        return protocol

    def opened(self, protocol: HealthCenterProtocol) -> None:
        self._connections.add(protocol)

    def closed(self, protocol: HealthCenterProtocol) -> None:
        self._connections.discard(protocol)
        if not self._connections:
            waiting, self._emptied = self._emptied, []
            for deferred in waiting:
                deferred.callback(None)

    def close(self) -> None:
        """Take no connection and read no request any more; what was read is still answered."""
        self._portal = None
        for protocol in self._connections:
            protocol.hold_reading("closing")

    def hang_up(self) -> Deferred[None]:
        """Close every connection behind its last reply; fires when all are gone."""
        emptied: Deferred[None] = Deferred()
        self._emptied.append(emptied)
        for protocol in list(self._connections):
            protocol.finish()
        if not self._connections:
            self._emptied.remove(emptied)
            emptied.callback(None)
        return emptied
