"""`manage.py seed --clients 50 --invoices 20000`: realistic data, the same for the same `--seed`."""

import secrets
from argparse import ArgumentParser
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from approvals.models import Approval, ApprovalEvent
from companies.models import Company
from files.models import StoredFile
from invoices.models import Invoice, InvoiceLine, NumberSeries
from onboarding.models import ChecklistItem
from outbox.models import OutgoingMail
from seeding.people import seed_agency, seed_checklists, seed_clients, seed_companies
from seeding.work import seed_approvals, seed_files, seed_invoices

_FILES_EACH = 8
_APPROVALS_EACH = 6


class Command(BaseCommand):
    """Fills an empty database. What is there already is only replaced when `--replace` says so."""

    help = "Fills the database with realistic data for trying out and measuring."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much, and what to do about data that is there."""
        parser.add_argument("--clients", type=int, default=12, help="companies (12)")
        parser.add_argument("--invoices", type=int, default=400, help="invoices over all companies (400)")
        parser.add_argument("--seed", type=int, default=1, help="the same number gives the same data (1)")
        parser.add_argument("--password", help="of all accounts; made and printed when not given")
        known = parser.add_mutually_exclusive_group()
        known.add_argument("--replace", action="store_true", help="delete everything in the portal first")
        known.add_argument("--if-empty", action="store_true", help="do nothing when the portal has accounts already")

    def handle(
        self,
        *args: Any,
        clients: int,
        invoices: int,
        seed: int,
        password: str | None,
        replace: bool,
        if_empty: bool,
        **options: Any,
    ) -> None:
        """All or nothing."""
        if clients < 1 or invoices < 0:
            raise CommandError("At least one client, and no negative number of invoices.")
        if User.objects.exists() and not replace:
            if if_empty:
                self.stdout.write("The portal has accounts already; nothing is seeded.")
                return
            raise CommandError("The portal is not empty. --replace deletes everything in it first.")
        chosen = password or secrets.token_urlsafe(12)
        with transaction.atomic():
            if replace:
                _delete_everything()
            first = _fill(Random(seed), clients, invoices, chosen)  # noqa: S311 - data for trying out
        self.stdout.write(f"{clients} clients and {invoices} invoices are there. Log in with one of:")
        for email in first:
            self.stdout.write(f"  {email}")
        if password is None:
            self.stdout.write(f"Password of all accounts: {chosen}")


def _fill(random: Random, clients: int, invoices: int, password: str) -> list[str]:
    owner, staff = seed_agency(random, password, clients)
    companies = seed_companies(random, clients, staff)
    people = seed_clients(random, companies, password)
    seed_checklists(random, companies, people)
    seed_invoices(random, companies, owner, invoices)
    seed_files(random, companies, people, _FILES_EACH)
    seed_approvals(random, companies, people, staff, _APPROVALS_EACH)
    return [owner.email, staff[0].email, people[companies[0].pk][0].email]


def _delete_everything() -> None:
    for content in StoredFile.unscoped.values_list("content", flat=True).iterator():
        transaction.on_commit(lambda name=content: StoredFile.content.field.storage.delete(name))
    # Children first; `_raw_delete` as trails refuse to be deleted one by one.
    for model in (ApprovalEvent, Approval, StoredFile, InvoiceLine, Invoice, NumberSeries, ChecklistItem, OutgoingMail):
        rows = model._base_manager.all()
        rows._raw_delete(rows.db)
    User.objects.all().delete()
    Company.unscoped.all().delete()
