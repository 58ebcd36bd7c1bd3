"""Two processes at one store: the second is told at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase

PROGRAM = """
import sys
from pathlib import Path
from medappt.store.failures import StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase
location = Location(path=Path(sys.argv[1]))
for attempt in (migrate, lambda location: SQLiteDatabase.open(location, bytes(32))):
    try:
        attempt(location)
    except StoreUnavailable as error:
        print(error)
"""


def second(path: Path) -> list[str]:
    """What another process is told that wants the store."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=Path(__file__).parents[2],
    )
    return done.stdout.splitlines()


def test_a_second_process_is_refused_at_once(tmp_path: Path) -> None:
    """It can neither migrate nor open what another has, and can as soon as that is closed."""
    location = Location(path=tmp_path / "store.sqlite3")
    assert location.path is not None
    migrate(location)
    database = SQLiteDatabase.open(location, bytes(32))
    message = f"the store {location.path} is in use by another process"
    assert second(location.path) == [message, message]
    database.close()
    assert second(location.path) == []
