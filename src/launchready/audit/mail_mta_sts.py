"""MTA-STS and TLS-RPT: whether senders must encrypt mail to the domain, and whether you hear when they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from launchready.audit.mail_domain import MailDomain, mail_domain, texts
from launchready.audit.mta_sts import Published, covers, fetch_policy, read_report_record
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

_SHORT_AGE_S = int(timedelta(days=1).total_seconds())


@check(
    "mail.mtasts",
    Stage.AUDIT,
    roadmap="A5 X1",
    severity=Severity.NICE,
    effort=45,
    reference="RFC 8461",
)
async def mta_sts(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Senders are not told to insist on encryption, or the policy that says so does not work.

    Why: whoever sits on the way can strip encryption from mail to you without anyone noticing.

    Fix: publish the record below and serve the policy at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` as
    `text/plain`, with a valid certificate and no redirect; start in mode `testing`, then `enforce`.

    Absent, in mode `testing` or `none`, or with a `max_age` under a day it is nice to fix. Published but unusable it is
    a high risk, because the protection one relies on is not there; a policy in mode `enforce` that does not name an
    MX host is one, because senders that heed it then cannot deliver. The policy is fetched as a sender fetches it
    (RFC 8461 section 3.3): no redirects, status 200, text/plain, at most 64 KB, `*.` for exactly one label.
    """
    names = portal.mail_domains
    domains, fetched = await asyncio.gather(
        asyncio.gather(*(mail_domain(d, portal, look) for d in names)),
        asyncio.gather(*(fetch_policy(d, look) for d in names)),
    )
    for mail, published in zip(domains, fetched, strict=True):
        if mail.mx_unknown or published.unknown:
            yield NotChecked(mail.domain, mail.mx_unknown or published.unknown)
        elif not mail.exchangers:
            yield Passed(mail.domain, "takes no mail")
        else:
            yield _judge(mail, published)


def _judge(mail: MailDomain, published: Published) -> Row:
    domain, policy = mail.domain, published.policy
    hosts = tuple(dict.fromkeys(e.host for e in mail.exchangers))
    if policy is None:
        if published.problem:
            problem = f"MTA-STS of {domain} does not work: {published.problem}."
            return _finding(domain, problem, published.record, "broken", Severity.HIGH, _text(hosts))
        paste = f'_mta-sts.{domain}. 3600 IN TXT "v=STSv1; id=1"\n\n{_text(hosts)}'
        return _finding(
            domain, f"{domain} has no MTA-STS policy.", f"_mta-sts.{domain} TXT: none", "absent", paste=paste
        )
    uncovered = [host for host in hosts if not covers(policy.mx, host)]
    if uncovered and policy.mode != "none":
        enforced = policy.mode == "enforce"
        effect = "so senders that heed it do not deliver there" if enforced else "which it only reports so far"
        problem = f"The MTA-STS policy of {domain} does not name its mail server {uncovered[0]}, {effect}."
        severity = Severity.HIGH if enforced else Severity.NICE
        return _finding(domain, problem, f"mx: {', '.join(policy.mx)}"[:300], "mx", severity, _text(hosts))
    if policy.mode != "enforce":
        problem = f"The MTA-STS policy of {domain} is in mode {policy.mode}: senders deliver unencrypted as well."
        return _finding(domain, problem, f"mode: {policy.mode}", "mode", paste=_text(hosts, "enforce"))
    if policy.max_age_s < _SHORT_AGE_S:
        problem = f"Senders forget the MTA-STS policy of {domain} after {policy.max_age_s} seconds."
        return _finding(domain, problem, f"max_age: {policy.max_age_s}", "age", paste=_text(hosts, "enforce"))
    return Passed(domain, f"mode enforce, max_age {policy.max_age_s} s")


def _finding(
    domain: str, problem: str, evidence: str, key: str, severity: Severity = Severity.NICE, paste: str = ""
) -> Finding:
    return Finding(domain, problem, evidence=evidence, severity=severity, paste=paste, key=key)


def _text(hosts: tuple[str, ...], mode: str = "testing") -> str:
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts), "max_age: 604800"]
    return "\n".join(lines)


@check(
    "mail.tlsrpt",
    Stage.AUDIT,
    roadmap="A5 X1",
    severity=Severity.NICE,
    effort=10,
    reference="RFC 8460 section 3",
)
async def tls_reports(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Nobody hears when mail to the domain cannot be encrypted.

    Why: with an MTA-STS policy, senders hold mail back rather than send it in clear; without reports you learn of it
    from clients.

    Fix: publish the TXT record below.

    Absent it is a finding only where there is an MTA-STS record; faulty it always is.
    """
    names = portal.mail_domains
    domains, reports, policies = await asyncio.gather(
        asyncio.gather(*(mail_domain(d, portal, look) for d in names)),
        asyncio.gather(*(texts(look, f"_smtp._tls.{d}") for d in names)),
        asyncio.gather(*(texts(look, f"_mta-sts.{d}") for d in names)),
    )
    for mail, found, policy in zip(domains, reports, policies, strict=True):
        domain = mail.domain
        record, problem = read_report_record(found)
        paste = f'_smtp._tls.{domain}. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"'
        if found.unknown:
            yield NotChecked(domain, found.unknown)
        elif problem:
            yield _finding(
                domain, f"The TLS-RPT record of {domain} is faulty: {problem}.", record[:200], "faulty", paste=paste
            )
        elif record:
            yield Passed(domain, "reports are asked for")
        elif mail.exchangers and any(value.startswith("v=STSv1") for value in policy.values):
            problem = f"{domain} has an MTA-STS policy but asks for no reports about it."
            yield _finding(domain, problem, f"_smtp._tls.{domain} TXT: none", "absent", paste=paste)
        else:
            yield Passed(domain, "optional without MTA-STS")
