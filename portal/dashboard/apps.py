"""Django's entry to `dashboard`."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The first page: numbers and what waits for the reader."""

    name = "dashboard"
