"""Django's entry to `approvals`."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Requests for a client's yes or no, with a trail that cannot be changed."""

    name = "approvals"
