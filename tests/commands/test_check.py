"""``medappt check``: a line for everything a center starts with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorUDP

from medappt.commands import probing
from medappt.commands.reaching import Answered
from medappt.commands.world import World
from medappt.federation.service import FederationConfiguration
from medappt.samples import write_federation
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase
from tests.commands.scripted import SILENCE, ScriptedCase, ScriptedCenter
from tests.role.memory import MemoryUDPReactor
from tests.store.doubles import KEY

real_probe = probing.probe
HELP = "authenticate USER PASSWORD\nhelp\nquit\n."


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """What a peer has answered."""

    ahead: timedelta = timedelta(milliseconds=3)
    within: timedelta = timedelta(milliseconds=1)
    key: int = 0


class CheckCase(ScriptedCase):
    def setUp(self) -> None:
        super().setUp()
        write_federation(self.folder)
        self.config = self.folder / "MTL.toml"
        self.reactor: Any = MemoryUDPReactor()
        self.center = ScriptedCenter({"help": HELP})
        self.answers: dict[str, Peer | None] = {"QUE": Peer(), "SHE": Peer()}
        self.patch(probing, "probe", self.probe)
        self.busy_ports: set[int] = set()
        listen = self.reactor.listenTCP

        def listen_tcp(port: int, *arguments: Any, **named: Any) -> object:
            if port in self.busy_ports:
                error = OSError(98, "Address already in use")
                raise CannotListenError("127.0.0.1", port, error)
            return listen(port, *arguments, **named)

        self.patch(self.reactor, "listenTCP", listen_tcp)

    def world(self) -> World:
        return replace(super().world(), udp=cast(IReactorUDP, self.reactor))

    async def probe(
        self, world: World, configuration: FederationConfiguration
    ) -> Mapping[str, Answered | None]:
        self.assertEqual(configuration.peers["QUE"], ("127.0.0.1", 21110))
        return self.answers

    def check_peers(self, **answers: Peer | None) -> int:
        """With peers that answer so, or not."""
        self.answers.update(QUE=Peer(), SHE=Peer())
        self.answers |= answers
        return self.check()

    def check(self) -> int:
        return self.run_command("check", "--config", str(self.config))

    def of(self, subject: str) -> tuple[str, str]:
        """What is said of a subject: ok or fail, and why."""
        [line] = [each for each in self.told if each[6:].startswith(subject)]
        return line[:4].strip(), line[6:]

    def settings(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text, old
        self.config.write_text(text.replace(old, new))


class FilesTests(CheckCase):
    def test_all_right(self) -> None:
        """A line for each, all ok."""
        self.assertEqual(self.check(), 0)
        folder = self.folder
        self.assertEqual(
            self.told,
            [
                f"ok    settings: {self.config}: MTL, Physician, Surgeon, Dental",
                "ok    time zone: America/Toronto",
                f"ok    users: {folder}/MTL.users.txt: 4, 1 of them administrators",
                f"ok    availabilities: {folder}/MTL.availabilities.txt: 6 numbered slots",
                f"ok    key: {folder}/federation.key: the sample key, which everybody has: for this"
                " machine only",
                f"ok    store: {folder}/mtl.sqlite3: nothing yet, the first start makes it",
                "ok    listen tcp:21000:interface=127.0.0.1: free",
                "ok    federation UDP 127.0.0.1 port 21100: free",
                "ok    peer QUE: answers, its clock is 0.003 s ahead of ours",
                "ok    peer SHE: answers, its clock is 0.003 s ahead of ours",
            ],
        )
        self.assertFalse((folder / "mtl.sqlite3").exists())

    def test_settings(self) -> None:
        """Without settings there is nothing else to say; they must be named."""
        self.config.write_text("[center\n")
        self.assertEqual(self.check(), 1)
        [line] = self.told
        self.assertTrue(line.startswith(f"fail  settings: {self.config}: expected TOML"), line)
        self.assertEqual(self.run_command("check"), 2)
        self.environment["MEDAPPT_CONFIG"] = str(self.config)
        self.assertEqual(self.run_command("check"), 1)

    def test_users(self) -> None:
        """Users of another city, broken hashes and missing files fail."""
        users = self.folder / "MTL.users.txt"
        for text in ("QUEP2345 password\n", "MTLP2345 $argon2id$broken\n", "MTLP2345\n"):
            users.write_text(text)
            self.assertEqual(self.check(), 1)
            self.assertEqual(self.of("users")[0], "fail", text)
            self.assertEqual(self.of("store")[0], "ok")
        users.unlink()
        self.check()
        self.assertIn("No such file", self.of("users")[1])
        self.settings('users = "MTL.users.txt"\n', "")
        self.assertEqual(self.check(), 0)
        self.assertIn("nobody can log in", self.of("users")[1])

    def test_other_files(self) -> None:
        """So do broken availabilities and a time zone that is none."""
        (self.folder / "MTL.availabilities.txt").write_text("1 Tue\n")
        self.settings("America/Toronto", "Mars/Olympus")
        self.assertEqual(self.check(), 1)
        self.assertEqual(self.of("availabilities")[0], "fail")
        self.assertEqual(self.of("time zone")[0], "fail")
        self.assertEqual(self.of("federation")[0], "fail")

    def test_plain(self) -> None:
        """A center without a city has fewer lines."""
        self.environment["TZ"] = "UTC"
        self.config.write_text("[center]\n")
        self.assertEqual(self.check(), 0)
        subjects = [line[6:].split(":")[0] for line in self.told]
        self.assertEqual(
            subjects, ["settings", "time zone", "users", "store", "listen tcp", "listen tcp"]
        )

    def test_unprintable(self) -> None:
        """What a file says cannot move the cursor."""
        self.settings('"America/Toronto"', '"\\u001b[2J"')
        self.check()
        self.assertNotIn("\x1b", self.out.getvalue())


class KeyTests(CheckCase):
    def test_own(self) -> None:
        """A key of one's own, and two; open to others it fails."""
        path = self.folder / "federation.key"
        for told in ("one key", "two, one to be retired"):
            self.run_command("federation", "new-key", "--key-file", str(path))
            self.assertEqual(self.check(), 0)
            self.assertEqual(self.of("key"), ("ok", f"key: {path}: {told}"))
        os.chmod(path, 0o644)
        self.assertEqual(self.check(), 1)
        self.assertIn("open to other users", self.of("key")[1])

    def test_sample_elsewhere(self) -> None:
        """The sample key is for this machine only."""
        self.settings("127.0.0.1:21110", "192.0.2.1:21110")
        self.assertEqual(self.check(), 1)
        self.assertIn("loopback addresses only", self.of("key")[1])


