"""Tests of what a probe is answered with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.wire.envelope import HIGHEST, RANDOM_BYTES, Incarnation
from medappt.wire.probes import PROBE, Echo, format_echo, parse_echo

counts = st.integers(0, HIGHEST)
milliseconds = st.integers(0, 2**48 // 1000).map(lambda count: timedelta(milliseconds=count))
echoes = st.builds(
    Echo,
    run=st.builds(
        Incarnation, boot=counts, random=st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
    ),
    number=counts,
    instant=milliseconds.map(lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since),
    highest=st.none() | counts,
)
LONGEST = Echo(
    run=Incarnation(boot=HIGHEST, random=bytes(RANDOM_BYTES)),
    number=HIGHEST,
    instant=datetime(9999, 12, 31, tzinfo=UTC),
    highest=HIGHEST,
)


class EchoTests(SynchronousTestCase):
    @settings(deadline=None)
    @given(echoes)
    def test_both_ways(self, echo: Echo) -> None:
        """Every echo is read as it was written."""
        self.assertEqual(parse_echo(format_echo(echo)), echo)

    def test_no_longer(self) -> None:
        """No answer is longer than the question: nobody is flooded by forged questions."""
        self.assertLessEqual(len(format_echo(LONGEST)), len(PROBE))

    @settings(deadline=None)
    @given(st.binary(max_size=200) | st.text().map(str.encode))
    def test_rubbish(self, payload: bytes) -> None:
        """Whatever else comes is none."""
        self.assertIsNone(parse_echo(payload))

    def test_almost(self) -> None:
        """Neither is what has another form, or values that no echo has."""
        good = format_echo(LONGEST).decode()
        instant = str(LONGEST.instant.timestamp() * 1000).removesuffix(".0")
        for text in (
            good + " ",
            good.replace(",", ", ", 1),
            good.replace(instant, "-1"),
            good.replace(instant, str(HIGHEST)),
            good.replace(instant, "1.5"),
            "[" + good + "]",
            "[1,2,3,4]",
            "7",
            " " * 129,
        ):
            self.assertIsNone(parse_echo(text.encode()), text)
        self.assertEqual(parse_echo(good.encode()), LONGEST)

    def test_what_cannot_travel(self) -> None:
        """An instant before the epoch is no value to send."""
        early = Echo(
            run=LONGEST.run, number=1, instant=datetime(1969, 1, 1, tzinfo=UTC), highest=None
        )
        with self.assertRaises(ValueError):
            format_echo(early)
