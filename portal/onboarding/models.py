"""What has to happen before the work begins, step by step."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from companies.models import Company
from companies.tenancy import CompanyOwned

USUAL_STEPS = (
    ("Sign the agreement", "You find it under Files; upload the signed copy there."),
    ("Tell us who decides", "The person who may approve designs and invoices."),
    ("Upload your logo and fonts", "Vector files if you have them: SVG, PDF or EPS."),
    ("Give us access to your domain", "Invite us at your registrar; do not send passwords."),
    ("Send the texts of the first pages", "Drafts are fine."),
    ("Book the kick-off meeting", "Half an hour is enough."),
)


class ChecklistItem(CompanyOwned):
    """One step of one company; done or not, by whom and when."""

    title = models.CharField(max_length=120)
    hint = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("position", "pk")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "position", "id"], name="checklist_company_position"),
            models.Index(fields=["company", "done_at"], name="checklist_company_done"),
        ]

    def __str__(self) -> str:
        return self.title


def start_checklist(company: Company) -> None:
    """Gives a new company the usual steps."""
    ChecklistItem.unscoped.bulk_create(
        ChecklistItem(company=company, title=title, hint=hint, position=position)
        for position, (title, hint) in enumerate(USUAL_STEPS, start=1)
    )
