"""What a center with a city notes in its audit of what is asked."""

from __future__ import annotations

from medappt.model.audit import AuditVerb, Deed
from medappt.model.ids import SlotName
from medappt.store.judgement import FORBIDDEN
from medappt.store.results import Tagged
from medappt.store.writer import StoreFailed
from tests.federation.federated import FederatedCase, Hospital, person
from tests.store.audited import read, told
from tests.store.cities import name
from tests.store.doubles import ADMIN, origin

ANN = person("MTLP0001")


class CityAuditTests(FederatedCase):
    def setUp(self) -> None:
        super().setUp()
        self.city = self.mtl.federation.city
        self.seen = dict.fromkeys(self.hospitals, 0)

    def told(self, hospital: Hospital | None = None) -> list[str]:
        """The new rows, in a few words."""
        hospital = hospital or self.mtl
        rows = hospital.do(read)[self.seen[hospital.name] :]
        self.seen[hospital.name] += len(rows)
        return told(rows)

    def test_abroad(self) -> None:
        """A booking in another city is one row at home, and two at the owner."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        [record] = self.mtl.records("MTLP0001")
        place = f"QUEA100227 Physician {record.id} (MTLP0001)"
        self.assertEqual(self.told(), ["MTLP0001 book QUEA100227 Physician"])
        self.assertEqual(
            self.told(self.que),
            ["boss add QUEA100227 Physician", f"MTL hold {place}", f"MTL confirm {place}"],
        )

    def test_removal(self) -> None:
        """A removal moves patients of two cities: each home has the row of its own."""
        for code in ("QUEA100227", "QUEA110227"):
            self.add(code, 2)
        for patient in ("MTLP0001", "QUEP0001"):
            self.booked(patient, "QUEA100227")
        self.told()
        self.told(self.que)
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        self.run_for(2)
        move = "move QUEA100227 Physician to QUEA110227 Physician (MTLP0001)"
        self.assertEqual(self.told(), [f"QUE {move}"])
        rows = self.told(self.que)
        self.assertEqual(
            rows[:2],
            [
                "boss remove QUEA100227 Physician",
                "center move QUEA100227 Physician to QUEA110227 Physician (QUEP0001)",
            ],
        )
        self.assertEqual([row.split()[1] for row in rows[2:]], ["hold", "release", "confirm"])

    def refuse(self, code: str, type_: str = "Physician") -> SlotName:
        """Everything that can be asked of a slot, by an administrator; all of it is refused."""
        slot = name(code, type_)
        for asked in (
            self.city.add(slot, 1, origin=ADMIN),
            self.city.remove(slot, origin=ADMIN),
            self.city.preview(slot, origin=ADMIN),
            self.city.patients(slot, origin=ADMIN),
        ):
            self.refused(asked, 0.1)
        return slot

    def test_refused_before_the_store(self) -> None:
        """Slots of others and unknown types are refused requests like any other."""
        for code, type_, outcome in (
            ("QUEA100227", "Physician", "forbidden"),
            ("MTLA100227", "Wizard", "unknown-type"),
        ):
            slot = self.refuse(code, type_)
            self.assertEqual(
                self.told(),
                [f"boss {verb} {slot} {outcome}" for verb in "add remove preview patients".split()],
            )
        slot = name("MTLA100227", "Wizard")
        for asked in (
            self.city.book(ANN, slot, origin=ADMIN),
            self.city.swap(ANN, slot, slot, origin=ADMIN),
            self.city.cancel(ANN, slot.code, slot.type, origin=ADMIN),
            self.city.list("Wizard", origin=ADMIN),
        ):
            self.refused(asked, 0.1)
        self.assertEqual(
            self.told(),
            [
                f"boss book {slot} (MTLP0001) unknown-type",
                f"boss swap {slot} to {slot} (MTLP0001) unknown-type",
                f"boss cancel {slot} (MTLP0001) unknown-type",
                "boss list Wizard unknown-type",
            ],
        )

    def test_refused_by_the_store(self) -> None:
        """What only the store can tell is no different."""
        slot = name("MTLA100227")
        for asked in (
            self.city.preview(slot, origin=ADMIN),
            self.city.patients(slot, origin=ADMIN),
            self.city.book(ANN, name("TORA100227"), origin=ADMIN),
        ):
            self.refused(asked, 0.1)
        self.assertEqual(
            self.told(),
            [
                f"boss preview {slot} unknown-slot",
                f"boss patients {slot} unknown-slot",
                "boss book TORA100227 Physician (MTLP0001) unknown-slot",
            ],
        )

    def test_unreachable(self) -> None:
        """An administrator who gets no answer from another city has it in the audit."""
        self.que.crash()
        asked = self.city.book(ANN, name("QUEA100227"), origin=ADMIN)
        self.assertEqual(self.refused(asked, 9), "unreachable")
        self.assertEqual(self.told(), ["boss book QUEA100227 Physician (MTLP0001) unreachable"])

    def test_patients_are_not_told_of(self) -> None:
        """What a patient is refused is no row."""
        who = origin("MTLP0001")
        for asked in (
            self.city.book(ANN, name("MTLA100227"), origin=who),
            self.city.book(ANN, name("MTLA100227", "Wizard"), origin=who),
            self.city.cancel(ANN, name("MTLA100227").code, origin=who),
            self.city.list("Wizard", origin=who),
        ):
            self.refused(asked, 0.1)
        self.assertEqual(self.told(), [])

    def test_a_tag_in_use(self) -> None:
        """Another text under the tag of a request that still runs is refused, and a row; the same
        text joins it, and is none."""
        self.add("QUEA100227")

        def tagged(text: str) -> Tagged:
            return Tagged(user="boss", tag="a", text=text)

        slot = name("QUEA100227")
        first = self.begin(self.city.book(ANN, slot, tagged("1"), origin=ADMIN))
        same = self.begin(self.city.book(ANN, slot, tagged("1"), origin=ADMIN))
        other = name("QUEA110227")
        asked = self.city.book(ANN, other, tagged("2"), origin=ADMIN)
        self.assertEqual(self.refused(asked, 1), "syntax")
        self.assertEqual(self.successResultOf(first), self.successResultOf(same))
        self.assertEqual(
            sorted(self.told()),
            [f"boss book {slot} (MTLP0001)", f"boss book {other} (MTLP0001) syntax"],
        )

    def test_denied(self) -> None:
        """Rights are judged before; what was refused there is noted here."""
        for who in (ADMIN, origin("MTLP0001")):
            deed = Deed(origin=who, verb=AuditVerb.SCHEDULE, object="", patient="QUEP0001")
            asked = self.city.denied(FORBIDDEN, deed)
            self.assertEqual(self.result(asked, 0.1).refusal, FORBIDDEN)
        self.assertEqual(self.told(), ["boss schedule  (QUEP0001) forbidden"])

    def test_a_dying_disk(self) -> None:
        """A booking that could not be decided is given up, which is a row; that it failed is
        none."""
        self.add("QUEA100227", 2)
        self.booked("MTLP0002", "QUEA100227")
        self.told()
        self.network.is_held = True
        asked = self.begin(self.city.book(ANN, name("QUEA100227"), origin=ADMIN))
        self.run_for(0.1)
        self.mtl.worker.fails = True
        self.network.is_held = False
        self.run_for(1)
        self.failureResultOf(asked, StoreFailed)
        self.mtl.worker.fails = False
        self.run_for(3)
        self.assertEqual(self.told(), ["center abort QUEA100227 Physician (MTLP0001)"])
        self.flushLoggedErrors()
