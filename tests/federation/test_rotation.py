"""Tests of keys that are changed while centers talk."""

from __future__ import annotations

from itertools import permutations

from medappt.federation.drops import Drop
from medappt.wire.envelope import Envelope, Incarnation
from medappt.wire.federation import (
    Confirm,
    Done,
    Stale,
    format_request,
)
from tests.federation.network import (
    ADDRESSES,
    KEY,
    NEW_KEY,
    RECORD,
    Center,
    FederationCase,
    stale_in,
)

REQUEST = format_request(1, Confirm(id=RECORD))


class RotationTests(FederationCase):
    """Centers get a new key one after the other, and go on talking."""

    def rekey(self, center: Center, *keys: bytes, restart: bool) -> None:
        center.keys = keys
        if restart:
            center.restart()
        else:
            center.link.use_keys(keys)

    def talk(self) -> None:
        """Everybody asks everybody, and is answered within the deadline of a hold."""
        answers = [
            self.ask(center, to, deadline=8.0)
            for center in self.centers.values()
            for to in ADDRESSES
            if to != center.city
        ]
        self.network.run(8.1, 0.05)
        self.assertEqual([self.successResultOf(each) for each in answers], [Done()] * 6)

    def test_in_all_orders(self) -> None:
        """In whatever order the centers get the new key, and then lose the old one, restarted or
        not, every request is answered."""
        for order in permutations(ADDRESSES):
            for restart in (True, False):
                self.setUp()
                self.talk()
                for city in order:
                    self.rekey(self.centers[city], NEW_KEY, KEY, restart=restart)
                    self.talk()
                for city in order:
                    self.rekey(self.centers[city], NEW_KEY, restart=restart)
                    self.talk()

    def test_the_first_seals(self) -> None:
        """Once a peer was heard with the new key all is sealed with it."""
        for center in self.centers.values():
            self.rekey(center, NEW_KEY, KEY, restart=True)
        self.talk()
        self.network.take()
        self.network.is_held = True
        self.ask()
        self.network.run(5.0)
        opener = Envelope([NEW_KEY])
        for each in self.network.take():
            self.assertIsNotNone(opener.open(each.header, each.data))

    def test_a_peer_without_the_new_key(self) -> None:
        """It is answered in the key it asked in, and asked in that key; before it was heard, in
        both in turn."""
        self.rekey(self.mtl, NEW_KEY, KEY, restart=True)
        self.network.is_held = True
        self.ask()
        self.network.run(1.0)
        opened = [Envelope([NEW_KEY]).open(each.header, each.data) for each in self.network.take()]
        self.assertEqual([each is not None for each in opened], [True, False, True])
        self.network.deliver(self.que.forge(REQUEST, "MTL"))
        self.ask()
        for each in self.network.take():
            self.assertIsNotNone(Envelope([KEY]).open(each.header, each.data))

    def test_an_earlier_run_without_the_new_key(self) -> None:
        """It hears that it is stale where it asked, in the key it asked in."""
        self.acquaint()
        twin = Incarnation(boot=self.mtl.boot, random=b"t" * 16)
        self.rekey(self.que, NEW_KEY, KEY, restart=False)
        earlier = self.mtl.forge(REQUEST, "QUE", incarnation=twin)
        self.network.deliver(earlier, source=("192.0.2.7", 4_000))
        (answer,) = self.network.sent
        self.assertEqual(
            (stale_in(answer), answer.to[0]), (Stale(refused=twin, highest=1), "192.0.2.7")
        )

    def test_a_key_that_is_over(self) -> None:
        """Without the old key nothing sealed with it is opened or answered."""
        self.rekey(self.mtl, NEW_KEY, restart=False)
        self.assertIsNone(self.unanswered())
        self.assertEqual(self.mtl.dropped(), {Drop.UNOPENED: 3})

    def unanswered(self) -> object:
        answer = self.ask(self.que, "MTL", deadline=1.0)
        self.network.run(1.1)
        return self.successResultOf(answer)

    def test_changed_while_answering(self) -> None:
        """An answer that is ready after its key was dropped is sealed with one there is."""
        self.rekey(self.mtl, NEW_KEY, KEY, restart=True)
        self.mtl.holds_commits = True
        self.network.deliver(self.que.forge(REQUEST, "MTL"))
        self.rekey(self.mtl, NEW_KEY, restart=False)
        self.mtl.commit()
        (answer,) = self.network.sent
        self.assertIsNotNone(Envelope([NEW_KEY]).open(answer.header, answer.data))
