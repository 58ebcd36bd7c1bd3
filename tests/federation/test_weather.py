"""Tests of three centers in any weather: every request is answered, no datagram counts twice."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from medappt.federation.drops import Drop
from medappt.federation.link import LinkStopped
from medappt.wire.envelope import Envelope, Kind
from medappt.wire.federation import Done, Release, parse_request
from tests.federation.network import ADDRESSES, KEY, FederationCase, Network, Weather

SEEDS = 40


class WeatherTests(FederationCase):
    """Loss, doubling, reordering, long tails, replays and restarts."""

    def begin(self, seed: int) -> None:
        self.setUp()
        self.network = next(iter(self.centers.values())).network
        self.network.random.seed(seed)
        for center in self.centers.values():
            center.jitter = None

    def ask_somebody(self, random: Random, number: int) -> Any:
        asking, asked = random.sample(sorted(ADDRESSES), 2)
        request = Release(id=f"{asking}-1-00ff-{number}")
        return self.ask(self.centers[asking], asked, request)

    def replay(self, random: Random) -> None:
        """Deliver something that was sent before, from wherever."""
        if self.network.sent:
            source = random.choice([None, ("192.0.2.9", 666)])
            self.network.deliver(random.choice(self.network.sent), source)

    def handled(self) -> Counter[object]:
        return Counter(
            (center.city, peer, request)
            for center in self.centers.values()
            for peer, request in center.handled
        )

    def transmitted(self, network: Network) -> Counter[object]:
        """How often each request was sent, counting each datagram number once."""
        counts: Counter[object] = Counter()
        for sent in network.sent:
            if sent.header.kind is Kind.REQUEST:
                opened = Envelope([KEY]).open(sent.header, sent.data)
                assert opened is not None
                parsed = parse_request(sent.header.sender, sent.header.incarnation, opened.payload)
                assert parsed is not None
                counts[sent.header.receiver, sent.header.sender, parsed[1]] += 1
        return counts

    def test_every_request_is_answered(self) -> None:
        """Under 30 % loss, 10 % doubling, delays of up to a second and replays, each request is
        answered, and each transmission of it handled once at most."""
        for seed in range(SEEDS):
            self.begin(seed)
            random = Random(seed)
            self.network.weather = Weather(lost=0.3, doubled=0.1, delay=random.choice([0.05, 1.0]))
            answers = []
            for number in range(20):
                answers.append(self.ask_somebody(random, number))
                self.network.run(0.2, 0.05)
                self.replay(random)
            self.network.run(90.0, 0.1)
            self.assertEqual({self.successResultOf(each) for each in answers}, {Done()}, seed)
            self.assertEqual(self.clock.getDelayedCalls(), [], seed)
            handled, transmitted = self.handled(), self.transmitted(self.network)
            self.assertEqual(set(handled), set(transmitted), seed)
            for request, times in handled.items():
                self.assertLessEqual(times, transmitted[request], seed)

    def test_restarts(self) -> None:
        """A center that restarts in such weather takes no late datagram of its earlier run for a
        reason to stop, and is answered; what it asked before has failed."""
        for seed in range(SEEDS):
            self.begin(seed)
            random = Random(seed)
            self.network.weather = Weather(lost=0.2, doubled=0.3, delay=2.0)
            answers = []
            for number in range(12):
                answers.append(self.ask_somebody(random, number))
                answers[-1].addErrback(lambda failure: failure.trap(LinkStopped) and Done())
                self.network.run(0.5, 0.05)
                self.replay(random)
                if random.random() < 0.4:
                    random.choice(list(self.centers.values())).restart()
            self.network.run(90.0, 0.1)
            self.assertEqual({self.successResultOf(each) for each in answers}, {Done()}, seed)
            for center in self.centers.values():
                self.assertEqual(center.stale, [], seed)
                for peer, run in center.runs.items():
                    self.assertLessEqual(run.boot, self.centers[peer].boot, seed)

    def test_cut_off(self) -> None:
        """A peer that does not answer ends a request at its deadline, and others are as quick as
        ever; when it is back it is answered at the next transmission."""
        self.she.stop()
        waiting = self.ask(to="SHE")
        timely = self.ask(to="SHE", deadline=8.0)
        near = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(near), Done())
        self.network.run(60.0, 0.05)
        self.assertIsNone(self.successResultOf(timely))
        self.assertNoResult(waiting)
        self.she.start()
        self.network.run(7.5, 0.05)
        self.assertEqual(self.successResultOf(waiting), Done())
        self.assertEqual(self.mtl.dropped(), {})

    def test_one_way(self) -> None:
        """Where requests arrive and replies do not, the request is handled again and again."""
        self.acquaint()
        self.network.links.pop(ADDRESSES["MTL"])
        answer = self.ask(deadline=4.0)
        self.network.run(4.1)
        self.assertIsNone(self.successResultOf(answer))
        self.assertEqual(len(self.que.handled), 1 + 5)
        self.assertEqual(self.que.dropped().get(Drop.REPEATED), None)
