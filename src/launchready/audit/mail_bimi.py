"""BIMI: the logo beside the portal's mail, where one is published."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from launchready.audit.dmarc_policy import Judged, judged
from launchready.audit.mail_domain import texts
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Timeout
from launchready.probes.http import Page
from launchready.probes.look import Look


@check(
    "mail.bimi",
    Stage.AUDIT,
    roadmap="A5",
    severity=Severity.NICE,
    effort=30,
    reference="draft-brand-indicators-for-message-identification",
)
async def bimi(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The domain publishes a logo for its mail (BIMI) that mail programs will not show.

    Why: the effort of publishing the logo is wasted, and clients see initials in its place.

    Fix: serve the logo as SVG Tiny PS over HTTPS, name it in `l=`, and have DMARC at `quarantine` or `reject`.

    BIMI is optional: a domain without a record, or one that declines by an empty `l=`, passes. Looked at are the
    record at `default._bimi`, that DMARC is enforced (no `none` in `p` or `sp`, no `pct` under 100), and that the logo
    is there and SVG. The mark certificate that Gmail and Apple also ask for (`a=`) is not judged.
    """
    domains = portal.mail_domains
    records, policies = await asyncio.gather(
        asyncio.gather(*(texts(look, f"default._bimi.{d}") for d in domains)),
        asyncio.gather(*(judged(d, portal, look) for d in domains)),
    )
    for domain, found, policy in zip(domains, records, policies, strict=True):
        published = [value for value in found.values if re.match(r"\s*v\s*=\s*BIMI1", value, re.IGNORECASE)]
        if found.unknown:
            yield NotChecked(domain, found.unknown)
        elif not published:
            yield Passed(domain, "optional, and not published")
        else:
            yield await _judge(domain, published, policy, look)


async def _judge(domain: str, published: list[str], policy: Judged, look: Look) -> Row:
    text = published[0]
    if len(published) > 1:
        return _finding(domain, f"has {len(published)} BIMI records, so none counts", text, "several")
    if not re.match(r"v=BIMI1[ \t]*;", text):
        return _finding(domain, "has a BIMI record that does not begin with v=BIMI1;", text, "syntax")
    tags = {k.strip().lower(): v.strip() for k, _, v in (part.partition("=") for part in text.split(";"))}
    if "l" not in tags:
        return _finding(domain, "has a BIMI record without a logo (l=)", text, "syntax")
    if not tags["l"] and not tags.get("a"):
        return Passed(domain, "declines BIMI")
    if policy.unknown:
        return NotChecked(domain, f"its DMARC policy is not known: {policy.unknown}")
    if weak := _not_enforced(policy):
        return _finding(domain, f"publishes a BIMI logo, but {weak}, so mail programs do not show it", text, "dmarc")
    return await _logo(domain, tags["l"], text, look)


def _not_enforced(policy: Judged) -> str:
    record = policy.record
    if record is None:
        return "has no DMARC record in force"
    if policy.applied == "none" or record.sp == "none":
        return "its DMARC policy asks for nothing (none)"
    if record.tags.get("pct", "100") != "100":
        return f"its DMARC policy holds for pct={record.tags['pct'][:8]} only"
    return ""


async def _logo(domain: str, url: str, text: str, look: Look) -> Row:
    if not url:
        return Passed(domain, "the logo is in the mark certificate")
    try:
        secure = urlsplit(url).scheme.lower() == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        secure = False
    if not secure:
        return _finding(domain, "has a BIMI logo that is not at an https: address", text, "address")
    page = await look.http.get(url)
    if isinstance(page, Timeout):
        return NotChecked(domain, f"the logo at {url[:100]}: {page}")
    if isinstance(page, Failure):
        return _finding(domain, "has a BIMI logo that cannot be fetched", f"{url[:150]}: {page}", "logo")
    if problem := _not_svg(page):
        return _finding(
            domain,
            "has a BIMI logo that cannot be used",
            f"{url[:150]}: {problem}",
            "logo",
        )
    return Passed(domain, "a logo, and DMARC enforced")


def _not_svg(page: Page) -> str:
    if page.status != 200:
        return f"status {page.status}"
    # The root element, past declaration, comments and document type.
    if not re.match(
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,300}\?>\s*)?(?:<!--.{0,2000}?-->\s*)?(?:<!DOCTYPE[^>]{0,500}>\s*)?<svg\b",
        page.body[:4096],
        re.S,
    ):
        return "it is not SVG"
    return ""


def _finding(domain: str, says: str, evidence: str, key: str) -> Finding:
    return Finding(domain, f"{domain} {says}.", evidence=evidence[:250], key=key)
