"""Django's entry to `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who people are and how they prove it: login, lock-out, reset, second factor, invitations, roles."""

    name = "accounts"
