"""Three stores and the datagrams between them, on a die: what the transactions of section 8 must
survive. Datagrams are lost, doubled, delayed and overtake one another; centers crash.

It stands in for the real link and the real services: every choice they have is a throw here.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from medappt.model.appointments import Added, Booked, Cancelled, Fate, Removed, Swapped
from medappt.model.ids import SlotName
from medappt.model.moves import MoveRuns, PageCursors
from medappt.model.records import REACH, Held, Page, RecordState
from medappt.model.refusals import Refusal
from medappt.store.answers import Answer
from medappt.store.booking import Booking, Pending, abort_pending, begin, decide, record_state
from medappt.store.cancelling import Giveback, give_back
from medappt.store.holding import confirm, hold, release, settle_hold, unwait, wait
from medappt.store.judgement import UNREACHABLE
from medappt.store.moves import begin_move, ends_run, expire, finish_page, record_to_move
from medappt.store.options import page_for
from medappt.store.outbox import acknowledge
from medappt.store.places import held_places
from medappt.store.purging import purge
from medappt.store.removal import Closed, add_slot, conclude_removal, remove_slot
from medappt.store.results import Answered, Tagged
from tests.store.actors import Center, Client, Datagram, Flight, MoveRun
from tests.store.cities import DOCTOR, City, name
from tests.store.doubles import ADMIN
from tests.store.reading import displaced, letters

ZONES = {"MTL": "America/Toronto", "QUE": "America/Toronto", "SHE": "America/Halifax"}
HOLD_TICKS = 6
PURGED_AT_ONCE = 3
STEP = timedelta(seconds=2)
TYPES = ("Physician", "Surgeon")


class Federation:
    """Three cities on a die."""

    def __init__(self, seed: int) -> None:
        self.die = Random(seed)
        die = self.die
        self.loss = die.choice([0, 0.05, 0.3])
        self.doubling = die.choice([0, 0.1, 0.4])
        self.delay = die.choice([0.9, 0.5, 0.2])
        self.crashing = die.choice([0, 0.01, 0.05])
        self.skip = timedelta(hours=die.choice([0, 0, 0, 9]))
        reach = timedelta(hours=6) if self.skip else REACH
        self.centers = {
            city: Center(City(city, ZoneInfo(zone), reach)) for city, zone in ZONES.items()
        }
        self.tick = 0
        self.air: list[Datagram] = []
        self.answers: Counter[str] = Counter()
        self.codes = [
            f"{city}{part}{day:02d}0227"
            for city in ZONES
            for part in "MAE"
            for day in die.sample(range(8 if self.skip else 9, 14), die.choice([1, 2]))
        ]
        self.types = TYPES[: die.choice([1, 2])]
        self.clients = [Client(f"{city}P000{n}") for city in ZONES for n in range(3)]
        self.clients += [Client(f"{city}A0001", is_administrator=True) for city in ZONES]
        for code in self.codes:
            self.centers[code[:3]].city.act(
                add_slot,
                name(code, die.choice(self.types)),
                die.choice([1, 1, 2]),
                DOCTOR,
                origin=ADMIN,
            )

    def close(self) -> None:
        for center in self.centers.values():
            center.city.database.close()

    def clear_up(self) -> None:
        """No more crashes, and every datagram that is sent from now on arrives."""
        self.loss = self.crashing = 0

    # The world.

    def step(self, *, is_calm: bool = False) -> None:
        """A tick: requests are made, datagrams arrive, centers do what is due."""
        self.tick += 1
        for center in self.centers.values():
            center.city.now += STEP
        if not is_calm:
            self._bad_weather()
        for client in self.clients:
            self._ask(client, is_calm=is_calm)
        for center in self.centers.values():
            self._due(center)
        for _ in range(2):
            self._deliver(is_calm=is_calm)

    def _bad_weather(self) -> None:
        for center in self.centers.values():
            if self.die.random() < self.crashing:
                self._crash(center)
        if self.skip and self.die.random() < 0.05:
            for center in self.centers.values():
                center.city.now += self.skip

    def _crash(self, center: Center) -> None:
        city = center.city.city
        center.run += 1
        center.flights.clear()
        center.closed.clear()
        center.runs = MoveRuns()
        center.cursors = PageCursors()
        center.city.boot()
        center.city.do(abort_pending, center.city.now)
        for client in self.clients:
            if client.city == city:
                client.is_asked = False

    def _deliver(self, *, is_calm: bool) -> None:
        air, self.air = self.air, []
        if not is_calm:
            self.die.shuffle(air)
        for datagram in air:
            if not is_calm and self.die.random() > self.delay:
                self.air.append(datagram)
                continue
            if not is_calm and self.die.random() < self.doubling:
                self.air.append(datagram)
            self._receive(datagram)

    def _send(self, sender: Center, receiver: str, verb: str, *values: object) -> None:
        if self.loss == 0 or self.die.random() >= self.loss:
            self.air.append(Datagram(sender.city.city, receiver, verb, values, sender.run))

    def _receive(self, datagram: Datagram) -> None:
        center = self.centers[datagram.receiver]
        sender = self.centers[datagram.sender]
        verb, values, peer = datagram.verb, datagram.values, datagram.sender
        if not center.hears(peer, datagram.run):
            return
        if verb.startswith("RE:"):
            run, *rest = values
            if run == center.run:
                self._take_reply(center, verb[3:], rest)
        else:
            reply = self._answer(center, peer, verb, values)
            self._send(center, peer, f"RE:{verb}", datagram.run, *values, reply)
        assert sender is not center

    # Owner and home, answering.

    def _answer(self, center: Center, peer: str, verb: str, values: tuple[Any, ...]) -> object:
        city = center.city
        match verb:
            case "HOLD":
                return city.act(hold, peer, *values)
            case "CONFIRM":
                return city.act(confirm, peer, values[0].record)
            case "RELEASE":
                return city.act(release, peer, values[0].record)
            case "WAIT":
                return city.act(wait, peer, values[0].record)
            case "UNWAIT":
                return city.act(unwait, peer, values[0].record)
            case "STATUS":
                return city.do(record_state, peer, values[0])
            case _:
                return self._move(center, peer, *values)

    def _take_reply(self, center: Center, verb: str, values: list[Any]) -> None:
        reply = values[-1]
        match verb:
            case "HOLD":
                self._decide(center, values[0], reply)
            case "STATUS":
                center.city.act(settle_hold, values[0], reply)
            case "MOVE":
                center.cursors.answered(values[0], reply)
            case "CONFIRM":
                assert not center.city.do(acknowledge, values[0], is_lost=not reply), "lost"
            case _:
                center.city.do(acknowledge, values[0])

    def _move(self, center: Center, owner: str, id_: str, page: Page) -> str | None:
        if center.city.do(record_to_move, owner, id_) is None:
            center.runs.forget(id_)
            return None
        if center.runs.arrive(id_, page):
            self._try_next(center, MoveRun(owner, id_, list(page.options), page))
        return center.runs.answer(id_)

    def _try_next(self, center: Center, run: MoveRun) -> None:
        while run.options:
            option = name(run.options.pop(0)).code
            begun = center.city.act(begin_move, run.owner, run.id, option)
            if isinstance(begun, Pending):
                self._take_off(center, Flight(begun, self.tick + HOLD_TICKS, run=run))
                return
            if ends_run(begun):
                center.runs.finish(run.id)
                return
        wants_more = center.city.act(finish_page, run.owner, run.id, is_last=run.page.is_last)
        center.runs.finish(run.id, run.page if wants_more else None)

    def _take_off(self, center: Center, flight: Flight) -> None:
        center.flights[flight.pending.id] = flight
        self._send_hold(center, flight.pending)

    def _send_hold(self, center: Center, pending: Pending) -> None:
        wanted = pending.wanted
        self._send(center, wanted.city, "HOLD", pending.id, wanted, pending.patient, pending.moves)

    def _decide(self, center: Center, id_: str, reply: Held | Refusal) -> None:
        flight = center.flights.pop(id_, None)
        if flight is None:
            return
        answered = center.city.act(decide, flight.pending, reply)
        if flight.client is not None:
            self._tell(flight.client, answered)
        elif flight.run is not None:
            self.answers[f"move {type(answered.answer).__name__}"] += 1
            if ends_run(answered.answer):
                center.runs.finish(flight.run.id)
            else:
                self._try_next(center, flight.run)

    # What is due.

    def _due(self, center: Center) -> None:
        city = center.city
        for flight in list(center.flights.values()):
            if self.tick >= flight.ends:
                self._decide(center, flight.pending.id, UNREACHABLE)
            else:
                self._send_hold(center, flight.pending)
        for letter in city.do(letters):
            self._send(center, letter.peer, letter.verb.value, letter)
        for held in city.do(held_places):
            self._send(center, held.home, "STATUS", held.id)
        due = city.do(displaced, city.city)
        center.cursors.retain({each.id for each in due})
        for each in due:
            page = city.act(page_for, each, center.cursors[each.id])
            if page is not None:
                center.cursors.sent(each.id, page)
                self._send(center, each.home, "MOVE", each.id, page)
        center.purged = city.act(purge, center.purged, PURGED_AT_ONCE)
        self.answers["purged"] += center.purged.dropped
        for record in city.act(expire):
            [client] = [each for each in self.clients if each.user == record.patient]
            client.has -= 1
            self.answers["expired"] += 1
        for waiting in list(center.closed):
            closed, client, ends = waiting
            answered = city.act(conclude_removal, closed)
            assert isinstance(answered.answer, Removed)
            is_moving = any(row.fate is Fate.MOVING for row in answered.answer.rows)
            if not is_moving or self.tick >= ends:
                center.closed.remove(waiting)
                self._tell(client, answered)

    # Clients.

    def _ask(self, client: Client, *, is_calm: bool) -> None:
        if client.request is None:
            if is_calm or self.die.random() > 0.25:
                return
            client.count += 1
            client.request = self._think_of(client)
            client.is_asked = False
        if client.is_asked:
            return
        client.is_asked = True
        center = self.centers[client.city]
        act = center.city.act
        tagged = Tagged(user=client.user, tag=str(client.count), text=repr(client.request))
        match client.request:
            case ("book", SlotName() as wanted, instead):
                booking = Booking(
                    patient=client.user,
                    wanted=wanted,
                    origin=client.origin,
                    instead=instead,
                    tagged=tagged,
                )
                begun = act(begin, booking)
                if isinstance(begun, Pending):
                    flight = Flight(begun, self.tick + HOLD_TICKS, client=client)
                    self._take_off(center, flight)
                else:
                    self._tell(client, begun)
            case ("cancel", SlotName() as had):
                giveback = Giveback(
                    patient=client.user,
                    code=had.code,
                    origin=client.origin,
                    type=had.type,
                    tagged=tagged,
                )
                self._tell(client, act(give_back, giveback))
            case ("add", SlotName() as wanted, int(capacity)):
                self._tell(
                    client, act(add_slot, wanted, capacity, DOCTOR, tagged, origin=client.origin)
                )
            case ("remove", SlotName() as wanted):
                removed = act(remove_slot, wanted, tagged, origin=client.origin)
                if isinstance(removed, Closed):
                    center.closed.append((removed, client, self.tick + HOLD_TICKS))
                else:
                    self._tell(client, removed)

    def _think_of(self, client: Client) -> tuple[object, ...]:
        die = self.die
        wanted = name(die.choice(self.codes), die.choice(self.types))
        if client.is_administrator:
            own = [code for code in self.codes if code.startswith(client.city)]
            wanted = name(die.choice(own), die.choice(self.types))
            if die.random() < 0.5:
                return ("remove", wanted)
            return ("add", wanted, die.choice([1, 1, 2]))
        records = self.centers[client.city].city.records(client.user)
        mine = [each.name for each in records if each.state is not RecordState.PENDING]
        match die.choice(["book", "book", "swap", "cancel"]) if mine else "book":
            case "book":
                return ("book", wanted, None)
            case "swap":
                return ("book", wanted, die.choice(mine))
            case _:
                return ("cancel", die.choice(mine))

    def _tell(self, client: Client, answered: Answered) -> None:
        """The client has its answer, unless the center crashes before it can say it."""
        center = self.centers[client.city]
        answer: Answer = answered.answer
        if self.die.random() < self.crashing:
            self._crash(center)
            return
        client.request = None
        match answer:
            case Booked():
                client.has += 1
            case Cancelled():
                client.has -= 1
            case Swapped() | Added() | Removed():
                pass
        kind = answer.code.value if isinstance(answer, Refusal) else type(answer).__name__
        self.answers[kind] += 1
