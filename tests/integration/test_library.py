"""The client without its screen, against a center and a doctor over real sockets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred, DeferredList, gatherResults, succeed
from twisted.python.failure import Failure

from medappt.model.appointments import Attendance, Cancelled, Reserved, State
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.addresses import Address
from medappt.patient.failures import LoginRefused, ServerGone, SlotTaken
from medappt.patient.remote import connect_center
from medappt.patient.visit import Visit, VisitPlan, VisitResult
from tests.integration.conftest import Clinic, open_clinic

RACERS = 50


class Diary:
    """A screen that writes down what it is told, and answers with ``choices``."""

    def __init__(self, *choices: str) -> None:
        self._choices = list(choices)
        self.told: list[object] = []

    def connected(self, local: Address) -> None:
        self.told.append(("connected", local.host))

    def login_sent(self, user: str, password: str) -> None:
        self.told.append(("login", user, password))

    def login_answered(self, is_good: bool) -> None:
        self.told.append(is_good)

    def all_slots(self, slots: Sequence[SlotState]) -> None:
        self.told.append(("all", len(slots)))

    def free_slots(self, user: str, slots: Sequence[FreeSlot]) -> None:
        self.told.append(("free", user, len(slots)))

    def ask_index(self) -> Deferred[str]:
        return succeed(self._choices.pop(0))

    def index_refused(self, index: str) -> None:
        self.told.append(("refused", index))

    def reserved(self, doctor_port: int) -> None:
        self.told.append(("reserved", doctor_port))

    def taken(self) -> None:
        self.told.append("taken")

    def outcome_unknown(self, index: str) -> None:
        self.told.append(("unknown", index))

    def doctor_sought(self, local: Address, insurance: str) -> None:
        self.told.append(("sought", local.host, insurance))

    def estimate_requested(self, insurance: str, doctor: Address) -> None:
        self.told.append(("asked", insurance, doctor))

    def estimate_received(self, result: VisitResult) -> None:
        self.told.append(result)

    def no_estimate(self, doctor_port: int, reason: str) -> None:
        self.told.append(("silent", doctor_port))


def visit(clinic: Clinic, diary: Diary, **plan: Any) -> Deferred[VisitResult]:
    """Have patient1 visit the clinic."""
    described = {"user": "patient1", "password": "password111", "insurance": "insurance2", **plan}
    reactor = clinic.reactor
    planned = VisitPlan(**described)
    return Visit(planned, diary, clinic.endpoint, clock=reactor, udp=reactor, names=reactor).run()


@pytest_twisted.ensureDeferred
async def test_visit(clinic: Clinic) -> None:
    """A visit goes through its three phases, asking again for an index that is none."""
    diary = Diary("none", "7")
    result = await visit(clinic, diary)
    assert result == VisitResult(
        doctor="doc1",
        doctor_port=clinic.doctor_port,
        user="patient1",
        insurance="insurance2",
        amount="20",
    )
    assert diary.told == [
        ("connected", "127.0.0.1"),
        ("login", "patient1", "********"),
        True,
        ("free", "patient1", 100),
        ("refused", "none"),
        ("reserved", clinic.doctor_port),
        ("sought", "127.0.0.1", "insurance2"),
        ("asked", "insurance2", Address(host="127.0.0.1", port=clinic.doctor_port)),
        result,
    ]


@pytest_twisted.ensureDeferred
async def test_plan_without_a_price(clinic: Clinic) -> None:
    """A plan the doctor has no price for is answered with ``unknown``."""
    result = await visit(clinic, Diary(), choose="1", insurance="insurance9")
    assert result.amount == "unknown"


@pytest_twisted.ensureDeferred
async def test_taken_slot(clinic: Clinic) -> None:
    """A slot that somebody has ends the visit."""
    await (await clinic.visitor("patient2")).select("3")
    diary = Diary("3")
    with pytest.raises(SlotTaken):
        await visit(clinic, diary)
    assert diary.told[-1] == "taken"


@pytest_twisted.ensureDeferred
async def test_refused_login(clinic: Clinic) -> None:
    """A wrong password ends the visit in its first phase."""
    diary = Diary()
    with pytest.raises(LoginRefused):
        await visit(clinic, diary, password="wrong")
    assert diary.told[-1] is False


@pytest_twisted.ensureDeferred
async def test_server_gone_while_choosing(clinic: Clinic) -> None:
    """A center that closes while the person thinks ends the visit."""

    class Thinker(Diary):
        def ask_index(self) -> Deferred[str]:
            asked.callback(None)
            return Deferred()

    asked: Deferred[None] = Deferred()
    visiting = visit(clinic, Thinker())
    await asked
    await clinic.services.stopService()
    with pytest.raises(ServerGone):
        await visiting


@pytest_twisted.ensureDeferred
async def test_no_center(clinic: Clinic) -> None:
    """Where nobody listens any more, the visit says that the center cannot be reached."""
    endpoint = clinic.endpoint
    await clinic.services.stopService()
    with pytest.raises(ServerGone):
        await connect_center(endpoint, clinic.reactor)


@pytest_twisted.ensureDeferred
async def test_operations(clinic: Clinic) -> None:
    """Every operation of a center works from afar, each within its rights."""
    patient = await clinic.visitor("patient1")
    boss = await clinic.visitor("boss")
    assert await patient.select("5", tag="once") == Reserved(doctor="doc1", port=clinic.doctor_port)
    assert await patient.select("5", tag="once") == Reserved(doctor="doc1", port=clinic.doctor_port)
    assert await boss.patients(5) == [Attendance(patient="patient1", state=State.BOOKED)]
    [row] = await boss.schedule("patient1")
    assert (row.code, row.type, row.state) == ("5", "-", State.BOOKED)
    assert row.start.utcoffset() is not None
    assert [slot.index for slot in await patient.slots() if not slot.free] == [5]
    assert len(await patient.available()) == 99
    with pytest.raises(Refused) as forbidden:
        await patient.patients(5)
    assert forbidden.value.refusal.code is Code.FORBIDDEN
    assert await patient.cancel(5) == Cancelled(code="5", type="-")
    with pytest.raises(Refused) as gone:
        await patient.cancel(5)
    assert gone.value.refusal.code is Code.NOT_BOOKED


@pytest_twisted.ensureDeferred
async def test_race_on_every_slot(clinic: Clinic) -> None:
    """Connections that ask for all slots at once, in different orders, get each exactly once."""
    logins = [clinic.visitor(("patient1", "patient2")[n % 2]) for n in range(RACERS)]
    racers = await gatherResults([Deferred.fromCoroutine(login) for login in logins])
    asked: list[Deferred[Any]] = [
        racer.select(str(1 + (index + 7 * number) % 100))
        for number, racer in enumerate(racers)
        for index in range(100)
    ]
    outcomes: list[tuple[bool, object]] = await DeferredList(asked, consumeErrors=True)
    refusals = [outcome.value for _, outcome in outcomes if isinstance(outcome, Failure)]
    assert len(asked) - len(refusals) == 100
    assert all(isinstance(each, Refused) for each in refusals)
    assert {each.refusal.code for each in refusals if isinstance(each, Refused)} == {Code.FULL}
    boss = await clinic.visitor("boss")
    owners = await gatherResults([boss.patients(index) for index in range(1, 101)])
    assert all(len(rows) == 1 for rows in owners)


@pytest_twisted.ensureDeferred
async def test_stopping_under_load(clinic: Clinic) -> None:
    """A center that is stopped while it is asked answers what it took on, and does nothing it does
    not answer; started again it has exactly what was answered."""
    patient = await clinic.visitor("patient1")
    first = patient.select("1")
    asked = [patient.select(str(index)) for index in range(2, 101)]
    await first
    await clinic.services.stopService()
    outcomes = await DeferredList(asked, consumeErrors=True)
    answered = {1} | {index for index, (good, _) in enumerate(outcomes, 2) if good}

    again = open_clinic(clinic.reactor, clinic.folder, clinic.doctor_port)
    try:
        schedule = await (await again.visitor("patient1")).schedule()
    finally:
        await again.services.stopService()
    assert {int(row.code) for row in schedule} == answered


@pytest_twisted.ensureDeferred
async def test_backup(clinic: Clinic) -> None:
    """A copy made while the center runs is beside the store, for its owner's eyes only."""
    await (await clinic.visitor("patient1")).select("1")
    await clinic.center.back_up()
    copy = clinic.folder / "medappt.sqlite3.backup"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes().startswith(b"SQLite format 3\0")
