"""A visit that a test leads to the state it is about."""

from __future__ import annotations

from typing import Any

from medappt.patient.visit import Screen, Visit, VisitPlan
from tests.patient.fakes import (
    FakeCenter,
    FakeEndpoint,
    FakeNames,
    FakeNetwork,
    FakeServer,
    PatientCase,
    RecordingScreen,
)


class VisitCase(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.screen = RecordingScreen()
        self.network = FakeNetwork()
        self.names = FakeNames()
        self.endpoint = FakeEndpoint()
        self.center: FakeCenter | FakeServer | None = None

    def start(self, **changes: Any) -> None:
        fields = {"user": "patient1", "password": "password111", "insurance": "insurance1"}
        screen: Screen = self.screen
        self.visit = Visit(
            VisitPlan(**{**fields, **changes}),
            screen,
            self.endpoint.as_endpoint(),
            clock=self.clock,
            udp=self.network.as_udp(),
            names=self.names.as_names(),
        )
        self.running = self.visit.run()

    def meet(self, **changes: Any) -> FakeCenter:
        """Start, and be connected."""
        self.start(**changes)
        self.center = center = self.endpoint.accept()
        return center

    def log_in(self, **changes: Any) -> FakeCenter:
        center = self.meet(**changes)
        center.asked()
        center.says("success")
        return center

    def list_free(self, **changes: Any) -> FakeCenter:
        """Be asked for an index, or, with ``choose``, have asked for it."""
        center = self.log_in(**changes)
        center.asked()
        center.says("1 Tue 01pm", "2 Mon 03pm", ".")
        return center

    def select(self, **changes: Any) -> FakeCenter:
        center = self.list_free(**changes)
        if self.screen.asking is not None:
            self.screen.types("2")
        self.assertEqual(center.asked(), ["selection 2"])
        return center

    def reserve(self, **changes: Any) -> FakeCenter:
        """Be asked to leave."""
        center = self.select(**changes)
        center.says("doc2 42000")
        self.assertEqual(center.asked(), ["quit"])
        return center

    def ask_doctor(self, **changes: Any) -> None:
        self.reserve(**changes).says("bye")

    def told(self) -> list[object]:
        return [what[0] for what in self.screen.told]

    def assert_ended(self, kind: type[Exception]) -> Exception:
        """The visit failed so, and left nothing open and no timer."""
        failure = self.failure_of(self.running, kind)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([port for port in self.network.ports if port.is_open], [])
        if self.center is not None:
            self.assertTrue(self.center.transport.is_closed)
        return failure
