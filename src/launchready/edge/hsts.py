"""HTTP Strict Transport Security: browsers are told to never use plain HTTP (RFC 6797)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from launchready.edge.routes import Way, canonical_host, front, host_of, ways_in
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import nobody_listens

DAY_S = 86_400
HALF_A_YEAR_S = 180 * DAY_S
A_YEAR_S = 365 * DAY_S
"""What the preload list asks for (https://hstspreload.org)."""
_NAME = "Strict-Transport-Security"


@dataclass(frozen=True, slots=True)
class Policy:
    """What one answer asks of browsers."""

    headers: tuple[str, ...]
    max_age_s: int | None = None
    """None: no header, or one that browsers must ignore."""
    subdomains: bool = False
    preload: bool = False

    @property
    def works(self) -> bool:
        """Whether a browser keeps to HTTPS after it."""
        return bool(self.max_age_s)


def policy_of(page: Page) -> Policy:
    """The policy of an answer: that of its first header, as browsers take it (RFC 6797 sections 6.1, 8.1)."""
    headers = page.all_headers(_NAME)
    rules: dict[str, str] = {}
    for part in (headers[0] if headers else "").split(";")[:50]:
        name, _, value = part.partition("=")
        name = name.strip().lower()
        if name in rules:
            return Policy(headers)  # a directive given twice voids the header
        if name:
            rules[name] = value.strip()
    age = rules.get("max-age", "").removeprefix('"').removesuffix('"')
    if not (age.isascii() and age.isdigit()):
        return Policy(headers)
    return Policy(headers, int(age[:12]), "includesubdomains" in rules, "preload" in rules)


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

    Fix: Send the header on every answer over HTTPS, redirects and errors included. Begin with a short max-age, and
    without includeSubDomains, if you are not sure that every subdomain speaks HTTPS; raise it after a week.

    Absent or void on root, www, the canonical host or a host the portal names: high. A host below a root whose
    includeSubDomains covers it needs none of its own; the canonical host should still send it for those who never came
    by the root: nice to fix. So are absence on other hosts, less than half a year, two headers that disagree (browsers
    take the first), and a `preload` that the list would refuse: it asks the root for a year, includeSubDomains and a
    redirect from plain HTTP to HTTPS on the same host. A header sent over plain HTTP is ignored by browsers and here.
    """
    ways = await ways_in(look)
    entries = [way for way in ways if not way.plain]
    pages = await asyncio.gather(*(look.http.get(way.url) for way in entries))
    policies = {w.host: policy_of(page) for w, page in zip(entries, pages, strict=True) if isinstance(page, Page)}
    for way, page in zip(entries, pages, strict=True):
        if isinstance(page, Failure):
            if nobody_listens(page):
                yield Passed(way.host, "nobody listens on port 443: see http.canonical and dns.subdomains")
            else:
                yield NotChecked(way.host, str(page), "run it again when the host answers")
    main = canonical_host(portal, ways)
    root = policies.get(portal.domain, Policy(()))
    paste = _header(policies, entries)
    without: dict[Severity, list[str]] = {Severity.HIGH: [], Severity.NICE: []}
    for way in entries:
        if (policy := policies.get(way.host)) is None:
            continue
        covered = root.works and root.subdomains and way.host.endswith(f".{portal.domain}")
        if policy.works:
            yield _judge(way.host, policy, paste)
        elif covered and policy.max_age_s is None and way.host != main:
            yield Passed(way.host, f"covered by includeSubDomains of {portal.domain}")
        else:
            grave = (way.named or way.host in (main, *front(portal))) and not (covered and not policy.headers)
            without[Severity.HIGH if grave else Severity.NICE].append(way.host)
    for severity, hosts in without.items():
        if hosts:
            evidence = "; ".join(f"{h}: {' | '.join(policies[h].headers)[:120] or 'none'}" for h in hosts)
            problem = f"{', '.join(hosts[:6])}: {_what_is_wrong(policies[hosts[0]], hosts[0], ways)}"
            key = "absent" if severity is Severity.HIGH else "absent elsewhere"
            yield Finding(hosts[0], problem, evidence, paste=paste, severity=severity, key=key)
    if root.works and root.preload and (refusal := _refused_by_the_list(root, portal.domain, ways)):
        problem = f"{portal.domain} asks to be preloaded, but the list would refuse it: {refusal}."
        paste = f"{_NAME}: max-age={A_YEAR_S}; includeSubDomains; preload"
        yield Finding(portal.domain, problem, root.headers[0][:200], paste=paste, severity=Severity.NICE, key="preload")


def _judge(host: str, policy: Policy, paste: str) -> Row:
    shown = " | ".join(policy.headers)[:200]
    age_s = policy.max_age_s or 0
    if age_s < HALF_A_YEAR_S:
        span = f"{age_s // DAY_S} days" if age_s >= 2 * DAY_S else f"{age_s} seconds"
        problem = f"{host} asks browsers to remember HTTPS for {span} only."
        return Finding(host, problem, shown, paste=paste, severity=Severity.NICE, key="short")
    if len({header.lower().replace(" ", "") for header in policy.headers}) > 1:
        problem = f"{host} sends {_NAME} more than once, and browsers keep to the first only."
        fix = "Let one of edge and application send it, not both."
        return Finding(host, problem, shown, fix, paste, Severity.NICE, key="twice")
    return Passed(host, shown)


def _what_is_wrong(policy: Policy, host: str, ways: tuple[Way, ...]) -> str:
    if policy.max_age_s == 0:
        return f"{_NAME} switches itself off (max-age=0)."
    if policy.headers:
        return f"the {_NAME} header is written so that browsers ignore it."
    in_clear = (page for way in ways if way.plain for page in way.chain.hops if host_of(page.url) == host)
    if any(page.url.startswith("http://") and page.header(_NAME) for page in in_clear):
        return f"the {_NAME} header is sent over plain HTTP only, where browsers ignore it."
    return f"no {_NAME} header."


def _refused_by_the_list(root: Policy, domain: str, ways: tuple[Way, ...]) -> str:
    """Why hstspreload.org would not take the domain, as far as headers and redirects tell; empty if it would."""
    if (root.max_age_s or 0) < A_YEAR_S:
        return "it asks for a max-age of at least a year"
    if not root.subdomains:
        return "it asks for includeSubDomains"
    first = next((w.chain.hops[0] for w in ways if w.url == f"http://{domain}/" and w.chain.hops), None)
    if first is not None and first.redirects and not (first.location or "").startswith(f"https://{domain}/"):
        return f"http://{domain} must first lead to https://{domain}"
    return ""


def _header(policies: dict[str, Policy], entries: list[Way]) -> str:
    """The header to send; with includeSubDomains where every host that was looked at speaks HTTPS."""
    every = all(way.host in policies for way in entries)
    return f"{_NAME}: max-age={A_YEAR_S}" + ("; includeSubDomains" if every else "")
