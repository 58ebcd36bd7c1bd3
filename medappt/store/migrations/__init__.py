"""The way from every released schema to the newest, for Alembic."""
