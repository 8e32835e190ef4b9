"""Mail exchangers: whether mail to the domain arrives, and arrives encrypted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from launchready.audit.exchangers import Exchange, Host, look_at_all, matches_tlsa
from launchready.audit.mta_sts import fetch_policy
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Refused, TlsFailed
from launchready.probes.look import Look
from launchready.probes.smtp import Conversation

_PORT_25 = "run the check from a network that lets port 25 out; most offices, homes and clouds do not"


@check(
    "mail.mx.reachable",
    Stage.AUDIT,
    roadmap="A5 A8 X1",
    severity=Severity.HIGH,
    effort=30,
    reference="RFC 5321 section 5.1",
)
async def reachable(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Mail to the domain does not arrive at one of its mail servers.

    Why: clients' replies are delayed or lost, and so are the bounces that tell you that your own mail did not arrive.

    Fix: point the MX record to the mail service's host name, and have that server answer on port 25.

    Looked at are every MX host, every address of it, with a real conversation on port 25 that sends no mail. Many
    networks let no port 25 out: while no server at all answers from here, nothing is concluded from silence, nor for
    IPv6 while nothing answers over IPv6. A host that does not exist, an address in place of a name, or a null MX
    beside other mail use are found without it. No exchanger left to reach is a blocker; an alias (CNAME) as MX host
    is nice to fix (RFC 2181 section 10.3), since most senders follow it.
    """
    exchanges = await look_at_all(portal, look)
    families = {line.family for e in exchanges for host in e.hosts for line in host.lines if line.answered}
    for exchange in exchanges:
        for row in _reachable(exchange, families):
            yield row


def _reachable(exchange: Exchange, families: set[int]) -> list[Row]:
    mail = exchange.mail
    if mail.mx_unknown:
        return [NotChecked(mail.domain, f"its MX records are not known: {mail.mx_unknown}")]
    rows: list[Row] = []
    if mail.null_mx and (exchange.hosts or mail.sends):
        rows.append(_null_mx(mail.domain, beside=bool(exchange.hosts)))
    if not exchange.hosts:
        return rows or [Passed(mail.domain, "takes no mail (null MX)" if mail.null_mx else "has no MX record")]
    faults = [row for host in exchange.hosts for row in _host_faults(mail.domain, host, families)]
    lost = {row.subject for row in faults if isinstance(row, Finding) and row.key in ("literal", "gone", "silent")}
    if lost >= {host.name for host in exchange.hosts}:
        faults = [_all_lost(mail.domain, [row for row in faults if isinstance(row, Finding)])]
    return [*rows, *faults] or [Passed(mail.domain, f"{', '.join(h.name for h in exchange.hosts)}: answer on port 25")]


def _null_mx(domain: str, *, beside: bool) -> Finding:
    why = "has a null MX record beside others" if beside else "sends mail but has a null MX record"
    return Finding(
        domain,
        f"{domain} {why}, so receivers may refuse its mail, and replies cannot be delivered.",
        evidence=f"{domain} MX 0 .",
        fix="Delete the null MX record, and point MX to a server that takes the replies.",
        reference="RFC 7505 section 3" if beside else "RFC 7505 section 4.2",
        key="null",
    )


def _host_faults(domain: str, host: Host, families: set[int]) -> list[Row]:
    if host.literal:
        return [_fault(domain, host, "literal", f"{host.name} is an address; MX takes host names only", "")]
    if host.unknown:
        return [NotChecked(host.name, f"its addresses are not known: {host.unknown}")]
    if not host.lines:
        return [_fault(domain, host, "gone", f"{host.name} has no address", f"{host.name} A, AAAA: none")]
    rows: list[Row] = []
    shut = [line for line in host.lines if line.closed]
    judged = [line for line in shut if line.family in families or (families and isinstance(line.spoke, Refused))]
    if judged and len(judged) == len(host.lines):
        rows.append(_fault(domain, host, "silent", f"{host.name} does not answer on port 25", _said(judged)))
    else:
        rows += [
            _fault(
                domain, host, f"silent {line.address}", f"{host.name} does not answer at {line.address}", _said([line])
            )
            for line in judged
        ]
    if blind := [line for line in shut if line not in judged]:
        if families:
            which = "IPv6" if blind[0].family == 6 else "IPv4"
            reason = f"no mail server answers over {which} from here ({blind[0].spoke})"
        else:
            reason = f"no mail server answers from here on port 25 ({blind[0].spoke})"
        rows.append(NotChecked(host.name, reason, _PORT_25))
    for line in host.lines:
        if isinstance(line.spoke, Failure) and not line.closed:
            rows.append(NotChecked(host.name, f"{line.address} spoke no mail: {line.spoke}"))
    if host.alias:
        rows.append(
            Finding(
                host.name,
                f"The MX record of {domain} names {host.name}, which is an alias of {host.alias}.",
                evidence=f"{host.name} CNAME {host.alias}",
                paste=f"{domain}. 3600 IN MX 10 {host.alias}.",
                severity=Severity.NICE,
                reference="RFC 2181 section 10.3",
                key="alias",
            )
        )
    return rows


