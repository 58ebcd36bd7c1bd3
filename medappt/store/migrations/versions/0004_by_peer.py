"""Letters and waiting by peer: what concerns one is read without the rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("outbox_by_peer", "outbox", ["peer", "key"])
    op.drop_index("waits_in_order", "waits")
    op.create_index(
        "waits_in_order",
        "waits",
        ["home", "removal", "booking"],
        sqlite_where=sa.text("state = 'WAITING'"),
        postgresql_where=sa.text("state = 'WAITING'"),
    )
