"""Django's entry to `onboarding`."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """The checklist a new client company works through."""

    name = "onboarding"
