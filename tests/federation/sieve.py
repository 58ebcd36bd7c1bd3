"""Three centers, and a network that treats datagrams by what they say: lost, doubled, or late."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from medappt.wire.envelope import Envelope, Kind
from tests.federation.federated import FederatedCase
from tests.federation.network import KEY, Sent

SECOND_COPIES = (0.0, 0.5, 3.0)
"""When each copy of a doubled datagram arrives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What becomes of the first ``count`` datagrams of a word: each arrives after each of
    ``delays``, in seconds."""

    count: int
    delays: tuple[float, ...]


class SievedCase(FederatedCase):
    """``lose``, ``double`` and ``delay`` name datagrams by the word of their message."""

    def setUp(self) -> None:
        super().setUp()
        self.seen: Counter[str] = Counter()
        self._treatments: dict[str, Treatment] = {}
        self._envelope = Envelope([KEY])
        self._send = self.network.send
        self.patch(self.network, "send", self._sift)

    def lose(self, word: str, count: int = 3) -> None:
        self._treatments[word] = Treatment(count=count, delays=())

    def double(self, word: str) -> None:
        self._treatments[word] = Treatment(count=1_000, delays=SECOND_COPIES)

    def delay(self, word: str, seconds: float, count: int = 1) -> None:
        self._treatments[word] = Treatment(count=count, delays=(seconds,))

    def treat_none(self) -> None:
        """Whatever is sent from now on arrives, once and at once."""
        self._treatments.clear()

    def assert_treated(self) -> None:
        """What was to be lost, doubled or delayed was sent at all."""
        for word in self._treatments:
            self.assertGreater(self.seen[word], 0, word)

    def _sift(self, datagram: Sent) -> None:
        word = self._word(datagram)
        self.seen[word] += 1
        treatment = self._treatments.get(word)
        if treatment is None or self.seen[word] > treatment.count:
            self._send(datagram)
            return
        for seconds in treatment.delays:
            self.clock.callLater(seconds, self.network.deliver, datagram)

    def _word(self, datagram: Sent) -> str:
        opened = self._envelope.open(datagram.header, datagram.data)
        assert opened is not None
        if opened.header.kind is Kind.STALE:
            return "STALE"
        values = json.loads(opened.payload)
        return str(values[1] if opened.header.kind is Kind.REQUEST else values[2])
