"""Tests of requests and replies between centers on a quiet network."""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import MessageLengthError

from medappt.federation.drops import Drop
from medappt.federation.link import LinkStopped
from medappt.wire.envelope import Incarnation, Kind
from medappt.wire.federation import (
    Confirm,
    Done,
    Gone,
    Hold,
    List,
    Lost,
    Release,
    Reply,
    Request,
    RequestKey,
    format_reply,
)
from tests.federation.network import ADDRESSES, RECORD, FederationCase, Sent
from tests.role.logs import listening_to_the_log
from tests.store.cities import name


class RequestTests(FederationCase):
    """A request is sent until it is answered, and answered by whom it was sent to only."""

    def reply(self, sequence: int = 1, reply: Reply | None = None, **changes: Any) -> Sent:
        """A reply of QUE to a request of MTL."""
        run = changes.pop("run", self.mtl.own)
        key = RequestKey(sender="MTL", incarnation=run, sequence=sequence)
        return self.que.forge(format_reply(key, reply or Done()), "MTL", kind=Kind.REPLY, **changes)

    def test_answer(self) -> None:
        """The peer is asked, and what it answers is the result; no timer is left."""
        answer = self.ask(request=Confirm(id=RECORD))
        self.assertNoResult(answer)
        self.assertEqual(self.mtl.link.waiting, 1)
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(answer), Done())
        self.assertEqual(self.que.handled, [("MTL", Confirm(id=RECORD))])
        self.assertEqual(self.mtl.link.waiting, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_sent_again(self) -> None:
        """Without an answer it is sent again after 0.25 s, then twice as long up to 5 s, for as
        long as the link is open, each time with a new datagram number."""
        self.network.is_held = True
        times: list[float] = []
        answer = self.ask()
        for _ in range(30 * 64):
            if self.network.take():
                times.append(self.clock.seconds())
            self.clock.advance(1 / 64)  # which adds up exactly
        self.assertEqual(times, [0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 12.75, 17.75, 22.75, 27.75])
        self.assertNoResult(answer)

    def test_sent_again_before_a_deadline(self) -> None:
        """What somebody waits for is sent at least every eighth of the time there is."""
        self.network.is_held = True
        times: list[float] = []
        hold = Hold(id=RECORD, name=name("QUEA100227"), patient="MTLP0001")
        answer = self.ask(request=hold, deadline=8.0)
        for _ in range(9 * 64):
            if self.network.take():
                times.append(self.clock.seconds())
            self.clock.advance(1 / 64)
        self.assertEqual(times, [0.0, 0.25, 0.75, 1.75, 2.75, 3.75, 4.75, 5.75, 6.75, 7.75])
        self.assertIsNone(self.successResultOf(answer))
        times.clear()
        began = self.clock.seconds()
        self.ask(request=List(type="Dental", after=None), deadline=1.0)
        for _ in range(2 * 64):
            if self.network.take():
                times.append(self.clock.seconds() - began)
            self.clock.advance(1 / 64)
        self.assertEqual(times, [each / 8 for each in range(8)])

    def test_transmissions(self) -> None:
        """Transmissions have numbers of their own and are sealed anew, with one payload."""
        self.network.is_held = True
        self.ask()
        self.network.run(2.0)
        sent = self.network.take()
        self.assertEqual([each.header.number for each in sent], [1, 2, 3, 4])
        self.assertEqual({each.header.incarnation for each in sent}, {self.mtl.own})
        self.assertEqual({each.to for each in sent}, {ADDRESSES["QUE"]})
        self.assertEqual(len({each.data[40:] for each in sent}), 4)
        for each in sent:
            self.network.deliver(each)
        self.assertEqual(self.que.handled, [("MTL", Confirm(id=RECORD))] * 4)

    def test_numbers_of_one_peer(self) -> None:
        """What is sent to one peer uses no number of another up."""
        self.network.is_held = True
        for city in ("QUE", "SHE", "QUE"):
            self.ask(to=city)
        self.assertEqual([each.header.number for each in self.network.take()], [1, 1, 2])

    def test_jitter(self) -> None:
        """Pauses are longer or shorter by up to a half."""
        self.network.is_held = True
        for jitter, first, second in ((0.0, 0.125, 0.25), (0.99, 0.3725, 0.745)):
            self.mtl.jitter = jitter
            answer = self.ask()
            self.network.take()
            for pause in (first, second):
                self.clock.advance(pause - 0.001)
                self.assertEqual(self.network.take(), [])
                self.clock.advance(0.002)
                self.assertEqual(len(self.network.take()), 1)
            answer.cancel()
            self.failed_with(answer, CancelledError)

    def test_deadline(self) -> None:
        """At its deadline, and not before, a request has the result None; it is sent no more, and
        an answer that comes then is no answer."""
        self.network.is_held = True
        answer = self.ask(deadline=8.0)
        self.network.run(7.95)
        self.assertNoResult(answer)
        self.clock.advance(0.06)
        self.assertIsNone(self.successResultOf(answer))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.network.deliver(self.reply())
        self.assertEqual(self.mtl.dropped(), {Drop.UNMATCHED: 1})

    def test_no_time(self) -> None:
        """A request whose deadline is over has no answer, and is not sent."""
        self.assertIsNone(self.successResultOf(self.ask(deadline=0)))
        self.assertEqual(self.network.sent, [])

    def test_cancel(self) -> None:
        """A cancelled request is sent no more."""
        self.network.is_held = True
        answer = self.ask()
        answer.cancel()
        self.failed_with(answer, CancelledError)
        self.assertEqual((self.mtl.link.waiting, self.clock.getDelayedCalls()), (0, []))

    def test_several(self) -> None:
        """Each of several requests gets its own answer, in whatever order they come."""
        waiting: list[Deferred[Reply]] = []

        def later(peer: str, request: Request[Any]) -> Deferred[Reply]:
            waiting.append(Deferred())
            return waiting[-1]

        self.que.answer = later
        confirm, release = self.ask(), self.ask(request=Release(id=RECORD))
        self.network.run(0.1)
        waiting[1].callback(Done())
        self.network.run(0.1)
        self.assertNoResult(confirm)
        self.assertEqual(self.successResultOf(release), Done())
        waiting[0].callback(Lost())
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(confirm), Lost())

    def test_other_sources(self) -> None:
        """A true reply from another address is none, nor is one of another center."""
        self.acquaint()
        self.network.is_held = True
        answer = self.ask()
        self.network.deliver(self.reply(sequence=2, number=100), source=("127.0.0.1", 9))
        self.network.deliver(self.reply(sequence=2, number=101), source=("192.0.2.1", 21_110))
        key = RequestKey(sender="MTL", incarnation=self.mtl.own, sequence=2)
        self.network.deliver(self.she.forge(format_reply(key, Done()), "MTL", kind=Kind.REPLY))
        self.assertNoResult(answer)
        self.assertEqual(self.mtl.dropped(), {Drop.UNMATCHED: 3})
        self.network.deliver(self.reply(sequence=2, number=102))
        self.assertEqual(self.successResultOf(answer), Done())

    def test_other_keys(self) -> None:
        """A reply to another request, or to an earlier run of the same boot number, is none."""
        answer = self.ask()
        twin = Incarnation(boot=self.mtl.boot, random=b"t" * 16)
        self.network.is_held = True
        self.network.deliver(self.reply(sequence=2, number=100))
        self.network.deliver(self.reply(run=twin, number=101))
        self.network.deliver(self.reply(reply=Gone(), number=102))
        self.assertNoResult(answer)
        self.assertEqual(
            self.mtl.dropped(), {Drop.UNMATCHED: 1, Drop.OTHER_RUN: 1, Drop.UNREADABLE: 1}
        )

    def test_answered_once(self) -> None:
        """A second reply changes nothing."""
        answer = self.ask()
        self.network.is_held = True
        for number in (100, 101):
            self.network.deliver(self.reply(number=number))
        self.assertEqual(self.successResultOf(answer), Done())
        self.assertEqual(self.mtl.dropped(), {Drop.UNMATCHED: 1})

    def test_what_cannot_be_asked(self) -> None:
        """A city that is no peer, and values that cannot travel, are the caller's mistake."""
        with self.assertRaises(KeyError):
            self.ask(to="MTL")
        with self.assertRaises(ValueError):
            self.ask(request=Confirm(id="no id"))
        self.assertEqual((self.mtl.link.waiting, self.clock.getDelayedCalls()), (0, []))

    def test_network_errors(self) -> None:
        """What the network does not take is lost like any datagram, and sent again."""
        faults = (
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
            MessageLengthError("message too long"),
            ValueError("no address of this family"),
        )
        for fault in faults:
            self.mtl.port.fails_with = fault
            answer = self.ask()
            self.mtl.port.fails_with = None
            self.network.run(0.5)
            self.assertEqual(self.successResultOf(answer), Done())
        self.assertEqual(self.mtl.dropped(), {Drop.UNSENT: 4})

    def test_spelling_of_addresses(self) -> None:
        """A peer's address may be written in any way: replies are matched by what it means. A
        host name is none."""
        before = ADDRESSES["QUE"]
        self.addCleanup(ADDRESSES.update, QUE=before)
        ADDRESSES["QUE"] = ("0:0:0::0001", 21_110)
        self.mtl.restart()
        answer = self.ask()
        self.network.is_held = True
        self.network.deliver(self.reply(), source=("::1", 21_110))
        self.assertEqual(self.successResultOf(answer), Done())
        ADDRESSES["QUE"] = ("que.example", 21_110)
        with self.assertRaises(ValueError):
            self.mtl.restart()

    def test_answered_at_once(self) -> None:
        """A network so fast that the reply is there before the request is sent leaves no timer."""
        self.acquaint()
        link, answers = self.mtl.link, [self.reply(sequence=2)]

        class Loopback:
            def write(self, packet: bytes, addr: object) -> None:
                link.datagramReceived(answers.pop().data, ADDRESSES["QUE"])

        link.transport = Loopback()  # type: ignore[assignment]
        self.assertEqual(self.successResultOf(self.ask()), Done())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class StopTests(FederationCase):
    """Closing the port ends everything."""

    def test_requests_fail(self) -> None:
        """All that wait have failed, no timer is left, and nothing can be asked any more."""
        self.network.is_held = True
        answers = [self.ask(), self.ask(to="SHE", deadline=8.0)]
        self.mtl.stop()
        for answer in [*answers, self.ask()]:
            self.failed_with(answer, LinkStopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failures_that_lead_to_others(self) -> None:
        """Who hears of the end may cancel another request, or ask again and hear it again."""
        self.network.is_held = True
        first, second = self.ask(), self.ask()
        again: list[Deferred[Any]] = []

        def react(_: object) -> None:
            second.cancel()
            again.append(self.ask())

        first.addErrback(react)
        self.mtl.stop()
        self.failed_with(second, CancelledError)
        self.failed_with(again[0], LinkStopped)

    def test_before_the_start(self) -> None:
        """Nothing can be asked before the port is open; it may be opened again."""
        link = self.mtl.link
        self.mtl.stop()
        self.failed_with(self.ask(), LinkStopped)
        self.network.links[ADDRESSES["MTL"]] = link
        link.makeConnection(self.mtl.port)
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_an_answer_too_late(self) -> None:
        """What the handler answers after the end is not sent."""
        late: Deferred[Reply] = Deferred()
        self.que.answer = lambda peer, request: late
        self.ask()
        self.network.run(0.1)
        self.que.stop()
        self.network.take()
        late.callback(Done())
        self.assertEqual([each for each in self.network.sent if each.source[1] == 21_110], [])
        self.assertEqual(self.que.dropped(), {Drop.STOPPED: 1})
        self.assertEqual(self.que.link.drops.counts, {Drop.STOPPED: 1})

    def test_totals(self) -> None:
        """What had no effect is told at the end, once a kind."""
        for _ in range(3):
            self.mtl.link.datagramReceived(b"x", ("192.0.2.1", 9))
        with listening_to_the_log() as told:
            self.mtl.stop()
        self.assertEqual(
            told.texts(),
            [
                "MTL: 3 datagrams in all had no effect: no sealed datagram of at most 1,200 bytes.",
            ],
        )
