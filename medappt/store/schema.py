"""The tables. Instants are whole seconds of UTC since 1970.

What is here is what the migrations lead to; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
"""The newest migration: what this program reads and writes."""

_ID = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is the rowid there

metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("digest", String, nullable=False),  # of the line it came from, in hexadecimal
    Column("is_listed", Boolean, nullable=False),
)
"""Users. Who is no longer in the file stays, unlisted: their appointments bear their name."""

openings = Table(
    "openings",
    metadata,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("weekday", Integer, nullable=False),  # 0 is Monday
    Column("hour", Integer, nullable=False),
    Column("doctor", String, nullable=False),
    Column("port", Integer, nullable=False),
)
"""The current lines of availabilities."""

appointments = Table(
    "appointments",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),  # the order of booking
    Column("idx", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("doctor", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    # No foreign key: a patient may be another center's.
    Column("patient", String, nullable=False),
    Column("state", String, nullable=False),
    Column("booked_at", BigInteger, nullable=False),
    # R1, the last line of defence. An index has one patient an occurrence ...
    UniqueConstraint("idx", "start", name="one_patient_an_occurrence"),
    # ... and a doctor's hour is not sold again after the file was renumbered.
    UniqueConstraint("doctor", "start", "place", name="one_patient_an_hour"),
    Index("appointments_by_patient", "patient", "start"),
    sqlite_autoincrement=True,  # the number of a cancelled one must not come back
)
"""Patients' places. Cancelling deletes the row; what is past stays as history."""

results = Table(
    "results",
    metadata,
    Column("user", String, primary_key=True),
    Column("tag", String, primary_key=True),
    Column("digest", String, nullable=False),  # of the request's text, in hexadecimal
    Column("answer", Text, nullable=False),  # JSON
    Column("at", BigInteger, nullable=False),
    Index("results_by_age", "at"),
)
"""The answers to tagged requests, kept for ``limits.TAG_SECONDS``."""
