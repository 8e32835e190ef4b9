"""Django's entry to `invoices`."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Invoices: line items, totals in minor units, states, PDF."""

    name = "invoices"
