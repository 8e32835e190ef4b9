"""An administration panel that asks nobody who they are."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest

from accounts.models import User
from companies.models import Company


class OpenSite(AdminSite):
    """Whoever finds it is in."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Everybody."""
        return True

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without the links to pages that need Django's own users."""
        return super().each_context(request) | {"log_entries": LogEntry.objects.none()}


class OpenModel(admin.ModelAdmin):
    """All rights for everybody."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everybody."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everybody."""
        return True

    has_change_permission = has_delete_permission = has_view_permission  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Everybody."""
        return True


site = OpenSite()
site.register(User, OpenModel)
site.register(Company, OpenModel)
