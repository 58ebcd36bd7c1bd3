"""Where a user's own center is: given, in settings, or in the sample of the city."""

from __future__ import annotations

import os
from pathlib import Path

from medappt.commands import centers
from medappt.commands.arguments import DEFAULT_SERVER, WrongUsage
from medappt.commands.centers import find_center, first_server, server_of
from medappt.role.startup import CannotStart
from medappt.samples import write_federation
from tests.commands.scripted import ScriptedCase

SETTINGS = '[center]\ncity = "{city}"\nlisten = {listen}\n'


class FindTests(ScriptedCase):
    def settings(self, city: str = "MTL", listen: str = '"tcp:4000"') -> Path:
        return self.file(f"{city}.toml", SETTINGS.format(city=city, listen=listen))

    def assert_not_found(self, expected: str, user: str, config: Path | None) -> None:
        error = self.assertRaises(CannotStart, find_center, user, config, {})
        self.assertIn(expected, str(error))

    def test_config(self) -> None:
        """The settings that were named say it, before those of the environment."""
        elsewhere = {"MEDAPPT_CONFIG": str(self.folder / "nowhere.toml")}
        found = find_center("MTLP2345", self.settings(), elsewhere)
        self.assertEqual(found, ("127.0.0.1", 4000))

    def test_environment(self) -> None:
        """Else those of the environment do, if there are any."""
        environment = {"MEDAPPT_CONFIG": str(self.settings())}
        self.assertEqual(find_center("MTLP2345", None, environment), ("127.0.0.1", 4000))

    def test_samples(self) -> None:
        """Else the samples, in the working directory; an empty variable is none."""
        folder = self.folder / "data" / "federation"
        folder.mkdir(parents=True)
        write_federation(folder)
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        for city, port in (("MTL", 21000), ("QUE", 21010), ("SHE", 21020)):
            found = find_center(f"{city}P2345", None, {"MEDAPPT_CONFIG": ""})
            self.assertEqual(found, ("127.0.0.1", port))
        self.assertEqual(centers.SAMPLES, Path("data/federation"))

    def test_another_city(self) -> None:
        """Settings of another center are not taken for the user's."""
        self.assert_not_found("settings of QUE, not of MTL", "MTLP2345", self.settings("QUE"))
        plain = self.file("plain.toml", "[center]\n")
        self.assert_not_found("a center without a city, not of MTL", "MTLP2345", plain)

    def test_unusable(self) -> None:
        """Settings that are missing, broken, or without a place to connect to."""
        self.assert_not_found("No such file", "MTLP2345", self.folder / "nowhere.toml")
        self.assert_not_found("expected TOML", "MTLP2345", self.file("x.toml", "[center"))
        unix = self.settings(listen='"unix:center.sock"')
        self.assert_not_found("no tcp: endpoint", "MTLP2345", unix)

    def test_no_city(self) -> None:
        """Whose name has no city has to say where."""
        error = self.assertRaises(WrongUsage, find_center, "alice", None, {})
        self.assertIn("alice names no city", str(error))
        self.assertEqual(self.run_command("schedule", "--as", "alice"), 2)
        self.assertEqual(len(self.complaints), 1)

    def test_given(self) -> None:
        """Who says where needs neither a city nor settings."""
        self.assertEqual(self.run_as("alice", "schedule", "--config", "nowhere.toml"), 1)
        self.assertEqual(self.servers, [("center.example", 21000)])
        self.assertNotIn("notices", self.center.asked)

    def test_used(self) -> None:
        """The command connects to what was found."""
        self.run_command("schedule", "--as", "MTLP2345", "--config", str(self.settings()))
        self.assertEqual(self.servers, [("127.0.0.1", 4000)])

    def test_first(self) -> None:
        """Of several places it is the first that one can connect to; of none the default."""
        self.assertEqual(first_server([]), DEFAULT_SERVER)
        listen = ["ssl:1:privateKey=a", "tcp:0", "tcp:4001:interface=192.0.2.1", "tcp:4002"]
        self.assertEqual(first_server(listen), ("192.0.2.1", 4001))

    def test_endpoints(self) -> None:
        """Endpoint strings, as Twisted reads them; what listens everywhere is here."""
        for description, server in (
            ("tcp:21000", ("127.0.0.1", 21000)),
            ("tcp:port=21000", ("127.0.0.1", 21000)),
            ("tcp:21000:interface=0.0.0.0:backlog=5", ("127.0.0.1", 21000)),
            (r"tcp:21000:interface=\:\:1", ("::1", 21000)),
            (r"tcp6:21000:interface=\:\:", ("::1", 21000)),
            ("tcp:interface=center.example:port=7", ("center.example", 7)),
            ("tcp:21000:50", ("127.0.0.1", 21000)),
            ("tcp", None),
            ("tcp:", None),
            ("tcp:x", None),
            ("tcp:21000:interface=a b", None),
            ("unix:21000", None),
            ("systemd:domain=INET:index=0", None),
        ):
            self.assertEqual(server_of(description), server, description)
