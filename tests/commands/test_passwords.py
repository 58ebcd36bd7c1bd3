"""Where commands have passwords from, and where they never show."""

from __future__ import annotations

import getpass
import io

from medappt.commands.password import Login
from tests.commands.scripted import PASSWORD, ScriptedCase, ScriptedCenter


class TypedOn(io.TextIOWrapper):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


class PasswordTests(ScriptedCase):
    def setUp(self) -> None:
        super().setUp()
        self.environment.clear()
        self.center = ScriptedCenter({"schedule": "."})

    def assert_login(self, password: str, *words: str) -> None:
        self.assertEqual(self.run_as("MTLP2345", "schedule", *words), 0, self.complaints)
        self.assertEqual(self.center.asked[-4], f"authenticate MTLP2345 {password}")

    def assert_none(self, expected: str, *words: str) -> None:
        self.assertEqual(self.run_as("MTLP2345", "schedule", *words), 1)
        [complaint] = self.complaints
        self.assertIn(expected, complaint)
        self.assertEqual(self.center.connections, [])

    def piped(self, data: bytes) -> None:
        self.stdin = io.TextIOWrapper(io.BytesIO(data))

    def test_file(self) -> None:
        """The first line of a file comes before all others."""
        self.environment["MEDAPPT_PASSWORD"] = "other"
        file = self.file("password", "from-file\r\nmore\n")
        self.assert_login("from-file", "--password-file", str(file))
        self.center.connections.clear()
        self.assert_none("No such file", "--password-file", str(file) + "x")

    def test_environment(self) -> None:
        """Then the variable."""
        self.environment["MEDAPPT_PASSWORD"] = "from-there"
        self.piped(b"other\n")
        self.assert_login("from-there")

    def test_terminal(self) -> None:
        """Then it is asked for, unseen, once."""
        prompts: list[str] = []

        def ask(prompt: str) -> str:
            prompts.append(prompt)
            return "typed"

        self.patch(getpass, "getpass", ask)
        self.stdin = TypedOn(io.BytesIO())
        self.assert_login("typed")
        self.assertEqual(prompts, ["Password: "])

    def test_end_of_input(self) -> None:
        """Who types none has none."""

        def ask(prompt: str) -> str:
            raise EOFError

        self.patch(getpass, "getpass", ask)
        self.stdin = TypedOn(io.BytesIO())
        self.assert_none("end of input")

    def test_pipe(self) -> None:
        """Without a terminal it is a line of standard input; an empty variable is none."""
        self.environment["MEDAPPT_PASSWORD"] = ""
        self.piped(b"piped\nother\n")
        self.assert_login("piped")
        self.piped(b"")
        self.center.connections.clear()
        self.assert_none("no password was given")
        self.stdin = None
        self.assert_none("no standard input")

    def test_unsayable(self) -> None:
        """A password that no login can carry is refused, and not shown."""
        for password in (b"a secret\n", b"sec\0ret\n", b"secret" * 100):
            self.piped(password)
            self.assert_none("no login can carry this password")
            self.assertNotIn("sec", self.err.getvalue())

    def test_never_shown(self) -> None:
        """Neither output, log, nor values show it, however a command ends."""
        for script in (
            {"schedule": "."},
            {"authenticate": "failure"},
            {"schedule": "error busy a"},
        ):
            self.environment["MEDAPPT_PASSWORD"] = PASSWORD
            self.center = ScriptedCenter(script)
            self.run_as("MTLP2345", "schedule")
            self.assertIn(PASSWORD, self.center.asked[0])
            self.assertNotIn(PASSWORD, self.out.getvalue() + self.err.getvalue())
        self.assertNotIn(PASSWORD, repr(self.events))
        self.assertNotIn(PASSWORD, repr(Login(user="MTLP2345", password=PASSWORD)))

    def test_no_argument(self) -> None:
        """There is no option for it."""
        self.assert_usage_error("unrecognized", "schedule", "--as=MTLP2345", "--password", "secret")
