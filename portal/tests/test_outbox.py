"""Mail: written with the request's own transaction, delivered later, tried again, forgotten when sent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from outbox import delivery
from outbox.models import MailState, OutgoingMail


@pytest.fixture
def transport(monkeypatch):
    """Says per recipient whether the mail server takes a mail."""
    from django.core.mail.backends.locmem import EmailBackend

    refused: set[str] = set()
    real = EmailBackend.send_messages

    def send(self, messages):
        if refused & set(messages[0].to):
            raise ConnectionRefusedError("the mail server is away")
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    return refused


def write(to="ada@alder.example", subject="Hello", body="one-time link"):
    send_mail(subject, body, None, [to])
    return OutgoingMail.objects.latest("pk")


def test_a_mail_waits_until_it_is_delivered_and_is_then_forgotten(db, transport, capsys):
    row = write()
    assert not mail.outbox
    call_command("send_outbox")
    row.refresh_from_db()
    assert (row.state, row.body) == (MailState.SENT, "")
    assert [message.body for message in mail.outbox] == ["one-time link"]
    assert mail.outbox[0].from_email == "portal@studio.example"
    call_command("send_outbox")
    assert len(mail.outbox) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 sent", "0 sent"]


def test_a_request_that_fails_sends_nothing(transactional_db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write_then_fail()
    assert not OutgoingMail.objects.exists()


def write_then_fail():
    write()
    raise ZeroDivisionError


def test_a_failure_waits_longer_each_time_and_ends(db, transport):
    row = write()
    transport.add("ada@alder.example")
    waits = []
    for _ in range(delivery.MOST_ATTEMPTS):
        now = timezone.now()
        assert delivery.deliver_due() == 0
        row.refresh_from_db()
        waits.append(round((row.due_at - now) / timedelta(minutes=1)))
        assert delivery.deliver_due() == 0  # not due yet
        OutgoingMail.objects.update(due_at=now)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    assert (row.state, row.attempts) == (MailState.FAILED, delivery.MOST_ATTEMPTS)
    assert "the mail server is away" in row.last_error
    transport.clear()
    assert delivery.deliver_due() == 0


def test_a_mail_that_fails_holds_up_no_other(db, transport):
    write("gone@alder.example")
    write("here@alder.example")
    transport.add("gone@alder.example")
    assert delivery.deliver_due() == 1
    assert mail.outbox[0].to == ["here@alder.example"]


def test_a_second_attempt_delivers(db, transport):
    row = write()
    transport.add("ada@alder.example")
    delivery.deliver_due()
    transport.clear()
    OutgoingMail.objects.update(due_at=timezone.now())
    assert delivery.deliver_due() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (MailState.SENT, 2, "")


def test_a_deliverer_that_died_leaves_its_mail_to_the_next(db, transport):
    write()
    assert len(delivery._claim(10)) == 1  # claimed, never sent
    assert delivery.deliver_due() == 0
    OutgoingMail.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert delivery.deliver_due() == 1


def test_the_worker_outlives_a_database_that_restarts(db, transport, monkeypatch):
    from outbox.management.commands import send_outbox

    answers = [OperationalError("the server closed the connection"), 0, KeyboardInterrupt()]
    looks = []

    def deliver():
        looks.append(1)
        answer = answers[len(looks) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(send_outbox, "deliver_due", deliver)
    call_command("send_outbox", every=0)
    assert len(looks) == 3


def test_two_workers_at_once_send_each_mail_once(transactional_db, transport):
    for number in range(30):
        write(f"n{number}@alder.example")

    def work(_):
        try:
            return sum(iter(lambda: delivery.deliver_due(batch=4), 0))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == 30
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 30


def test_a_subject_cannot_bring_headers(db):
    assert write(subject="Hello\nBcc: all@alder.example").subject == "Hello Bcc: all@alder.example"


def test_attachments_are_refused(db):
    message = EmailMessage("a", "b", None, ["c@d.example"])
    message.attach("a.txt", b"x", "text/plain")
    with pytest.raises(ValueError, match="plain text only"):
        message.send()
    html = EmailMultiAlternatives("a", "b", None, ["c@d.example"])
    html.attach_alternative("<p>b</p>", "text/html")
    with pytest.raises(ValueError, match="plain text only"):
        html.send()
