"""The mail backend of requests: writes to the outbox in the request's own transaction, talks to no mail server."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outbox.models import OutgoingMail


class OutboxBackend(BaseEmailBackend):
    """Takes what Django's mail functions take, without attachments: the portal links to files instead."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queues the messages and returns how many."""
        for message in email_messages:
            if message.attachments or getattr(message, "alternatives", None):
                raise ValueError("The outbox takes plain text only; link to files and pages instead of attaching them.")
        rows = [
            OutgoingMail(
                sender=message.from_email,
                recipients=message.recipients(),
                subject=" ".join(message.subject.split())[:255],
                body=message.body,
            )
            for message in email_messages
            if message.recipients()
        ]
        return len(OutgoingMail.objects.bulk_create(rows))
