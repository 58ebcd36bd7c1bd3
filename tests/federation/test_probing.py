"""Tests of probes: keys and clocks are looked at from beside a center, and nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from twisted.internet.defer import Deferred

from medappt.federation.drops import Drop
from medappt.federation.echoing import PROBES_A_SECOND
from medappt.federation.link import Address
from medappt.federation.probing import Probed, Prober, probe_peers
from medappt.wire.envelope import Incarnation, Kind
from medappt.wire.federation import Done
from medappt.wire.probes import PROBE, PROBE_BOOT, Echo, format_echo
from tests.federation.federated import Sockets
from tests.federation.network import (
    ADDRESSES,
    FOREIGN_KEY,
    KEY,
    NEW_KEY,
    FederationCase,
    NetworkPort,
    Weather,
)
from tests.store.doubles import NOW

FREE: Address = ("127.0.0.1", 50_000)
PEERS = {city: address for city, address in ADDRESSES.items() if city != "MTL"}


class ProbeCase(FederationCase):
    """Montreal's operator probes from a port of their own, while its center is up."""

    def setUp(self) -> None:
        super().setUp()
        self.prober = self.begin()

    def begin(self, keys: Sequence[bytes] = (KEY,), city: str = "MTL") -> Prober:
        prober = Prober(
            city=city,
            keys=keys,
            peers=PEERS,
            clock=self.clock,
            now=lambda: NOW + timedelta(seconds=self.clock.seconds()),
            randomness=self.network.random.randbytes,
        )
        prober.makeConnection(NetworkPort(self.network, FREE))
        self.network.links[FREE] = prober
        return prober

    def probed(self, city: str = "QUE", seconds: float = 3.1) -> Probed | None:
        answer = self.prober.probe(city)
        self.network.run(seconds)
        result: Probed | None = self.successResultOf(answer)
        return result


