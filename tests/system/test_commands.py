"""``medappt demo`` and ``medappt passwd``, and a server that runs from a settings file."""

from __future__ import annotations

import subprocess

import pytest

from medappt import __version__
from tests.system.client import PATIENCE
from tests.system.roles import MEDAPPT, TWISTD, Stage, environment


def test_demo_that_nobody_can_read(stage: Stage) -> None:
    """A screen that takes nothing ends it: one line, exit 1, no traceback."""
    with open("/dev/full", "w") as screen:
        played = subprocess.run(
            [*MEDAPPT, "demo"],
            cwd=stage.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert played.returncode == 1
    assert played.stderr.decode().splitlines() == [
        "medappt demo: [Errno 28] No space left on device"
    ]


@pytest.mark.timeout(180)
def test_demo(stage: Stage) -> None:
    """The demo plays all its scenes, leaves nothing in the directory, and exits with 0."""
    files = sorted(stage.folder.iterdir())
    played = stage.medappt("demo")
    assert (played.returncode, played.stderr) == (0, "")
    scenes = [line for line in played.stdout.splitlines() if line.startswith("===")]
    assert len(scenes) == 6
    assert scenes[-1] == "=== All went as it should ==="
    assert "Phase2: The requested appointment from Patient2 is not available." in played.stdout
    assert "Receiving invalid time index, let patient re-enter" in played.stdout
    assert "Phase1: Patient3 authentication result: Failure" in played.stdout
    assert "password111" not in played.stdout
    assert sorted(stage.folder.iterdir()) == files


@pytest.mark.timeout(240)
def test_demo_of_the_federation(stage: Stage) -> None:
    """So does that of three cities."""
    files = sorted(stage.folder.iterdir())
    # two dozen processes, one after the other
    played = stage.medappt("demo", "--federation", patience=4 * PATIENCE)
    assert (played.returncode, played.stderr) == (0, "")
    scenes = [line for line in played.stdout.splitlines() if line.startswith("===")]
    assert len(scenes) == 7
    assert scenes[-1] == "=== All went as it should ==="
    assert "bytes is lost" in played.stdout
    assert "weekly-limit" in played.stdout
    assert "password111" not in played.stdout
    assert sorted(stage.folder.iterdir()) == files


def test_passwd(stage: Stage) -> None:
    """The lines that ``medappt passwd`` prints are lines of ``users.txt``, and tell no password."""
    lines = []
    for number, end in enumerate(("", "\n", "\r\n")):
        printed = stage.medappt("passwd", f"newcomer{number}", typed=f"päss=wörd#{number}{end}")
        assert (printed.returncode, printed.stderr) == (0, "")
        assert printed.stdout.startswith(f"newcomer{number} $argon2id$")
        assert "wörd" not in printed.stdout
        lines.append(printed.stdout)
    stage.write("users.txt", "".join(lines))
    server = stage.server()
    for number in range(3):
        stage.client(server.port).login(f"newcomer{number}", f"päss=wörd#{number}")


def test_passwd_from_a_file(stage: Stage) -> None:
    """``--password-file`` gives the first line of the file."""
    stage.write("secret", "one\ntwo\n")
    printed = stage.medappt("passwd", "newcomer", "--password-file", "secret")
    stage.write("users.txt", printed.stdout)
    server = stage.server()
    assert stage.client(server.port).ask("authenticate newcomer two") == "failure"
    stage.client(server.port).login("newcomer", "one")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("", "no password was given"),
        ("two words\n", "one word without blanks"),
        ("x" * 600, "it is too long"),
    ],
)
def test_passwd_that_no_login_can_carry(stage: Stage, typed: str, complaint: str) -> None:
    """What could never be typed at a login is refused: one line, exit 1."""
    printed = stage.medappt("passwd", "newcomer", typed=typed)
    assert (printed.returncode, printed.stdout) == (1, "")
    assert complaint in printed.stderr
    assert len(printed.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["patient"],
        ["patient", "--id", "one"],
        ["patient", "--id", "1", "--server", "nowhere"],
        ["passwd", "quit"],
        ["passwd", "@name"],
        ["demo", "--fast"],
    ],
    ids=" ".join,
)
def test_wrong_usage(stage: Stage, words: list[str]) -> None:
    """Wrong words get a usage message, and exit code 2."""
    done = stage.medappt(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: medappt")


def test_version(stage: Stage) -> None:
    """The command tells its version."""
    assert stage.medappt("--version").stdout == f"medappt {__version__}\n"


def test_patient_without_files(stage: Stage) -> None:
    """A patient whose file is not there says which, and exits with 1."""
    done = stage.medappt("patient", "--id", "7", "--data", ".")
    path = stage.folder / "patient7.txt"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"medappt: {path}: No such file or directory\n"


def test_settings_file(stage: Stage) -> None:
    """A server runs from its settings file alone: paths are relative to the file, options given
    override it, and the data folder is not read."""
    house = stage.folder / "house"
    house.mkdir()
    (house / "people.txt").write_text("someone secret admin\n")
    (house / "openings.txt").write_text("7 Sun 11am doc9 40009\n")
    (house / "center.toml").write_text(
        "[center]\n"
        'timezone = "America/Toronto"\n'
        'listen = ["tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"]\n'
        'store = "sqlite:///center.sqlite3"\n'
        'users = "people.txt"\n'
        'availabilities = "openings.txt"\n'
        "[center.limits]\n"
        "connections = 1\n"
    )
    (stage.folder / "users.txt").unlink()
    command = [*TWISTD, "-n", "--pidfile=", "medappt-server", "--config", "house/center.toml"]
    server = stage.run_server([*command, "--timezone", "Asia/Tokyo"], listeners=2)
    first = stage.client(server.ports[0]).login("someone", "secret")
    assert stage.client(server.ports[1]).is_closed()
    assert first.ask("selection 7") == "doc9 40009"
    [row] = first.ask_rows("schedule someone")
    assert row.startswith("7 - booked ")
    assert row.endswith("T11:00:00+09:00")
    assert (house / "center.sqlite3").exists()
    assert not (stage.folder / "medappt.sqlite3").exists()
