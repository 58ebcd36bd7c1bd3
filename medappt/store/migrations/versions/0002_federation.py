"""Slots, places, waiting, records, outbox, notices, and the boots of centers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _partial_index(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def upgrade() -> None:
    _upgrade_owner()
    _upgrade_home()
    op.create_table(
        "boots",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("randomness", sa.String, nullable=False),
    )
    op.create_table(
        "peers",
        sa.Column("city", sa.String, primary_key=True),
        sa.Column("boot", sa.BigInteger, nullable=False),
        sa.Column("randomness", sa.String, nullable=False),
    )


def _upgrade_owner() -> None:
    op.create_table(
        "slots",
        sa.Column("key", _id(), primary_key=True, autoincrement=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("doctor", sa.String),
        sa.Column("host", sa.String),
        sa.Column("port", sa.Integer),
        sa.Column("removal", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    _partial_index("one_open_slot", "slots", ["code", "type"], "removal IS NULL", unique=True)
    op.create_index("slots_by_start", "slots", ["type", "start", "code"])
    op.create_index("slots_by_removal", "slots", ["removal"])
    op.create_table(
        "places",
        sa.Column("ordinal", _id(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("home", sa.String, nullable=False),
        sa.Column("slot", _id(), sa.ForeignKey("slots.key")),
        sa.Column("number", sa.Integer),
        sa.Column("patient", sa.String),
        sa.Column("replaces", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("held_at", sa.BigInteger),
        sa.UniqueConstraint("slot", "number", name="one_patient_a_number"),
        sa.CheckConstraint(
            "(state = 'RELEASED') = (number IS NULL)", name="released_has_no_number"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("places_by_replaced", "places", ["replaces"])
    _partial_index("places_held", "places", ["ordinal"], "state = 'HELD'")
    op.create_table(
        "waits",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("home", sa.String, nullable=False),
        sa.Column("patient", sa.String),
        sa.Column("type", sa.String),
        sa.Column("start", sa.BigInteger),
        sa.Column("removal", sa.BigInteger),
        sa.Column("booking", sa.BigInteger),
        sa.Column("state", sa.String, nullable=False),
    )
    _partial_index("waits_in_order", "waits", ["removal", "booking"], "state = 'WAITING'")


def _upgrade_home() -> None:
    op.create_table(
        "records",
        sa.Column("ordinal", _id(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("root", sa.String, nullable=False, unique=True),
        sa.Column("patient", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("start", sa.BigInteger),
        sa.Column("doctor", sa.String),
        sa.Column("host", sa.String),
        sa.Column("port", sa.Integer),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("waits_until", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("records_by_patient", "records", ["patient"])
    _partial_index(
        "one_record_an_id",
        "records",
        ["patient", "code", "type"],
        "state <> 'PENDING'",
        unique=True,
    )
    _partial_index("records_waiting", "records", ["waits_until"], "state = 'WAITLISTED'")
    _partial_index("records_pending", "records", ["ordinal"], "state = 'PENDING'")
    op.create_table(
        "outbox",
        sa.Column("key", _id(), primary_key=True, autoincrement=True),
        sa.Column("peer", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("record", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "notices",
        sa.Column("number", _id(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("patient", sa.String, nullable=False),
        sa.Column("root", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("new_code", sa.String),
        sa.Column("is_told", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "notices_untold",
        "notices",
        ["patient", "number"],
        sqlite_where=sa.text("is_told = 0"),
        postgresql_where=sa.text("NOT is_told"),
    )
