"""Approvals: asked, decided once, by the right side, with a trail that stays."""

import pytest

from approvals.models import Approval, ApprovalEvent, TrailIsFixed
from outbox.models import OutgoingMail
from tests.world import logged_in


@pytest.fixture
def approval(world):
    OutgoingMail.objects.all().delete()
    return world.ours.approval


def act(user, approval, what, comment=""):
    return logged_in(user).post(f"/approvals/{approval.pk}/{what}/", {"comment": comment})


def trail(approval):
    return list(approval.events.values_list("act", "comment"))


def test_asking_writes_the_trail_and_a_mail_to_each_person(world, approval):
    sent = {"company": world.ours.company.pk, "title": "Colours", "file_number": world.ours.file.pk, "details": "Ok?"}
    answer = logged_in(world.ours.staff).post("/approvals/new/", sent)
    made = Approval.unscoped.get(title="Colours")
    assert answer.headers["Location"] == f"/approvals/{made.pk}/"
    assert (made.file, trail(made)) == (world.ours.file, [("requested", "")])
    mail = OutgoingMail.objects.get()
    assert mail.recipients == [world.ours.client.email]
    assert f"http://testserver/approvals/{made.pk}/" in mail.body


@pytest.mark.parametrize(("what", "comment"), [("approved", ""), ("approved", "Nice"), ("rejected", "Too loud")])
def test_a_client_decides_and_the_agency_hears_of_it(world, approval, what, comment):
    act(world.ours.client, approval, what, comment)
    approval.refresh_from_db()
    assert (approval.state, approval.decided_by) == (what, world.ours.client)
    assert approval.decided_at
    assert trail(approval) == [("requested", ""), (what, comment)]
    mail = OutgoingMail.objects.get()
    assert mail.recipients == [world.ours.staff.email]
    assert comment in mail.body


def test_a_decision_stands(world, approval):
    act(world.ours.client, approval, "approved")
    page = logged_in(world.ours.client)
    page.post(f"/approvals/{approval.pk}/rejected/", {"comment": "No, wait"})
    assert "decided already" in page.get(f"/approvals/{approval.pk}/").content.decode()
    approval.refresh_from_db()
    assert approval.state == "approved"
    assert len(trail(approval)) == 2
    assert act(world.ours.staff, approval, "withdrawn").status_code == 302
    approval.refresh_from_db()
    assert approval.state == "approved"


def test_rejecting_takes_a_reason(world, approval):
    act(world.ours.client, approval, "rejected")
    approval.refresh_from_db()
    assert approval.is_pending


@pytest.mark.parametrize(
    ("who", "what", "status"),
    [
        ("staff", "approved", 403),
        ("staff", "rejected", 403),
        ("client", "withdrawn", 403),
        ("client", "requested", 404),
        ("client", "nonsense", 404),
        ("staff", "withdrawn", 302),
        ("staff", "commented", 302),
    ],
)
def test_nobody_decides_for_the_other_side(world, approval, who, what, status):
    assert act(getattr(world.ours, who), approval, what, "text").status_code == status
    approval.refresh_from_db()
    assert approval.state == ("withdrawn" if what == "withdrawn" and status == 302 else "pending")


def test_comments_go_on_after_the_decision(world, approval):
    act(world.ours.client, approval, "approved")
    act(world.ours.staff, approval, "commented", "Thank you")
    assert trail(approval)[-1] == ("commented", "Thank you")
    assert "Thank you" in logged_in(world.ours.client).get(f"/approvals/{approval.pk}/").content.decode()


def test_the_trail_cannot_be_changed_or_deleted(approval):
    event = approval.events.get()
    event.comment = "rewritten"
    with pytest.raises(TrailIsFixed):
        event.save()
    with pytest.raises(TrailIsFixed):
        event.delete()
    with pytest.raises(Exception, match="protected"):
        approval.delete()


def test_a_text_that_is_too_long_changes_nothing(world, approval):
    act(world.ours.client, approval, "approved", "x" * 2001)
    approval.refresh_from_db()
    assert approval.is_pending
    assert ApprovalEvent.objects.filter(approval=approval).count() == 1


def test_words_are_escaped(world, approval):
    act(world.ours.client, approval, "commented", "<script>alert(1)</script>")
    page = logged_in(world.ours.staff).get(f"/approvals/{approval.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_state_and_trail_are_written_together(world, approval, monkeypatch):
    from approvals import acts

    monkeypatch.setattr(acts, "_mail", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        act(world.ours.client, approval, "approved")
    approval.refresh_from_db()
    assert approval.is_pending
    assert len(trail(approval)) == 1
