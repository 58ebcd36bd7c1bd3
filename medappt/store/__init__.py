"""The durable record: schema, migrations, and one writer with group commit.

A transaction is a plain function ``(connection, ...) -> value``; the writer alone says BEGIN and
COMMIT. Imports only ``model``.
"""
