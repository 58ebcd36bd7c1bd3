"""The words on the command line."""

from __future__ import annotations

import getpass
import io
import runpy
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt import __version__, cli, demo
from medappt.center.passwords import Argon2Hasher
from medappt.patient import command
from medappt.patient.command import PatientOptions
from medappt.wire.foreign import Dialect


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class CommandCase(SynchronousTestCase):
    """Runs the command in this process, and keeps what it says."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_command(self, *words: str, typed: bytes | io.TextIOWrapper | None = b"") -> int:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        stdin = io.TextIOWrapper(io.BytesIO(typed)) if isinstance(typed, bytes) else typed
        self.patch(sys, "stdin", stdin)
        return cli.main(words)

    def assert_usage_error(self, expected: str, *words: str) -> None:
        error = self.assertRaises(SystemExit, self.run_command, *words)
        assert isinstance(error, SystemExit)
        self.assertEqual(error.code, 2)
        self.assertIn(expected, self.err.getvalue())


class UsageTests(CommandCase):
    def test_version(self) -> None:
        """The version is the package's."""
        error = self.assertRaises(SystemExit, self.run_command, "--version")
        assert isinstance(error, SystemExit)
        self.assertEqual(error.code, 0)
        self.assertEqual(self.out.getvalue(), f"medappt {__version__}\n")

    def test_no_command(self) -> None:
        """A command is needed, and one that exists."""
        self.assert_usage_error("COMMAND")
        self.assert_usage_error("invalid choice", "nonsense")

    def test_words_of_the_process(self) -> None:
        """Without words given, they are those of the process."""
        self.patch(sys, "argv", ["medappt", "passwd", "anna"])
        self.out = io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"secret\n")))
        self.assertEqual(cli.main(), 0)
        self.assertTrue(self.out.getvalue().startswith("anna $argon2id$"))

    def test_demo(self) -> None:
        """The demo gets its words as they are."""
        heard: list[list[str]] = []

        def main(arguments: list[str]) -> int:
            heard.append(arguments)
            return 5

        self.patch(demo, "main", main)
        self.assertEqual(self.run_command("demo", "--federation", "--help"), 5)
        self.assertEqual(heard, [["--federation", "--help"]])


class PatientTests(CommandCase):
    """``medappt patient``."""

    def options(self, *words: str) -> PatientOptions:
        asked: list[PatientOptions] = []

        def run(options: PatientOptions) -> int:
            asked.append(options)
            return 3

        self.patch(command, "run_patient", run)
        self.assertEqual(self.run_command("patient", *words), 3)
        return asked[0]

    def test_defaults(self) -> None:
        """Only the number must be said."""
        self.assertEqual(
            self.options("--id", "2"),
            PatientOptions(number=2, data=Path("data"), server_host="127.0.0.1", server_port=21000),
        )

    def test_all(self) -> None:
        """Every option arrives."""
        words = "--id 1 --data /d --server center.example:7 --doctor-host [::1] --choose -1"
        more = "--dialect packet --classroom --doctor-port-offset -10"
        self.assertEqual(
            self.options(*words.split(), *more.split()),
            PatientOptions(
                number=1,
                data=Path("/d"),
                server_host="center.example",
                server_port=7,
                doctor_host="::1",
                doctor_port_offset=-10,
                choose="-1",
                is_classroom=True,
                dialect=Dialect.PACKET,
            ),
        )

    def test_ipv6(self) -> None:
        """An IPv6 address stands in brackets."""
        options = self.options("--id", "1", "--server", "[::1]:21000")
        self.assertEqual((options.server_host, options.server_port), ("::1", 21000))

    def test_dialects(self) -> None:
        """Each dialect is chosen by its word."""
        for word in ("line", "packet", "bare"):
            self.assertEqual(self.options("--id=1", "--dialect", word).dialect.value, word)

    def test_wrong(self) -> None:
        """What is wrong is said in words, with what was expected."""
        self.assert_usage_error("--id", "patient")
        for number in ("x", "-1", "", "²", "1" * 10):
            self.assert_usage_error("a whole number", "patient", f"--id={number}")
        for server in ("localhost", "localhost:", ":1", "::1:21000", "h:65536", "h:0", "a b:1"):
            self.assert_usage_error(
                "HOST:PORT such as", "patient", "--id", "1", f"--server={server}"
            )
        for host in ("", "a b", "a..b", "[]", "x\x1b", "é" * 80):
            self.assert_usage_error("a host name", "patient", "--id=1", f"--doctor-host={host}")
        for offset in ("x", "--1", "65536", "-65536"):
            self.assert_usage_error(
                "difference of ports", "patient", "--id=1", f"--doctor-port-offset={offset}"
            )
        self.assert_usage_error("--dialect", "patient", "--id=1", "--dialect=klingon")
        self.assert_usage_error("a path", "patient", "--id=1", "--data=")

    def test_files(self) -> None:
        """A file that is missing or broken is one line, and 1."""
        words = ("patient", "--id", "1", "--data", str(self.folder))
        self.assertEqual(self.run_command(*words), 1)
        self.assertEqual(
            self.err.getvalue(),
            f"medappt: {self.folder}/patient1.txt: No such file or directory\n",
        )
        (self.folder / "patient1.txt").write_text("patient1\n")
        self.assertEqual(self.run_command(*words), 1)
        self.assertIn("patient1.txt, line 1: expected", self.err.getvalue())
        self.assertEqual(self.err.getvalue().count("\n"), 1)

    def test_interrupted_early(self) -> None:
        """Ctrl-C before the reactor runs is no traceback."""

        def run(options: PatientOptions) -> int:
            raise KeyboardInterrupt

        self.patch(command, "run_patient", run)
        self.assertEqual(self.run_command("patient", "--id", "1"), 1)
        self.assertEqual(self.err.getvalue(), "medappt: interrupted\n")


