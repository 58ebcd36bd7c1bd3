"""A center that is restored from an older copy of its store: its federation stops, its own city is
served, and the operator's word lets it go on."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from tests.system.federation import Federation, code, patient, run_federation
from tests.system.roles import Stage

STOPPED = "QUE: this store is older than what "


def restore(federation: Federation, copy: Path) -> None:
    """Put a copy in the place of the store of QUE, which is down."""
    for left in federation.stage.folder.glob("QUE.sqlite3-*"):
        left.unlink()
    copy.replace(federation.stage.folder / "QUE.sqlite3")


def test_restored_from_an_older_copy(stage: Stage) -> None:
    """A restored center learns that others have heard of a later run: it says so as a critical
    event and stops its federation, serves its own city, and takes part again when it is started
    with a boot number above the one it named."""
    local, abroad, here = code("QUE"), code("MTL", 1), code("QUE", 2)
    with run_federation(stage) as federation:
        federation.open_slots(local, abroad, here, capacity=5)
        server = federation.server("QUE")
        server.signal(signal.SIGUSR1)
        copy = Path(server.wait_for("The store was copied to ")).rename(stage.folder / "older")
        for _ in range(2):
            federation.restart("QUE")
            assert federation.rows(patient("QUE", 1), "list Physician")[-1] == f"{here} 5"
        federation.kill("QUE")
        restore(federation, copy)

        federation.start("QUE")
        server = federation.server("QUE")
        assert "! MTL unreachable" in federation.rows(patient("QUE", 1), "list Physician")
        told = server.wait_for(STOPPED)
        assert "Federation#critical]" in next(
            line for line in server.log.split("\n") if told in line
        )
        assert federation.ask(
            patient("QUE", 1),
            f"book {local} Physician",
            f"book {abroad} Physician",
            f"swap {local} Physician {abroad} Physician",
            f"cancel {local}",
        ) == [
            f"booked {local} Physician doc1 127.0.0.1 41000",
            "error unreachable the other center does not answer",
            "error unreachable the other center does not answer",
            f"cancelled {local} Physician",
        ]
        assert federation.rows(patient("QUE", 1), "list Physician") == [
            f"{local} 5",
            f"{here} 5",
            "! MTL unreachable",
            "! SHE unreachable",
        ]
        assert "! QUE unreachable" in federation.rows(patient("MTL", 1), "list Physician")

        found = re.search(r"boot number (\d+)", told)
        assert found
        federation.stop("QUE")
        federation.start("QUE", options=["--boot-above", found[1]])
        assert federation.ask(patient("QUE", 1), f"book {abroad} Physician")[0].startswith("booked")
        assert federation.ask(patient("MTL", 1), f"book {here} Physician")[0].startswith("booked")
        assert STOPPED not in federation.server("QUE").log


def test_reconciled(stage: Stage) -> None:
    """What a restored center has forgotten is written again from what its peers know, shown, and
    shown no more when it is compared once more."""
    abroad, here = code("MTL", 1), code("QUE", 2)
    with run_federation(stage) as federation:
        federation.open_slots(abroad, here, capacity=5)
        server = federation.server("QUE")
        server.signal(signal.SIGUSR1)
        copy = Path(server.wait_for("The store was copied to ")).rename(stage.folder / "older")
        booked = federation.ask(patient("QUE", 1), f"book {abroad} Physician")
        assert booked[0].startswith("booked")
        federation.settle()
        federation.restart("QUE")
        federation.settle()
        words = ["federation", "reconcile", "--config", "QUE.toml", "--json"]
        in_use = stage.medappt(*words)
        assert (in_use.returncode, in_use.stdout) == (1, "")
        assert len(in_use.stderr.splitlines()) == 1
        federation.kill("QUE")
        restore(federation, copy)

        found = stage.medappt(*words, "--restored", "--boot-above", "9")
        assert (found.returncode, found.stderr) == (0, "")
        [difference] = json.loads(found.stdout)["differences"]
        assert (difference["slot"], difference["patient"]) == (abroad, patient("QUE", 1))
        assert (difference["here"], difference["there"]) == (None, "TAKEN")
        assert difference["settled"]
        again = stage.medappt(*words, "--restored")
        assert json.loads(again.stdout) == {"compared": ["MTL", "SHE"], "differences": []}

        federation.start("QUE")
        rows = federation.rows(patient("QUE", 1), "schedule")
        assert [row.split()[0] for row in rows] == [abroad]
