"""RDAP: who holds a registration, until when, in which state (RFC 9082, 9083), found by IANA's bootstrap (RFC 9224)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from publicsuffixlist import PublicSuffixList

from launchready.probes.failures import Failure, Garbage, Phase, TooLarge
from launchready.probes.http import Http, Page
from launchready.probes.network import Network


@dataclass(frozen=True, slots=True)
class Registration:
    """A domain's registration."""

    domain: str
    """The registered domain, such as `example.com` for `app.example.com`."""
    registrar: str
    expires: datetime | None
    status: tuple[str, ...]
    """RDAP status values, lower case, such as `client transfer prohibited` (RFC 8056)."""
    name_servers: tuple[str, ...]
    """As the registry holds them, lower case, without trailing dot."""
    source: str
    """URL of the answer."""


class Unknown(Failure):
    """The registry answered that it does not know the domain: nobody holds it."""


class Rdap:
    """Asks the registry; each domain once in a run."""

    def __init__(self, network: Network, http: Http) -> None:
        self.network = network
        self.http = http

    async def registration(self, domain: str) -> Registration | Failure | None:
        """The registration of the registered domain above `domain`; None when its registry offers no RDAP."""
        registered = registered_domain(domain)
        return await self.network.once(("rdap", registered), lambda: self._ask(registered))

    async def _ask(self, domain: str) -> Registration | Failure | None:
        bootstrap = await self.http.get(BOOTSTRAP)
        if isinstance(bootstrap, Failure):
            return bootstrap
        services = _document(bootstrap)
        if isinstance(services, Failure):
            return services
        if (base := _base_url(services, domain)) is None:
            return None
        url = f"{base.rstrip('/')}/domain/{domain}"
        end = (await self.http.follow(url)).end
        if isinstance(end, Failure):
            return end
        if end.status == 404:
            return Unknown(Phase.ANSWER, domain, f"the registry does not know {domain}")
        document = _document(end)
        return document if isinstance(document, Failure) else _registration(document, domain, url)


def registered_domain(name: str) -> str:
    """The domain a registrant holds: one label below the public suffix (https://publicsuffix.org)."""
    found: str | None = _suffixes().privatesuffix(name)
    return found or name


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def _document(page: Page) -> dict[str, Any] | Failure:
    if page.status != 200:
        return Garbage(Phase.ANSWER, page.url, f"{page.url} answered {page.status}")
    if page.truncated:
        return TooLarge(Phase.ANSWER, page.url, f"{page.url} answered more than is read")
    try:
        document = json.loads(page.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return Garbage(Phase.ANSWER, page.url, f"{page.url} did not answer with a JSON object")
    return document


def _base_url(bootstrap: dict[str, Any], domain: str) -> str | None:
    """The https server of the longest matching entry (RFC 9224 section 4)."""
    labels = domain.split(".")
    suffixes = [".".join(labels[i:]) for i in range(len(labels))]
    best: tuple[int, str] | None = None
    for service in _list(bootstrap.get("services")):
        entries, urls = (_list(part) for part in (*_list(service), [], [])[:2])
        url = next((u for u in urls if isinstance(u, str) and u.startswith("https://")), None)
        for entry in entries:
            if url and isinstance(entry, str) and entry.lower() in suffixes and (not best or len(entry) > best[0]):
                best = (len(entry), url)
    return best[1] if best else None


def _registration(document: dict[str, Any], domain: str, url: str) -> Registration | Failure:
    if document.get("objectClassName") != "domain":
        return Garbage(Phase.ANSWER, url, "the registry did not answer with a domain object (RFC 9083 section 5.3)")
    expires = None
    for event in _list(document.get("events")):
        if isinstance(event, dict) and event.get("eventAction") == "expiration":
            expires = _moment(event.get("eventDate"))
    servers = [s.get("ldhName") for s in _list(document.get("nameservers")) if isinstance(s, dict)]
    return Registration(
        domain=domain,
        registrar=_registrar(document),
        expires=expires,
        status=tuple(_in_words(s) for s in _list(document.get("status")) if isinstance(s, str)),
        name_servers=tuple(s.lower().rstrip(".") for s in servers if isinstance(s, str)),
        source=url,
    )


def _in_words(status: str) -> str:
    """As RFC 8056 writes it, for registries that answer in EPP's own spelling (`clientHold`)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", status).lower()


def _registrar(document: dict[str, Any]) -> str:
    for entity in _list(document.get("entities")):
        if isinstance(entity, dict) and "registrar" in _list(entity.get("roles")):
            card = (*_list(entity.get("vcardArray")), None, None)[1]
            for field in _list(card):
                if isinstance(field, list) and len(field) > 3 and field[0] == "fn" and isinstance(field[3], str):
                    return field[3][:200]
            return str(entity.get("handle", ""))[:200]
    return ""


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


BOOTSTRAP = "https://data.iana.org/rdap/dns.json"
"""Which registry answers for which top-level domain (RFC 9224 section 3)."""
