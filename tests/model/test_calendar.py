"""Tests of weekly openings on the wall clock of a center (R8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.calendar import (
    WEEKDAYS,
    WeeklyTime,
    has_begun,
    hour_label,
    parse_hour,
    parse_weekday,
)

TORONTO = ZoneInfo("America/Toronto")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SUNDAY = 6
WEEK = timedelta(days=7)
LONGEST_GAP = timedelta(days=1)
"""At the date line: Samoa had no 30 December 2011."""

zones = st.sampled_from(
    [
        "UTC",
        "America/Toronto",
        "America/Havana",  # changes at midnight
        "America/Nuuk",  # changes an hour before midnight
        "America/St_Johns",  # changed a minute after midnight
        "Australia/Lord_Howe",  # by half an hour
        "Antarctica/Troll",  # by two hours
        "Africa/Casablanca",  # four times a year
        "Europe/Dublin",  # its winter is the exception
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Pacific/Apia",  # skipped a day
    ]
).map(ZoneInfo)
instants = st.integers(0, 32 * 366 * 24 * 3600).map(
    lambda seconds: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
weekly_times = st.builds(
    WeeklyTime, weekday=st.integers(min_value=0, max_value=6), hour=st.integers(0, 23)
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


def first_pass(label: datetime, zone: ZoneInfo) -> datetime:
    """When the wall first shows ``label``; if never, by the clock that was valid before."""
    near = label.replace(tzinfo=UTC)
    offsets = [offset(near + timedelta(hours=hours), zone) for hours in range(-36, 37, 6)]
    passes = [near - each for each in offsets if local_time(near - each, zone) == label]
    return min(passes, default=near - offsets[0])


def expected_next(weekly: WeeklyTime, now: datetime, zone: ZoneInfo) -> datetime:
    """The same by trying every day around ``now``."""
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=days) for days in range(-9, 10)]
    starts = [
        first_pass(datetime.combine(day, time(weekly.hour)), zone)
        for day in days
        if day.weekday() == weekly.weekday
    ]
    return min(start for start in starts if start > now)


class HourTests(SynchronousTestCase):
    """Hours are labelled on a clock of twelve."""

    def test_midnight_and_noon(self) -> None:
        """``12am`` is 00:00 and ``12pm`` is 12:00 (R8)."""
        self.assertEqual(parse_hour("12am"), 0)
        self.assertEqual(parse_hour("12pm"), 12)

    def test_others(self) -> None:
        """The other labels count on from there."""
        for label, hour in (("01am", 1), ("11am", 11), ("01pm", 13), ("11pm", 23)):
            self.assertEqual(parse_hour(label), hour)

    def test_every_hour(self) -> None:
        """Each hour of the day has a label of its own."""
        labels = [hour_label(hour) for hour in range(24)]
        self.assertEqual([parse_hour(label) for label in labels], list(range(24)))

    def test_no_hours(self) -> None:
        """Anything else is refused, and the complaint shows it."""
        for label in (
            *("", "1pm", "00am", "13pm", "01PM", "01 pm", "001pm", "01p", "pm", "01pm ", "01pm\n"),
            "\u0660\u0661pm",
        ):
            error = self.assertRaises(ValueError, parse_hour, label)
            self.assertIn(repr(label), str(error))


class WeekdayTests(SynchronousTestCase):
    """Days are three letters."""

    def test_days(self) -> None:
        """Monday is 0, as in Python."""
        self.assertEqual([parse_weekday(day) for day in WEEKDAYS], list(range(7)))
        self.assertEqual(date(2026, 3, 9).weekday(), parse_weekday("Mon"))

    def test_no_days(self) -> None:
        """Anything else is refused, and the complaint shows it."""
        for label in ("", "mon", "MON", "Monday", "Mo", "Mon "):
            error = self.assertRaises(ValueError, parse_weekday, label)
            self.assertIn(repr(label), str(error))

    def test_labels(self) -> None:
        """A weekly time tells its labels as the data files write them."""
        weekly = WeeklyTime(weekday=1, hour=13)
        self.assertEqual((weekly.day_label, weekly.time_label), ("Tue", "01pm"))


class NextOccurrenceTests(SynchronousTestCase):
    """An opening comes once a week."""

    def assert_next(self, weekly: WeeklyTime, now: str, zone: ZoneInfo, start: str) -> None:
        found = weekly.next_after(utc(now), zone)
        self.assertEqual(found, utc(start))
        self.assertIs(found.tzinfo, UTC)

    def test_later_today(self) -> None:
        """What begins later today is the next one."""
        tuesday = WeeklyTime(weekday=1, hour=13)
        self.assert_next(tuesday, "2026-02-10T17:59:59", TORONTO, "2026-02-10T18:00")

    def test_at_its_instant(self) -> None:
        """At the instant it has begun, and the next is a week later."""
        tuesday = WeeklyTime(weekday=1, hour=13)
        self.assert_next(tuesday, "2026-02-10T18:00", TORONTO, "2026-02-17T18:00")

    def test_just_before(self) -> None:
        """A microsecond before, it has not."""
        tuesday = WeeklyTime(weekday=1, hour=13)
        self.assert_next(tuesday, "2026-02-10T17:59:59.999999", TORONTO, "2026-02-10T18:00")

    def test_another_date(self) -> None:
        """The date is the center's: in Toronto it is still Monday when UTC has Tuesday."""
        now = "2026-02-10T02:00"
        self.assert_next(WeeklyTime(weekday=0, hour=22), now, TORONTO, "2026-02-10T03:00")
        self.assert_next(WeeklyTime(weekday=1, hour=0), now, TORONTO, "2026-02-10T05:00")

    def test_a_date_ahead(self) -> None:
        """East of Greenwich it is already Wednesday when UTC has Tuesday."""
        line_islands = ZoneInfo("Pacific/Kiritimati")
        now = "2026-02-10T11:00"
        self.assert_next(WeeklyTime(weekday=2, hour=2), now, line_islands, "2026-02-10T12:00")
        self.assert_next(WeeklyTime(weekday=1, hour=23), now, line_islands, "2026-02-17T09:00")

    def test_now_in_any_zone(self) -> None:
        """``now`` may be written in any zone: it is an instant."""
        now = utc("2026-02-10T17:59").astimezone(ZoneInfo("Asia/Kathmandu"))
        found = WeeklyTime(weekday=1, hour=13).next_after(now, TORONTO)
        self.assertEqual(found, utc("2026-02-10T18:00"))

    def test_a_week_is_a_week_on_the_wall(self) -> None:
        """Across a change of the clock the wall's hour stays, not the distance."""
        monday = WeeklyTime(weekday=0, hour=9)
        self.assert_next(monday, "2026-03-02T14:00", TORONTO, "2026-03-09T13:00")
        self.assert_next(monday, "2026-10-26T13:00", TORONTO, "2026-11-02T14:00")

    def test_gap(self) -> None:
        """02:00 of the spring night does not exist: the opening begins at 03:00 EDT."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=2)
        self.assert_next(sunday, "2026-03-08T06:59:59", TORONTO, "2026-03-08T07:00")
        self.assert_next(sunday, "2026-03-08T07:00", TORONTO, "2026-03-15T06:00")

    def test_gap_from_a_week_before(self) -> None:
        """It does so too when asked for a week before."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=2)
        self.assert_next(sunday, "2026-03-01T07:00", TORONTO, "2026-03-08T07:00")

    def test_beside_the_gap(self) -> None:
        """The hours on both sides of the gap are themselves."""
        now = "2026-03-08T05:00"
        self.assert_next(WeeklyTime(weekday=SUNDAY, hour=1), now, TORONTO, "2026-03-08T06:00")
        self.assert_next(WeeklyTime(weekday=SUNDAY, hour=3), now, TORONTO, "2026-03-08T07:00")

    def test_fold(self) -> None:
        """01:00 of the autumn night comes twice: the opening is the first, 01:00 EDT."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=1)
        self.assert_next(sunday, "2026-11-01T04:59:59", TORONTO, "2026-11-01T05:00")

    def test_between_the_passes(self) -> None:
        """Once the first has begun the second is no opening."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=1)
        self.assert_next(sunday, "2026-11-01T05:00", TORONTO, "2026-11-08T06:00")
        self.assert_next(sunday, "2026-11-01T05:59", TORONTO, "2026-11-08T06:00")

    def test_after_the_fold(self) -> None:
        """In the second pass of one o'clock, two o'clock is still to come."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=2)
        self.assert_next(sunday, "2026-11-01T06:30", TORONTO, "2026-11-01T07:00")

    def test_gap_of_half_an_hour(self) -> None:
        """On Lord Howe Island 02:00 becomes 02:30 in spring: half an hour later."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=2)
        self.assert_next(sunday, "2026-10-03T15:29:59", LORD_HOWE, "2026-10-03T15:30")
        wall = local_time(utc("2026-10-03T15:30"), LORD_HOWE)
        self.assertEqual(wall, datetime.fromisoformat("2026-10-04T02:30"))

    def test_fold_of_half_an_hour(self) -> None:
        """In autumn 02:00 becomes 01:30 there, and two o'clock comes but once, after it."""
        sunday = WeeklyTime(weekday=SUNDAY, hour=2)
        self.assert_next(sunday, "2026-04-04T14:30", LORD_HOWE, "2026-04-04T15:30")

    def test_a_skipped_day(self) -> None:
        """Samoa had no Friday, 30 December 2011: its opening began on Saturday."""
        apia = ZoneInfo("Pacific/Apia")
        friday = WeeklyTime(weekday=4, hour=10)
        self.assert_next(friday, "2011-12-30T09:00", apia, "2011-12-30T20:00")
        self.assert_next(friday, "2011-12-30T19:59", apia, "2011-12-30T20:00")
        self.assert_next(friday, "2011-12-30T20:00", apia, "2012-01-05T20:00")

    @settings(deadline=None)
    @given(weekly_times, instants, zones)
    @example(WeeklyTime(weekday=4, hour=10), utc("2011-12-30T19:00"), ZoneInfo("Pacific/Apia"))
    @example(WeeklyTime(weekday=SUNDAY, hour=0), utc("2008-11-02T02:30:30"), TORONTO)
    def test_next(self, weekly: WeeklyTime, now: datetime, zone: ZoneInfo) -> None:
        """It is the first that is not over, as trying every day around finds it."""
        start = weekly.next_after(now, zone)
        self.assertEqual(start, expected_next(weekly, now, zone))
        self.assertGreater(start, now)
        self.assertLessEqual(start - now, WEEK + LONGEST_GAP)

    @settings(deadline=None)
    @given(weekly_times, zones, st.dates(date(2005, 1, 1), date(2036, 12, 31)), st.integers(-2, 2))
    def test_around_it(self, weekly: WeeklyTime, zone: ZoneInfo, day: date, minutes: int) -> None:
        """Within minutes of its own start nothing is lost or doubled."""
        begins = first_pass(datetime.combine(day, time(weekly.hour)), zone)
        now = begins + timedelta(minutes=minutes)
        self.assertEqual(weekly.next_after(now, zone), expected_next(weekly, now, zone))

    @settings(deadline=None)
    @given(weekly_times, instants)
    def test_labels_hold(self, weekly: WeeklyTime, now: datetime) -> None:
        """The wall shows day and hour when it begins, but in the spring night an hour more."""
        wall = local_time(weekly.next_after(now, TORONTO), TORONTO)
        self.assertEqual(wall.weekday(), weekly.weekday)
        is_in_gap = wall.month in (3, 4) and weekly.weekday == SUNDAY and weekly.hour == 2
        self.assertIn(wall.hour - weekly.hour, (0, 1) if is_in_gap else (0,))
        self.assertEqual((wall.minute, wall.second, wall.microsecond), (0, 0, 0))


class BegunTests(SynchronousTestCase):
    """What has begun is over for every request."""

    def test_before_at_and_after(self) -> None:
        """At the instant it has begun, and not a microsecond before."""
        start = utc("2026-02-10T18:00")
        tick = timedelta(microseconds=1)
        self.assertFalse(has_begun(start, start - tick))
        self.assertTrue(has_begun(start, start))
        self.assertTrue(has_begun(start, start + tick))
