"""Plays transcripts on a center and a doctor in memory, on clocks that tests own."""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.imports import CenterData
from medappt.doctor.desk import Desk
from medappt.doctor.drops import Drops
from medappt.doctor.protocol import DoctorProtocol
from medappt.doctor.rate import RateLimit
from medappt.doctor.sentences import Sentences
from medappt.samples import FILES
from medappt.wire.datafiles import read_availabilities, read_prices
from tests.center.fixtures import SAMPLE, Client, MemoryCenter
from tests.role.memory import MemoryUDPReactor
from tests.transcripts.transcript import Case, Step

FIRST_SENDER_PORT = 50_000


class MemoryStage:
    """A center and a doctor for one case."""

    def __init__(self, test: SynchronousTestCase, case: Case) -> None:
        self._test = test
        openings = read_availabilities(case.availabilities.encode(), "availabilities.txt")
        data = CenterData(users=SAMPLE.users, openings=tuple(openings))
        self.center = MemoryCenter(data=data)
        self._clients: dict[str, Client] = {}
        self._senders: dict[str, int] = {}
        self._reactor = MemoryUDPReactor()
        prices = read_prices(FILES["doc1.txt"].encode(), "doc1.txt")
        sentences = Sentences("1", prices, self._reactor)
        desk = Desk(prices, RateLimit(0))
        protocol = DoctorProtocol(desk, self._reactor, sentences, Drops("Doctor1"))
        self._port = self._reactor.listenUDP(41_000, protocol, "127.0.0.1")
        other = self.center.login("patient2", "password222")
        for index in case.taken:
            test.assertEqual(other.ask(f"selection {index}")[0][:3], "doc")
        self._case = case

    def play(self) -> None:
        """The whole case; then the clients go, and no timer of theirs is left."""
        before = len(self.center.clock.getDelayedCalls())
        for step in self._case.steps:
            self._step(step)
        for who, client in self._clients.items():
            self._test.assertEqual(client.transport.value(), b"", f"{who}: {self._case.name}")
            client.protocol.connectionLost(Failure(ConnectionDone()))
        self._test.assertEqual(len(self.center.clock.getDelayedCalls()), before, self._case.name)
        self._test.assertEqual(self._port.written, [], self._case.name)

    def _step(self, step: Step) -> None:
        if step.verb == "pause":
            self.center.clock.advance(step.seconds)
            self._reactor.pump([step.seconds, 0])
        elif step.verb in (">>", "<<"):
            self._datagram(step)
        else:
            self._on_stream(step, self._client(step.who))

    def _client(self, who: str) -> Client:
        if who not in self._clients:
            self._clients[who] = self.center.connect()
        return self._clients[who]

    def _on_stream(self, step: Step, client: Client) -> None:
        transport = client.transport
        match step.verb:
            case ">":
                client.protocol.dataReceived(step.data)
                self.center.settle()
            case "<" | "nothing":
                self._test.assertEqual(transport.value(), step.data, self._case.name)
                transport.clear()
            case "shuts" | "closes":
                client.protocol.readConnectionLost()
                self.center.settle()
            case _:
                is_closed = transport.write_closed or transport.disconnecting
                self._test.assertTrue(is_closed, self._case.name)

    def _datagram(self, step: Step) -> None:
        port = self._senders.setdefault(step.who, FIRST_SENDER_PORT + len(self._senders))
        if step.verb == ">>":
            self._port.receive(step.data, ("127.0.0.1", port))
        else:
            self._test.assertIn((step.data, ("127.0.0.1", port)), self._port.written)
            self._port.written.remove((step.data, ("127.0.0.1", port)))
