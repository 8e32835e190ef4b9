"""Invoices: line items, totals in minor units, states, PDF."""
