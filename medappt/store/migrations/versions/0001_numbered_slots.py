"""People, weekly openings, appointments, and the answers to tagged requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("is_listed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "openings",
        sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("doctor", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
    )
    op.create_table(
        "appointments",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("doctor", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("patient", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("booked_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("idx", "start", name="one_patient_an_occurrence"),
        sa.UniqueConstraint("doctor", "start", "place", name="one_patient_an_hour"),
        sqlite_autoincrement=True,
    )
    op.create_index("appointments_by_patient", "appointments", ["patient", "start"])
    op.create_table(
        "results",
        sa.Column("user", sa.String, primary_key=True),
        sa.Column("tag", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("results_by_age", "results", ["at"])
