"""Tests of the command ``medappt-doctor``: options, start, SIGHUP and stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from twisted.application.service import MultiService
from twisted.logger import LogLevel
from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from medappt.doctor import service
from medappt.doctor.practice import IDoctorReactor, Practice, build_doctors
from medappt.doctor.service import Options, default_port, make_service, makeService
from medappt.role.startup import CannotStart
from tests.folders import temporary_folder
from tests.role.logs import listening_to_the_log
from tests.role.memory import MemoryPort, MemoryUDPReactor


class OptionsTests(SynchronousTestCase):
    """Options are coerced; what is not right ends the process with one line."""

    def parse(self, *words: str) -> Options:
        options = Options()
        options.parseOptions(list(words))
        return options

    def refusal(self, *words: str) -> str:
        with self.assertRaises(SystemExit) as caught:
            self.parse(*words)
        text = str(caught.exception.code)
        self.assertTrue(text.startswith("medappt-doctor: "), text)
        self.assertNotIn("\n", text)
        return text.removeprefix("medappt-doctor: ")

    def test_defaults(self) -> None:
        """A doctor without options has the port of its number, both loopback addresses and a
        list in ``data``, where the process was started."""
        self.assertEqual(
            list(self.parse("--id", "2").practices()),
            [
                Practice(
                    name="2",
                    prices_path=Path.cwd() / "data" / "doc2.txt",
                    port=42_000,
                    hosts=("127.0.0.1", "::1"),
                    optional_hosts=("::1",),
                    rate=200,
                )
            ],
        )

    def test_everything_given(self) -> None:
        """Every option says what it says; an address that was asked for is never optional."""
        words = "--id 7 --port 5000 --prices list.txt --rate 0 --listen-host ::1"
        self.assertEqual(
            list(self.parse(*words.split(), "--listen-host=192.0.2.1").practices()),
            [
                Practice(
                    name="7",
                    prices_path=Path.cwd() / "list.txt",
                    port=5_000,
                    hosts=("::1", "192.0.2.1"),
                    optional_hosts=(),
                    rate=0,
                )
            ],
        )

    def test_several(self) -> None:
        """Several doctors share directory, addresses and rate, and have ports and lists of their
        own."""
        one, two = self.parse("--id", "1,2", "--data", "/clinic", "--rate", "9").practices()
        self.assertEqual((one.name, one.port, one.rate), ("1", 41_000, 9))
        self.assertEqual((two.name, two.port, two.rate), ("2", 42_000, 9))
        self.assertEqual(two.prices_path, Path("/clinic/doc2.txt"))

    def test_an_address_given_twice(self) -> None:
        """An address is listened on once."""
        options = self.parse("--id", "1", "--listen-host", "::1", "--listen-host", "::1")
        self.assertEqual(options.hosts, ("::1",))

    def test_ids(self) -> None:
        """Numbers are 1 to 9999, each once."""
        for word in ("0", "10000", "", "1,", "1,,2", "one", "-1", "1,1", "1,01", "\u0661", "1 2"):
            self.assertEqual(
                self.refusal("--id", word),
                f"--id: expected numbers from 1 to 9999, each once, such as 2 or 1,2, not {word!r}",
            )

    def test_no_id(self) -> None:
        """A number is needed."""
        self.assertEqual(self.refusal(), "--id N is needed")

    def test_ports(self) -> None:
        """The port of a number is 40000 + 1000 x N, where there is such a port."""
        self.assertEqual([default_port(1), default_port(25)], [41_000, 65_000])
        self.assertEqual(
            self.refusal("--id", "26"),
            "doctor 26 has no default port (66000 is over 65535), give one with --port",
        )
        (practice,) = self.parse("--id", "26", "--port", "0").practices()
        self.assertEqual(practice.port, 0)

    def test_bad_values(self) -> None:
        """Every option refuses what is none of its values."""
        refused = {
            "--port": "--port: expected a port from 0 to 65535, not 'x'",
            "--rate": "--rate: expected a whole number, not 'x'",
            "--listen-host": "--listen-host: expected an IP address such as 127.0.0.1, not 'x'",
        }
        for option, complaint in refused.items():
            self.assertEqual(self.refusal("--id", "1", option, "x"), complaint)
        for option in ("--data", "--prices"):
            complaint = f"{option}: expected a path, not ''"
            self.assertEqual(self.refusal("--id", "1", option, ""), complaint)

    def test_for_one_doctor(self) -> None:
        """A port and a price list belong to one doctor, and a list has one place."""
        for option in ("port", "prices"):
            self.assertEqual(
                self.refusal("--id", "1,2", f"--{option}", "1"),
                f"--{option} is for one --id only",
            )
        self.assertEqual(
            self.refusal("--id", "1", "--data", "d", "--prices", "p"),
            "either --data or --prices, not both",
        )

    def test_pid_file(self) -> None:
        """Doctors of one directory have pid files of their own."""
        for word, name in (("2", "medappt-doctor-2.pid"), ("1,2", "medappt-doctor-1-2.pid")):
            options = Options()
            options.parent = usage.Options()
            options.parent["pidfile"] = "twistd.pid"
            options.parseOptions(["--id", word])
            self.assertEqual(options.parent["pidfile"], name)

    def test_help(self) -> None:
        """The help names every option."""
        text = str(Options())
        for option in ("--id", "--port", "--data", "--prices", "--rate", "--listen-host"):
            self.assertIn(option, text)


class ServiceTests(SynchronousTestCase):
    """A doctor's process, with a reactor and files of its own."""

    def setUp(self) -> None:
        self.reactor = MemoryUDPReactor()
        self.data = temporary_folder(self)
        self.write(1, "gold 30")
        self.write(2, "gold 40\nsilver 20.50")
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)

    def write(self, number: int, text: str) -> None:
        (self.data / f"doc{number}.txt").write_text(text)

    def make(self, *words: str) -> MultiService:
        options = Options()
        options.parseOptions([*words, "--data", str(self.data)])
        return make_service(options, IDoctorReactor(self.reactor, self.reactor))

    def refusal(self, *words: str) -> str:
        with self.assertRaises(SystemExit) as caught:
            self.make(*words)
        return str(caught.exception.code)

    def ask(self, port: MemoryPort, datagram: bytes = b"gold") -> list[bytes]:
        port.receive(datagram)
        return port.replies()

    def test_listens_at_once(self) -> None:
        """The ports are open before the service starts, on both loopback addresses."""
        self.make("--id", "1,2")
        self.assertEqual(
            [(port.host, port.port) for port in self.reactor.udp_ports],
            [("127.0.0.1", 41_000), ("::1", 41_000), ("127.0.0.1", 42_000), ("::1", 42_000)],
        )

    def test_tells_its_ports(self) -> None:
        """Each doctor tells each of its real ports when it starts."""
        parent = self.make("--id", "1", "--port", "0")
        with listening_to_the_log() as told:
            parent.startService()
        self.assertEqual(
            told.texts(),
            [
                "Phase3: Doctor1 has a static UDP port 49152 and IP Address 127.0.0.1",
                "Phase3: Doctor1 has a static UDP port 49153 and IP Address ::1",
            ],
        )
        self.successResultOf(parent.stopService())

    def test_each_its_list(self) -> None:
        """Each doctor answers from its own list, from the port that was asked."""
        self.make("--id", "1,2")
        replies = [self.ask(port) for port in self.reactor.udp_ports]
        self.assertEqual(replies, [[b"30"], [b"30"], [b"40"], [b"40"]])

    def test_one_rate(self) -> None:
        """The limit is one of the doctor, over all of its ports."""
        self.make("--id", "1", "--rate", "3")
        one, two = self.reactor.udp_ports
        replies = [self.ask(port) for port in (one, two, one, two, one)]
        self.assertEqual(replies, [[b"30"]] * 3 + [[], []])

    def test_words_are_held_by_the_port(self) -> None:
        """A name and a plan that went to two addresses are no pair."""
        self.make("--id", "1")
        one, two = self.reactor.udp_ports
        self.assertEqual(self.ask(one, b"bob"), [])
        self.assertEqual(self.ask(two), [b"30"])
        self.reactor.pump([0.3, 0])
        self.assertEqual(one.replies(), [b"unknown"])

    def test_without_ipv6(self) -> None:
        """A machine without IPv6 has a doctor all the same, unless IPv6 was asked for."""
        self.reactor.missing.add("::1")
        self.make("--id", "1")
        self.assertEqual([port.host for port in self.reactor.udp_ports], ["127.0.0.1"])
        self.assertEqual(
            self.refusal("--id", "1", "--listen-host", "::1"),
            "medappt-doctor: cannot listen on UDP ::1 port 41000: Cannot assign requested address",
        )

    def test_busy(self) -> None:
        """A busy port ends the process, and nothing listens any more."""
        self.reactor.busy.add(("::1", 41_000))
        self.assertEqual(
            self.refusal("--id", "1"),
            "medappt-doctor: cannot listen on UDP ::1 port 41000: Address already in use",
        )
        self.assertEqual([port.is_listening for port in self.reactor.udp_ports], [False])

    def test_no_address_left(self) -> None:
        """A doctor without an address is none."""
        self.reactor.missing.add("::1")
        practice = Practice(name="1", prices_path=self.data / "doc1.txt", port=0, hosts=("::1",))
        with self.assertRaises(CannotStart) as caught:
            build_doctors(IDoctorReactor(self.reactor, self.reactor), [practice])
        self.assertEqual(str(caught.exception), "Doctor1 has no address to listen on")

    def test_missing_list(self) -> None:
        """A list that is not there ends the process before any doctor listens."""
        self.assertEqual(
            self.refusal("--id", "1,3"),
            f"medappt-doctor: {self.data.absolute()}/doc3.txt: No such file or directory",
        )
        self.assertEqual(self.reactor.udp_ports, [])

    def test_broken_list(self) -> None:
        """A broken list is named with its line."""
        self.write(2, "gold 40\nsilver cheap\n")
        self.assertIn("doc2.txt, line 2: expected PLAN AMOUNT", self.refusal("--id", "1,2"))
        self.assertEqual(self.reactor.udp_ports, [])

    def hang_up(self) -> list[tuple[str, str]]:
        """SIGHUP: level and text of what it made the process log."""
        with listening_to_the_log() as told:
            os.kill(os.getpid(), signal.SIGHUP)
            self.reactor.advance(0)
        return [
            (level.name, text)
            for level in (LogLevel.info, LogLevel.error)
            for text in told.texts(level)
        ]

    def test_sighup(self) -> None:
        """SIGHUP reads every list again; each good one is told in a line, and in force."""
        parent = self.make("--id", "1,2")
        parent.startService()
        self.write(1, "gold 31\nsilver 7\n")
        told = self.hang_up()
        path = self.data.absolute() / "doc1.txt"
        self.assertEqual(len(told), 2)
        self.assertEqual(told[0], ("info", f"Doctor1 has a new price list of 2 plans from {path}"))
        replies = [self.ask(port) for port in self.reactor.udp_ports]
        self.assertEqual(replies, [[b"31"], [b"31"], [b"40"], [b"40"]])
        with listening_to_the_log() as heard:
            self.reactor.advance(1)
            self.ask(self.reactor.udp_ports[0])
        self.assertIn("PLAN   AMOUNT\ngold   31\nsilver 7", heard.texts())
        self.successResultOf(parent.stopService())

    def test_sighup_with_a_broken_list(self) -> None:
        """A broken or missing list is refused with file and line; the old one stays in force,
        and other doctors get their new ones."""
        parent = self.make("--id", "1,2")
        parent.startService()
        one, two = self.data.absolute() / "doc1.txt", self.data.absolute() / "doc2.txt"
        self.write(1, "gold 31\ngold 32\n")
        two.unlink()
        self.assertEqual(
            self.hang_up(),
            [
                (
                    "error",
                    "Doctor1 keeps the price list it has:"
                    f" {one}, line 2: expected plan gold only once",
                ),
                (
                    "error",
                    f"Doctor2 keeps the price list it has: {two}: No such file or directory",
                ),
            ],
        )
        replies = [self.ask(port) for port in self.reactor.udp_ports]
        self.assertEqual(replies, [[b"30"], [b"30"], [b"40"], [b"40"]])
        self.write(2, "gold 41")
        self.hang_up()
        self.assertEqual(self.ask(self.reactor.udp_ports[2]), [b"41"])
        self.successResultOf(parent.stopService())

    def test_stop(self) -> None:
        """A stopped process has closed its ports, told its totals and left no timer behind."""
        parent = self.make("--id", "1", "--rate", "25")
        parent.startService()
        for _ in range(30):
            self.ask(self.reactor.udp_ports[0])
        self.ask(self.reactor.udp_ports[1], b"")
        self.reactor.udp_ports[1].receive(b"lead", ("192.0.2.9", 1))
        with listening_to_the_log() as told:
            self.successResultOf(parent.stopService())
        self.assertEqual([port.is_listening for port in self.reactor.udp_ports], [False, False])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(
            told.texts(),
            [
                "Doctor1 dropped 5 in all: over the limit of requests a second from one address.",
                "Doctor1 dropped 1 in all: without a text of 1 to 256 bytes in at most 2,048.",
                "27 sentences were left out: more than 50 in a second.",
            ],
        )

    def test_make_service(self) -> None:
        """twistd's call uses the process's reactor."""
        seen: list[object] = []
        self.patch(service, "make_service", lambda options, reactor: seen.append(reactor))
        makeService(Options())
        from twisted.internet import reactor  # importing it installs it

        self.assertEqual(seen, [reactor])
