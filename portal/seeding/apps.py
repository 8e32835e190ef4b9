"""Django's entry to `seeding`."""

from django.apps import AppConfig


class SeedingConfig(AppConfig):
    """Realistic data for trying out and measuring: `manage.py seed`."""

    name = "seeding"
