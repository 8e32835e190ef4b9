"""Invoices and their lines. Amounts are whole minor units; a sent invoice does not change any more."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from companies.tenancy import CompanyOwned
from invoices.money import QUANTITY_UNIT, Currency, format_minor, line_amount, tax_amount

if TYPE_CHECKING:
    from accounts.models import User


class InvoiceState(models.TextChoices):
    """Which changes are possible stands in `invoices.states`."""

    DRAFT = "draft", "Draft"
    SENT = "sent", "Sent"
    PAID = "paid", "Paid"
    VOID = "void", "Void"


class NumberSeries(models.Model):
    """The last invoice number of a year, so that numbers have no gaps: they are given when an invoice is sent."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Invoice(CompanyOwned):
    """A bill to a company."""

    number = models.CharField(max_length=20, unique=True, null=True, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=InvoiceState, default=InvoiceState.DRAFT, editable=False)
    currency = models.CharField(max_length=3, choices=Currency, default=Currency.EUR)
    tax_basis_points = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(5000)])
    subtotal_minor = models.BigIntegerField(default=0, editable=False)
    tax_minor = models.BigIntegerField(default=0, editable=False)
    total_minor = models.BigIntegerField(default=0, editable=False)
    note = models.CharField(max_length=300, blank=True)
    due_on = models.DateField()
    issued_on = models.DateField(null=True, blank=True, editable=False)
    closed_on = models.DateField("paid or voided on", null=True, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "state", "-id"], name="invoice_company_state"),
            models.Index(fields=["state", "-id"], name="invoice_state"),
            models.Index(fields=["state", "due_on"], name="invoice_state_due"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="invoice_total_adds_up", condition=Q(total_minor=F("subtotal_minor") + F("tax_minor"))
            ),
            models.CheckConstraint(
                name="invoice_numbered_when_sent", condition=Q(state=InvoiceState.DRAFT) ^ Q(number__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"Draft {self.pk}"

    def get_absolute_url(self) -> str:
        """The invoice's page."""
        return reverse("invoices:detail", args=[self.pk])

    @classmethod
    def visible_to(cls, user: "User") -> QuerySet[Self]:
        """Clients do not see drafts."""
        rows = super().visible_to(user)
        return rows if user.is_agency else rows.exclude(state=InvoiceState.DRAFT)

    @property
    def is_overdue(self) -> bool:
        """Sent, not paid, and late."""
        return self.state == InvoiceState.SENT and self.due_on < timezone.localdate()

    @property
    def total(self) -> str:
        """For people."""
        return format_minor(self.total_minor, self.currency)

    @property
    def subtotal(self) -> str:
        """For people."""
        return format_minor(self.subtotal_minor, self.currency)

    @property
    def tax(self) -> str:
        """For people."""
        return format_minor(self.tax_minor, self.currency)

    @property
    def tax_percent(self) -> str:
        """`19` or `7.5`."""
        return f"{self.tax_basis_points / 100:g}"

    def add_up(self) -> None:
        """Sets the totals from the saved lines; does not save."""
        amounts = self.lines.values_list("amount_minor", flat=True)
        self.subtotal_minor = sum(amounts)
        self.tax_minor = tax_amount(self.subtotal_minor, self.tax_basis_points)
        self.total_minor = self.subtotal_minor + self.tax_minor


class InvoiceLine(models.Model):
    """One position. Reached only through its invoice."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    description = models.CharField(max_length=200)
    quantity_thousandths = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    unit_price_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField(editable=False)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.description

    def save(self, *args: object, **kwargs: object) -> None:
        """Keeps the amount true to quantity and price."""
        self.amount_minor = line_amount(self.quantity_thousandths, self.unit_price_minor)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def quantity(self) -> str:
        """`1.5`."""
        return f"{self.quantity_thousandths / QUANTITY_UNIT:g}"

    @property
    def unit_price(self) -> str:
        """For people."""
        return format_minor(self.unit_price_minor, self.invoice.currency)

    @property
    def amount(self) -> str:
        """For people."""
        return format_minor(self.amount_minor, self.invoice.currency)
