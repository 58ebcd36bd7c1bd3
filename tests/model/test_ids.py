"""Tests of identities (R9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.identity import Role
from medappt.model.ids import (
    AppointmentId,
    Part,
    PersonId,
    RecordIds,
    SlotName,
    boot_of,
    home_of,
    is_city,
    parse_appointment_id,
    parse_person,
)

TORONTO = ZoneInfo("America/Toronto")
ZONES = ("UTC", "America/Toronto", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu")

cities = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
ids = st.builds(
    AppointmentId,
    city=cities,
    part=st.sampled_from(Part),
    day=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)
people = st.builds(PersonId, city=cities, role=st.sampled_from(Role), number=st.integers(0, 9999))


def parsed(word: str) -> AppointmentId:
    found = parse_appointment_id(word)
    assert found is not None, word
    return found


class PersonTests(SynchronousTestCase):
    """Administrators and patients."""

    def test_roles(self) -> None:
        """The fourth letter is the role."""
        patient = PersonId(city="MTL", role=Role.PATIENT, number=2345)
        administrator = PersonId(city="MTL", role=Role.ADMINISTRATOR, number=7)
        self.assertEqual(parse_person("MTLP2345"), patient)
        self.assertEqual(parse_person("MTLA0007"), administrator)

    def test_others(self) -> None:
        """Whatever else is nobody: length, case, letter, other scripts, an end of line."""
        for word in (
            *("", "MTL", "MTLP234", "MTLP23456", "mtlp2345", "MTLX2345", "MTLM2345"),
            *(
                "MTLP234a",
                "MTP2345",
                "MTLP\u0662\u0663\u0664\u0665",
                "MTLP2345\n",
                " MTLP2345",
                "patient1",
            ),
        ):
            self.assertIsNone(parse_person(word), word)

    @settings(deadline=None)
    @given(people)
    def test_round_trip(self, person: PersonId) -> None:
        """What is written is read."""
        self.assertEqual(parse_person(str(person)), person)

    @settings(deadline=None)
    @given(st.text(max_size=12))
    def test_any_word(self, word: str) -> None:
        """Whatever names somebody is written the same way again."""
        person = parse_person(word)
        self.assertIn(str(person), (word, "None"))

    def test_cities(self) -> None:
        """A city is three capital letters."""
        self.assertTrue(is_city("MTL"))
        for word in ("", "MT", "mtl", "MTLX", "MT1", "MTL\n", "ÀÉÎ"):
            self.assertFalse(is_city(word), word)


class AppointmentIdTests(SynchronousTestCase):
    """City, part of the day, date."""

    def test_parts(self) -> None:
        """M, A and E begin at 8, 13 and 18 on the clock of the slot's center."""
        for word, hour in (("MTLM100227", 8), ("MTLA100227", 13), ("MTLE100227", 18)):
            local = parsed(word).start(TORONTO).astimezone(TORONTO)
            self.assertEqual(local, datetime(2027, 2, 10, hour, tzinfo=TORONTO))

    def test_years(self) -> None:
        """YY is 20YY."""
        self.assertEqual(parsed("MTLA010100").day, date(2000, 1, 1))
        self.assertEqual(parsed("MTLA311299").day, date(2099, 12, 31))

    def test_others(self) -> None:
        """Wrong length, city, letter or date is no ID."""
        for word in (
            *("MTLX240227", "MTLM310227", "MTLM290227", "MTLM000227", "MTLM011327", "MTLM010027"),
            *("MTLM10022", "MTLM1002277", "mtlm100227", "MT1M100227", "MTLM10 227", "M100227"),
            *("MTLM100227\n", "MTLM\u0661\u0660\u0660\u0662\u0662\u0667", "MTLm100227", ""),
        ):
            self.assertIsNone(parse_appointment_id(word), word)
        self.assertIsNotNone(parse_appointment_id("MTLM290228"))

    def test_weeks(self) -> None:
        """The week is that of ISO: it begins on a Monday, and has its own year."""
        self.assertEqual(parsed("QUEM030127").week, (2026, 53))
        self.assertEqual(parsed("QUEM040127").week, (2027, 1))
        self.assertEqual(parsed("QUEE100127").week, (2027, 1))
        self.assertEqual(parsed("QUEM301224").week, (2025, 1))

    @settings(deadline=None)
    @given(ids)
    def test_round_trip(self, appointment: AppointmentId) -> None:
        """What is written is read."""
        self.assertEqual(parsed(str(appointment)), appointment)

    @settings(deadline=None)
    @given(st.one_of(st.text(max_size=12), st.from_regex(r"[A-Z]{3}[MAE][0-9]{6}", fullmatch=True)))
    def test_any_word(self, word: str) -> None:
        """Whatever is an ID is written the same way again; nothing raises."""
        appointment = parse_appointment_id(word)
        self.assertIn(str(appointment), (word, "None"))

    @settings(deadline=None)
    @given(ids, st.sampled_from(ZONES))
    def test_starts(self, appointment: AppointmentId, zone: str) -> None:
        """Wherever its center is, it begins within the bounds, and its ID tells the offset."""
        start = appointment.start(ZoneInfo(zone))
        self.assertTrue(appointment.is_plausible(start))
        local = appointment.localized(start)
        self.assertEqual(local, start)
        self.assertEqual((local.date(), local.hour), (appointment.day, appointment.part.hour))

    def test_implausible(self) -> None:
        """What begins nowhere on earth is implausible."""
        appointment = parsed("SHEA100227")
        for start in (
            appointment.earliest_start - timedelta(seconds=1),
            appointment.latest_start + timedelta(seconds=1),
        ):
            self.assertFalse(appointment.is_plausible(start))
        self.assertEqual(appointment.earliest_start, datetime(2027, 2, 9, 23, tzinfo=UTC))
        self.assertEqual(appointment.latest_start, datetime(2027, 2, 11, 2, tzinfo=UTC))

    def test_slot_name(self) -> None:
        """An ID and a type name a slot of the ID's city."""
        name = SlotName(code=parsed("SHEA100227"), type="Dental")
        self.assertEqual((str(name), name.city), ("SHEA100227 Dental", "SHE"))


class RecordIdTests(SynchronousTestCase):
    """Ids between centers."""

    def test_never_twice(self) -> None:
        """Counter, boot and random bytes tell ids apart, whatever was restored."""
        makers = [
            RecordIds("MTL", 7, b"\x01\x02"),
            RecordIds("MTL", 8, b"\x01\x02"),
            RecordIds("MTL", 7, b"\x01\x03"),
            RecordIds("QUE", 7, b"\x01\x02"),
        ]
        made = [make() for make in makers for _ in range(3)]
        self.assertEqual(made[0], "MTL-7-0102-1")
        self.assertEqual(len(set(made)), len(made))

    def test_home(self) -> None:
        """An id tells whose it is; other words are none."""
        self.assertEqual(home_of(RecordIds("QUE", 2**40, bytes(16))()), "QUE")
        for word in ("", "QUE", "QUE-1", "que-1-00-1", "QUE-1-00-", "QUE-1-00-1\n", "QUE-x-00-1"):
            self.assertIsNone(home_of(word), word)
            self.assertIsNone(boot_of(word), word)

    @settings(deadline=None)
    @given(cities, st.integers(0, 2**63 - 1), st.binary(min_size=1, max_size=16))
    def test_runs(self, city: str, boot: int, randomness: bytes) -> None:
        """An id tells the center and the run that made it."""
        make = RecordIds(city, boot, randomness)
        for id_ in (make(), make()):
            self.assertEqual((home_of(id_), boot_of(id_)), (city, boot))
