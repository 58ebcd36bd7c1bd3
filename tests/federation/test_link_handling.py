"""Tests of what a center does with requests that come in: each is handled, however often, and
answered or not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel

from medappt.federation.drops import Drop, NoAnswer
from medappt.federation.link import HANDLED_AT_ONCE
from medappt.model.refusals import Code, Refusal, Refused
from medappt.store.failures import StoreBusy, StoreFailed
from medappt.wire.envelope import Kind
from medappt.wire.federation import (
    Confirm,
    Done,
    Reply,
    Request,
    Status,
    format_request,
)
from tests.federation.network import RECORD, FederationCase
from tests.role.logs import listening_to_the_log


class HandlingTests(FederationCase):
    """What comes in is handled, however often, so much at once."""

    def test_again(self) -> None:
        """A repeated request is handled again, and answered again."""
        self.network.is_held = True
        self.ask()
        self.network.run(0.5)
        for each in self.network.take():
            self.network.deliver(each)
        self.assertEqual(len(self.que.handled), 2)
        self.assertEqual([each.header.kind for each in self.network.take()], [Kind.REPLY] * 2)

    def test_doubled(self) -> None:
        """A doubled datagram is handled once."""
        self.network.is_held = True
        self.ask()
        (datagram,) = self.network.take()
        for _ in range(3):
            self.network.deliver(datagram)
        self.assertEqual(len(self.que.handled), 1)
        self.assertEqual(self.que.dropped(), {Drop.REPEATED: 2})

    def test_from_another_address(self) -> None:
        """A sealed request is answered to where it came from: a peer may sit behind a gateway."""
        self.network.is_held = True
        self.ask()
        (datagram,) = self.network.take()
        self.network.deliver(datagram, source=("192.0.2.7", 4_000))
        self.assertEqual([each.to for each in self.network.take()], [("192.0.2.7", 4_000)])

    def test_refusals_are_answers(self) -> None:
        """A refusal arrives as it was said; here, as no answer to what was asked, it does not."""

        async def refuse(peer: str, request: Request[Any]) -> Reply:
            return Refusal(code=Code.FULL, text="no place left")

        self.que.answer = refuse
        answer = self.ask(request=Status(id=RECORD))
        self.network.run(0.1)
        self.assertNoResult(answer)
        (failure,) = self.flushLoggedErrors(TypeError)
        self.assertIn("no answer to what was asked", str(failure.value))

    def test_a_bound(self) -> None:
        """So many requests of a peer are handled at once; more are dropped and come again, and
        other peers do not suffer."""
        waiting: list[Deferred[Reply]] = []

        def later(peer: str, request: Request[Any]) -> Deferred[Reply]:
            waiting.append(Deferred())
            return waiting[-1]

        self.que.answer = later
        self.acquaint_slowly(waiting)
        self.network.is_held = True
        for _ in range(HANDLED_AT_ONCE + 1):
            self.ask(deadline=0.1)
        for each in self.network.take():
            self.network.deliver(each)
        self.assertEqual(len(waiting), HANDLED_AT_ONCE)
        self.assertEqual(self.que.dropped(), {Drop.CROWDED: 1})
        self.network.is_held = False
        self.ask(self.she)
        self.network.run(0.1)
        self.assertEqual(len(waiting), HANDLED_AT_ONCE + 1)
        waiting[0].callback(Done())
        answer = self.ask()
        self.network.run(0.1)
        waiting[-1].callback(Done())
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(answer), Done())

    def acquaint_slowly(self, waiting: list[Deferred[Reply]]) -> None:
        self.ask()
        self.network.run(0.1)
        waiting.pop().callback(Done())
        self.network.run(0.1)
        self.network.take()

    def test_a_failing_handler(self) -> None:
        """Where the handler fails there is no answer until it does not; each type of failure is
        logged once."""
        faults: list[Exception] = [KeyError("a"), KeyError("b"), ZeroDivisionError()]

        async def fail(peer: str, request: Request[Any]) -> Reply:
            if faults:
                raise faults.pop(0)
            return Done()

        self.que.answer = fail
        answer = self.ask()
        self.network.run(1.5)
        self.assertNoResult(answer)
        kinds = [failure.type for failure in self.flushLoggedErrors()]
        self.assertEqual(kinds, [KeyError, ZeroDivisionError])
        self.assertEqual(self.que.dropped(), {Drop.FAILED: 3})
        self.network.run(1.5)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_a_handler_that_fails_at_once(self) -> None:
        """A handler that raises instead of giving a result fails like any other."""

        def fail(peer: str, request: Request[Any]) -> Deferred[Reply]:
            raise KeyError("a")

        self.que.answer = fail
        self.ask(deadline=0.2)
        self.network.run(0.3)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_withheld(self) -> None:
        """An answer withheld on purpose is counted apart and told once, at the lowest level and
        without a traceback; when the reason is gone the peer is answered."""
        reasons: list[Exception] = [
            Refused(Code.FORBIDDEN, "another's"),
            NoAnswer("no such question here"),
            StoreBusy("too many wait"),
            StoreFailed("a full disk"),
        ]

        async def withhold(peer: str, request: Request[Any]) -> Reply:
            if reasons:
                raise reasons.pop(0)
            return Done()

        self.que.answer = withhold
        with listening_to_the_log() as told:
            answer = self.ask()
            self.network.run(9.0)
        self.assertEqual(self.successResultOf(answer), Done())
        self.assertEqual(self.que.dropped(), {Drop.WITHHELD: 4})
        self.assertEqual(
            told.texts(),
            [
                "QUE: a datagram has no effect: not answered on purpose: not to be asked, or the "
                "store cannot do it now (127.0.0.1:21100). Further ones are only counted."
            ],
        )
        self.assertEqual(told.texts(LogLevel.debug), told.texts())
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_run_that_the_store_cannot_keep(self) -> None:
        """Where the store is too busy to put a peer's run on record its datagram has no effect,
        and no traceback says so."""
        self.que.commit_fails = StoreBusy("too many wait")
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.que.handled, [])
        self.assertEqual(self.que.dropped(), {Drop.UNRECORDED: 1, Drop.WITHHELD: 1})
        self.assertEqual(self.flushLoggedErrors(), [])
        self.que.commit_fails = None
        self.network.run(0.5)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_an_unforeseen_error(self) -> None:
        """A fault of the program costs one datagram, and the center goes on."""
        self.acquaint()
        take, self.que.link._take_request = self.que.link._take_request, None  # type: ignore[method-assign, assignment]
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.que.link._take_request = take  # type: ignore[method-assign]
        self.network.run(0.5)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_opened_but_unreadable(self) -> None:
        """A sealed datagram without a message we know has no answer."""
        self.network.is_held = True
        known = format_request(1, Confirm(id=RECORD))
        for number, payload in enumerate((b"", b"[1,'x']", known + b" ", b'[1,"DROP"]')):
            for kind in (Kind.REQUEST, Kind.REPLY, Kind.STALE):
                number_of_both = 10 * number + kind.value
                self.network.deliver(
                    self.mtl.forge(payload, "QUE", kind=kind, number=number_of_both)
                )
        self.assertEqual((self.network.take(), self.que.handled), ([], []))
        self.assertEqual(self.que.dropped(), {Drop.UNREADABLE: 12})
