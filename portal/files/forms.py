"""The upload form."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.template.defaultfilters import filesizeformat

from companies.forms import CompanyChoiceForm
from files.models import StoredFile
from files.upload import ACCEPTED, checked_type, scan


class UploadForm(CompanyChoiceForm):
    """One file for one company."""

    upload = forms.FileField(
        label="File", widget=forms.FileInput(attrs={"accept": ",".join(f".{ending}" for ending in ACCEPTED)})
    )

    class Meta:
        model = StoredFile
        fields = ("company",)

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
        self.fields["upload"].help_text = f"Up to {limit}: {', '.join(ACCEPTED)}."
        if too_large:
            self.fields["upload"].error_messages["required"] = f"The file is larger than {limit}."

    def clean_upload(self) -> TemporaryUploadedFile:
        """Type, then scan, then the name that will be shown."""
        file: TemporaryUploadedFile = self.cleaned_data["upload"]
        self.instance.content_type = checked_type(file)
        scan(file)
        name = "".join(letter for letter in PurePath(file.name or "").name if letter.isprintable())
        if len(name) > 200:
            raise ValidationError("The name of the file is longer than 200 letters.")
        self.instance.name = name
        self.instance.size_bytes = file.size
        return file
