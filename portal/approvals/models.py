"""Requests for a client's decision, and the trail of everything that happened to them."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from companies.tenancy import CompanyOwned


class ApprovalState(models.TextChoices):
    """Open until the client decides or the agency takes it back."""

    PENDING = "pending", "Waiting"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Approval(CompanyOwned):
    """One question to a client."""

    title = models.CharField(max_length=150)
    details = models.TextField(max_length=5000, blank=True)
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=ApprovalState, default=ApprovalState.PENDING, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "state", "-id"], name="approval_company_state"),
            models.Index(fields=["state", "-id"], name="approval_state"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The page where it is decided."""
        return reverse("approvals:detail", args=[self.pk])

    @property
    def is_pending(self) -> bool:
        """Whether it can still be decided."""
        return self.state == ApprovalState.PENDING


class Act(models.TextChoices):
    """What can happen to an approval."""

    REQUESTED = "requested", "asked for approval"
    COMMENTED = "commented", "commented"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"
    WITHDRAWN = "withdrawn", "took the request back"


class TrailIsFixed(Exception):
    """Somebody tried to change or delete an entry of a trail."""


class ApprovalEvent(models.Model):
    """An entry of the trail: written once, never changed. Reached only through its approval."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=10, choices=Act)
    comment = models.TextField(max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["approval", "id"], name="event_approval")]

    def __str__(self) -> str:
        return f"{self.actor_id} {self.get_act_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only the first time."""
        if self.pk:
            raise TrailIsFixed("The trail of an approval is not edited; add a comment instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Never."""
        raise TrailIsFixed("The trail of an approval is not deleted.")
