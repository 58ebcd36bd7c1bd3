"""What a place will cost: its doctor is asked, over UDP (section 5)."""

from __future__ import annotations

from medappt.commands.world import World
from medappt.model.appointments import Booked, Swapped
from medappt.patient.addresses import Address
from medappt.patient.dialects import question_in
from medappt.patient.estimate import open_estimate_socket, resolve_host
from medappt.patient.failures import NoEstimate
from medappt.wire.foreign import Dialect


async def ask_cost(world: World, place: Booked | Swapped, plan: str, name: str) -> str:
    """What ``plan`` leaves the patient called ``name`` to pay, or ``unknown``. Raises
    ``NoEstimate``, which says that the appointment stands."""
    try:
        if place.host is None or place.port is None:
            raise NoEstimate("it is not known where to ask for the cost")
        host = await resolve_host(world.names, world.clock, place.host)
        doctor = open_estimate_socket(world.udp, world.clock, Address(host=host, port=place.port))
        return await doctor.ask(question_in(Dialect.LINE, plan, name))
    except NoEstimate as error:
        raise NoEstimate(f"{error}; the appointment stands") from None


def where_to_ask(place: Booked | Swapped) -> str:
    """A sentence about who tells the cost of a place, for who does not ask now."""
    if place.host is None or place.port is None:
        return "it is not known where to ask for the cost"
    doctor = place.doctor or "the doctor"
    return f"{doctor} tells the cost at {place.host} port {place.port}, over UDP"
