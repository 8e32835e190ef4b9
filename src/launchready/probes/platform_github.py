"""GitHub Actions: names of secrets and variables a repository's workflows get (https://docs.github.com/rest/actions).

Secrets of the repository, those its organisation shares with it, and those of the environment of the same name.
Writing needs a sealed box of libsodium, which is not among our dependencies: `gh secret set` does it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from launchready.probes.failures import Failure, Phase, Refused
from launchready.probes.platform_session import MOST_PAGES, Session, Vendor, in_path, named

GITHUB = Vendor(
    name="GitHub Actions",
    base="https://api.github.com",
    reads="a fine-grained token with the repository permissions Secrets (read), Variables (read), Environments (read)",
    writes="a fine-grained token with the repository permission Secrets (write)",
    service="the repository, such as acme/portal",
    then="the next workflow run gets it",
)
PAGE = 100


@dataclass(frozen=True)
class GitHub:
    """One repository."""

    session: Session
    vendor: Vendor = GITHUB

    async def names(self) -> frozenset[str] | Failure:
        """All names a workflow of this environment gets."""
        place = self._path()
        if isinstance(place, Failure):
            return place
        repository, environment = place, f"{place}/environments/{in_path(self.session.environment)}"
        lists = await asyncio.gather(
            self._all(f"{repository}/actions/secrets", "secrets"),
            self._all(f"{repository}/actions/variables", "variables"),
            self._all(f"{repository}/actions/organization-secrets", "secrets"),
            self._all(f"{repository}/actions/organization-variables", "variables"),
            self._of_environment(f"{environment}/secrets", "secrets"),
            self._of_environment(f"{environment}/variables", "variables"),
        )
        found: frozenset[str] = frozenset()
        for names in lists:
            if isinstance(names, Failure):
                return names
            found |= names
        return found

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """Not done here."""
        return self._not_here(f"gh secret set {name}")

    async def remove(self, name: str) -> Failure | None:
        """Not done here."""
        return self._not_here(f"gh secret delete {name}")

    def _not_here(self, command: str) -> Failure:
        detail = f"secrets of GitHub Actions are set with `{command} --repo {self.session.service}`, not from here"
        return Refused(Phase.REQUEST, self.session.service, detail)

    def _path(self) -> str | Failure:
        owner, _, name = self.session.service.partition("/")
        if not owner or not name or "/" in name:
            return Refused(Phase.REQUEST, self.session.service, f"service must be {GITHUB.service}")
        return f"/repos/{in_path(owner)}/{in_path(name)}"

    async def _of_environment(self, path: str, key: str) -> frozenset[str] | Failure:
        names = await self._all(path, key)
        missing = isinstance(names, Refused) and "(404)" in names.detail
        return frozenset() if missing else names  # most repositories have no environment of that name

    async def _all(self, path: str, key: str) -> frozenset[str] | Failure:
        found: frozenset[str] = frozenset()
        for page in range(1, MOST_PAGES + 1):
            document = await self.session.get(f"{path}?per_page={PAGE}&page={page}")
            if isinstance(document, Failure):
                return document
            items = document.get(key) if isinstance(document, dict) else None
            names = named(items, "name") if isinstance(items, list) else None
            if names is None or not isinstance(items, list):
                return self.session.garbage(f"a list of {key}")
            found |= names
            if len(items) < PAGE:
                return found
        return self.session.endless()
