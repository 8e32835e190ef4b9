"""Money as whole minor units (cents), rounded half up once, where a line or a tax is computed."""

from typing import Final

from django.db import models

QUANTITY_UNIT: Final = 1000  # quantities are kept in thousandths: 1.5 hours are 1500
BASIS_POINT: Final = 10_000  # tax rates are kept in basis points: 19 % are 1900


class Currency(models.TextChoices):
    """All with two decimals, which the forms and `format_minor` rely on."""

    EUR = "EUR", "Euro"
    GBP = "GBP", "Pound sterling"
    USD = "USD", "US dollar"


def line_amount(quantity_thousandths: int, unit_price_minor: int) -> int:
    """What a line costs."""
    return _half_up(quantity_thousandths * unit_price_minor, QUANTITY_UNIT)


def tax_amount(subtotal_minor: int, tax_basis_points: int) -> int:
    """The tax on a subtotal."""
    return _half_up(subtotal_minor * tax_basis_points, BASIS_POINT)


def format_minor(amount_minor: int, currency: str) -> str:
    """`1,234.50 EUR`."""
    sign = "-" if amount_minor < 0 else ""
    units, cents = divmod(abs(amount_minor), 100)
    return f"{sign}{units:,}.{cents:02} {currency}"


def _half_up(numerator: int, denominator: int) -> int:
    half = denominator // 2
    return (numerator + half) // denominator if numerator >= 0 else -((-numerator + half) // denominator)
