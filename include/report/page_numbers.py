"""How the cost page writes numbers."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
# Below it is what only the arithmetic of floats leaves.
_FINEST = Decimal("1e-9")


def dollars(value: float | None) -> str:
    """Write dollars: to the cent, below a dollar with three digits that count; a dash for None.

    >>> dollars(1234.5), dollars(0.8), dollars(0.01254), dollars(0.00025), dollars(0), dollars(-3.2)
    ('$1,234.50', '$0.80', '$0.0125', '$0.00025', '$0.00', '−$3.20')
    """
    if value is None:
        return NONE
    size = abs(Decimal(repr(value)).quantize(_FINEST, ROUND_HALF_UP))
    if not size:
        return "$0.00"
    return f"{_MINUS if value < 0 else ''}${_cents(size) if size >= 1 else _three_digits(size)}"


def change(value: float | None) -> str:
    """Write a difference in dollars, with its sign.

    >>> change(1.5), change(-0.25), change(0)
    ('+$1.50', '−$0.25', '$0.00')
    """
    written = dollars(value)
    return f"+{written}" if value is not None and written != "$0.00" and value > 0 else written


def quantity(value: float | None) -> str:
    """Write images or minutes with at most two decimals.

    >>> quantity(1200.0), quantity(3.917), quantity(0)
    ('1,200', '3.92', '0')
    """
    return NONE if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(value: float | None) -> str:
    """Write a share of 1 in percent.

    >>> percent(0.5), percent(0.004), percent(-0.25), percent(0), percent(None)
    ('50%', '0.4%', '−25%', '0%', '–')
    """
    if value is None:
        return NONE
    written = f"{value:.0%}" if abs(value) >= 0.0995 or value == 0 else f"{value:.1%}"
    return written.replace("-", _MINUS)


def _cents(size: Decimal) -> str:
    return f"{size.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _three_digits(size: Decimal) -> str:
    """Write a number below 1 with three digits that count, at least two decimals, and no exponent."""
    places = min(2 - size.adjusted(), 9)
    rounded = size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, decimals = f"{rounded:f}".split(".")
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"
