"""Tests of R2, R3, R4 and R6."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.bookings import (
    ALREADY_BOOKED,
    MOST_AWAY_A_WEEK,
    SAME_DAY,
    WEEKLY_LIMIT,
    judge,
)
from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.records import Record, RecordState


def name(code: str, type_: str = "Physician") -> SlotName:
    parsed = parse_appointment_id(code)
    assert parsed is not None, code
    return SlotName(code=parsed, type=type_)


def record(code: str, type_: str = "Physician", state: RecordState = RecordState.ACTIVE) -> Record:
    id_ = f"MTL-1-00-{code}{type_}"
    return Record(id=id_, root=id_, patient="MTLP0001", name=name(code, type_), state=state)


WEEK = [record("QUEM080227"), record("SHEM090227"), record("QUEM140227")]
"""Three in other cities from Monday to Sunday of one ISO week."""


class JudgeTests(SynchronousTestCase):
    """What a patient may book beside what they have."""

    def test_nothing(self) -> None:
        """Who has nothing may have anything."""
        self.assertIsNone(judge([], name("MTLM080227"), "MTL"))

    def test_once(self) -> None:
        """R2: an ID and type once, waited for or booked; under another type it is another."""
        for state in (RecordState.ACTIVE, RecordState.WAITLISTED):
            had = [record("MTLM080227", state=state)]
            self.assertIs(judge(had, name("MTLM080227"), "MTL"), ALREADY_BOOKED)
            self.assertIsNone(judge(had, name("MTLM080227", "Dental"), "MTL"))

    def test_one_a_day(self) -> None:
        """R3: one of a type on a day, in any city; the next day, and other types, are free."""
        had = [record("QUEM080227")]
        for code in ("MTLA080227", "QUEE080227", "SHEM080227"):
            self.assertIs(judge(had, name(code), "MTL"), SAME_DAY)
        self.assertIsNone(judge(had, name("MTLA090227"), "MTL"))
        self.assertIsNone(judge(had, name("MTLA080227", "Dental"), "MTL"))

    def test_three_a_week(self) -> None:
        """R4: the fourth in other cities in one ISO week is refused, of whatever type."""
        for code in ("QUEA100227", "SHEE130227"):
            self.assertIs(judge(WEEK, name(code, "Dental"), "MTL"), WEEKLY_LIMIT)
            self.assertIsNone(judge(WEEK[1:], name(code, "Dental"), "MTL"))

    def test_home_is_unlimited(self) -> None:
        """R4: what is at home neither counts nor is limited."""
        self.assertIsNone(judge(WEEK, name("MTLA100227"), "MTL"))
        had = [record(f"MTLM{day:02d}0227") for day in range(8, 14)]
        self.assertIsNone(judge(had, name("QUEM140227"), "MTL"))

    def test_another_week(self) -> None:
        """R4: a week begins on Monday."""
        self.assertIsNone(judge(WEEK, name("QUEM150227"), "MTL"))
        self.assertIsNone(judge(WEEK, name("QUEM070227"), "MTL"))

    def test_waiting_counts_in_neither(self) -> None:
        """R7: what is waited for counts neither for the day nor for the week."""
        waiting = [replace(each, state=RecordState.WAITLISTED) for each in WEEK]
        self.assertIsNone(judge(waiting, name("QUEA080227"), "MTL"))

    def test_pending_counts_in_nothing(self) -> None:
        """What is not decided is not there: the first to be decided wins."""
        pending = [replace(each, state=RecordState.PENDING) for each in WEEK]
        self.assertIsNone(judge(pending, WEEK[0].name, "MTL"))

    def test_as_if_it_were_gone(self) -> None:
        """R6: what is given up counts in nothing."""
        old = WEEK[0]
        for code in ("QUEA080227", "SHEM120227", "QUEM080227"):
            self.assertIsNone(judge(WEEK, name(code), "MTL", without=old.id))

    def test_order(self) -> None:
        """Of several reasons the first of section 3 is given."""
        had = [*WEEK, record("QUEA080227", "Dental")]
        self.assertIs(judge(had, name("QUEM080227"), "MTL"), ALREADY_BOOKED)
        self.assertIs(judge(had, name("QUEE080227"), "MTL"), SAME_DAY)

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["MTL", "QUE", "SHE"]),
                st.sampled_from("MAE"),
                st.integers(1, 28),
                st.sampled_from(["Physician", "Dental"]),
            ),
            max_size=40,
        )
    )
    def test_whatever_is_allowed_breaks_nothing(
        self, wishes: list[tuple[str, str, int, str]]
    ) -> None:
        """Who books only what is allowed never breaks a rule."""
        had: list[Record] = []
        for city, part, day, type_ in wishes:
            wanted = record(f"{city}{part}{day:02d}0227", type_)
            if judge(had, wanted.name, "MTL") is None:
                had.append(wanted)
        names = Counter(each.name for each in had)
        days = Counter((each.name.type, each.name.code.day) for each in had)
        weeks = Counter(each.name.code.week for each in had if each.name.city != "MTL")
        self.assertLessEqual(max([0, *names.values(), *days.values()]), 1)
        self.assertLessEqual(max([0, *weeks.values()]), MOST_AWAY_A_WEEK)
