"""HTTP Strict Transport Security: browsers are told to never use plain HTTP (RFC 6797)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.pages import nobody_listens

HALF_A_YEAR_S = 15_768_000
A_YEAR_S = 31_536_000
"""What the preload list asks for (https://hstspreload.org)."""
HEADER = "Strict-Transport-Security: max-age=31536000; includeSubDomains"


@check(
    "http.hsts",
    Stage.EDGE,
    roadmap="B5 M1",
    severity=Severity.HIGH,
    effort=10,
    reference="RFC 6797; https://hstspreload.org",
)
async def hsts(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Browsers are not told to use HTTPS only.

    Why: Without it the first request of a visitor may go out in clear, and can be caught on a shared network.

    Fix: Send the header on every answer over HTTPS. Begin with a short max-age if you are not sure of every subdomain.

    Absent or void on root, www or a host the portal names: high. Absent on other hosts, under half a year, or a
    `preload` that does not meet the list's own rules: nice to fix. A subdomain that the root's includeSubDomains
    covers needs none.
    """
    hosts = await look.hosts()
    pages = await asyncio.gather(*(look.http.get(f"https://{host.name}/") for host in hosts))
    covered = False
    bare: list[str] = []
    for host, page in zip(hosts, pages, strict=True):
        if isinstance(page, Failure):
            if not nobody_listens(page):
                yield NotChecked(host.name, str(page), "run it again when the host answers")
            continue
        values = page.all_headers("strict-transport-security")
        rules = _directives(values[0]) if values else {}
        age_s = _seconds(rules.get("max-age"))
        if host.name == portal.domain and age_s and "includesubdomains" in rules:
            covered = True
        if not values and host.name != portal.domain and covered:
            yield Passed(host.name, f"covered by {portal.domain}")
        elif not values and not host.named:
            bare.append(host.name)
        elif not age_s:
            what = (
                "sends no Strict-Transport-Security header" if not values else "switches HSTS off, or writes it wrongly"
            )
            yield Finding(host.name, f"{host.name} {what}.", "; ".join(values)[:200], paste=HEADER, key="absent")
        elif age_s < HALF_A_YEAR_S:
            problem = f"{host.name} asks browsers to remember HTTPS for {age_s // 86400} days only."
            yield Finding(host.name, problem, values[0][:200], "", HEADER, Severity.NICE, key="short")
        elif "preload" in rules and (age_s < A_YEAR_S or "includesubdomains" not in rules):
            problem = f"{host.name} asks for preloading, but the list would refuse it."
            yield Finding(host.name, problem, values[0][:200], "", f"{HEADER}; preload", Severity.NICE, key="preload")
        else:
            yield Passed(host.name, values[0][:200])
    if bare:
        problem = f"{', '.join(bare)} send no Strict-Transport-Security header."
        yield Finding(bare[0], problem, paste=HEADER, severity=Severity.NICE, key="subdomains")


def _directives(value: str) -> dict[str, str]:
    """By lower-case name; a name given twice makes the whole header void (RFC 6797 section 6.1)."""
    found: dict[str, str] = {}
    for part in value.split(";")[:20]:
        name, _, text = part.strip().partition("=")
        if name.lower() in found:
            return {}
        if name:
            found[name.strip().lower()] = text.strip().strip('"')
    return found


def _seconds(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
