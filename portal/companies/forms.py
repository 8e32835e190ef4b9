"""Forms about companies and people."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Role, User, canonical_email
from companies.models import Company


class CompanyForm(forms.ModelForm):
    """Name and billing."""

    class Meta:
        model = Company
        fields = ("name", "address", "billing_email")
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012 - Django's attribute


class InviteForm(forms.Form):
    """Who gets access."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    def clean_email(self) -> str:
        """An address is one account."""
        email = canonical_email(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            raise ValidationError("This address has an account already.")
        return email


class StaffForm(forms.Form):
    """What of a member of staff the owner decides."""

    is_active = forms.BooleanField(label="May log in", required=False)
    companies = forms.ModelMultipleChoiceField(
        queryset=None, required=False, widget=forms.CheckboxSelectMultiple, label="Works for"
    )

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["companies"].queryset = Company.visible_to(viewer)  # type: ignore[attr-defined]


class CompanyChoiceForm(forms.ModelForm):
    """For rows of a company: agency people choose among theirs, a client's company is given.

    Subclasses list `company` in their fields.
    """

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if viewer.role == Role.CLIENT:
            del self.fields["company"]
            self.instance.company_id = viewer.company_id
        else:
            self.fields["company"].queryset = Company.visible_to(viewer)  # type: ignore[attr-defined]
