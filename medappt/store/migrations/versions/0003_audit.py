"""The audit, kept from change and removal, and the heads of other centers' audits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_GUARDS = {
    "audit_refuses_update": "BEFORE UPDATE ON audit",
    "audit_refuses_delete": "BEFORE DELETE ON audit",
    "audit_refuses_replace": (
        "BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)"
    ),
}


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("role", sa.String),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("patient", sa.String),
        sa.Column("object", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("tag", sa.String),
        sa.Column("mac", sa.String),
    )
    if op.get_context().dialect.name == "sqlite":
        for name, when in _GUARDS.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} "
                "BEGIN SELECT RAISE(ABORT, 'rows of the audit are only added'); END"
            )
    op.create_table(
        "heads",
        sa.Column("city", sa.String, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
