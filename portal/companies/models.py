"""Client companies."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import QuerySet
from django.urls import reverse

from companies.tenancy import companies_condition

if TYPE_CHECKING:
    from accounts.models import User


class Company(models.Model):
    """A client of the agency. Everything but accounts of staff belongs to exactly one."""

    name = models.CharField(max_length=120, unique=True)
    address = models.TextField(max_length=500, blank=True)
    billing_email = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)

    unscoped = models.Manager()

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The company's page."""
        return reverse("companies:detail", args=[self.pk])

    @classmethod
    def visible_to(cls, user: "User") -> QuerySet[Self]:
        """The companies this person works for or with."""
        return cls.unscoped.filter(companies_condition(user, ""))
