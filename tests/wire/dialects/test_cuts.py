"""Every dialogue, every cut, pauses below and above the silence limits.

What a client means is its list of requests; what the server hears must be that list, however the
bytes are cut and however long the pauses between them are. Only where the part of a request before
a cut is a request itself (``authenticate u p`` of ``authenticate u password``) no listener can
tell a long pause from the end: there the pauses are short ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.dialects.hearing import LONG, MIDDLE, SHORT, Hearing

WORDS = {b"authenticate": 3, b"selection": 2, b"cancel": 2, b"patients": 2}
TAILS = (b"", b"\0", b"\0" * 40, b"ccess\0cate\0\n\0", b"\n\nen\x7f\xff\n1 p\0", b"\0\n2\n\0av\0")
"""What may stand behind a NUL; all end so that the next record begins behind a NUL."""

HEAPS = (b"", b"\x01\xf0\x7f", b"\xff\n\x02", b"@\x08\0\0", b"\0" * 15)

words = st.text("abcXYZ019.-_", min_size=1, max_size=6).map(str.encode)
users = words.map(b"u".__add__)  # no keyword, and no beginning of one
logins = st.builds(lambda user, password: b"authenticate %s %s" % (user, password), users, words)
requests = st.one_of(
    st.sampled_from([b"available", b"AVAILABLE", b"slots", b"schedule", b"help", b"quit"]),
    st.integers(0, 120).map(lambda index: b"selection %d" % index),
    st.integers(1, 99).map(lambda index: b"cancel %d" % index),
)
tagged = requests.map(b"@t ".__add__)


@dataclass(frozen=True)
class Sent:
    """A request as it is sent: ``ends`` is what stands behind its text."""

    text: bytes
    ends: bytes


@dataclass(frozen=True)
class Segment:
    data: bytes
    pause: float


def is_whole(part: bytes) -> bool:
    """Whether this could be all of a request."""
    parts = part.split()
    if not parts:
        return False
    keyword = parts[0].lower()
    known = (*WORDS, b"available", b"slots", b"schedule", b"help", b"quit")
    if keyword.startswith(b"@"):
        return False  # a tag: only its LF ends it
    if keyword in known:
        return len(parts) >= WORDS.get(keyword, 1)
    if len(parts) > 1:
        return True
    return not any(word.startswith(keyword) for word in known)


@st.composite
def cut(draw: st.DrawFn, sent: list[Sent], heap: bytes = b"") -> list[Segment]:
    """Segments and pauses of a dialogue. Behind a request that has no end the pause is long; behind
    the heap's bytes, until the keyword of the login is there, it is short; and between LF and NUL
    there is none: they are sent at once."""
    data = bytearray(heap)
    ambiguous = set(range(len(heap) + len(b"authenticate ")) if heap else ())
    must_pause = set()
    for request in sent:
        parts = range(1, len(request.text))
        ambiguous |= {len(data) + at for at in parts if is_whole(request.text[:at])}
        data += request.text + request.ends
        if not request.ends:
            must_pause.add(len(data))
    is_bytewise = draw(st.integers(0, 9)) == 0
    places = range(1, len(data))
    chosen = set(places) if is_bytewise else draw(st.sets(st.sampled_from(places), max_size=12))
    ends = sorted(chosen | must_pause | {len(data)})
    segments = []
    start = 0
    for end in ends:
        pauses = [0.0, SHORT, MIDDLE, LONG]
        if end in must_pause:
            pauses = [LONG]
        elif data[end - 1 : end + 1] == b"\n\0" and end > len(heap):
            pauses = [0.0]
        elif end in ambiguous:
            pauses = [0.0, SHORT]
        segments.append(Segment(bytes(data[start:end]), draw(st.sampled_from(pauses))))
        start = end
    return segments


def heard(segments: list[Segment]) -> Hearing:
    hearing = Hearing()
    for segment in segments:
        hearing.send(segment.data).wait(segment.pause)
    return hearing


class CutTests(SynchronousTestCase):
    """No request is lost, split, merged or heard twice."""

    def check(self, segments: list[Segment], expected: list[bytes], answer: bytes) -> None:
        hearing = heard(segments)
        self.assertIsNone(hearing.ending)
        self.assertEqual(hearing.requests, expected)
        self.assertEqual(hearing.answer, answer)
        self.assertIsNone(hearing.listener.pause)

    @given(st.data(), logins, st.lists(requests, max_size=4), st.sampled_from(HEAPS))
    @settings(deadline=None, max_examples=300)
    def test_with_NULs(
        self, data: st.DataObject, login: bytes, others: list[bytes], heap: bytes
    ) -> None:
        """Texts and records with whatever stands behind their NUL."""
        texts = [login, *others]
        sent = [Sent(text, b"\0" + data.draw(st.sampled_from(TAILS))) for text in texts]
        self.check(data.draw(cut(sent, heap)), texts, b"success\0")

    @given(st.data(), logins, st.lists(requests, max_size=4))
    @settings(deadline=None, max_examples=200)
    def test_with_LF_and_NUL(self, data: st.DataObject, login: bytes, others: list[bytes]) -> None:
        """What ``fgets`` kept is sent with the text."""
        texts = [login, *others]
        sent = [Sent(text, b"\n\0" + data.draw(st.sampled_from(TAILS))) for text in texts]
        self.check(data.draw(cut(sent)), texts, b"success\0")

    @given(st.data(), logins, st.lists(requests, max_size=4), st.booleans())
    @settings(deadline=None, max_examples=300)
    def test_exact_length(
        self, data: st.DataObject, login: bytes, others: list[bytes], is_capital: bool
    ) -> None:
        """Only silence ends a request, and the client waits for its answer."""
        first = b"A" + login[1:] if is_capital else login
        texts = [first, *others]
        answer = b"SUCCESS" if is_capital else b"success"
        self.check(data.draw(cut([Sent(text, b"") for text in texts])), texts, answer)

    @given(st.data(), users, words, st.lists(requests | st.just(b"7"), max_size=4))
    @settings(deadline=None, max_examples=300)
    def test_bare(
        self, data: st.DataObject, user: bytes, password: bytes, others: list[bytes]
    ) -> None:
        """By silence and by LF, one or the other."""
        texts = [b"%s %s" % (user, password), *others]
        end = data.draw(st.sampled_from([b"", b"\n", b"\r\n"]))
        expected = [b"authenticate " + texts[0]]
        has_said_selection = False
        for text in others:
            has_said_selection |= text.startswith(b"selection")
            is_index = text.isdigit() and not has_said_selection
            expected.append(b"selection " + text if is_index else text)
        self.check(data.draw(cut([Sent(text, end) for text in texts])), expected, b"Success")

    @given(st.data(), st.lists(logins | requests, min_size=1, max_size=5))
    @settings(deadline=None, max_examples=300)
    def test_lines(self, data: st.DataObject, texts: list[bytes]) -> None:
        """Whatever the pauses, once the first line is whole; a login must not be paused in where
        it could be one of *packet*."""
        end = data.draw(st.sampled_from([b"\n", b"\r\n"]))
        segments = data.draw(cut([Sent(text, end) for text in texts]))
        if texts[0].lower().startswith(b"authenticate"):
            # three words and a pause before the LF are a packet
            count = 0
            for number, segment in enumerate(segments):
                count += len(segment.data)
                if count >= len(texts[0]) + len(end):
                    break
                segments[number] = Segment(segment.data, min(segment.pause, SHORT))
        self.check(segments, texts, b"success\n")

    @given(st.data(), st.lists(tagged | requests, max_size=3), logins, st.booleans())
    @settings(deadline=None, max_examples=200)
    def test_lines_before_a_login(
        self, data: st.DataObject, before: list[bytes], login: bytes, is_tagged: bool
    ) -> None:
        """The first one tagged: they are requests, and no rubbish before the login."""
        texts = [b"@t1 help", *before, b"@u " + login if is_tagged else login]
        self.check(data.draw(cut([Sent(text, b"\n") for text in texts])), texts, b"success\n")

    @given(st.data(), logins, st.lists(requests, min_size=1, max_size=4))
    @settings(deadline=None, max_examples=200)
    def test_dirty_records(self, data: st.DataObject, login: bytes, others: list[bytes]) -> None:
        """Of 100 bytes, once one has come alone: what is behind a NUL need not end in one."""
        tail = data.draw(st.sampled_from([b"ccess\0cate\0\n", b"\x7f", b"\0\n\n1 p\0en"]))
        texts = [login, *others]
        sent = [Sent(text, b"\0" + (tail * 100)[: 99 - len(text)]) for text in texts]
        segments = data.draw(cut(sent[1:]))
        first = Segment(sent[0].text + sent[0].ends, data.draw(st.sampled_from([0.0, MIDDLE])))
        self.check([first, *segments], texts, b"success\0")


class RubbishTests(SynchronousTestCase):
    """Whatever comes, a listener says what it comes to, and keeps little of it."""

    @given(
        st.lists(
            st.tuples(
                st.one_of(
                    st.binary(max_size=80),
                    st.sampled_from(
                        [b"authenticate a b", b"Authenticate a b\0", b"a b\n", b"\0", b"\n", b"2"]
                    ),
                    st.integers(1, 5_000).map(lambda size: b"x" * size),
                    st.integers(1, 5_000).map(lambda size: b"\x01" * size),
                ),
                st.sampled_from([0.0, SHORT, MIDDLE, LONG]),
            ),
            max_size=12,
        )
    )
    @settings(deadline=None, max_examples=500)
    def test_anything(self, sent: list[tuple[bytes, float]]) -> None:
        """No error, no empty request, no line end or NUL in one, no timer without a message."""
        hearing = Hearing()
        for data, pause in sent:
            before = len(hearing.requests)
            hearing.send(data).wait(pause)
            for request in hearing.requests[before:]:
                self.assertTrue(request.strip(b" \t\r\n") or hearing.lines is not None)
                if hearing.lines is None:
                    self.assertNotIn(b"\n", request)
            if pause == LONG and hearing.ending is None:
                self.assertIsNone(hearing.listener.pause)
