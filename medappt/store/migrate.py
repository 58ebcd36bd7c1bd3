"""Bringing a store to the schema of this program, before the writer opens it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Pool, create_engine, event, inspect, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from medappt.store import schema
from medappt.store.disk import create_private, sync_directory
from medappt.store.location import Location
from medappt.store.opening import FOREIGN, NEWER, check_library, connect, unavailable

SCRIPTS = "medappt.store:migrations"


def migrate(location: Location) -> None:
    """Create the store, or bring it to the newest revision: wholly, or not at all.

    Nothing is open any more when this returns. A store in memory needs none of it. Raises
    ``StoreUnavailable`` where the file cannot be used, is in use, belongs to another program or
    to a newer one.
    """
    check_library()
    path = location.path
    if path is None:
        return
    try:
        _create(path)
        with _engine(lambda: connect(path), NullPool) as engine:
            _upgrade(engine, location.description)
    except OSError as error:
        raise unavailable(location.description, error) from error
    except DBAPIError as error:
        raise unavailable(location.description, error.orig) from error


def revision_of(location: Location) -> str | None:
    """The revision of a store in a file, which is only read; ``None`` where there is nothing yet.

    Raises ``StoreInUse``, and ``StoreUnavailable`` as ``migrate``.
    """
    check_library()
    path = location.path
    if path is None or not path.exists():
        return None
    try:
        with _engine(lambda: connect(path), NullPool) as engine, engine.begin() as connection:
            return _revision(connection, _config(), location.description)
    except DBAPIError as error:
        raise unavailable(location.description, error.orig) from error


@lru_cache(maxsize=1)
def memory_image() -> bytes:
    """An empty store of the newest revision, as SQLite keeps it. Made once per process: a
    migration takes longer than most tests."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    with _engine(lambda: raw, StaticPool) as engine:
        _upgrade(engine, Location(path=None).description)
        return raw.serialize()


def _create(path: Path) -> None:
    try:
        os.close(create_private(path))
    except FileExistsError:
        return
    sync_directory(path.parent)


@contextmanager
def _engine(connect_raw: Callable[[], sqlite3.Connection], pool: type[Pool]) -> Iterator[Engine]:
    """Everything it opened is closed behind it."""
    engine = create_engine("sqlite://", creator=connect_raw, poolclass=pool)
    # The driver begins no transactions of its own (isolation_level=None), so that creating
    # tables is undone with everything else.
    event.listen(engine, "begin", _begin)
    try:
        yield engine
    finally:
        engine.dispose()


def _upgrade(engine: Engine, description: str) -> None:
    config = _config()
    with engine.begin() as connection:
        if _revision(connection, config, description) != schema.REVISION:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return config


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _revision(connection: Connection, config: Config, description: str) -> str | None:
    """The revision of a store; ``None`` where there is nothing yet."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise unavailable(description, FOREIGN)
    revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if len(revisions) != 1 or revisions[0] not in known:
        reason = NEWER.format(revision=", ".join(map(str, revisions)) or "none")
        raise unavailable(description, reason)
    return str(revisions[0])
