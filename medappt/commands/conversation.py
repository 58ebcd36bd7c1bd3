"""A shell: lines are requests, each done before the next is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred

from medappt.commands.arguments import DONE
from medappt.commands.asking import read_request
from medappt.commands.centers import Server
from medappt.commands.completion import LEAVE, Vocabulary
from medappt.commands.errands import Errand, carry_out
from medappt.commands.notices import tell, untold
from medappt.commands.output import Output
from medappt.commands.password import Login
from medappt.commands.prompt import Prompt
from medappt.commands.reports import Report
from medappt.commands.session import Session
from medappt.commands.threads import IThreadedReactor, ReactorThread
from medappt.commands.world import EXPECTED, ICommandReactor, World, explain, log_to, real_world
from medappt.patient.process import settle
from medappt.wire import words

T = TypeVar("T")


class Call(Protocol):
    """Does something in a reactor, and waits for it."""

    def __call__(self, work: Callable[[], Coroutine[Deferred[Any], Any, T]], /) -> T:
        """What ``work`` returns, or raises."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who converses with which center. ``plan`` is the insurance plan that doctors are asked
    about."""

    login: Login
    server: Server
    plan: str | None = None


class Learning(Output):
    """What is shown can be completed afterwards."""

    def __init__(self, world: World, vocabulary: Vocabulary) -> None:
        super().__init__(world.out, world.err)
        self._vocabulary = vocabulary

    def report(self, report: Report) -> None:
        self._vocabulary.learn_report(report)
        super().report(report)


class Conversation:
    """One session with a center."""

    def __init__(self, world: World, visit: Visit, vocabulary: Vocabulary, call: Call) -> None:
        self._world = world
        self._visit = visit
        self._vocabulary = vocabulary
        self._call = call
        self._output = Learning(world, vocabulary)
        self._session = Session(world.connect(visit.server), world.clock, visit.login)

    def run(self, prompt: Prompt) -> int:
        """Until the last line, or one that leaves: the exit code of the last failure, 0 without.

        Raises one of ``world.EXPECTED`` where nothing was asked.
        """
        try:
            self._call(self._begin)
            return self._converse(prompt)
        finally:
            self._call(self._session.quit)

    async def _begin(self) -> None:
        await self._session.connect()
        notices = await untold(self._session, self._visit.login.user)
        self._output.notices(notices)
        if not self._output.is_broken:
            await tell(self._session, notices)

    def _converse(self, prompt: Prompt) -> int:
        exit_code = DONE
        while not self._output.is_broken:
            line = prompt.read_line()
            parts = [] if line is None else words.split(line)
            if line is None or (len(parts) == 1 and parts[0].lower() in LEAVE):
                break
            if not parts or parts[0].startswith("#"):
                continue
            try:
                errand = self._read(parts)
                prompt.remember(line)
                exit_code = self._do(errand, parts[1:]) or exit_code
            except EXPECTED as error:
                told, exit_code = explain(error)
                self._output.say(told)
                if isinstance(error, CancelledError) and not prompt.is_interactive:
                    break
        return exit_code

    def _read(self, parts: list[str]) -> Errand:
        keyword = parts[0].lower()
        return Errand(
            keyword=keyword,
            request=read_request(keyword, parts[1:]),
            login=self._visit.login,
            server=self._visit.server,
            plan=self._visit.plan,
        )

    def _do(self, errand: Errand, parts: list[str]) -> int:
        exit_code = self._call(lambda: carry_out(self._world, errand, self._session, self._output))
        self._vocabulary.learn_request(errand.keyword, parts)
        return exit_code


def converse(visit: Visit, vocabulary: Vocabulary, prompt: Prompt) -> int:
    """``medappt shell`` in this process: its exit code."""
    # not before: whoever only wants the help text, or a reactor of their own, gets none
    from twisted.internet import reactor as installed

    world = real_world(cast(ICommandReactor, installed))
    log_to(world.out, world.err)
    with ReactorThread(cast(IThreadedReactor, installed)) as thread:
        try:
            exit_code = Conversation(world, visit, vocabulary, thread.call).run(prompt)
        except EXPECTED as error:
            told, exit_code = explain(error)
            world.err.line(f"medappt: {told}")
    return settle(exit_code, world.out, world.err)
