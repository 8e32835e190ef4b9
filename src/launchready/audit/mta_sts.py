"""MTA-STS (RFC 8461) and TLS-RPT (RFC 8460) records and policies: parsed purely, fetched by `fetch_policy`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from launchready.audit.mail_domain import Texts, texts
from launchready.probes.failures import Failure, Refused, TlsFailed
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.tls import Handshake

MODES = ("enforce", "testing", "none")
LONGEST_AGE_S = 31_557_600
"""RFC 8461 section 3.2."""
LARGEST_POLICY = 64 * 1024
"""Bytes a sender need read (RFC 8461 section 3.3)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that senders accept."""

    mode: str
    mx: tuple[str, ...]
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Published:
    """What a domain publishes for MTA-STS."""

    record: str = ""
    """The TXT record; empty when there is none."""
    policy: Policy | None = None
    problem: str = ""
    """Why senders do not take the policy, as a sentence without its full stop."""
    unknown: str = ""
    """Why it could not be looked at."""


async def fetch_policy(domain: str, look: Look) -> Published:
    """The MTA-STS record of a domain and, where there is one, its policy, fetched as a sender does."""
    found = await texts(look, f"_mta-sts.{domain}")
    if found.unknown:
        return Published(unknown=found.unknown)
    record, problem = read_record(found)
    if not record:
        return Published(problem=problem)
    if problem:
        return Published(record, problem=problem)
    host = f"mta-sts.{domain}"
    addresses = await look.dns.addresses(host)
    if isinstance(addresses, Failure):
        return Published(record, unknown=str(addresses))
    if not addresses:
        return Published(record, problem=f"the policy's host {host} has no address")
    page, shaken = await asyncio.gather(
        look.http.get(f"https://{host}/.well-known/mta-sts.txt"), look.tls.handshake(host, addresses[0])
    )
    if isinstance(page, Page) and page.address not in ("", addresses[0]):
        shaken = await look.tls.handshake(host, page.address)
    return _served(record, page, shaken, look)


def _served(record: str, page: Page | Failure, shaken: Handshake | Failure, look: Look) -> Published:
    if isinstance(page, Refused | TlsFailed):
        return Published(record, problem=f"the policy cannot be fetched: {page}")
    if isinstance(page, Failure):
        return Published(record, unknown=f"the policy could not be fetched: {page}")
    if isinstance(shaken, Failure):
        return Published(record, unknown=f"the certificate of the policy's host could not be looked at: {shaken}")
    if verdict := look.tls.browser_verdict(shaken, shaken.host, look.now):
        return Published(record, problem=f"the certificate of {shaken.host} is not valid: {verdict}")
    policy, problem = read_policy(page)
    return Published(record, policy, problem)


def read_record(found: Texts) -> tuple[str, str]:
    """The one MTA-STS record among the TXT records, and what is wrong (RFC 8461 section 3.1)."""
    records = [value for value in found.values if re.match(r"v=STSv1[ \t]*;", value)]
    if len(records) > 1:
        return "", f"{found.name} has {len(records)} MTA-STS records, so senders take none"
    if not records:
        meant = next((v for v in found.values if re.match(r"\s*v\s*=\s*sts", v, re.IGNORECASE)), "")
        return (
            "",
            f"senders do not take {meant[:60]!r} for an MTA-STS record: it must begin with v=STSv1;" if meant else "",
        )
    tags = dict(part.strip().split("=", 1) for part in records[0].split(";") if "=" in part)
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", tags.get("id", "").strip()):
        return records[0], "the record's id is not made of 1 to 32 letters and digits"
    return records[0], ""


def read_policy(page: Page) -> tuple[Policy | None, str]:
    """A policy as served, and why a sender would not take it (RFC 8461 sections 3.2 and 3.3)."""
    if 300 <= page.status < 400:
        return None, f"the policy is a redirect ({page.status}), which senders must not follow"
    if page.status != 200:
        return None, f"the policy's address answers {page.status}"
    if page.truncated or len(page.body) > LARGEST_POLICY:
        return None, "the policy is larger than 64 KB"
    kind = (page.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        return None, f"the policy is served as {kind[:40] or 'nothing in particular'}, not text/plain"
    return parse_policy(page.body.decode("utf-8", "replace"))


def parse_policy(text: str) -> tuple[Policy | None, str]:
    """A policy's text; the first of repeated fields counts, save for `mx`."""
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = (piece.strip() for piece in line.partition(":"))
        if not colon:
            return None, f"the policy has a line that is no field: {line.strip()[:40]!r}"
        if name == "mx":
            patterns.append(value.lower().rstrip("."))
        else:
            fields.setdefault(name, value)
    if fields.get("version") != "STSv1":
        return None, "the policy does not say version: STSv1"
    mode = fields.get("mode", "")
    if mode not in MODES:
        return None, f"the policy's mode is {mode[:20]!r}, not one of {', '.join(MODES)}"
    age = fields.get("max_age", "")
    if not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > LONGEST_AGE_S:
        return None, f"the policy's max_age is {age[:20]!r}, not a number of seconds up to {LONGEST_AGE_S}"
    if mode != "none" and not patterns:
        return None, "the policy names no mx"
    wrong = next((p for p in patterns if not re.fullmatch(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", p)), "")
    if wrong:
        return None, f"the policy's mx {wrong[:60]!r} is no host name"
    return Policy(mode, tuple(patterns), int(age)), ""


def covers(patterns: Sequence[str], host: str) -> bool:
    """Whether an MX host matches; `*.` stands for exactly one label (RFC 8461 section 4.1)."""
    return any(host == p or (p.startswith("*.") and host.partition(".")[2] == p[2:]) for p in patterns)


def read_report_record(found: Texts) -> tuple[str, str]:
    """The one TLS-RPT record among the TXT records, and what is wrong (RFC 8460 section 3)."""
    records = [value for value in found.values if re.match(r"v=TLSRPTv1[ \t]*;", value)]
    if len(records) > 1:
        return records[0], f"{found.name} has {len(records)} TLS-RPT records, so senders take none"
    if not records:
        return "", ""
    rua = re.search(r";[ \t]*rua=([^;]*)", records[0])
    targets = [uri.strip() for uri in rua[1].split(",")] if rua else []
    if not targets or not all(re.fullmatch(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+|https://\S+", uri) for uri in targets):
        return records[0], "its rua= is not a mailto: or https: address"
    return records[0], ""
