"""Seeds the agency, its client companies, and the accounts of both."""

from datetime import timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Role, User
from companies.models import Company
from onboarding.models import USUAL_STEPS, ChecklistItem
from seeding import names

AGENCY_DOMAIN = "studio.example"
PEOPLE_PER_COMPANY = 2


def seed_agency(random: Random, password: str, clients: int) -> tuple[User, list[User]]:
    """The owner, and a member of staff for about every dozen clients."""
    hashed = make_password(password)
    owner = User(email=f"owner@{AGENCY_DOMAIN}", name=names.person(random), role=Role.OWNER, password=hashed)
    staff = [
        User(email=f"staff{number}@{AGENCY_DOMAIN}", name=names.person(random), role=Role.STAFF, password=hashed)
        for number in range(1, 2 + clients // 12 + 1)
    ]
    User.objects.bulk_create([owner, *staff])
    return owner, staff


def seed_companies(random: Random, count: int, staff: list[User]) -> list[Company]:
    """Companies with staff in charge of them."""
    companies = Company.unscoped.bulk_create(
        Company(name=name, address=names.address(random), billing_email=f"billing@{names.domain_of(name)}")
        for name in names.company_names(random, count)
    )
    now = timezone.now()
    for company in companies:
        company.created_at = now - timedelta(days=random.randint(20, 900))
    Company.unscoped.bulk_update(companies, ["created_at"], batch_size=500)
    through = User.assigned_companies.through
    through.objects.bulk_create(
        through(user_id=staff[index % len(staff)].pk, company_id=company.pk) for index, company in enumerate(companies)
    )
    return companies


def seed_clients(random: Random, companies: list[Company], password: str) -> dict[int, list[User]]:
    """Two people a company, by company; the same password for all, hashed once."""
    hashed = make_password(password)
    people = User.objects.bulk_create(
        User(
            email=f"client{number}@{names.domain_of(company.name)}",
            name=names.person(random),
            role=Role.CLIENT,
            company=company,
            password=hashed,
        )
        for company in companies
        for number in range(1, PEOPLE_PER_COMPANY + 1)
    )
    by_company: dict[int, list[User]] = {}
    for one in people:
        by_company.setdefault(one.company_id, []).append(one)
    return by_company


def seed_checklists(random: Random, companies: list[Company], people: dict[int, list[User]]) -> None:
    """The usual steps, the first so many of them done."""
    items = []
    for company in companies:
        done = random.choice((2, 3, 4, 5, 6, 6, 6))
        for position, (title, hint) in enumerate(USUAL_STEPS, start=1):
            item = ChecklistItem(company=company, title=title, hint=hint, position=position)
            if position <= done:
                item.done_at = company.created_at + timedelta(days=position * 2, hours=random.randint(0, 9))
                item.done_by = random.choice(people[company.pk])
            items.append(item)
    ChecklistItem.unscoped.bulk_create(items, batch_size=500)
