"""`manage.py switch_off_two_factor ada@alder.example`: for somebody who lost phone and backup codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User, canonical_email
from accounts.two_factor import switch_off


class Command(BaseCommand):
    """There is no page for this: make sure by another way that it is the person who asks."""

    help = "Switches somebody's second factor off and tells them by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Refuses an address without an account."""
        user = User.objects.filter(email=canonical_email(email)).first()
        if user is None:
            raise CommandError("This address has no account.")
        switch_off(user)
        self.stdout.write(f"{user} logs in with the password alone now.")
