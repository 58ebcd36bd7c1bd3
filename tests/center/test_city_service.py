"""A center with a city as a service: its port, its run, its users' pseudonyms."""

from __future__ import annotations

import os
from typing import Any

from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.options import ServerOptions
from medappt.center.service import CenterService, Surroundings
from medappt.federation.keys import FederationKeys, format_keys
from medappt.role.startup import CannotStart
from medappt.samples import write_federation
from tests.center.fixtures import CLIENT, MONDAY, PlainHasher, Transport
from tests.center.test_service import InlineWorkers
from tests.folders import temporary_folder
from tests.role.logs import listening_to_the_log
from tests.role.memory import MemoryUDPReactor

LISTEN = ("127.0.0.1", 21_100)


class CityServiceTests(SynchronousTestCase):
    """Montreal, from its configuration to its end."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_federation(self.folder)
        self.reactor = MemoryUDPReactor()

    def make(self, *words: str) -> CenterService:
        options = ServerOptions()
        options.parseOptions(["--config", str(self.folder / "MTL.toml"), *words])
        surroundings = Surroundings(
            clock=self.reactor,
            now=lambda: MONDAY,
            randomness=lambda count: b"r" * count,
            jitter=lambda: 0.5,
            workers=InlineWorkers(),
            hasher=PlainHasher(),
        )
        return CenterService(
            options.configuration(), surroundings, most_connections=10, role="medappt-server"
        )

    def start(self, *words: str) -> CenterService:
        service = self.make(*words)
        service.prepare_store()
        service.listen(self.reactor)
        service.startService()
        return service

    def stop(self, service: CenterService) -> None:
        stopped = service.stopService()
        self.settle()
        for protocol in list(service._factory._connections):
            protocol.connectionLost()
        self.settle()
        self.successResultOf(stopped)

    def settle(self) -> None:
        for _ in range(50):
            self.reactor.advance(0)

    def login(self) -> tuple[Any, Transport]:
        factory: Any = self.reactor.tcpServers[-1][1]
        protocol, transport = factory.buildProtocol(CLIENT), Transport()
        protocol.makeConnection(transport)
        self.ask(protocol, "authenticate MTLP2345 password111")
        self.assertEqual(transport.take(), ["success"])
        return protocol, transport

    def ask(self, protocol: Any, line: str) -> None:
        protocol.dataReceived(f"{line}\n".encode())
        self.settle()

    def test_it_serves_its_city(self) -> None:
        """Over TCP to its users, over UDP to its peers, until it is stopped."""
        service = self.start()
        [port] = self.reactor.udp_ports
        self.assertEqual((port.host, port.port), LISTEN)
        protocol, transport = self.login()
        self.ask(protocol, "help")
        self.assertIn("list TYPE", transport.take())
        self.ask(protocol, "list Physician")
        self.assertEqual(transport.take(), [])
        self.assertEqual(
            {address for _, address in port.written},
            {
                ("127.0.0.1", 21_110),
                ("127.0.0.1", 21_120),
            },
        )
        self.reactor.advance(1.1)
        self.settle()
        self.assertEqual(transport.take(), ["! QUE unreachable", "! SHE unreachable", "."])
        self.stop(service)
        self.assertFalse(port.is_listening)

    def test_what_waits_for_a_peer_is_answered_at_the_end(self) -> None:
        """Before the connections are closed."""
        service = self.start()
        protocol, transport = self.login()
        self.ask(protocol, "book QUEM101226 Physician")
        self.assertEqual(transport.take(), [])
        self.stop(service)
        self.assertEqual(transport.take(), ["error unreachable the other center does not answer"])

    def test_each_start_is_a_higher_run(self) -> None:
        """The boot number is durable, and can be raised by the operator."""
        told = []
        for words in ((), (), ("--boot-above", "41"), ()):
            with listening_to_the_log() as log:
                self.stop(self.start(*words))
            told += [text for text in log.texts() if "boot number" in text]
        self.assertEqual([text.rpartition(" ")[2] for text in told], ["1", "2", "42", "43"])

    def test_a_busy_port(self) -> None:
        """Is told in one line; nothing listens."""
        self.reactor.busy.add(LISTEN)
        service = self.make()
        error = self.assertRaises(CannotStart, service.listen, self.reactor)
        self.assertIn("cannot listen on UDP 127.0.0.1 port 21100", str(error))
        self.assertEqual(service.ports.listening, [])

    def test_a_city_alone_opens_no_port(self) -> None:
        """There is nobody to hear."""
        (self.folder / "MTL.toml").write_text(
            '[center]\ncity = "MTL"\ntimezone = "UTC"\nusers = "MTL.users.txt"\n'
        )
        service = self.start()
        self.assertEqual(self.reactor.udp_ports, [])
        protocol, transport = self.login()
        self.ask(protocol, "list Physician")
        self.assertEqual(transport.take(), ["."])
        self.stop(service)

    def test_names_are_not_told(self) -> None:
        """Patients go by pseudonyms, the same in every run; ``--names`` names them."""
        texts = []
        for words in ((), (), ("--names",)):
            with listening_to_the_log() as log:
                service = self.start(*words)
                self.login()
                self.stop(service)
            texts.append([text for text in log.texts() if "username" in text])
        self.assertEqual(texts[0], texts[1])
        self.assertRegex(texts[0][1], r"username user-[0-9a-f]{12}$")
        self.assertNotIn("MTLP2345", "".join(texts[0]))
        self.assertTrue(texts[2][1].endswith("username MTLP2345"))

    def test_an_open_key_is_complained_about(self) -> None:
        """At every start."""
        path = self.folder / "federation.key"
        path.write_bytes(format_keys(FederationKeys(current=b"k" * 32)))
        os.chmod(path, 0o644)
        with listening_to_the_log() as log:
            self.stop(self.start())
        self.assertIn("the key is open to other users", "".join(log.texts(LogLevel.warn)))
