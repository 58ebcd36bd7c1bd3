"""The outbox: letters arrive, however many there are and however long a peer is down."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import LogLevel, capturedLogs

from medappt.federation import letters as sending
from medappt.federation.letters import SILENT_SECONDS
from medappt.federation.pace import MOST_AT_ONCE
from medappt.model.ids import RecordIds
from medappt.model.records import Verb
from medappt.store.connection import Connection
from medappt.store.outbox import Letter, oldest_letters, post
from medappt.store.places import release_place
from tests.federation.federated import FederatedCase, Hospital, person
from tests.federation.network import ADDRESSES, Weather
from tests.store.cities import name
from tests.store.reading import letters


class LetterTests(FederatedCase):
    def post(self, home: Hospital, peer: str, verb: Verb, record: str) -> None:
        home.do(post, peer, verb, record)

    def test_many(self) -> None:
        """Hundreds of letters to a peer that was down all arrive; those for a peer that is
        configured no more are kept."""
        ids = RecordIds("MTL", 1, b"\x01\x02")
        for _ in range(200):
            self.post(self.mtl, "QUE", Verb.RELEASE, ids())
        self.post(self.mtl, "TOR", Verb.RELEASE, ids())
        self.run_for(65, 0.1)
        self.assertEqual([letter.peer for letter in self.mtl.do(letters)], ["TOR"])

    def test_lost(self) -> None:
        """A place that its owner has lost, though the record is active, is cause for alarm."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        [record] = self.mtl.records("MTLP0001")
        self.que.do(release_place, record.id)
        self.post(self.mtl, "QUE", Verb.CONFIRM, record.id)
        with capturedLogs() as events:
            self.run_for(65, 0.1)
        alarms = [event["record"] for event in events if event["log_level"] is LogLevel.critical]
        self.assertEqual(alarms, [record.id])
        self.assertEqual(self.mtl.do(letters), [])

    def test_waits_no_more(self) -> None:
        """Who cancels while they wait is offered nothing."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        self.result(self.que.city.remove(name("QUEA100227")), 3)
        [record] = self.mtl.records("MTLP0001")
        self.result(self.mtl.city.cancel(person("MTLP0001"), record.name.code))
        self.run_for(1)
        self.add("QUEA110227")
        self.run_for(3)
        self.assertEqual(self.schedule("MTLP0001"), [])
        self.assert_agreement()


class SilentPeerTests(FederatedCase):
    """QUE is down, and hundreds of letters wait for it."""

    def setUp(self) -> None:
        super().setUp()
        self.rows: list[int] = []
        self.patch(sending, "oldest_letters", self.reading)
        self.que.crash()
        ids = RecordIds("MTL", 1, b"\x01\x02")
        self.mtl.do(self.post_many, [ids() for _ in range(500)])
        self.add("MTLA100227", 9)  # wakes what sends them

    def post_many(self, connection: Connection, records: Sequence[str]) -> None:
        for record in records:
            post(connection, "QUE", Verb.RELEASE, record)

    def reading(self, connection: Connection, cities: Sequence[str], most: int) -> list[Letter]:
        found = oldest_letters(connection, cities, most)
        self.rows.append(len(found))
        return found

    def sent_to_que(self) -> int:
        return len([each for each in self.network.take() if each.to == ADDRESSES["QUE"]])

    def test_few_datagrams(self) -> None:
        """Once it has been silent for a while, one letter finds out when it is back."""
        self.run_for(SILENT_SECONDS + 1, 0.1)
        self.assertGreater(self.sent_to_que(), MOST_AT_ONCE)
        self.run_for(60, 0.1)
        self.assertLessEqual(self.sent_to_que(), 24)

    def test_local_bookings(self) -> None:
        """What is booked at home meanwhile reads none of the letters, and nothing ever reads
        more than can be under way."""
        self.run_for(20, 0.1)
        self.assertLessEqual(max(self.rows), MOST_AT_ONCE)
        self.rows.clear()
        for number in range(9):
            self.booked(f"MTLP000{number}", "MTLA100227")
        self.assertEqual(sum(self.rows), 0)

    def test_nobody_answers(self) -> None:
        """While every peer is silent nothing is read at all."""
        self.she.crash()
        self.mtl.do(post, "SHE", Verb.RELEASE, "MTL-1-0102-999")
        self.add("MTLA110227")
        self.run_for(30, 0.1)
        self.rows.clear()
        self.add("MTLA120227")
        self.assertEqual(self.rows, [])

    def test_other_peers(self) -> None:
        """Letters to another peer arrive at once, though older ones wait."""
        self.run_for(20, 0.1)
        self.add("SHEA100227")
        self.booked("MTLP0001", "SHEA100227")
        self.run_for(1)
        self.assertEqual({letter.peer for letter in self.mtl.do(letters)}, {"QUE"})
        self.assertEqual(self.she.taken("SHEA100227"), 1)

    def test_back(self) -> None:
        """When it is back all arrive, soon."""
        self.run_for(60, 0.1)
        self.assertEqual(len(self.mtl.do(letters)), 500)
        self.que.start()
        self.run_for(12, 0.05)
        self.assertEqual(self.mtl.do(letters), [])

    def test_disk(self) -> None:
        """What is answered while the disk is full is struck out as soon as it can be."""
        self.run_for(20, 0.1)
        self.que.start()
        self.network.weather = Weather(delay=0.2)
        while len(self.mtl.do(letters)) > 250:
            self.run_for(0.01, 0.01)
        self.mtl.worker.fails = True
        self.run_for(20, 0.1)
        self.assertGreater(len(self.mtl.do(letters)), 0)
        self.mtl.worker.fails = False
        self.run_for(20, 0.1)
        self.flushLoggedErrors()
        self.assertEqual(self.mtl.do(letters), [])
