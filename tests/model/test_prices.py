"""Tests of price lists."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.prices import PriceList, is_amount


class AmountTests(SynchronousTestCase):
    """An amount is digits, with two more behind a point or none."""

    def test_amounts(self) -> None:
        """Whole amounts and those with cents."""
        for text in ("0", "30", "30.50", "999999999", "999999999.99", "007"):
            self.assertTrue(is_amount(text), text)

    def test_no_amounts(self) -> None:
        """Anything else is none: a patient would read another price than was meant."""
        for text in (
            *("", "30.5", "30.500", "30.", ".50", "-30", "+30", "1,000", "1e3", "$30", " 30"),
            *("30 ", "30\n", "1000000000", "\u0663\u0660", "nan"),
        ):
            self.assertFalse(is_amount(text), text)


class PriceListTests(SynchronousTestCase):
    """A doctor's prices, plan by plan."""

    def test_estimate(self) -> None:
        """The amount is the text of the list; there is none for a plan it does not hold."""
        prices = PriceList({"insurance1": "30.50", "free": "0"})
        self.assertEqual(prices.estimate("insurance1"), "30.50")
        self.assertEqual(prices.estimate("free"), "0")
        self.assertIsNone(prices.estimate("Insurance1"))

    def test_empty(self) -> None:
        """A list may be empty."""
        self.assertIsNone(PriceList().estimate("insurance1"))
