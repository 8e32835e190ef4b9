"""Django's entry to `prototype`."""

from django.apps import AppConfig


class PrototypeConfig(AppConfig):
    """The mistakes."""

    name = "prototype"
    default_auto_field = "django.db.models.BigAutoField"
