"""The tables. Instants are whole seconds of UTC since 1970.

What is here is what the migrations lead to; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

REVISION = "0004"
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

slots = Table(
    "slots",
    metadata,
    Column("key", _ID, primary_key=True, autoincrement=True),
    Column("code", String, nullable=False),
    Column("type", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("doctor", String),
    Column("host", String),
    Column("port", Integer),
    Column("removal", BigInteger),  # the order of removal; NULL while it is open
    Index(
        "one_open_slot",
        "code",
        "type",
        unique=True,
        sqlite_where=text("removal IS NULL"),
        postgresql_where=text("removal IS NULL"),
    ),
    Index("slots_by_start", "type", "start", "code"),
    Index("slots_by_removal", "removal"),
    sqlite_autoincrement=True,
)
"""The slots of this center's city. One that is added again after its removal is another row."""

places = Table(
    "places",
    metadata,
    Column("ordinal", _ID, primary_key=True, autoincrement=True),  # the order of booking
    Column("id", String, nullable=False, unique=True),
    Column("home", String, nullable=False),
    # The rest is NULL where an id was released that nobody held.
    Column("slot", _ID, ForeignKey("slots.key")),
    Column("number", Integer),
    Column("patient", String),
    Column("replaces", String),  # the id it was moved from (R7)
    Column("state", String, nullable=False),
    Column("held_at", BigInteger),
    # R1, the last line of defence: a slot has as many numbers as its capacity, each for one.
    UniqueConstraint("slot", "number", name="one_patient_a_number"),
    CheckConstraint("(state = 'RELEASED') = (number IS NULL)", name="released_has_no_number"),
    Index("places_by_replaced", "replaces"),
    Index(
        "places_held",
        "ordinal",
        sqlite_where=text("state = 'HELD'"),
        postgresql_where=text("state = 'HELD'"),
    ),
    sqlite_autoincrement=True,
)
"""Owner: places in slots. What is released stays, so that nothing late revives it."""

waits = Table(
    "waits",
    metadata,
    Column("id", String, primary_key=True),
    Column("home", String, nullable=False),
    # The rest is NULL where waiting ended that never began.
    Column("patient", String),
    Column("type", String),
    Column("start", BigInteger),  # of the removed slot
    Column("removal", BigInteger),
    Column("booking", BigInteger),
    Column("state", String, nullable=False),
    Index(
        "waits_in_order",
        "home",
        "removal",
        "booking",
        sqlite_where=text("state = 'WAITING'"),
        postgresql_where=text("state = 'WAITING'"),
    ),
)
"""Owner: who waits for a place. What is over stays, so that nothing late revives it."""

records = Table(
    "records",
    metadata,
    Column("ordinal", _ID, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("root", String, nullable=False, unique=True),  # the id before any move
    Column("patient", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("code", String, nullable=False),
    Column("type", String, nullable=False),
    Column("start", BigInteger),  # NULL while the owner has not said it
    Column("doctor", String),
    Column("host", String),
    Column("port", Integer),
    Column("state", String, nullable=False),
    Column("waits_until", BigInteger),
    Index("records_by_patient", "patient"),
    # R2, the last line of defence.
    Index(
        "one_record_an_id",
        "patient",
        "code",
        "type",
        unique=True,
        sqlite_where=text("state <> 'PENDING'"),
        postgresql_where=text("state <> 'PENDING'"),
    ),
    Index(
        "records_waiting",
        "waits_until",
        sqlite_where=text("state = 'WAITLISTED'"),
        postgresql_where=text("state = 'WAITLISTED'"),
    ),
    Index(
        "records_pending",
        "ordinal",
        sqlite_where=text("state = 'PENDING'"),
        postgresql_where=text("state = 'PENDING'"),
    ),
    sqlite_autoincrement=True,
)
"""Home: the appointments of this city's patients, in any city."""

outbox = Table(
    "outbox",
    metadata,
    Column("key", _ID, primary_key=True, autoincrement=True),
    Column("peer", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("record", String, nullable=False),
    Index("outbox_by_peer", "peer", "key"),
    sqlite_autoincrement=True,  # a late acknowledgement must not strike out another letter
)
"""Home: what an owner has to be told, again and again until it has acknowledged it."""

notices = Table(
    "notices",
    metadata,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("patient", String, nullable=False),
    Column("root", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("type", String, nullable=False),
    Column("code", String, nullable=False),  # before
    Column("new_code", String),  # after, where it was moved
    Column("is_told", Boolean, nullable=False),
    Index(
        "notices_untold",
        "patient",
        "number",
        sqlite_where=text("is_told = 0"),
        postgresql_where=text("NOT is_told"),
    ),
    sqlite_autoincrement=True,
)
"""Home: what happened to patients' appointments without their asking."""

boots = Table(
    "boots",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("randomness", String, nullable=False),  # in hexadecimal
)
"""The starts of this center's federation."""

peers = Table(
    "peers",
    metadata,
    Column("city", String, primary_key=True),
    Column("boot", BigInteger, nullable=False),
    Column("randomness", String, nullable=False),  # in hexadecimal
)
"""The highest boot number that was seen of each peer, and its random bytes."""

audit = Table(
    "audit",
    metadata,
    Column("sequence", _ID, primary_key=True, autoincrement=False),  # from 1, without a gap
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("role", String),  # NULL for who is no user
    Column("source", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("patient", String),
    Column("object", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("tag", String),
    # Of the commit's rows and the mac before, in hexadecimal; on the last row of each commit.
    Column("mac", String),
)
"""What happened, and what administrators were refused. Rows are added only (see ``audit``)."""

AUDIT_GUARDS = {
    "audit_refuses_update": "BEFORE UPDATE ON audit",
    "audit_refuses_delete": "BEFORE DELETE ON audit",
    # INSERT OR REPLACE deletes without asking the trigger above.
    "audit_refuses_replace": (
        "BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)"
    ),
}
"""Triggers that keep the audit append-only on SQLite, each by its name."""

for _name, _when in AUDIT_GUARDS.items():
    _trigger: DDL = DDL(  # type: ignore[no-untyped-call]
        f"CREATE TRIGGER {_name} {_when} "
        "BEGIN SELECT RAISE(ABORT, 'rows of the audit are only added'); END"
    )
    event.listen(audit, "after_create", _trigger.execute_if(dialect="sqlite"))

heads = Table(
    "heads",
    metadata,
    Column("city", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("mac", String, nullable=False),  # in hexadecimal
    Column("at", BigInteger, nullable=False),
)
"""The heads of the audits of other centers, as they told them: who cuts off the end of one cannot
cut it off here."""
