"""Forms of approvals."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from approvals.models import Approval
from companies.forms import CompanyChoiceForm
from files.models import StoredFile


class ApprovalForm(CompanyChoiceForm):
    """A question to a client. The file is given by its number on the file page, as companies have thousands."""

    file_number = forms.IntegerField(
        required=False, min_value=1, label="File", help_text="The number of a file of this company (optional)."
    )

    class Meta:
        model = Approval
        fields = ("company", "title", "details")
        widgets = {"details": forms.Textarea(attrs={"rows": 5})}  # noqa: RUF012 - Django's attribute

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        self.viewer = viewer

    def clean(self) -> dict[str, Any]:
        """The file has to be the same company's."""
        cleaned = super().clean() or {}
        number, company = cleaned.get("file_number"), cleaned.get("company")
        if number and company:
            self.instance.file = StoredFile.visible_to(self.viewer).filter(company=company, pk=number).first()
            if self.instance.file is None:
                raise ValidationError({"file_number": "This company has no file with this number."})
        return cleaned


class ActForm(forms.Form):
    """A decision or a comment."""

    comment = forms.CharField(
        required=False, max_length=2000, strip=True, widget=forms.Textarea(attrs={"rows": 3}), label="Comment"
    )
