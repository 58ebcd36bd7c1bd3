"""Tests of what a center with a city refuses for what the stores say: the code that section 4
names, in the order of section 3, and no effect."""

from __future__ import annotations

from tests.center.refusals import (
    ABROAD,
    FULL,
    FUTURE,
    HERE,
    NOWHERE,
    PAST,
    TWIN,
    WEEK,
    RefusalCase,
)


class RefusalTests(RefusalCase):
    """What follows from time, from the patient's own record, and from the owner's."""

    def test_past(self) -> None:
        """What has begun can be neither booked, cancelled, swapped, added nor removed (R8); nobody
        is asked about a slot of another city that has begun everywhere."""
        self.assert_refused(
            self.patient,
            "past",
            [
                f"book {PAST} Physician",
                "book QUEA070227 Physician",
                f"cancel {PAST}",
                f"cancel {PAST} Physician",
                f"swap {PAST} Physician {FUTURE} Physician",
                f"swap {HERE} Physician {PAST} Physician",
                f"swap {NOWHERE} Physician {PAST} Physician",
            ],
        )
        self.assert_refused(
            self.admin,
            "past",
            [
                f"add {PAST} Physician 5",
                f"remove {PAST} Physician",
                f"remove {PAST} Physician preview",
                f"book {PAST} Physician MTLP2345",
            ],
        )

    def test_begun_since(self) -> None:
        """An appointment that has begun stays as it is."""
        self.assertEqual(self.answer(self.admin, "add MTLM080227 Physician 5")[0][:5], "added")
        self.assertEqual(self.answer(self.other, "book MTLM080227 Physician")[0][:6], "booked")
        self.run_for(4 * 3600, 60.0)  # 08:00 in Toronto, and idle clients are gone
        self.network.take()
        self.assert_refused(
            self.login("MTLP2346"),
            "past",
            [
                "cancel MTLM080227",
                "book MTLM080227 Physician",
                f"swap MTLM080227 Physician {HERE} Physician",
            ],
        )
        self.assert_refused(self.login("MTLA2345"), "past", ["remove MTLM080227 Physician"])

    def test_not_booked(self) -> None:
        """What one does not have can be neither cancelled nor swapped, whatever would be wrong with
        the new one."""
        self.assert_refused(
            self.patient,
            "not-booked",
            [
                f"cancel {FUTURE}",
                f"cancel {HERE} Surgeon",
                f"cancel {NOWHERE} Physician",
                f"swap {FUTURE} Physician {HERE} Physician",
                f"swap {HERE} Surgeon {FUTURE} Physician",
                f"swap {NOWHERE} Physician {FULL} Physician",
                "cancel 1",
            ],
        )

    def test_ambiguous(self) -> None:
        """An ID booked under two types needs its type."""
        self.assert_refused(self.patient, "ambiguous", [f"cancel {TWIN}"])
        self.assert_refused(self.admin, "ambiguous", [f"cancel {TWIN} MTLP2345"])
        answer = self.answer(self.patient, f"cancel {TWIN} Surgeon")
        self.assertEqual(answer, [f"cancelled {TWIN} Surgeon"])
        self.assertEqual(
            self.answer(self.patient, f"cancel {TWIN}"), [f"cancelled {TWIN} Physician"]
        )

    def test_already_booked(self) -> None:
        """What one has cannot be booked again, nor swapped for itself (R2, R6); that is told before
        anything about its day and week, and of what is full or begun to be."""
        self.assert_refused(
            self.patient,
            "already-booked",
            [
                f"book {HERE} Physician",
                f"book {ABROAD} Physician",
                f"book {HERE} Physician MTLP2345",
                f"swap {HERE} Physician {HERE} Physician",
                f"swap {HERE} Physician {ABROAD} Physician",
                f"swap {ABROAD} Physician {ABROAD} Physician",
            ],
        )
        self.assert_refused(self.admin, "already-booked", [f"book {HERE} Physician MTLP2345"])
        self.assert_refused(self.other, "already-booked", [f"book {WEEK[0]} Physician"])

    def test_same_day(self) -> None:
        """No second appointment of a type on one day, in whatever city (R3), and before it is known
        whether there is such a slot."""
        self.assert_refused(
            self.patient,
            "same-day",
            [
                "book MTLE100227 Physician",
                "book MTLM100227 Physician",
                "book SHEM100227 Physician",
                f"swap {ABROAD} Physician MTLE100227 Physician",
            ],
        )
        self.assert_refused(self.other, "same-day", ["book QUEE150227 Physician"])

    def test_weekly_limit(self) -> None:
        """No fourth in other cities in a week (R4), even if it is full, or there is none; a swap
        counts as if the old one were gone (R6)."""
        self.do(self.other, f"book {HERE} Physician")
        self.assert_refused(
            self.other,
            "weekly-limit",
            [
                "book SHEA180227 Physician",
                "book SHEA180227 Surgeon",
                f"book {FULL} Physician",
                "book QUEE210227 Physician",
                f"swap {HERE} Physician SHEA180227 Physician",
            ],
        )
        swapped = self.answer(self.other, f"swap {WEEK[0]} Physician SHEA180227 Physician")
        self.assertEqual(swapped[0][:7], "swapped")

    def test_unknown_slots(self) -> None:
        """What no center offers is unknown, at home, in another city, and in one nobody knows."""
        self.assert_refused(
            self.patient,
            "unknown-slot",
            [
                f"book {NOWHERE} Physician",
                f"book {FUTURE} Surgeon",
                "book QUEE270227 Physician",
                "book TORE270227 Physician",
                f"swap {HERE} Physician {NOWHERE} Physician",
                f"swap {HERE} Physician QUEE270227 Physician",
            ],
        )
        self.assert_refused(
            self.admin,
            "unknown-slot",
            [
                f"remove {NOWHERE} Physician",
                f"remove {NOWHERE} Physician preview",
                f"patients {NOWHERE} Physician",
            ],
        )

    def test_exists(self) -> None:
        """An ID exists once under each type (R9)."""
        self.assert_refused(self.admin, "exists", [f"add {HERE} Physician 5"])

    def test_full(self) -> None:
        """A taken slot refuses, and a swap into it keeps the old appointment."""
        self.assert_refused(
            self.patient,
            "full",
            [f"book {FULL} Physician", f"swap {HERE} Physician {FULL} Physician"],
        )
        self.do(self.login("QUEP2345"), "book QUEA200227 Physician")
        self.assert_refused(self.patient, "full", ["book QUEA200227 Physician"])

    def test_unreachable(self) -> None:
        """Where the owner does not answer it is ``unreachable``, behind all that the home knows by
        itself."""
        self.que.crash()
        self.assert_refused(self.other, "weekly-limit", [f"book {FULL} Physician"])
        self.assert_refused(self.patient, "same-day", ["book QUEE100227 Physician"])
        answer = self.answer(self.patient, "book QUEA270227 Physician", 9.0)
        self.assertEqual(answer, ["error unreachable the other center does not answer"])
        self.assertEqual(
            self.answer(self.patient, "list Physician", 2.0)[-2:], ["! QUE unreachable", "."]
        )
