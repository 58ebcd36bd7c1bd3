"""Somebody who sends datagrams to a center's federation, from an address that nobody configured."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from itertools import count

from medappt.wire.envelope import RANDOM_BYTES, Envelope, Header, Incarnation, Kind, read_header
from medappt.wire.federation import List, Request, format_request, parse_stale
from tests.system.client import wait_until
from tests.system.federation import KEY, Federation
from tests.system.proxy import LOCALHOST

AT_ONCE = 40
"""Datagrams that the buffer of a socket holds for sure."""

OLD = 0
"""A boot number that no run has."""

NOBODY = Incarnation(boot=1, random=bytes(RANDOM_BYTES))

ANYTHING = List(type="Physician", after=None)


def seal(
    request: Request[object],
    *,
    key: bytes = KEY,
    sender: str = "MTL",
    receiver: str = "QUE",
    run: Incarnation = NOBODY,
    number: int = 10**6,
    kind: Kind = Kind.REQUEST,
) -> bytes:
    """A datagram as a center would send it."""
    header = Header(sender=sender, receiver=receiver, incarnation=run, number=number, kind=kind)
    return Envelope([key]).seal(header, format_request(number, request))


class Intruder:
    """Talks to the port of one center. What is sealed with the ``key`` by an old run of a peer is
    told so: thereby it knows when all it sent before was looked at."""

    def __init__(self, federation: Federation, receiver: str, key: bytes = KEY) -> None:
        self._federation = federation
        self._receiver = receiver
        self._key = key
        self._numbers = count(1)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOCALHOST, 0))
        self._socket.connect((LOCALHOST, federation.ports[receiver]))
        self._socket.settimeout(1.0)

    def __enter__(self) -> Intruder:
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.close()

    def send(self, datagrams: Iterable[bytes]) -> list[bytes]:
        """What came back for datagrams, once all of them were looked at."""
        answers: list[bytes] = []
        waiting = list(datagrams)
        while waiting:
            for datagram in waiting[:AT_ONCE]:
                self._socket.send(datagram)
            del waiting[:AT_ONCE]
            answers += self._catch_up()
        return answers + self.catch_up()

    def is_heard(self) -> bool:
        """Whether the center has the ``key``: it answers to who sends as an old run of a peer."""
        return self._answers_to(self._probe()) is not None

    def catch_up(self) -> list[bytes]:
        """What came back for all that anybody sent to the center before, also if it had to ask its
        store."""
        answers = self._catch_up()
        self._federation.book_of(self._receiver)
        return answers + self._catch_up()

    def _catch_up(self) -> list[bytes]:
        probe = self._probe()
        answers: list[bytes] = []

        def is_through() -> bool:
            came = self._answers_to(probe)
            answers.extend(came or [])
            return came is not None

        wait_until(is_through, "an answer to an old run")
        return answers

    def _probe(self) -> Incarnation:
        number = next(self._numbers)
        return Incarnation(boot=OLD, random=number.to_bytes(RANDOM_BYTES, "big"))

    def _answers_to(self, run: Incarnation) -> list[bytes] | None:
        """What came before the answer to an old run; ``None`` where that did not come."""
        sender = "MTL" if self._receiver != "MTL" else "QUE"
        probe = seal(ANYTHING, key=self._key, sender=sender, receiver=self._receiver, run=run)
        self._socket.send(probe)
        answers: list[bytes] = []
        while True:
            try:
                datagram = self._socket.recv(65_536)
            except TimeoutError:
                return None
            if self._refused(datagram) == run:
                return answers
            answers.append(datagram)

    def _refused(self, datagram: bytes) -> Incarnation | None:
        header = read_header(datagram)
        opened = None if header is None else Envelope([self._key]).open(header, datagram)
        if opened is None or opened.header.kind is not Kind.STALE:
            return None
        stale = parse_stale(opened.payload)
        return None if stale is None else stale.refused
