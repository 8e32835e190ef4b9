"""Django's entry to `outbox`."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Mail is written here by requests and delivered by `manage.py send_outbox`."""

    name = "outbox"
