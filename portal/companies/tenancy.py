"""The separation of client companies, in one place.

A model that belongs to a company inherits `CompanyOwned`. It has no `objects`: what a person may see comes from
`Model.visible_to(user)`, and a query without a person has to say `Model.unscoped`, which views never do (a test reads
their source). A row of another company is thereby not forbidden but absent: its address answers 404.
"""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from accounts.models import User


def companies_condition(user: "User", path: str) -> Q:
    """Which rows belong to companies of this person, where `path` leads from a row to its company ("" is itself).

    A client sees the own company, staff the companies they are assigned to, the owner all, anyone else none.
    """
    if not user.is_active:
        return Q(pk__in=[])
    if user.is_owner:
        return Q()
    if user.is_staff_member:
        assigned = user.assigned_companies.through.objects.filter(user_id=user.pk).values("company_id")
        return Q(**{f"{path}_id__in" if path else "pk__in": assigned})
    if user.company_id is None:
        return Q(pk__in=[])
    return Q(**{f"{path}_id" if path else "pk": user.company_id})


class CompanyOwned(models.Model):
    """A row that belongs to one client company."""

    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+")

    unscoped = models.Manager()

    class Meta:
        abstract = True

    @classmethod
    def visible_to(cls, user: "User") -> QuerySet[Self]:
        """The rows this person may see."""
        return cls.unscoped.filter(companies_condition(user, "company"))
