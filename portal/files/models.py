"""Files of a company. The bytes lie in the private storage under a random name; the given name is only shown."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from companies.tenancy import CompanyOwned


def _random_place(file: "StoredFile", name: str) -> str:
    return f"{file.company_id}/{uuid.uuid4().hex}"


class StoredFile(CompanyOwned):
    """One upload."""

    name = models.CharField(max_length=200)
    content = models.FileField(upload_to=_random_place, max_length=120)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveBigIntegerField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["company", "-id"], name="file_company_newest")]

    def __str__(self) -> str:
        return self.name
