"""The values of an audit."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.audit import DONE, AuditHead, AuditVerb, requested
from medappt.model.origins import CENTER, IMPORT, of_peer
from medappt.model.refusals import Code


class VerbTests(SynchronousTestCase):
    def test_requested(self) -> None:
        """A request's keyword is its verb, in any case; whatever else somebody typed, a password
        or a verb of the center's own, is not kept."""
        for word in "selection book cancel swap add remove list schedule patients".split():
            self.assertEqual(requested(word).value, word)
            self.assertEqual(requested(word.upper()).value, word)
        for word in ("", "secret", "move", "preview", "request", "authenticate"):
            self.assertIs(requested(word), AuditVerb.REQUEST)

    def test_outcomes(self) -> None:
        """No code of a refusal is taken for an effect."""
        self.assertNotIn(DONE, {code.value for code in Code})


class OriginTests(SynchronousTestCase):
    def test_no_users(self) -> None:
        """Who is no user has no role, and says where it is from."""
        self.assertEqual({each.role for each in (CENTER, IMPORT, of_peer("QUE"))}, {None})
        self.assertEqual((of_peer("QUE").actor, of_peer("QUE").source), ("QUE", "federation QUE"))
        self.assertEqual((CENTER.source, IMPORT.source), ("center", "import"))


class HeadTests(SynchronousTestCase):
    def test_follows(self) -> None:
        """A head with a higher sequence can be later; the same, a lower one, and another mac of the
        same sequence cannot."""
        head = AuditHead(sequence=5, mac=bytes(32))
        self.assertTrue(AuditHead(sequence=6, mac=bytes(32)).follows(head))
        for sequence, mac in ((5, bytes(32)), (5, b"x" * 32), (4, bytes(32))):
            self.assertFalse(AuditHead(sequence=sequence, mac=mac).follows(head))
