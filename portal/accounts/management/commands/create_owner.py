"""`manage.py create_owner ada@studio.example "Ada Adler"`: the first account of a real portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.invitations import invitation_link
from accounts.models import Role, User


class Command(BaseCommand):
    """Makes an owner without a password and prints the link under which they set one."""

    help = "Makes an owner's account and prints its invitation link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who."""
        parser.add_argument("email")
        parser.add_argument("name")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        """Refuses an address that has an account."""
        try:
            owner = User.objects.create_user(email, name=name, role=Role.OWNER)
        except ValidationError as reason:
            raise CommandError("; ".join(reason.messages)) from None
        self.stdout.write(f"{owner} is an owner. Set the password within a week:\n{invitation_link(owner)}")
