"""People who ask three cities for one thing after another, whatever happens, and remember what
they were told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Semaphore

from medappt.model.records import RecordState
from tests.federation.agreement import Book, Kept
from tests.system.client import PATIENCE, Client, wait_until
from tests.system.federation import CITIES, Federation, code, patient

ANSWER_SECONDS = 10.0
"""Every request has its answer by then, in any weather (section 8)."""

CAPACITY = 2
PER_CITY = 3
"""Patients."""


class Visitor:
    """A user on a connection. A request that a crash left without an answer is sent again under
    its tag, until it has one. ``heard`` is released with every answer."""

    heard: Semaphore

    def __init__(self, federation: Federation, user: str, random: Random) -> None:
        self._federation = federation
        self.user = user
        self.random = random
        self._client: Client | None = None
        self._number = 0
        self.slowest = (0.0, "")
        self.answers: Counter[str] = Counter()

    def ask(self, line: str) -> list[str]:
        """The answer's lines, without the tag and the dot."""
        self._number += 1
        tag = f"@{self.user}.{self._number}"
        while True:
            client = self._client
            if client is None:
                client = wait_until(self._connect, f"a connection of {self.user}")
                assert client is not None
                self._client = client
            asked = time.monotonic()
            try:
                client.send(f"{tag} {line}\n".encode())
                rows = _read_answer(client, line)
            except (EOFError, OSError):
                self.leave()
                continue
            self.slowest = max(self.slowest, (time.monotonic() - asked, line))
            assert rows[0].startswith(f"{tag} "), rows
            rows[0] = rows[0].removeprefix(f"{tag} ")
            self.answers[what(line, rows)] += 1
            self.heard.release()
            return [row for row in rows if row != "."]

    def _connect(self) -> Client | None:
        try:
            return self._federation.connect(self.user)
        except (EOFError, OSError):
            return None

    def leave(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _read_answer(client: Client, line: str) -> list[str]:
    rows = [client.line()]
    if line.split()[0] in ("list", "schedule", "patients", "remove") and " error " not in rows[0]:
        while rows[-1].split()[-1] != ".":
            rows.append(client.line())
    return rows


def what(line: str, answer: Sequence[str]) -> str:
    """The request, and what it was answered: ``book booked``, ``swap full``, ``list .``."""
    words = answer[0].split()
    keyword = line.split()[0]
    if words[0] == "error":
        return f"{keyword} {words[1]}"
    return f"{keyword} {words[0]}" if len(answer) == 1 else keyword


class Patient(Visitor):
    """``has`` are the IDs they were told they have, of the type Physician; ``slots`` those they
    know of. ``pace`` is released with every request."""

    def __init__(
        self,
        federation: Federation,
        user: str,
        random: Random,
        slots: Sequence[str],
        pace: Semaphore,
    ) -> None:
        super().__init__(federation, user, random)
        self.slots = slots
        self.has: set[str] = set()
        self._pace = pace

    def act(self) -> None:
        """Ask for something."""
        self._pace.release()
        acts: list[Callable[[], None]] = [self._book] * 5 + [self._look]
        if self.has:
            acts += [self._swap] * 3 + [self._cancel] * 2
        self.random.choice(acts)()

    def _book(self) -> None:
        wanted = self.random.choice(self.slots)
        if self.ask(f"book {wanted} Physician")[0].startswith("booked "):
            self.has.add(wanted)

    def _swap(self) -> None:
        old, new = self.random.choice(sorted(self.has)), self.random.choice(self.slots)
        answer = self.ask(f"swap {old} Physician {new} Physician")[0]
        if answer.startswith("swapped "):
            self.has.remove(old)
            self.has.add(new)

    def _cancel(self) -> None:
        old = self.random.choice(sorted(self.has))
        if self.ask(f"cancel {old}")[0] == f"cancelled {old} Physician":
            self.has.remove(old)

    def _look(self) -> None:
        self.ask(self.random.choice(["schedule", "list Physician"]))


class Administrator(Visitor):
    """Adds slots of the own city, looks into them, and removes those that are ``removable``, at
    the pace of the patients: once for every ``PER_CITY`` times that ``pace`` was released."""

    def __init__(
        self,
        federation: Federation,
        user: str,
        random: Random,
        added: Sequence[str],
        removable: Sequence[str],
        pace: Semaphore,
    ) -> None:
        super().__init__(federation, user, random)
        self._added = list(added)
        self._removable = list(removable)
        self.removed: set[str] = set()
        self._slots = list(removable)
        self._pace = pace

    def act(self) -> None:
        """Ask for something."""
        for _ in range(PER_CITY):
            assert self._pace.acquire(timeout=PATIENCE)
        acts: list[Callable[[], None]] = [self._look]
        if self._added:
            acts += [self._add] * 2
        if self._removable:
            acts.append(self._remove)
        self.random.choice(acts)()

    def _add(self) -> None:
        slot = self._added.pop()
        assert self.ask(f"add {slot} Physician {CAPACITY}")[0].startswith("added ")
        self._slots.append(slot)

    def _remove(self) -> None:
        slot = self._removable.pop()
        self.removed.add(slot)
        for row in self.ask(f"remove {slot} Physician"):
            assert len(row.split()) == 2, row

    def _look(self) -> None:
        slot = self.random.choice(self._slots)
        line = self.random.choice(
            [f"patients {slot} Physician", f"remove {slot} Physician preview"]
        )
        if slot not in self.removed:
            self.ask(line)


class Crowd:
    """The patients and the administrator of each city, all at once: every one ``steps`` times.

    Each city has slots of its own to begin with, some of which are removed, and gets others.
    ``heard`` is released with every answer that anybody gets.
    """

    def __init__(self, federation: Federation, seed: int, steps: int) -> None:
        self._federation = federation
        self._steps = steps
        self.patients: list[Patient] = []
        self.administrators: list[Administrator] = []
        slots = {city: [code(city, day, "A") for day in range(8)] for city in CITIES}
        added = {city: [code(city, day, "E") for day in range(0, 8, 2)] for city in CITIES}
        federation.open_slots(*(each for of in slots.values() for each in of), capacity=CAPACITY)
        known = [each for of in (*slots.values(), *added.values()) for each in of]
        pace = Semaphore(0)
        for city in CITIES:
            user = f"{city}A0001"
            own = added[city], slots[city][::3], pace
            random = Random(f"{user} {seed}")
            self.administrators.append(Administrator(federation, user, random, *own))
            for number in range(PER_CITY):
                user = patient(city, 1 + number)
                random = Random(f"{user} {seed}")
                self.patients.append(Patient(federation, user, random, known, pace))
        self.heard = Semaphore(0)
        for one in self.everybody:
            one.heard = self.heard

    @property
    def everybody(self) -> list[Patient | Administrator]:
        return [*self.patients, *self.administrators]

    @contextmanager
    def at_work(self) -> Iterator[list[Future[None]]]:
        """They begin at the start of the context and are done at its end; then nobody is
        connected any more."""

        def work(one: Patient | Administrator) -> None:
            try:
                for _ in range(self._steps):
                    one.act()
            finally:
                one.leave()

        with ThreadPoolExecutor(len(self.everybody)) as pool:
            working = [pool.submit(work, one) for one in self.everybody]
            yield working
            for each in working:
                each.result()

    @property
    def answers(self) -> Counter[str]:
        return sum((one.answers for one in self.everybody), Counter())

    def assert_told(self, books: Iterable[Book]) -> None:
        """What everybody was told is what the stores have, apart from removed slots, whose
        patients were moved, or wait."""
        for one in self.everybody:
            assert one.slowest < (ANSWER_SECONDS, ""), (one.user, one.slowest)
        removed = {slot for each in self.administrators for slot in each.removed}
        records = [each for book in books for each in book.records]
        for each in self.patients:
            stored = [record for record in records if record.patient == each.user]
            assert len(stored) == len(each.has), (each.user, each.has, stored)
            assert {record.name[0] for record in stored} >= each.has - removed
            assert {record.name[0] for record in stored if _stands(record)} <= each.has
            self._assert_shown(each, stored)

    def _assert_shown(self, one: Patient, stored: Sequence[Kept]) -> None:
        words = [row.split() for row in self._federation.rows(one.user, "schedule")]
        shown = {(slot, state) for slot, _, state, _ in words}
        assert shown == {(record.name[0], _state(record)) for record in stored}


def _stands(record: Kept) -> bool:
    return record.state is RecordState.ACTIVE and not record.is_moved


def _state(record: Kept) -> str:
    if record.state is RecordState.WAITLISTED:
        return "waitlisted"
    return "moved" if record.is_moved else "booked"
