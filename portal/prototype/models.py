"""Reminders, whose newest column is only in a migration that nobody ran."""

from django.db import models


class Reminder(models.Model):
    """A mail about an unpaid invoice."""

    invoice = models.ForeignKey("invoices.Invoice", on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, default="")
