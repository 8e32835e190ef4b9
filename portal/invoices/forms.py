"""Forms of a draft: the invoice and its lines, with prices as people write them."""

from decimal import Decimal
from typing import Any

from django import forms

from companies.forms import CompanyChoiceForm
from invoices.models import Invoice, InvoiceLine
from invoices.money import QUANTITY_UNIT


class InvoiceForm(CompanyChoiceForm):
    """The head of a draft."""

    tax_percent = forms.DecimalField(label="Tax in percent", min_value=0, max_value=50, decimal_places=2, initial=0)

    class Meta:
        model = Invoice
        fields = ("company", "currency", "due_on", "note")
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}  # noqa: RUF012 - Django's
        labels = {"due_on": "Due on"}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["tax_percent"] = Decimal(self.instance.tax_basis_points) / 100

    def clean(self) -> dict[str, Any]:
        """Percent to basis points."""
        cleaned = super().clean() or {}
        if (percent := cleaned.get("tax_percent")) is not None:
            self.instance.tax_basis_points = int(percent * 100)
        return cleaned


class LineForm(forms.ModelForm):
    """One line."""

    quantity = forms.DecimalField(min_value=Decimal("0.001"), max_value=100_000, decimal_places=3)
    unit_price = forms.DecimalField(min_value=-1_000_000, max_value=1_000_000, decimal_places=2)

    class Meta:
        model = InvoiceLine
        fields = ("description",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["quantity"] = Decimal(self.instance.quantity_thousandths) / QUANTITY_UNIT
            self.initial["unit_price"] = Decimal(self.instance.unit_price_minor) / 100

    def clean(self) -> dict[str, Any]:
        """To whole units, without floating point."""
        cleaned = super().clean() or {}
        if cleaned.get("quantity") is not None and cleaned.get("unit_price") is not None:
            self.instance.quantity_thousandths = int(cleaned["quantity"] * QUANTITY_UNIT)
            self.instance.unit_price_minor = int(cleaned["unit_price"] * 100)
        return cleaned


LineForms = forms.inlineformset_factory(
    Invoice,
    InvoiceLine,
    form=LineForm,
    extra=1,
    max_num=40,
    validate_max=True,
    min_num=1,
    validate_min=True,
    can_delete=True,
    can_delete_extra=False,
)
