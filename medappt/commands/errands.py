"""One request from the login to the leave: notices first, the reply, what it will cost."""

from __future__ import annotations

from dataclasses import dataclass

from medappt.commands.arguments import DONE, NO_ANSWER
from medappt.commands.asking import has_effect, put
from medappt.commands.centers import Server
from medappt.commands.costs import ask_cost, where_to_ask
from medappt.commands.notices import tell, untold
from medappt.commands.output import Output
from medappt.commands.password import Login
from medappt.commands.reports import Report
from medappt.commands.session import Session
from medappt.commands.world import World
from medappt.model.refusals import Refused
from medappt.patient.failures import NoEstimate
from medappt.wire.city_requests import Book
from medappt.wire.requests import Command


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """What one command is to do. ``plan`` is the insurance plan the doctor of a booking is asked
    about."""

    keyword: str
    request: Command
    login: Login
    server: Server
    plan: str | None = None
    as_json: bool = False


async def do(world: World, errand: Errand) -> int:
    """Do an errand: its exit code. Raises what ``world.EXPECTED`` has."""
    output = Output(world.out, world.err, as_json=errand.as_json)
    session = Session(world.connect(errand.server), world.clock, errand.login)
    try:
        exit_code = await _do(world, errand, session, output)
    except BaseException:
        await session.close()
        raise
    await session.quit()
    return exit_code


async def _do(world: World, errand: Errand, session: Session, output: Output) -> int:
    notices = await untold(session, errand.login.user)
    output.notices(notices)
    try:
        exit_code = await carry_out(world, errand, session, output)
    except Refused:
        if not errand.as_json:  # they were shown already
            await tell(session, notices)
        raise
    if not output.is_broken:
        await tell(session, notices)
    return exit_code


async def carry_out(world: World, errand: Errand, session: Session, output: Output) -> int:
    """The request alone: put, and what it came to and will cost shown. The exit code."""
    is_effect = has_effect(errand.keyword, errand.request)
    tag = world.new_tag() if is_effect else None
    report = await session.ask(lambda city: put(city, errand.request, tag), has_effect=is_effect)
    output.report(report)
    try:
        return await _tell_cost(world, errand, report, output)
    finally:  # the request was done, whatever the doctor does or who waits
        output.finish()


async def _tell_cost(world: World, errand: Errand, report: Report, output: Output) -> int:
    place = report.place
    if place is None:
        return DONE
    if errand.plan is None or not isinstance(errand.request, Book):
        if not errand.as_json:
            output.say(where_to_ask(place))
        return DONE
    name = str(errand.request.patient or errand.login.user)
    try:
        amount = await ask_cost(world, place, errand.plan, name)
    except NoEstimate as error:
        output.say(str(error))
        return NO_ANSWER
    output.estimate(errand.plan, amount)
    return DONE