def _fault(domain: str, host: Host, key: str, problem: str, evidence: str) -> Finding:
    return Finding(host.name, f"{problem}, though {domain} has its mail sent there.", evidence=evidence, key=key)


def _all_lost(domain: str, faults: Sequence[Finding]) -> Finding:
    return Finding(
        domain,
        f"No mail server of {domain} can be reached: mail to it does not arrive.",
        evidence="; ".join(dict.fromkeys(f.evidence or f.problem for f in faults))[:300],
        severity=Severity.BLOCKER,
        key="all",
    )


def _said(lines: Sequence[object]) -> str:
    return "; ".join(f"{getattr(line, 'address', '')}: {getattr(line, 'spoke', '')}" for line in lines)[:300]


@check(
    "mail.mx.starttls",
    Stage.AUDIT,
    roadmap="A5 A8 X1",
    severity=Severity.HIGH,
    effort=30,
    reference="RFC 3207",
)
async def starttls(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Mail to the domain travels unencrypted, or to a server that cannot prove who it is.

    Why: clients' replies, with contracts and invoices attached, can be read on the way.

    Fix: switch STARTTLS on at the mail server, with a certificate for the host name that the MX record gives.

    No STARTTLS, or one that does not come about, is a high risk. A certificate that browsers would not take is nice
    to fix, because senders encrypt to it all the same; it is a high risk where it loses mail: under an MTA-STS policy
    in mode `enforce`, or when TLSA records that DNSSEC vouches for (DANE, RFC 7672) do not match it. Where they match,
    the certificate needs no public issuer.
    """
    exchanges, policies = await asyncio.gather(
        look_at_all(portal, look), asyncio.gather(*(fetch_policy(d, look) for d in portal.mail_domains))
    )
    for exchange, published in zip(exchanges, policies, strict=True):
        domain = exchange.mail.domain
        if exchange.mail.mx_unknown:
            yield NotChecked(domain, f"its MX records are not known: {exchange.mail.mx_unknown}")
            continue
        if not exchange.hosts:
            yield Passed(domain, "takes no mail")
            continue
        enforced = published.policy is not None and published.policy.mode == "enforce"
        for host in exchange.hosts:
            yield _encrypted(domain, host, look, enforced=enforced)


def _encrypted(domain: str, host: Host, look: Look, *, enforced: bool) -> Row:
    spoken = [line.spoke for line in host.lines if isinstance(line.spoke, Conversation)]
    if not spoken:
        silent = next((str(line.spoke) for line in host.lines), host.unknown or "it has no address")
        return NotChecked(host.name, f"it did not answer on port 25: {silent}", _PORT_25)
    if bare := [c.address for c in spoken if c.tls is None]:
        return Finding(
            host.name,
            f"{host.name} takes mail of {domain} without encryption: it offers no STARTTLS.",
            evidence=f"EHLO at {', '.join(bare)}: {', '.join(spoken[0].extensions[:12])}"[:300],
            key="none",
        )
    verdicts: dict[str, list[str]] = {}
    for conversation in spoken:
        tls = conversation.tls
        if isinstance(tls, TlsFailed):
            return Finding(
                host.name,
                f"{host.name} offers STARTTLS, but no encrypted connection comes about.",
                evidence=f"{conversation.address}: {tls}",
                key="failed",
            )
        if isinstance(tls, Failure):
            return NotChecked(host.name, f"STARTTLS at {conversation.address}: {tls}")
        assert tls is not None  # noqa: S101 - the bare ones have been told above
        matched = matches_tlsa(tls, host.tlsa)
        wrong = None if matched else look.tls.browser_verdict(tls, host.name, look.now)
        if matched is False:
            wrong = "the TLSA records of the server (DANE) do not match its certificate"
        if wrong:
            verdicts.setdefault(wrong, []).append(conversation.address)
    for wrong, addresses in verdicts.items():
        dane = wrong.startswith("the TLSA")
        return Finding(
            host.name,
            f"The certificate of mail server {host.name} is not valid: {wrong}.",
            evidence=f"STARTTLS at {', '.join(addresses)}"
            + ("; MTA-STS says enforce, so senders that heed it do not deliver" if enforced else ""),
            severity=Severity.HIGH if enforced or dane else Severity.NICE,
            key="dane" if dane else "certificate",
        )
    return Passed(host.name, "STARTTLS" + (", certificate matches DANE" if host.tlsa else ", certificate valid"))
