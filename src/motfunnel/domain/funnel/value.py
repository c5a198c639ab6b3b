"""What a purchase was worth: a decimal number of the funnel's one currency, kept exactly.

Inside it is whole millionths, so that sums are those of integers, in whatever order they are made.
Knows no currency by name, and converts none.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from motfunnel.domain.funnel.condition import number

VERSION: Final = 1
"""How values are read: part of a funnel's fingerprint, so that contacts are folded anew."""

WHOLE: Final = 1_000_000
"""How many of what is kept make one of the currency."""

_BEFORE: Final = 12  # digits before the point
AFTER: Final = 6
"""Digits after the point."""
_WIDE: Final = Context(prec=200)  # no sum of values is longer
_EXACT: Final = 15  # digits that a number of JSON holds in whatever program reads it


def read_value(given: object) -> int | None:
    """Read a value in millionths; None for what is no such number.

    Taken is a number, or a text that writes one, of at most 12 digits before the point and 6 after.

    >>> read_value("40.25"), read_value(-3), read_value("1,200.00"), read_value(0.0000001)
    (40250000, -3000000, None, None)
    """
    if number(given) is None:
        return None
    try:
        sign, digits, exponent = Decimal(str(given).strip()).as_tuple()
    except InvalidOperation:  # an exponent of more digits than anybody can use
        return None
    while len(digits) > 1 and digits[-1] == 0:
        digits, exponent = digits[:-1], int(exponent) + 1
    if digits == (0,):
        return 0
    places = int(exponent)
    if places < -AFTER or len(digits) + places > _BEFORE:
        return None
    whole: int = int("".join(map(str, digits))) * 10 ** (places + AFTER)
    return -whole if sign else whole


def to_decimal(value: int) -> Decimal:
    """Give a value in the currency, without the zeros that it does not need.

    >>> to_decimal(40_250_000), to_decimal(-3_000_000)
    (Decimal('40.25'), Decimal('-3'))
    """
    whole, rest = divmod(abs(value), WHOLE)
    after = f"{rest:06}".rstrip("0")
    sign = "-" if value < 0 else ""
    return Decimal(f"{sign}{whole}.{after}" if after else f"{sign}{whole}")


def to_millionths(value: Decimal) -> int:
    """Take back what ``to_decimal`` has made.

    >>> to_millionths(Decimal("40.25"))
    40250000
    """
    return int(value.scaleb(AFTER, _WIDE))


def exact(value: Decimal | float) -> Decimal:
    """Give a value with all of its digits after the point; a float is rounded to as many.

    >>> exact(Decimal(3)), exact(2.5)
    (Decimal('3.000000'), Decimal('2.500000'))
    """
    return Decimal(value).quantize(Decimal(1).scaleb(-AFTER), context=_WIDE)


def to_number(value: int) -> int | float | str:
    """Give a value as JSON can carry it: a text where a number of JSON would not be exact.

    >>> to_number(40_250_000), to_number(3_000_000), to_number(999_999_999_999_999_999)
    (40.25, 3, '999999999999.999999')
    """
    exact = to_decimal(value)
    if len(exact.as_tuple().digits) > _EXACT:
        return str(exact)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def value_text(value: float, currency: str | None = None) -> str:
    """Write a value, rounded to hundredths, for people.

    >>> value_text(1_234_500_000, "EUR"), value_text(3_000_000), value_text(-1_250_000)
    ('1,234.50 EUR', '3.00', '-1.25')
    """
    written = f"{_WIDE.divide(Decimal(value), WHOLE):z,.2f}"
    return written if currency is None else f"{written} {currency}"


def refusal(given: Any, name: str | None) -> str:
    """Why a value was refused."""
    return (
        f"the value in property {name!r} is {str(given)[:40]!r}: no number of at most "
        f"{_BEFORE} digits before the point and {AFTER} after it"
    )
