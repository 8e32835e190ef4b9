"""What to do with a key that is out: where to revoke it, what to set instead, what breaks meanwhile. Data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from launchready.audit.secrets.names import words


@dataclass(frozen=True, slots=True)
class Runbook:
    """How one kind of credential is rotated."""

    service: str
    name: str
    """As its users write it: `SendGrid`."""
    revoke: str
    """Where the old one is taken back."""
    set: str
    """What gets the new one."""
    breaks: str
    """What stops between the two, and how to avoid that."""
    url: str
    words: tuple[str, ...] = ()
    """Words in names of variables that mean this service."""

    @property
    def steps(self) -> str:
        """The runbook in one paragraph."""
        return f"{self.revoke} {self.set} {self.breaks}"


@cache
def runbooks() -> dict[str, Runbook]:
    """Every runbook by its service."""
    data = tomllib.loads(Path(__file__).with_name("runbooks.toml").read_text(encoding="utf-8"))
    return {
        service: Runbook(service, **(book | {"words": tuple(book.get("words", ()))})) for service, book in data.items()
    }


def runbook_of(service: str) -> Runbook:
    """The runbook of a service, or the general one."""
    return runbooks().get(service) or runbooks()["general"]


def service_by_name(name: str, kind: str) -> str:
    """Which runbook a credential belongs to, by the words of its name and what it is."""
    parts = set(words(name.replace("://", "_")))
    for service, book in runbooks().items():
        if parts & set(book.words):
            return service
    by_kind = {
        "Private key": "private-key", "PostgreSQL password": "database", "Database password": "database",
        "Connection string": "database", "Password hash": "accounts", "npm token": "npm", "Registry login": "docker",
        "Password of an account in a dump": "accounts", "Salt": "framework", "Key in a file of its own": "framework",
    }  # fmt: skip
    return by_kind.get(kind, "")
