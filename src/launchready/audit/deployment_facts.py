"""What the deployment map is drawn from: DNS, pages and mail as the checks have looked at them, and the repository.

Every question goes through the run's single flight, so after the checks nothing is asked anew. Judges nothing.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from launchready.audit.mail_domain import MailDomain, mail_domain
from launchready.audit.platform_files import (
    Declared,
    env_entries,
    environment_of,
    host_of,
    is_platform_file,
    read_platform_files,
)
from launchready.portal import Portal
from launchready.probes.dns import Delegation
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import Visit, first_pages
from launchready.probes.rdap import Registration
from launchready.probes.surface import Host

MOST_FILES = 30
"""Of each kind that are read: platform files, environment files, workflows."""
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml")
_ENV_FILE = re.compile(r"(?:[^/]+/)?\.env(?:[._-][A-Za-z0-9._-]+)?|(?:[^/]+/)?(?:example|sample)\.env")
_MANIFESTS = ("requirements.txt", "pyproject.toml", "package.json", "Gemfile", "composer.json", "go.mod")
_FRAMEWORKS = (
    ("Django", r"(?im)^[^\w\n]{0,9}django\b(?!-)"),
    ("Flask", r"(?im)^[^\w\n]{0,9}flask\b(?!-)"),
    ("FastAPI", r"(?im)^[^\w\n]{0,9}fastapi\b"),
    ("Rails", r"gem [\"']rails[\"']"),
    ("Laravel", r"\"laravel/framework\""),
    ("Symfony", r"\"symfony/framework-bundle\""),
    ("Next.js", r"\"next\"\s*:"),
    ("Nuxt", r"\"nuxt\"\s*:"),
    ("SvelteKit", r"\"@sveltejs/kit\"\s*:"),
    ("Remix", r"\"@remix-run/"),
    ("NestJS", r"\"@nestjs/core\"\s*:"),
    ("Express", r"\"express\"\s*:"),
    ("Gin", r"github\.com/gin-gonic/gin"),
)


@dataclass(frozen=True, slots=True)
class Variables:
    """Names of variables that some place declares for an environment."""

    environment: str
    source: str
    hosts: tuple[tuple[str, str], ...]
    """(name, the host its value names, or nothing)."""


@dataclass(frozen=True, slots=True)
class Code:
    """The repository."""

    declared: Declared
    variables: tuple[Variables, ...]
    frameworks: tuple[str, ...]
    workflows: tuple[str, ...]
    container: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    domain: str
    delegation: Delegation | None
    registration: Registration | None
    hosts: tuple[Host, ...]
    visits: tuple[Visit, ...]
    mail: MailDomain
    code: Code | None
    """None: no repository was named, or it could not be read."""
    declared: tuple[Variables, ...]
    """Of `launchready.toml`."""
    platforms: tuple[tuple[str, str, str], ...]
    """(environment, platform, service) of `launchready.toml`."""


async def survey(portal: Portal, look: Look) -> Facts:
    """Gather what the run knows. Failures leave gaps, never raise."""
    delegation, registration, hosts, visits, mail, code = await asyncio.gather(
        look.dns.delegation(portal.domain),
        look.rdap.registration(portal.domain),
        look.hosts(),
        first_pages(look),
        mail_domain(portal.domain, portal, look),
        _read_code(look),
    )
    environments = portal.environments.items()
    return Facts(
        domain=portal.domain,
        delegation=None if isinstance(delegation, Failure) else delegation,
        registration=None if isinstance(registration, Failure) else registration,
        hosts=hosts,
        visits=visits,
        mail=mail,
        code=code,
        declared=tuple(
            Variables(named(name), "launchready.toml", tuple((v, "") for v in settings.variables))
            for name, settings in environments
            if settings.variables
        ),
        platforms=tuple((named(n), PLATFORMS.get(s.platform, ""), s.service) for n, s in environments if s.platform),
    )


def named(environment: str) -> str:
    """An environment by its usual name: `prod` is `production`."""
    return environment_of(environment, environment.lower())


def sent_headers(visits: tuple[Visit, ...], host: str) -> tuple[tuple[str, str], ...]:
    """Every header the host's first pages came with, redirects included."""
    mine = [v for v in visits if v.host.name == host]
    pages = [page for v in mine for page in (*v.hops, *((v.end,) if isinstance(v.end, Page) else ()))]
    return tuple(dict.fromkeys(header for page in pages for header in page.headers))


async def _read_code(look: Look) -> Code | None:
    if look.repository is None:
        return None
    listing = await look.repository.listing()
    if isinstance(listing, Failure):
        return None
    there = sorted({*listing.files, *listing.ignored}, key=lambda path: (path.count("/"), path))
    platform = [path for path in there if is_platform_file(path)][:MOST_FILES]
    workflows = [path for path in there if _WORKFLOW.fullmatch(path)][:MOST_FILES]
    env_files = [path for path in there if _ENV_FILE.fullmatch(path)][:MOST_FILES]
    manifests = [path for path in there if path.count("/") <= 1 and path.rpartition("/")[2] in _MANIFESTS][:10]
    wanted = [*platform, *env_files, *manifests]
    read = dict(zip(wanted, await asyncio.gather(*map(look.repository.text, wanted)), strict=True))
    texts = {path: text for path, text in read.items() if isinstance(text, str)}
    of_platforms = {path: texts[path] for path in platform if path in texts}
    declared = await asyncio.to_thread(read_platform_files, of_platforms)  # its YAML is slow
    of_files = {s.env_file: named(name) for name, s in look.portal.environments.items() if s.env_file}
    return Code(
        declared,
        tuple(_of_env_file(path, texts[path], of_files) for path in env_files if path in texts),
        tuple(name for name, sign in _FRAMEWORKS if any(re.search(sign, texts.get(path, "")) for path in manifests)),
        tuple(workflows),
        any(path.rpartition("/")[2] == "Dockerfile" for path in there),
    )


def _of_env_file(path: str, text: str, of_files: dict[str, str]) -> Variables:
    name = path.rpartition("/")[2]
    example = bool(re.search(r"example|sample|template|dist", name))
    # What an example names is what the portal needs wherever it runs; its hosts are made up.
    environment = of_files.get(path) or ("" if example else environment_of(name, "development"))
    entries = list(dict(env_entries(text)).items())[:400]
    return Variables(environment, path, tuple((key, "" if example else host_of(value)) for key, value in entries))


PLATFORMS = {
    "render": "Render",
    "fly": "Fly.io",
    "heroku": "Heroku",
    "vercel": "Vercel",
    "railway": "Railway",
    "github": "GitHub Actions",
}
"""As their vendors write them, by the words of `launchready.toml`."""