class AnswerTests(ProbeCase):
    def test_clocks(self) -> None:
        """The answer tells how far the other clock is ahead, as well as the way there and back
        lets one know, and the boot numbers; no timer is left."""
        self.acquaint()
        self.network.weather = Weather(delay=0.2)
        for ahead in (timedelta(0), timedelta(seconds=90), timedelta(hours=-5)):
            self.que.ahead = ahead
            probed = self.probed()
            assert probed is not None
            self.assertEqual((probed.boot, probed.highest, probed.key), (1, 1, 0))
            self.assertLessEqual(abs(probed.ahead - ahead), probed.within)
            self.assertLess(probed.within, timedelta(seconds=0.3))
            self.network.run(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_never_heard(self) -> None:
        """A center that has not heard of ours says so."""
        probed = self.probed()
        assert probed is not None
        self.assertIsNone(probed.highest)

    def test_nobody(self) -> None:
        """A center that is down, that has none of our keys, or that does not know the city, does
        not answer: after three seconds that is the result."""
        self.que.stop()
        answer = self.prober.probe("QUE")
        self.network.run(2.9)
        self.assertNoResult(answer)
        self.network.run(0.2)
        self.assertIsNone(self.successResultOf(answer))
        self.prober = self.begin([FOREIGN_KEY])
        self.assertIsNone(self.probed("SHE"))
        self.assertEqual(self.she.dropped(), {Drop.UNOPENED: 5})
        self.prober = self.begin(city="TOR")
        self.assertIsNone(self.probed("SHE"))
        self.assertEqual(self.she.dropped()[Drop.STRANGER], 5)
        with self.assertRaises(KeyError):
            self.prober.probe("MTL")

    def test_keys(self) -> None:
        """While keys are changed the answer tells which of ours the peer has."""
        for keys, expected in (([KEY], 1), ([NEW_KEY, KEY], 0), ([NEW_KEY], 0)):
            self.que.link.use_keys(keys)
            self.prober = self.begin([NEW_KEY, KEY])
            probed = self.probed()
            assert probed is not None
            self.assertEqual(probed.key, expected)

    def test_loss(self) -> None:
        """A lost probe is sent again; two answers are one."""
        self.network.weather = Weather(lost=0.5, doubled=0.5)
        answers = [self.probed("QUE") for _ in range(20)]
        self.assertGreater(len([each for each in answers if each is not None]), 15)

    def test_no_network(self) -> None:
        """What the network does not take has no answer."""
        assert isinstance(self.prober.transport, NetworkPort)
        self.prober.transport.fails_with = OSError("Network is unreachable")
        self.assertIsNone(self.probed())


class NoEffectTests(ProbeCase):
    def test_the_own_center(self) -> None:
        """The running center of the same city goes on as if nobody had probed: its runs, its
        datagram numbers and what is under way stand as they were."""
        self.acquaint()
        self.network.is_held = True
        answer = self.ask()
        self.network.is_held = False
        runs, handled = dict(self.que.runs), len(self.que.handled)
        for _ in range(3):
            self.assertIsNotNone(self.probed())
        self.assertEqual((self.que.runs, self.mtl.stale), (runs, []))
        self.assertEqual(len(self.que.handled), handled + 1)
        self.assertEqual(self.successResultOf(answer), Done())
        self.assertEqual((self.que.dropped(), self.mtl.dropped()), ({}, {}))

    def test_no_record(self) -> None:
        """A probe puts no run on record, where none was and where a store would have to."""
        self.que.commit_fails = OSError("no space")
        self.assertIsNotNone(self.probed())
        self.assertEqual(self.que.runs, {})

    def test_replayed(self) -> None:
        """A probe that anybody replays is answered so often a second, with no more bytes than it
        had, and has no effect."""
        self.network.is_held = True
        self.prober.probe("QUE")
        (probe,) = self.network.take()
        for _ in range(100):
            self.network.deliver(probe, source=("192.0.2.9", 666))
        answers = self.network.take()
        self.assertEqual(len(answers), PROBES_A_SECOND)
        for answer in answers:
            self.assertLessEqual(len(answer.data), len(probe.data))
        self.assertEqual(self.que.dropped(), {Drop.CROWDED: 100 - PROBES_A_SECOND})
        self.clock.advance(1.0)
        self.network.deliver(probe)
        self.assertEqual(self.network.take()[-1].header.kind, Kind.ECHO)
        self.assertEqual((self.que.handled, self.que.runs), ([], {}))

    def test_other_payloads(self) -> None:
        """A short probe would make the answer the longer one: it has none."""
        for payload in (b"", PROBE[:-1], b"1" * len(PROBE)):
            self.network.deliver(self.mtl.forge(payload, "QUE", kind=Kind.PROBE))
        self.assertEqual((self.network.sent, self.que.dropped()), ([], {Drop.UNREADABLE: 3}))


class ForgedTests(ProbeCase):
    """Answers that are none."""

    def setUp(self) -> None:
        super().setUp()
        self.network.is_held = True
        self.answer = self.prober.probe("QUE")
        self.network.deliver(self.network.take()[0])
        (self.echo,) = self.network.take()

    def deliver(self, data: bytes, source: Address = ADDRESSES["QUE"]) -> None:
        self.prober.datagramReceived(data, source)

    def test_forged(self) -> None:
        """Rubbish, another source, another sender's, a reply of another kind and an echo that is
        no echo answer nothing."""
        other = self.que.forge(b"x", "MTL", kind=Kind.ECHO)
        self.deliver(b"rubbish")
        self.deliver(self.echo.data, ("192.0.2.9", 666))
        self.deliver(self.echo.data, ADDRESSES["SHE"])
        self.deliver(self.echo.data[:-1] + b"x")
        self.deliver(other.data)
        self.deliver(self.que.forge(b"x", "MTL", kind=Kind.REPLY).data)
        self.deliver(self.que.forge(b"x", "SHE", kind=Kind.ECHO).data)
        self.deliver(self.she.forge(b"x", "MTL", kind=Kind.ECHO).data)
        self.assertNoResult(self.answer)
        self.deliver(self.echo.data)
        self.assertIsNotNone(self.successResultOf(self.answer))
        self.deliver(self.echo.data)

    def test_numbers(self) -> None:
        """An answer to a datagram that was never sent is none."""
        run = Incarnation(boot=PROBE_BOOT, random=self.prober._own.random)
        echo = Echo(run=run, number=77, instant=NOW, highest=None)
        self.deliver(self.que.forge(format_echo(echo), "MTL", kind=Kind.ECHO).data)
        self.assertNoResult(self.answer)

    def test_of_another_prober(self) -> None:
        """What another prober was answered is no answer."""
        self.begin().probe("QUE")
        (probe,) = self.network.take()
        self.network.deliver(probe)
        (echo,) = self.network.take()
        self.deliver(echo.data)
        self.assertNoResult(self.answer)

    def test_at_a_center(self) -> None:
        """A center that gets an echo drops it."""
        self.mtl.link.datagramReceived(self.echo.data, ADDRESSES["QUE"])
        self.assertEqual(self.mtl.dropped(), {Drop.UNMATCHED: 1})
        self.assertEqual(self.mtl.runs, {})


class PortTests(ProbeCase):
    def test_all(self) -> None:
        """All peers are probed at once, from a port that is closed afterwards."""
        self.she.stop()
        self.prober.transport = None
        sockets = Sockets(self.network)
        answers = Deferred.fromCoroutine(
            probe_peers(self.prober, ["QUE", "SHE"], sockets, "127.0.0.1")
        )
        self.network.run(3.1)
        found = self.successResultOf(answers)
        self.assertEqual(list(found), ["QUE", "SHE"])
        self.assertIsNotNone(found["QUE"])
        self.assertIsNone(found["SHE"])
        assert sockets.port is not None
        self.assertNotIn(sockets.port.address, self.network.links)
