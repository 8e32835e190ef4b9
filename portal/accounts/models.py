"""People: clients of one company, staff of the agency, and its owner."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Role(models.TextChoices):
    """What a person may do. Each one's rights are `is_agency`, `is_owner` and what `companies.tenancy` shows."""

    CLIENT = "client", "Client"
    STAFF = "staff", "Staff"
    OWNER = "owner", "Owner"


def canonical_email(email: str) -> str:
    """Addresses are compared and kept in lower case, so that one person is one account."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Finds and makes accounts by e-mail."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A saved account; without a password it waits for its invitation."""
        user = self.model(email=canonical_email(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """For login: by the address in whatever case."""
        return self.get(email=canonical_email(username or ""))


class User(AbstractBaseUser):
    """An account. Deactivated rather than deleted, as trails and invoices name it."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role)
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    assigned_companies = models.ManyToManyField("companies.Company", blank=True, related_name="assigned_staff")
    is_active = models.BooleanField(default=True)
    two_factor = models.BooleanField("second factor", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("name", "pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="client_has_company_others_none",
                condition=Q(role=Role.CLIENT, company__isnull=False) | (~Q(role=Role.CLIENT) & Q(company__isnull=True)),
                violation_error_message="A client belongs to a company, and nobody else does.",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "name"], name="user_company_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Keeps the address canonical."""
        super().clean()
        self.email = canonical_email(self.email)

    def get_full_name(self) -> str:
        """For Django's mail templates."""
        return self.name

    @property
    def is_owner(self) -> bool:
        """Owner of the agency: sees all companies and manages staff."""
        return self.role == Role.OWNER

    @property
    def is_staff_member(self) -> bool:
        """Staff of the agency: works for the companies assigned to them."""
        return self.role == Role.STAFF

    @property
    def is_agency(self) -> bool:
        """On the agency's side of the table."""
        return self.role in (Role.STAFF, Role.OWNER)
