"""Run by Alembic: upgrades on the connection, and in the transaction, of who asked."""

from __future__ import annotations

from alembic import context

from medappt.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
