"""Banners: versions of server software in the headers of answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import first_pages

HEADERS = (
    "server",
    "x-powered-by",
    "x-generator",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-runtime-version",
    "x-drupal-version",
    "x-php-version",
    "via",
)
"""Headers in which software names itself. `X-Runtime` (Rails) is a time, not a version."""


@dataclass(frozen=True, slots=True)
class Banner:
    """Software and version an answer names."""

    header: str
    value: str
    product: str
    """Lower case, as it names itself."""


_SILENCING = {
    "nginx": "server_tokens off;",
    "openresty": "server_tokens off;",
    "apache": "ServerTokens Prod\nServerSignature Off",
    "php": "expose_php = Off",
    "asp.net": '<httpRuntime enableVersionHeader="false" />',
    "microsoft-iis": '<requestFiltering removeServerHeader="true" />',
}
"""What to write in the software's own configuration, by product: nginx.conf, httpd.conf, php.ini, web.config."""


@check(
    "http.banners",
    Stage.AUDIT,
    roadmap="A8",
    severity=Severity.NICE,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc9110#section-10.2.4",
)
async def banners(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The servers tell everyone which version they run.

    Why: whoever looks for servers with a known weakness searches for exactly this line; and it shows a buyer's
    security team at a glance what has not been updated.

    Fix: turn the version off in the software's configuration, or let the edge take the header away.

    Read are `Server`, `X-Powered-By`, `X-Generator`, `X-AspNet-Version` and the like on the first pages, over HTTPS.
    A bare name (`nginx`, `cloudflare`, `Express`) is fine, and so are the number of the protocol in `Via` and names
    of services nobody can update (`awselb/2.0`). Nice to fix: hiding a version mends no weakness. One finding for
    all hosts: it is one setting.
    """
    visits = await first_pages(look)
    seen: dict[Banner, list[str]] = {}
    quiet: list[str] = []
    for visit in visits:
        if isinstance(visit.end, Failure) and not visit.hops:
            yield NotChecked(visit.host.name, f"{visit.url} gave no answer: {visit.end}")
            continue
        found = [banner for page in visit.hops for banner in banners_of(page)]
        for banner in dict.fromkeys(found):
            hosts = seen.setdefault(banner, [])
            hosts += [visit.host.name] if visit.host.name not in hosts else []
        quiet += [] if found else [visit.host.name]
    loud = list(dict.fromkeys(host for hosts in seen.values() for host in hosts))
    if seen:
        pastes = [_SILENCING[banner.product] for banner in seen if banner.product in _SILENCING]
        yield Finding(
            loud[0] if len(loud) == 1 else portal.domain,
            f"The answers of {', '.join(loud)} name a version: {', '.join(dict.fromkeys(b.value[:80] for b in seen))}.",
            evidence="\n".join(f"{b.header}: {b.value[:120]} ({', '.join(hosts)})" for b, hosts in seen.items()),
            paste="\n".join(dict.fromkeys(pastes)),
        )
    for host in dict.fromkeys(host for host in quiet if host not in loud):
        yield Passed(host, "names no version")


def banners_of(page: Page) -> Iterator[Banner]:
    """The versions a page's headers name."""
    for header in HEADERS:
        for value in page.all_headers(header)[:4]:
            text = value[:400]
            if header.endswith("-version"):
                if re.search(r"\d", text):
                    yield Banner(header, text, "asp.net" if "aspnet" in header else header[2:].partition("-")[0])
                continue
            # Each element of Via begins with the number of a protocol (RFC 9110 section 7.6.3).
            parts = re.sub(r"(?:^|,)\s*(?:[\w-]+/)?[\d.]+\s", " ", text) if header == "via" else text
            if (match := _VERSION.search(parts)) and match[0].lower() not in _NOT_A_VERSION:
                yield Banner(header, text, match[1].lower())


_VERSION = re.compile(r"([A-Za-z][A-Za-z0-9_.+-]{0,40})[/ (]{1,2}v?(\d{1,4}(?:\.\d{1,6})+)")
_NOT_A_VERSION = {"awselb/2.0"}
