"""What a purchase was worth is read exactly, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, note, purchase
from motfunnel.domain.funnel.value import (
    WHOLE,
    read_value,
    to_decimal,
    to_millionths,
    to_number,
    value_text,
)
from motfunnel.domain.signal import Signal
from motfunnel.errors import FunnelError

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "bought": [purchase(value="order.total", when={"kind": "!= test"}), note()],
        "paid": purchase("total"),
    },
    currency="EUR",
)


@given(st.integers(1 - 10**18, 10**18 - 1))
def test_whatever_has_18_digits_is_kept(millionths: int) -> None:
    """As a text, and as a number where a number of JSON holds it."""
    exact = to_decimal(millionths)
    assert exact * WHOLE == millionths
    assert read_value(str(exact)) == millionths
    assert read_value(f" {exact:+f}000 ") == millionths if "." in str(exact) else True
    assert read_value(to_number(millionths)) == millionths
    assert to_millionths(exact) == millionths


@pytest.mark.parametrize(
    ("given", "millionths"),
    [
        (0, 0),
        ("-0.0", 0),
        (40, 40 * WHOLE),
        (0.1, 100_000),
        ("1e3", 1000 * WHOLE),
        ("1.2500000000", 1_250_000),
        (".5", 500_000),
        ("5.", 5_000_000),
        (999_999_999_999, 999_999_999_999 * WHOLE),
        (10**12, None),
        ("0.0000001", None),
        (0.1 + 0.2, None),
        ("1,200.00", None),
        ("12 EUR", None),
        ("1e999999999999999999999", None),
        ("1e-999999999999999999999", None),
        ("٣", None),
        (True, None),
        ("NaN", None),
        ([4], None),
    ],
)
def test_what_is_a_value(given: Any, millionths: int | None) -> None:
    """A number of at most 12 digits before the point and 6 after it."""
    assert read_value(given) == millionths


def test_a_rule_reads_it() -> None:
    """A purchase carries it, a refund is a note that does; absent and blank say nothing."""
    read = FUNNEL.read("bought", {"order": {"total": "40.25"}, "kind": "web"})
    assert (read.signal, read.value) == (Signal.PURCHASE, 40_250_000)
    back = FUNNEL.read("paid", {"total": -3})
    assert (back.signal, back.value) == (Signal.NOTE, -3_000_000)
    for nothing in ({}, {"total": None}, {"total": " "}):
        assert FUNNEL.read("paid", nothing)[:2] == (Signal.PURCHASE, 0)
        assert FUNNEL.read("paid", nothing).value is None
    with pytest.raises(ValueError, match=r"value in property 'total' is '1,200\.00': no number"):
        FUNNEL.read("paid", {"total": "1,200.00"})
    assert FUNNEL.read_stored("paid", {"total": "1,200.00"}).signal is Signal.NOTE


def test_it_is_part_of_the_funnel() -> None:
    """It is written and read back, and makes another fingerprint."""
    assert FUNNEL.has_values
    written = FUNNEL.to_dict()
    assert written["rules"]["paid"] == [{"purchase": "total"}]
    assert written["currency"] == "EUR"
    assert Funnel.from_dict(written).fingerprint == FUNNEL.fingerprint
    plain = Funnel(stages=("visitor", "customer"), rules={"paid": purchase()})
    assert not plain.has_values
    assert "currency" not in plain.to_dict()
    valued = Funnel(stages=("visitor", "customer"), rules={"paid": purchase("total")})
    assert valued.fingerprint != plain.fingerprint


@pytest.mark.parametrize("currency", ["", "of thirteen l", " EUR", 7])
def test_a_currency_is_a_short_word(currency: Any) -> None:
    """The error names the key."""
    with pytest.raises(FunnelError, match="currency"):
        Funnel(stages=("visitor", "customer"), rules={}, currency=currency)


def test_for_people() -> None:
    """To hundredths, with the currency; sums of any size."""
    assert value_text(10**30 * WHOLE, "EUR").endswith("000.00 EUR")
    assert to_decimal(sum([10**18 - 1] * 20)) == Decimal("19999999999999.99998")
