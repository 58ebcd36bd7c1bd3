"""A role that cannot start: one line on stderr, exit code 1, no traceback (section 6)."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from medappt.samples import write_samples
from tests.system.roles import TWISTD, Stage, run

Prepared = tuple[Sequence[str], str]
"""The words of a role's command line, and the one line it must answer."""

Case = Callable[[Path, ExitStack], Prepared]

CASES: list[Case] = []


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a role ended, and the one line it should have said."""

    done: subprocess.CompletedProcess[str]
    line: str


SERVER = ("medappt-server", "--data", ".", "--listen", "tcp:0:interface=127.0.0.1")
DOCTOR = ("medappt-doctor", "--id", "1", "--data", ".", "--listen-host", "127.0.0.1")
CLINIC = ("medappt-clinic", *SERVER[1:], "--listen-host", "127.0.0.1")


def case(prepare: Case) -> Case:
    """Have the tests run ``prepare`` in a folder with the sample data, and then the role."""
    CASES.append(prepare)
    return prepare


def busy_port(stack: ExitStack, kind: socket.SocketKind) -> int:
    """A port of 127.0.0.1 that is taken until the stack is left."""
    taken = stack.enter_context(socket.socket(socket.AF_INET, kind))
    taken.bind(("127.0.0.1", 0))
    if kind is socket.SOCK_STREAM:
        taken.listen()
    port: int = taken.getsockname()[1]
    return port


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# ports


@case
def server_on_a_busy_port(folder: Path, stack: ExitStack) -> Prepared:
    place = f"tcp:{busy_port(stack, socket.SOCK_STREAM)}:interface=127.0.0.1"
    words = ["medappt-server", "--data", ".", "--listen", place]
    return words, f"medappt-server: cannot listen on {place}: Address already in use"


@case
def server_whose_second_port_is_busy(folder: Path, stack: ExitStack) -> Prepared:
    place = f"tcp:{busy_port(stack, socket.SOCK_STREAM)}:interface=127.0.0.1"
    words = [*SERVER, "--listen", place]
    return words, f"medappt-server: cannot listen on {place}: Address already in use"


@case
def server_on_no_endpoint(folder: Path, stack: ExitStack) -> Prepared:
    words = ["medappt-server", "--data", ".", "--listen", "carrier-pigeon:7"]
    reason = "Unknown endpoint type: 'carrier-pigeon'"
    return words, f"medappt-server: cannot listen on carrier-pigeon:7: {reason}"


@case
def server_without_its_certificate(folder: Path, stack: ExitStack) -> Prepared:
    words = ["medappt-server", "--data", ".", "--listen", "ssl:0:privateKey=absent.pem"]
    reason = f"[Errno 2] No such file or directory: '{folder / 'absent.pem'}'"
    return words, f"medappt-server: cannot listen on ssl:0:privateKey=absent.pem: {reason}"


@case
def doctor_on_a_busy_port(folder: Path, stack: ExitStack) -> Prepared:
    port = busy_port(stack, socket.SOCK_DGRAM)
    words = [*DOCTOR, "--port", str(port)]
    reason = "Address already in use"
    return words, f"medappt-doctor: cannot listen on UDP 127.0.0.1 port {port}: {reason}"


@case
def clinic_on_a_busy_port(folder: Path, stack: ExitStack) -> Prepared:
    place = f"tcp:{busy_port(stack, socket.SOCK_STREAM)}:interface=127.0.0.1"
    words = ["medappt-clinic", "--data", ".", "--listen", place]
    return words, f"medappt-clinic: cannot listen on {place}: Address already in use"


@case
def clinic_with_a_busy_doctor(folder: Path, stack: ExitStack) -> Prepared:
    port = busy_port(stack, socket.SOCK_DGRAM)
    write(folder, "availabilities.txt", f"1 Tue 01pm doc1 {port}\n")
    reason = "Address already in use"
    return CLINIC, f"medappt-clinic: cannot listen on UDP 127.0.0.1 port {port}: {reason}"


# data files


@case
def server_without_users(folder: Path, stack: ExitStack) -> Prepared:
    (folder / "users.txt").unlink()
    return SERVER, f"medappt-server: {folder / 'users.txt'}: No such file or directory"


@case
def server_without_availabilities(folder: Path, stack: ExitStack) -> Prepared:
    (folder / "availabilities.txt").unlink()
    return SERVER, f"medappt-server: {folder / 'availabilities.txt'}: No such file or directory"


@case
def server_with_a_broken_user(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "users.txt", "# who may come\npatient1 password111\r\n\npatient2\n")
    return SERVER, f"medappt-server: {path}, line 4: expected USER PASSWORD [admin]"


@case
def server_with_a_broken_hash(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "users.txt", "patient1 $argon2id$nonsense\n")
    reason = "expected a hash as `medappt passwd` prints it"
    return SERVER, f"medappt-server: {path}, line 1: {reason}"


@case
def server_with_a_broken_opening(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "availabilities.txt", "1 Tue 01pm doc1 41000\n2 Tue 13h doc1 41000\n")
    reason = "expected INDEX DAY TIME DOCTOR PORT, such as 1 Tue 01pm doc1 41000"
    return SERVER, f"medappt-server: {path}, line 2: {reason}"


@case
def clinic_with_a_broken_opening(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "availabilities.txt", "1 Tue 01pm doc1 41000\n1 Wed 01pm doc1 41000\n")
    return CLINIC, f"medappt-clinic: {path}, line 2: expected index 1 only once"


@case
def clinic_without_users(folder: Path, stack: ExitStack) -> Prepared:
    (folder / "users.txt").unlink()
    return CLINIC, f"medappt-clinic: {folder / 'users.txt'}: No such file or directory"


@case
def doctor_without_prices(folder: Path, stack: ExitStack) -> Prepared:
    (folder / "doc1.txt").unlink()
    return DOCTOR, f"medappt-doctor: {folder / 'doc1.txt'}: No such file or directory"


@case
def doctor_with_a_broken_price(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "doc1.txt", "insurance1 30\ninsurance2 30.5\n")
    reason = "expected PLAN AMOUNT, such as insurance1 30 or insurance1 30.50"
    return DOCTOR, f"medappt-doctor: {path}, line 2: {reason}"


@case
def clinic_with_a_broken_price(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "doc2.txt", "insurance1 free\n")
    reason = "expected PLAN AMOUNT, such as insurance1 30 or insurance1 30.50"
    return CLINIC, f"medappt-clinic: {path}, line 1: {reason}"


# the store


@case
def store_under_a_regular_file(folder: Path, stack: ExitStack) -> Prepared:
    words = [*SERVER, "--store", "sqlite:///users.txt/medappt.sqlite3"]
    path = folder / "users.txt/medappt.sqlite3"
    return words, f"medappt-server: the store {path} cannot be opened: Not a directory"


@case
def store_that_is_a_directory(folder: Path, stack: ExitStack) -> Prepared:
    (folder / "store").mkdir()
    words = [*SERVER, "--store", "sqlite:///store"]
    return words, f"medappt-server: the store {folder / 'store'} cannot be opened"


@case
def store_that_is_no_database(folder: Path, stack: ExitStack) -> Prepared:
    words = [*SERVER, "--store", "sqlite:///users.txt"]
    return words, f"medappt-server: the store {folder / 'users.txt'} is no database"


@case
def store_of_another_program(folder: Path, stack: ExitStack) -> Prepared:
    path = folder / "other.sqlite3"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name)")
    other.close()
    words = [*CLINIC, "--store", "sqlite:///other.sqlite3"]
    return words, f"medappt-clinic: the store {path} is a database of another program"


@case
def store_that_is_no_url(folder: Path, stack: ExitStack) -> Prepared:
    expected = "expected sqlite:///FILE, sqlite:////ABSOLUTE/FILE, or sqlite:// for one in memory"
    return [*SERVER, "--store", "medappt.sqlite3"], f"medappt-server: store: {expected}"


@case
def store_in_use(folder: Path, stack: ExitStack) -> Prepared:
    users = stack.enter_context(Stage(folder))
    users.server()
    path = folder / "medappt.sqlite3"
    return SERVER, f"medappt-server: the store {path} is in use by another process"


@case
def store_in_use_and_a_clinic(folder: Path, stack: ExitStack) -> Prepared:
    users = stack.enter_context(Stage(folder))
    users.server()
    path = folder / "medappt.sqlite3"
    return CLINIC, f"medappt-clinic: the store {path} is in use by another process"


# options


@case
def server_with_an_unknown_option(folder: Path, stack: ExitStack) -> Prepared:
    return [*SERVER, "--frobnicate"], "medappt-server: option --frobnicate not recognized"


@case
def server_with_a_word_too_many(folder: Path, stack: ExitStack) -> Prepared:
    return [*SERVER, "now"], "medappt-server: unexpected 'now'"


@case
def server_in_no_time_zone(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--timezone: expected a time zone such as America/Toronto, not 'Mars/Olympus'"
    return [*SERVER, "--timezone", "Mars/Olympus"], f"medappt-server: {expected}"


@case
def server_with_an_unknown_limit(folder: Path, stack: ExitStack) -> Prepared:
    known = (
        "login_seconds, idle_seconds, connections, spare_files, unanswered, failures_per_user,"
        " failures_per_address, failure_seconds, blocked_seconds, waiting_logins, close_seconds,"
        " linger_seconds"
    )
    complaint = f"--limit: patience: no such limit, there are {known}"
    return [*SERVER, "--limit", "patience=3"], f"medappt-server: {complaint}"


@case
def server_with_a_limit_that_is_no_number(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--limit: expected NAME=VALUE, not 'idle_seconds=long'"
    return [*SERVER, "--limit", "idle_seconds=long"], f"medappt-server: {expected}"


@case
def clinic_with_a_limit_of_half_a_connection(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--limit: connections: expected a whole number above 0"
    return [*CLINIC, "--limit", "connections=0.5"], f"medappt-clinic: {expected}"


@case
def server_without_its_settings_file(folder: Path, stack: ExitStack) -> Prepared:
    path = folder / "absent.toml"
    words = [*SERVER, "--config", "absent.toml"]
    return words, f"medappt-server: {path}: No such file or directory"


@case
def server_with_broken_settings(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "center.toml", "[center\n")
    reason = "Expected ']' at the end of a table declaration (at line 1, column 8)"
    words = [*SERVER, "--config", "center.toml"]
    return words, f"medappt-server: {path}: expected TOML: {reason}"


@case
def server_with_an_unknown_setting(folder: Path, stack: ExitStack) -> Prepared:
    path = write(folder, "center.toml", '[center]\nusers = "users.txt"\ncolour = "blue"\n')
    words = [*SERVER, "--config", "center.toml"]
    return words, f"medappt-server: {path}: center.colour: no such setting"


@case
def doctor_without_a_number(folder: Path, stack: ExitStack) -> Prepared:
    return ["medappt-doctor"], "medappt-doctor: --id N is needed"


@case
def doctor_with_a_bad_number(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--id: expected numbers from 1 to 9999, each once, such as 2 or 1,2, not 'one'"
    return ["medappt-doctor", "--id", "one"], f"medappt-doctor: {expected}"


@case
def doctor_with_a_bad_port(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--port: expected a port from 0 to 65535, not '70000'"
    return [*DOCTOR, "--port", "70000"], f"medappt-doctor: {expected}"


@case
def doctor_on_a_host_that_is_none(folder: Path, stack: ExitStack) -> Prepared:
    expected = "--listen-host: expected an IP address such as 127.0.0.1, not 'here'"
    return ["medappt-doctor", "--id", "1", "--listen-host", "here"], f"medappt-doctor: {expected}"


@case
def clinic_with_an_unknown_option(folder: Path, stack: ExitStack) -> Prepared:
    return [*CLINIC, "--frobnicate"], "medappt-clinic: option --frobnicate not recognized"


class Outcomes:
    """Runs all cases, two at a time, ahead of their tests."""

    def __init__(self, base: Path, stack: ExitStack) -> None:
        self._base = base
        pool = stack.enter_context(ThreadPoolExecutor(2))
        self._futures = {prepare: pool.submit(self._run, prepare) for prepare in CASES}
        stack.callback(pool.shutdown, cancel_futures=True)

    def of(self, prepare: Case) -> Outcome:
        return self._futures[prepare].result()

    def _run(self, prepare: Case) -> Outcome:
        folder = self._base / prepare.__name__
        folder.mkdir()
        write_samples(folder)
        with ExitStack() as stack:
            words, line = prepare(folder, stack)
            done = run([*TWISTD, "-n", "--pidfile=", *words], folder)
        return Outcome(done=done, line=line)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    with ExitStack() as stack:
        yield Outcomes(tmp_path_factory.mktemp("startup"), stack)


@pytest.mark.parametrize("prepare", CASES, ids=lambda prepare: prepare.__name__)
def test_says_in_one_line_what_and_where(outcomes: Outcomes, prepare: Case) -> None:
    """What keeps a role from starting is told in one line on stderr, and it exits with 1 without
    ever having told that it listens."""
    outcome = outcomes.of(prepare)
    assert (outcome.done.stderr, outcome.done.returncode) == (outcome.line + "\n", 1)
    assert "Phase" not in outcome.done.stdout
