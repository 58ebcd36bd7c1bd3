"""The wheel, in a virtual environment that knows nothing of the checkout."""

from __future__ import annotations

import os
import shutil
import signal
import site
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from medappt import __version__
from medappt.samples import write_samples
from tests.system.client import ask_doctor
from tests.system.data import free_port
from tests.system.roles import ROOT, Role, Server, environment, run

SOURCES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "medappt", "twisted")
BUILD_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A virtual environment with the wheel in it."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    @property
    def site_packages(self) -> Path:
        [found] = (self.folder / "lib").glob("python*/site-packages")
        return found

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process of this installation: no path leads to the checkout."""
        found = environment()
        del found["PYTHONPATH"]
        return found

    def run(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return run(words, folder, variables=self.variables)


def pip(*words: str) -> None:
    """Run this environment's pip, which needs no network for what it is told."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
        env={**os.environ, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: building leaves traces in its source."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in a new virtual environment, with this one's packages for its dependencies."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    installed = Installation(folder=folder)
    pip("--python", installed.python, "install", "--no-deps", str(wheel))
    # A line of a .pth is a path; a .pth in that path is not read, so that neither is the one by
    # which an editable install finds the checkout.
    ours = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (installed.site_packages / "dependencies.pth").write_text("\n".join(ours) + "\n")
    return installed


def test_imports_its_own(installation: Installation, tmp_path: Path) -> None:
    """What is imported is the wheel's, not the checkout's."""
    tell = "import medappt.store.migrate, medappt; print(medappt.__file__)"
    told = installation.run(installation.python, "-c", tell, folder=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert Path(told.stdout.strip()) == installation.site_packages / "medappt" / "__init__.py"
    path = installation.run(
        installation.python, "-c", "import sys; print(sys.path)", folder=tmp_path
    )
    assert f"'{ROOT}'" not in path.stdout


def test_command(installation: Installation, tmp_path: Path) -> None:
    """The wheel brings the ``medappt`` command."""
    command = str(installation.folder / "bin" / "medappt")
    told = installation.run(command, "--version", folder=tmp_path)
    assert (told.returncode, told.stdout) == (0, f"medappt {__version__}\n")


def twistd(installation: Installation) -> list[str]:
    return [installation.python, "-c", "from twisted.scripts.twistd import run; run()"]


@pytest.mark.parametrize("name", ["medappt-server", "medappt-doctor", "medappt-clinic"])
def test_role_is_found(installation: Installation, tmp_path: Path, name: str) -> None:
    """twistd finds the role, and tells its options."""
    told = installation.run(*twistd(installation), name, "--help", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"Usage: twistd [options] {name} ")


def test_clinic_runs(installation: Installation, tmp_path: Path) -> None:
    """A clinic started from the wheel makes its store, takes a visit of the wheel's own patient,
    and its doctor answers."""
    write_samples(tmp_path)
    port = free_port(socket.SOCK_DGRAM)
    (tmp_path / "availabilities.txt").write_text(f"1 Tue 01pm doc1 {port}\n")
    words = ["-n", "--pidfile=", "medappt-clinic", "--data", ".", "--listen-host", "127.0.0.1"]
    command = [*twistd(installation), *words, "--listen", "tcp:0:interface=127.0.0.1"]
    clinic = Server(command, tmp_path, variables=installation.variables)
    try:
        medappt = str(installation.folder / "bin" / "medappt")
        place = ["--server", f"127.0.0.1:{clinic.port}", "--choose", "1"]
        visit = installation.run(
            medappt, "patient", "--id", "1", "--data", ".", *place, folder=tmp_path
        )
        assert (visit.returncode, visit.stderr) == (0, "")
        assert "Phase3: Patient1 receive $ 30 estimation cost" in visit.stdout
        assert clinic.stop() == -signal.SIGTERM
        assert "Traceback" not in clinic.log
    finally:
        clinic.clean_up()


def test_doctor_runs(installation: Installation, tmp_path: Path) -> None:
    """A doctor started from the wheel answers."""
    write_samples(tmp_path)
    words = ["-n", "--pidfile=", "medappt-doctor", "--id", "1", "--data", ".", "--port", "0"]
    command = [*twistd(installation), *words, "--listen-host", "127.0.0.1"]
    doctor = Role(command, tmp_path, variables=installation.variables)
    try:
        port = int(doctor.wait_for("Phase3: Doctor1 has a static UDP port ").split()[0])
        assert ask_doctor(port, b"patient1 insurance3") == b"50"
    finally:
        doctor.clean_up()
