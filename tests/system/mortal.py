"""A health center that dies at the worst moment, for tests: the first reservation is on the disk,
and its patient has not been told. Run as a script, with the words of ``twistd``."""

from __future__ import annotations

import os
import signal

from twisted.scripts.twistd import run

from medappt.store.sqlite import SQLiteDatabase


class MortalDatabase(SQLiteDatabase):
    """Ends its process behind the first commit that holds an appointment."""

    def commit(self) -> None:
        super().commit()
        if self._raw.execute("SELECT count(*) FROM appointments").fetchone() != (0,):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    SQLiteDatabase.open = MortalDatabase.open  # type: ignore[method-assign]
    run()
