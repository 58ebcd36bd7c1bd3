"""The files of ``data/`` as they ship, for those who have the package but not the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

FILES: Mapping[str, str] = MappingProxyType(
    {
        "users.txt": "patient1 password111\npatient2 password222\n",
        "availabilities.txt": (
            "1 Tue 01pm doc1 41000\n"
            "2 Mon 03pm doc2 42000\n"
            "3 Thu 02pm doc1 41000\n"
            "4 Wed 10am doc1 41000\n"
            "5 Sat 12pm doc2 42000\n"
            "6 Fri 04pm doc2 42000\n"
        ),
        "doc1.txt": "insurance1 30\ninsurance2 20\ninsurance3 50\n",
        "doc2.txt": "insurance1 40\ninsurance2 60\ninsurance3 10\n",
        "patient1.txt": "patient1 password111\n",
        "patient2.txt": "patient2 password222\n",
        "patient1insurance.txt": "insurance1\n",
        "patient2insurance.txt": "insurance2\n",
    }
)


def write_samples(folder: Path) -> None:
    """Write the sample files into an existing folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="ascii")
