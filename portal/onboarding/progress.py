"""How far companies are, counted in one query however many they are."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from companies.models import Company
from onboarding.models import ChecklistItem


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps done of all steps."""

    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """0 to 100; nothing to do counts as done."""
        return 100 * self.done // self.total if self.total else 100


def progress_of(items: QuerySet[ChecklistItem]) -> Progress:
    """Over all of `items`."""
    return Progress(**items.aggregate(done=Count("done_at"), total=Count("pk")))


def progress_by_company(items: QuerySet[ChecklistItem], companies: Iterable[Company]) -> list[tuple[Company, Progress]]:
    """Each company with its progress, in the order given."""
    companies = list(companies)
    counted = items.filter(company__in=companies).order_by().values("company_id")
    found = {
        row["company_id"]: Progress(row["done"], row["total"])
        for row in counted.annotate(done=Count("done_at"), total=Count("pk"))
    }
    return [(company, found.get(company.pk, Progress())) for company in companies]
