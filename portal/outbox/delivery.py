"""Delivers what is due. A mail is claimed before it is sent, so that several deliverers never send one twice at once;
one that dies in between leaves its mail to be due again after the claim."""

from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from outbox.models import MailState, OutgoingMail
from portal_site.logs import portal_logger

CLAIM = timedelta(minutes=5)
MOST_ATTEMPTS = 8

_log = portal_logger("outbox")


def deliver_due(batch: int = 50) -> int:
    """Sends up to `batch` mails that are due; returns how many went out. Failures are kept, logged and tried again."""
    mails = _claim(batch)
    if not mails:
        return 0
    connection = get_connection(settings.OUTBOX_TRANSPORT)
    sent = 0
    for mail in mails:
        try:
            EmailMessage(mail.subject, mail.body, mail.sender, mail.recipients, connection=connection).send()
        except Exception as error:
            _put_back(mail, error)
        else:
            mail.state, mail.sent_at, mail.body, mail.last_error = MailState.SENT, timezone.now(), "", ""
            mail.save(update_fields=["state", "sent_at", "body", "last_error"])
            sent += 1
    return sent


@transaction.atomic
def _claim(batch: int) -> list[OutgoingMail]:
    due = OutgoingMail.objects.filter(state=MailState.QUEUED, due_at__lte=timezone.now()).order_by("due_at")
    mails = list(due.select_for_update(skip_locked=True)[:batch])
    for mail in mails:
        mail.attempts += 1
        mail.due_at = timezone.now() + CLAIM
    OutgoingMail.objects.bulk_update(mails, ["attempts", "due_at"])
    return mails


def _put_back(mail: OutgoingMail, error: Exception) -> None:
    mail.last_error = f"{type(error).__name__}: {error}"[:300]
    mail.due_at = timezone.now() + timedelta(minutes=2**mail.attempts)
    if mail.attempts >= MOST_ATTEMPTS:
        mail.state = MailState.FAILED
    mail.save(update_fields=["last_error", "due_at", "state"])
    _log.error("mail not delivered", extra={"mail_id": mail.pk, "attempt": mail.attempts, "reason": mail.last_error})