class StoreTests(CheckCase):
    def test_revisions(self) -> None:
        """The newest, an older one, and none of ours."""
        store = Location(path=self.folder / "mtl.sqlite3")
        assert store.path is not None
        migrate(store)
        self.check()
        self.assertIn("the newest", self.of("store")[1])
        database = SQLiteDatabase.open(store, KEY)
        database._raw.execute("UPDATE alembic_version SET version_num = '0001'")
        database.close()
        self.assertEqual(self.check(), 0)
        self.assertIn("revision 0001, the next start brings it to", self.of("store")[1])
        store.path.write_bytes(b"no database at all" * 100)
        self.assertEqual(self.check(), 1)
        self.assertIn("is no database", self.of("store")[1])

    def test_in_use(self) -> None:
        """A store in use is not looked into."""
        store = Location(path=self.folder / "mtl.sqlite3")
        migrate(store)
        database = SQLiteDatabase.open(store, KEY)
        self.addCleanup(database.close)
        self.assertEqual(self.check(), 0)
        self.assertIn("in use, as by the center that runs", self.of("store")[1])


class PortTests(CheckCase):
    def test_running(self) -> None:
        """The ports of a center that runs are in use, and it answers."""
        self.busy_ports.add(21000)
        self.reactor.busy.add(("127.0.0.1", 21100))
        self.assertEqual(self.check(), 0)
        self.assertEqual(
            self.of("listen")[1], "listen tcp:21000:interface=127.0.0.1: a health center answers"
        )
        self.assertIn("in use, as by the center that answers", self.of("federation")[1])
        self.assertEqual(self.center.asked, ["help"])
        self.assertTrue(self.center.connections[0].transport.is_closed)

    def test_taken(self) -> None:
        """A port that somebody else has fails, whatever they say."""
        self.busy_ports.add(21000)
        for answer in ("nonsense\n.", "error busy later", SILENCE, "."):
            self.center = ScriptedCenter({"help": answer})
            self.assertEqual(self.check(), 1)
            self.assertEqual(self.of("listen")[0], "fail")
        self.center.is_down = True
        self.assertEqual(self.check(), 1)
        self.assertIn("Address already in use", self.of("listen")[1])

    def test_federation_taken(self) -> None:
        """So does the federation's, if no center runs."""
        self.reactor.busy.add(("127.0.0.1", 21100))
        self.assertEqual(self.check(), 1)
        self.assertEqual(self.of("federation")[0], "fail")

    def test_kinds(self) -> None:
        """What cannot be opened without a trace is left alone; nonsense fails."""
        self.settings('"tcp:21000:interface=127.0.0.1"', '["unix:x.sock", "tcp:x", "nonsense"]')
        self.assertEqual(self.check(), 1)
        self.assertIn("not looked at", self.of("listen unix")[1])
        self.assertEqual(self.of("listen tcp:x")[0], "fail")
        self.assertIn("not looked at", self.of("listen nonsense")[1])

    def test_tls(self) -> None:
        """Where only TLS could answer nobody is asked."""
        self.settings('"tcp:21000:interface=127.0.0.1"', '"ssl:21000:privateKey=nowhere.pem"')
        self.assertEqual(self.check(), 1)
        self.assertEqual(self.center.connections, [])


