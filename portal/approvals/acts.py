"""What people do to approvals. Each act changes the state and writes the trail and the mail in one transaction."""

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from approvals.models import Act, Approval, ApprovalEvent, ApprovalState
from portal_site.logs import portal_logger

_ENDS = {
    Act.APPROVED: ApprovalState.APPROVED,
    Act.REJECTED: ApprovalState.REJECTED,
    Act.WITHDRAWN: ApprovalState.WITHDRAWN,
}


class AlreadyDecided(Exception):
    """The approval is not pending any more; the text is for people."""


@transaction.atomic
def request_approval(approval: Approval, by: User) -> Approval:
    """Saves a new approval and asks the client's people by mail."""
    approval.requested_by = by
    approval.save()
    _record(approval, by, Act.REQUESTED)
    people = approval.company.people.filter(is_active=True).values_list("email", flat=True)
    _mail(approval, f"Please decide: {approval.title}", "requested", by, "", list(people))
    return approval


@transaction.atomic
def comment(approval: Approval, by: User, text: str) -> None:
    """Adds to the trail, also after the decision."""
    _record(approval, by, Act.COMMENTED, text)


@transaction.atomic
def end(approval: Approval, by: User, act: Act, text: str) -> Approval:
    """Approves, rejects or withdraws. Raises AlreadyDecided when somebody was faster."""
    locked = Approval.unscoped.select_for_update().get(pk=approval.pk)
    if not locked.is_pending:
        raise AlreadyDecided(f"This is decided already: {locked.get_state_display().lower()}.")
    locked.state, locked.decided_by, locked.decided_at = _ENDS[act], by, timezone.now()
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    _record(locked, by, act, text)
    if act != Act.WITHDRAWN:
        asker = User.objects.get(pk=locked.requested_by_id)
        _mail(locked, f"{locked.get_state_display()}: {locked.title}", "decided", by, text, [asker.email])
    return locked


def _record(approval: Approval, by: User, act: Act, text: str = "") -> None:
    ApprovalEvent.objects.create(approval=approval, actor=by, act=act, comment=text)
    portal_logger("approvals").info("approval", extra={"approval_id": approval.pk, "act": act.value, "user_id": by.pk})


def _mail(approval: Approval, subject: str, template: str, by: User, text: str, recipients: list[str]) -> None:
    context = {
        "approval": approval,
        "by": by,
        "comment": text,
        "link": settings.PORTAL_URL + approval.get_absolute_url(),
        "portal_name": settings.PORTAL_NAME,
    }
    body = render_to_string(f"approvals/mail/{template}.txt", context)
    for recipient in recipients:
        send_mail(subject, body, None, [recipient])
