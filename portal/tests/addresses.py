"""Every address of the URL conf, so that a new one cannot be forgotten by the tests that walk them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.world import Side


@dataclass(frozen=True)
class Address:
    name: str
    parameters: tuple[str, ...]
    pattern: str

    def of(self, side: Side) -> str:
        """The address of a row that belongs to this side."""
        section = self.name.split(":")[0]
        numbers = {
            "invoices": side.draft if self.name in ("invoices:edit", "invoices:delete") else side.invoice,
            "approvals": side.approval,
            "files": side.file,
            "companies": side.company,
            "onboarding": side.item,
        }
        values = {
            "company_pk": side.company.pk,
            "person_pk": side.client.pk,
            "to": "paid",
            "what": "commented",
            "uidb64": "MQ",
            "token": "a-token",
        }
        if "pk" in self.parameters:
            values["pk"] = side.staff.pk if self.name.startswith("companies:staff_") else numbers[section].pk
        if not self.name:
            return f"/{self.pattern}"
        return reverse(self.name, kwargs={name: values[name] for name in self.parameters})


def all_addresses() -> list[Address]:
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, pattern, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern):
            name = f"{space}{entry.name}" if entry.name else ""
            yield Address(name, tuple(entry.pattern.converters), pattern)