class PasswdTests(CommandCase):
    """``medappt passwd``."""

    def hashed(self, password: bytes) -> None:
        user, encoded = self.out.getvalue().removesuffix("\n").split(" ")
        self.assertEqual(user, "anna")
        self.assertTrue(encoded.startswith("$argon2id$"))
        self.assertTrue(Argon2Hasher().verify(encoded, password))

    def test_standard_input(self) -> None:
        """The password is one line of standard input, whatever ends it and comes after it."""
        for typed in (b"secr\xc3\xa9t\n", b"secr\xc3\xa9t\r\nmore\n", b"secr\xc3\xa9t"):
            self.assertEqual(self.run_command("passwd", "anna", typed=typed), 0)
            self.hashed("secrét".encode())

    def test_file(self) -> None:
        """Or the first line of a file."""
        file = self.folder / "password"
        file.write_bytes(b"secret\nother\n")
        self.assertEqual(self.run_command("passwd", "anna", "--password-file", str(file)), 0)
        self.hashed(b"secret")
        file.unlink()
        self.assertEqual(self.run_command("passwd", "anna", "--password-file", str(file)), 1)
        self.assertIn("No such file", self.err.getvalue())

    def test_refused(self) -> None:
        """A password that no login can carry is refused, and never shown."""
        too_long = b"secret" * 100
        for typed in (b"", b"\n", b"a secret\n", b"secret \n", b"se\0cret\n", b"a\rb\n", too_long):
            self.assertEqual(self.run_command("passwd", "anna", typed=typed), 1, typed)
            self.assertEqual(self.out.getvalue(), "")
            self.assertIn("medappt: ", self.err.getvalue())
            self.assertNotIn("secret", self.err.getvalue())

    def test_no_input(self) -> None:
        """Without standard input there is no password."""
        self.assertEqual(self.run_command("passwd", "anna", typed=None), 1)
        self.assertIn("no standard input", self.err.getvalue())

    def test_user(self) -> None:
        """A name that no line can begin with is refused."""
        for user in ("", "a b", "@a", "#a", "Quit", "a\x1b"):
            self.assert_usage_error("expected one printable word", "passwd", user)

    def answer(self, *answers: str) -> int:
        """Run on a terminal where these passwords are typed, then the end of input."""
        given = list(answers)

        def ask(prompt: str) -> str:
            if not given:
                raise EOFError
            return given.pop(0)

        self.patch(getpass, "getpass", ask)
        return self.run_command("passwd", "anna", typed=Terminal(io.BytesIO()))

    def test_terminal(self) -> None:
        """On a terminal it is asked for twice, unseen."""
        self.assertEqual(self.answer("secret", "secret"), 0)
        self.hashed(b"secret")

    def test_mistyped(self) -> None:
        """Two passwords that differ are none; nor is the end of input."""
        self.assertEqual(self.answer("secret", "Secret"), 1)
        self.assertEqual(self.err.getvalue(), "medappt: the two passwords differ\n")
        self.assertEqual(self.answer("secret"), 1)
        self.assertIn("end of input", self.err.getvalue())
        self.assertEqual(self.out.getvalue(), "")


class ModuleTests(SynchronousTestCase):
    def test_module(self) -> None:
        """``python -m medappt`` is the command."""
        self.patch(sys, "argv", ["medappt", "--version"])
        self.patch(sys, "stdout", io.StringIO())
        error = self.assertRaises(
            SystemExit, runpy.run_module, "medappt", run_name="__main__", alter_sys=False
        )
        assert isinstance(error, SystemExit)
        self.assertEqual(error.code, 0)

    def test_imported(self) -> None:
        """Who only imports it starts nothing."""
        self.assertIn("main", runpy.run_module("medappt.__main__"))
