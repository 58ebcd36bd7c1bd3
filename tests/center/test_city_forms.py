"""Tests of bad input in a center with a city: words of a wrong form, and what is not for everybody
(R5, R9); section 4 names the codes, section 3 their order."""

from __future__ import annotations

from tests.center.refusals import (
    ABROAD,
    FULL,
    FUTURE,
    HERE,
    NOWHERE,
    PAST,
    WEEK,
    RefusalCase,
)

WRONG_IDS = (
    "MTLA10022",  # its length
    "MTLA1002270",
    "mtlA100227",  # its city
    "MT1A100227",
    "MTLP100227",  # its letter
    "MTLa100227",
    "MTLX240227",
    "MTLM310227",  # its date
    "MTLM290227",
    "MTLM000227",
    "MTLM100027",
    "MTLM101327",
    "MTLM1002-7",
    "MTLM10022\u0667",  # its digits
)
WRONG_CAPACITIES = ("0", "-3", "1000000000", "10000", "00000", "+5", "1.5", "five", "0x5", "\u0665")
WRONG_PATIENTS = ("MTLP234", "MTLP23456", "mtlp2345", "MTLX2345", "P2345", "*")


class FormTests(RefusalCase):
    """What follows from the words and the user alone."""

    def test_wrong_ids(self) -> None:
        """An ID of a wrong length, city, letter or date is ``syntax`` wherever it stands."""
        for code in WRONG_IDS:
            self.assert_refused(
                self.patient,
                "syntax",
                [
                    f"book {code} Physician",
                    f"cancel {code}",
                    f"cancel {code} Physician",
                    f"swap {code} Physician {FUTURE} Physician",
                    f"swap {HERE} Physician {code} Physician",
                ],
            )
            self.assert_refused(
                self.admin,
                "syntax",
                [
                    f"add {code} Physician 5",
                    f"remove {code} Physician",
                    f"remove {code} Physician preview",
                    f"patients {code} Physician",
                    f"book {code} Physician MTLP2345",
                ],
            )

    def test_wrong_capacities(self) -> None:
        """A capacity is a number from 1 to 9,999; the form is judged before the right to add."""
        lines = [f"add MTLA170227 Physician {capacity}" for capacity in WRONG_CAPACITIES]
        for client in (self.admin, self.patient):
            self.assert_refused(client, "syntax", lines)

    def test_wrong_patients(self) -> None:
        """What is no patient's ID is ``syntax``, and so is an administrator who names none."""
        for word in WRONG_PATIENTS:
            self.assert_refused(
                self.admin,
                "syntax",
                [
                    f"book {FUTURE} Physician {word}",
                    f"swap {HERE} Physician {FUTURE} Physician {word}",
                    f"schedule {word}",
                ],
            )
        self.assert_refused(
            self.admin,
            "syntax",
            [
                f"book {FUTURE} Physician",
                f"cancel {HERE}",
                f"cancel {HERE} Physician",
                "cancel 1",
                f"swap {HERE} Physician {FUTURE} Physician",
                "schedule",
            ],
        )

    def test_wrong_words(self) -> None:
        """Too few words and too many are ``syntax``; other keywords are no requests."""
        self.assert_refused(
            self.admin,
            "syntax",
            [
                "list",
                "list Physician Dental",
                "book",
                f"book {FUTURE}",
                f"book {FUTURE} Physician MTLP2345 MTLP2346",
                "cancel",
                f"cancel {HERE} Physician Surgeon MTLP2345",
                f"swap {HERE} Physician {FUTURE}",
                f"swap {HERE} Physician {FUTURE} Physician MTLP2345 now",
                f"add {FUTURE} Physician",
                f"add {FUTURE} Physician 5 5",
                f"remove {FUTURE}",
                f"remove {FUTURE} Physician later",
                f"remove {FUTURE} Physician preview now",
                "patients",
                f"patients {FUTURE}",
                f"patients {FUTURE} Physician now",
                "schedule MTLP2345 MTLP2346",
            ],
        )
        self.assert_refused(self.admin, "unknown-command", ["hold", "confirm x", "move", "status"])

    def test_before_the_login(self) -> None:
        """Nothing is told of what there is before a login; ``syntax`` comes before that."""
        stranger = self.centers["MTL"].connect()
        self.assert_refused(stranger, "syntax", ["book MTLX240227 Wizard", "add", "list"])
        self.assert_refused(
            stranger,
            "unauthenticated",
            [
                "list Physician",
                f"book {FUTURE} Wizard",
                f"book {FUTURE} Physician MTLP2345",
                f"cancel {HERE}",
                f"swap {HERE} Physician {FUTURE} Physician",
                "schedule",
                f"patients {HERE} Physician",
                f"add {NOWHERE} Physician 5",
                f"remove {HERE} Physician",
            ],
        )

    def test_other_patients(self) -> None:
        """Nobody acts for another, or for somebody of another city, or adds, removes and looks into
        slots without being an administrator (R5); what else may be wrong is not told."""
        self.assert_refused(
            self.patient,
            "forbidden",
            [
                f"book {FUTURE} Physician MTLP2346",
                f"book {PAST} Wizard MTLP9999",
                f"cancel {WEEK[0]} MTLP2346",
                f"cancel {WEEK[0]} Physician QUEP2345",
                f"swap {WEEK[0]} Physician {FUTURE} Physician MTLP2346",
                "schedule MTLP2346",
                "schedule MTLA2345",
                "schedule MTLP9999",
                "cancel 1 MTLP2346",
                "patients 1",
                f"patients {HERE} Physician",
                f"patients {NOWHERE} Wizard",
                f"add {NOWHERE} Physician 5",
                f"add {PAST} Wizard 5",
                f"remove {HERE} Physician",
                f"remove {HERE} Physician preview",
            ],
        )

    def test_other_cities(self) -> None:
        """An administrator acts for patients and in slots of their own city only (R5)."""
        self.assert_refused(
            self.admin,
            "forbidden",
            [
                f"book {FUTURE} Physician QUEP2345",
                f"book {PAST} Wizard QUEP9999",
                f"cancel {FULL} SHEP2345",
                f"swap {FULL} Physician {FUTURE} Physician SHEP2345",
                "schedule SHEP2345",
                "cancel 1 QUEP2345",
                "add QUEE200227 Physician 5",
                "add QUEE070227 Wizard 5",
                f"remove {ABROAD} Physician",
                f"remove {ABROAD} Physician preview",
                f"patients {ABROAD} Physician",
                "selection 1",
            ],
        )

    def test_unknown_types(self) -> None:
        """Types are those of the settings, letter by letter; that is judged before the patient, and
        before the time."""
        self.assert_refused(
            self.patient,
            "unknown-type",
            [
                "list Wizard",
                "list physician",
                f"book {FUTURE} Wizard",
                f"book {PAST} physician",
                f"cancel {HERE} Wizard",
                f"swap {HERE} Wizard {FUTURE} Physician",
                f"swap {HERE} Physician {FUTURE} Wizard",
            ],
        )
        self.assert_refused(
            self.admin,
            "unknown-type",
            [
                f"add {PAST} Wizard 5",
                f"remove {HERE} Wizard",
                f"remove {HERE} Wizard preview",
                f"patients {HERE} Wizard",
                f"book {FUTURE} Wizard MTLP9999",
                f"book {FUTURE} Wizard MTLP2345",
                f"cancel {HERE} Wizard MTLP9999",
                f"swap {HERE} Wizard {FUTURE} Physician MTLP9999",
                f"swap {HERE} Physician {FUTURE} Wizard MTLP9999",
            ],
        )

    def test_unknown_patients(self) -> None:
        """An administrator is told of patients the city does not have, before the time is judged;
        an administrator is no patient."""
        self.assert_refused(
            self.admin,
            "unknown-patient",
            [
                f"book {FUTURE} Physician MTLP9999",
                f"book {PAST} Physician MTLP9999",
                f"book {FUTURE} Physician MTLA2345",
                f"cancel {HERE} MTLP9999",
                f"cancel {HERE} Physician MTLP9999",
                "cancel 1 MTLP9999",
                f"swap {HERE} Physician {FUTURE} Physician MTLP9999",
                "schedule MTLP9999",
            ],
        )
