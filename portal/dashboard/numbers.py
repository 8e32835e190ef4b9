"""The dashboard's numbers: each counted by the database, none by loading rows."""

from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import User
from approvals.models import Approval, ApprovalState
from invoices.models import Invoice, InvoiceState
from invoices.money import format_minor
from onboarding.models import ChecklistItem
from onboarding.progress import progress_of


def numbers(user: User) -> dict[str, Any]:
    """What is open, for the companies this person sees; ready for JSON."""
    late = Q(due_on__lt=timezone.localdate())
    open_invoices = Invoice.visible_to(user).filter(state=InvoiceState.SENT).order_by().values("currency")
    by_currency = list(
        open_invoices.annotate(count=Count("pk"), overdue=Count("pk", filter=late), minor=Sum("total_minor"))
    )
    progress = progress_of(ChecklistItem.visible_to(user))
    return {
        "open_invoices": sum(row["count"] for row in by_currency),
        "overdue_invoices": sum(row["overdue"] for row in by_currency),
        "open_totals": [
            format_minor(row["minor"], row["currency"]) for row in sorted(by_currency, key=lambda row: -row["minor"])
        ],
        "pending_approvals": Approval.visible_to(user).filter(state=ApprovalState.PENDING).count(),
        "steps_done": progress.done,
        "steps_total": progress.total,
        "steps_percent": progress.percent,
    }