class PeerTests(CheckCase):
    """How peers answer."""

    def test_answers(self) -> None:
        """Who answers, and how far their clock is apart."""
        self.assertEqual(self.check_peers(SHE=Peer(ahead=timedelta(seconds=-2))), 0)
        self.assertIn("answers, its clock is 0.003 s ahead of ours", self.of("peer QUE")[1])
        self.assertIn("answers, its clock is 2.000 s behind ours", self.of("peer SHE")[1])

    def test_apart(self) -> None:
        """Clocks that are too far apart fail; as far as was measured."""
        seconds = timedelta(seconds=10, milliseconds=5)
        self.assertEqual(self.check_peers(QUE=Peer(ahead=seconds)), 1)
        self.assertEqual(self.of("peer QUE")[0], "fail")
        self.assertEqual(self.check_peers(QUE=Peer(ahead=seconds, within=timedelta(seconds=1))), 0)

    def test_old_key(self) -> None:
        """Who has only the key that is being retired is told."""
        self.assertEqual(self.check_peers(QUE=Peer(key=1)), 0)
        self.assertIn("only the key that is to be retired", self.of("peer QUE")[1])

    def test_silent(self) -> None:
        """Who does not answer fails."""
        self.assertEqual(self.check_peers(SHE=None), 1)
        self.assertEqual(self.of("peer SHE")[0], "fail")

    def test_cannot(self) -> None:
        """Where nobody can be asked it is said why."""

        self.patch(probing, "probe", real_probe)
        self.reactor.missing.add("127.0.0.1")
        self.assertEqual(self.check(), 1)
        self.assertIn("peers cannot be asked from 127.0.0.1: ", self.of("peers")[1])

    def test_asked(self) -> None:
        """Each is sent sealed datagrams, from the address the center has; who does not answer is
        waited for a few seconds."""
        self.patch(probing, "probe", real_probe)
        self.assertEqual(self.check(), 1)
        port = self.reactor.udp_ports[-1]
        self.assertEqual(port.host, "127.0.0.1")
        self.assertEqual(
            {to for _, to in port.written}, {("127.0.0.1", 21110), ("127.0.0.1", 21120)}
        )
        self.assertEqual([self.of(f"peer {city}")[0] for city in ("QUE", "SHE")], ["fail"] * 2)
        self.assertFalse(port.is_listening)
