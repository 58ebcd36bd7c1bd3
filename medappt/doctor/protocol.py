"""The doctor's datagrams: what the desk decides, moved over UDP."""

from __future__ import annotations

from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.udp import Port

from medappt.doctor.desk import Answer, Desk, Drop, Sender
from medappt.doctor.drops import Drops
from medappt.doctor.sentences import Sentences

BYTES_AT_ONCE = 4_096
"""Read in one turn of the reactor. Twisted's own 256 KiB are a quarter of a million datagrams of
a byte, and no timer runs and no signal is heard until they are through."""

EMPTY_AT_ONCE = 1_000
"""Empty datagrams read before the reactor gets its turn: Twisted counts bytes, and would read
them for as long as they come."""


class DoctorProtocol(DatagramProtocol):
    """One port of a doctor. The ``desk`` is its own, for a reply leaves from the port that was
    asked; ``sentences`` and ``drops`` may be shared by the doctor's ports."""

    noisy = False  # the sentences tell of the port

    def __init__(self, desk: Desk, clock: IReactorTime, sentences: Sentences, drops: Drops) -> None:
        self._desk = desk
        self._clock = clock
        self._sentences = sentences
        self._drops = drops
        self._timer: IDelayedCall | None = None
        self._empty = 0
        self._rest: IDelayedCall | None = None

    def startProtocol(self) -> None:
        assert self.transport is not None
        self._write = self.transport.write
        self._read_at_once(BYTES_AT_ONCE)

    def _read_at_once(self, most: int) -> None:
        if isinstance(self.transport, Port):
            self.transport.maxThroughput = most

    def datagramReceived(self, datagram: bytes, addr: Sender) -> None:
        try:
            outcome = self._desk.receive(datagram, addr, self._clock.seconds())
            if isinstance(outcome, Answer):
                self._send(outcome)
            elif outcome is None:
                self._watch()
            else:
                self._drops.count(outcome)
                if not datagram:
                    self._count_empty()
        except Exception as error:  # noqa: BLE001 - no datagram stops the doctor
            self._drops.count_error(error)

    def _send(self, answer: Answer) -> None:
        try:
            self._write(answer.reply, answer.to)
        except (OSError, ValueError, MessageLengthError):
            # an address nothing can be sent to (port 0 can be forged), or a full buffer: for the
            # patient, who asks again, the datagram is lost
            self._drops.count(Drop.UNSENT)
        else:
            self._sentences.answered(answer)

    def _watch(self) -> None:
        deadline = self._desk.next_deadline
        if self._timer is None and deadline is not None:
            delay = max(0.0, deadline - self._clock.seconds())
            self._timer = self._clock.callLater(delay, self._look_again)

    def _look_again(self) -> None:
        # The reactor runs timers before it reads: a plan that came in time may wait in the
        # socket, and one more turn reads it.
        self._timer = self._clock.callLater(0, self._expire)

    def _expire(self) -> None:
        self._timer = None
        for answer in self._desk.expire(self._clock.seconds()):
            try:
                self._send(answer)
            except Exception as error:  # noqa: BLE001 - the next one gets its answer
                self._drops.count_error(error)
        self._watch()

    def _count_empty(self) -> None:
        self._empty += 1
        if self._empty >= EMPTY_AT_ONCE and self._rest is None:
            self._read_at_once(0)
            self._rest = self._clock.callLater(0, self._read_on)

    def _read_on(self) -> None:
        self._rest = None
        self._empty = 0
        self._read_at_once(BYTES_AT_ONCE)

    def stopProtocol(self) -> None:
        for timer in (self._timer, self._rest):
            if timer is not None:
                timer.cancel()
        self._timer = self._rest = None
