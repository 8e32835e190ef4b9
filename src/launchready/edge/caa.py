"""CAA: which certificate authorities may issue for the domain's hosts, and whether today's one still may."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

from cryptography import x509

from launchready.edge.certificate_authorities import Property, authority_of, may_issue, read_property
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure, Garbage, Phase
from launchready.probes.look import Look
from launchready.probes.surface import Host
from launchready.probes.tls import Handshake


@check(
    "dns.caa",
    Stage.EDGE,
    roadmap="A1 B1",
    severity=Severity.NICE,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc8659",
)
async def caa(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Any certificate authority may issue for this domain, or the one you use may not.

    Why: with no limit, a mistake at any of dozens of authorities gives a stranger a valid certificate for your
    portal; with a wrong limit, the next renewal fails and browsers lock everybody out.

    Fix: add a CAA record that names the authority you use.

    For each host the record set that counts is looked for upwards, as authorities do (RFC 8659 section 3). None is
    nice to fix, since authorities check control of the domain anyway. A set that is malformed, has an unknown critical
    tag, or forbids the authority of the certificate in use is a high risk: everything works until the renewal. The
    authority is known by the issuer's organization for those in `certificate_authorities.py`, others are not compared.
    """
    hosts = await look.hosts()
    names = list(dict.fromkeys(n for h in (Host(portal.domain, ()), *hosts) for n in _upwards(h.name)))
    asked = dict(zip(names, await asyncio.gather(*(look.dns.query(n, "CAA") for n in names)), strict=True))
    users: dict[str, list[Host]] = defaultdict(list)
    limits: dict[str, Answer] = {}
    unlimited: list[Host] = []
    for host in hosts:
        limit = _relevant(host.name, asked)
        if isinstance(limit, Failure):
            yield NotChecked(host.name, f"its CAA record could not be asked for: {limit}", "run it again")
        elif limit is None:
            unlimited.append(host)
        else:
            limits[limit.name] = limit
            users[limit.name].append(host)
    if unlimited:
        yield await _unlimited(portal, unlimited, look)
    for owner, mine in sorted(users.items()):
        for row in await _judge(limits[owner], mine, look):
            yield row


async def _judge(answer: Answer, hosts: list[Host], look: Look) -> list[Row]:
    owner = answer.name
    read = {record.text: read_property(record.text) for record in answer.records}
    properties = [p for p in read.values() if p is not None]
    flaws = [flaw for p in properties if (flaw := p.flaw)] + [f"{t} is no CAA record" for t, p in read.items() if not p]
    if flaws:
        problem = f"The CAA record of {owner} is malformed, so certificates may not be renewed."
        evidence = "; ".join(sorted(flaws))[:800]
        return [Finding(owner, problem, evidence=evidence, severity=Severity.HIGH, key="malformed")]
    forbidden = [told for told in await asyncio.gather(*(_forbidden(h, properties, look) for h in hosts)) if told]
    if forbidden:
        host, organization, domain = forbidden[0]
        more = f" and {len(forbidden) - 1} more" if len(forbidden) > 1 else ""
        return [
            Finding(
                owner,
                f"The CAA record of {owner} forbids {organization}, who issued the certificate of {host}{more}: "
                "its renewal will fail.",
                evidence="; ".join(sorted(read)),
                fix="Allow the authority that you use, or change to one that is allowed.",
                paste=f'{owner}. 3600 IN CAA 0 issue "{domain}"',
                severity=Severity.HIGH,
                key="forbidden",
            )
        ]
    allowed = sorted({p.issuer or "nobody" for p in properties if p.tag in ("issue", "issuewild")})
    return [Passed(owner, f"may issue: {', '.join(allowed) or 'anybody (only iodef is set)'}")]


async def _unlimited(portal: Portal, hosts: list[Host], look: Look) -> Finding:
    leaves = await asyncio.gather(*(_leaf(host, look) for host in hosts))
    known = {told[1][0] for leaf in leaves if leaf is not None and (told := authority_of(leaf))}
    subject = portal.domain if any(h.name == portal.domain for h in hosts) else hosts[0].name
    return Finding(
        subject,
        f"Any certificate authority may issue certificates for {subject}.",
        evidence=f"no CAA record at {', '.join(_upwards(subject))}",
        paste="\n".join(f'{subject}. 3600 IN CAA 0 issue "{d}"' for d in sorted(known))
        or f'{subject}. 3600 IN CAA 0 issue "<your certificate authority, such as letsencrypt.org>"',
    )


async def _forbidden(host: Host, properties: list[Property], look: Look) -> tuple[str, str, str] | None:
    leaf = await _leaf(host, look)
    authority = authority_of(leaf) if leaf is not None else None
    if leaf is None or authority is None:
        return None
    organization, domains = authority
    if may_issue(properties, domains, wildcard=_only_by_wildcard(leaf, host.name)):
        return None
    return host.name, organization, domains[0]


async def _leaf(host: Host, look: Look) -> x509.Certificate | None:
    if not host.addresses:
        return None
    shaken = await look.tls.handshake(host.name, host.addresses[0])
    return shaken.leaf if isinstance(shaken, Handshake) and shaken.chain else None


def _only_by_wildcard(leaf: x509.Certificate, host: str) -> bool:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = {name.lower() for name in extension.value.get_values_for_type(x509.DNSName)}
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        return False
    return host not in names and f"*.{host.partition('.')[2]}" in names


def _relevant(host: str, asked: dict[str, Answer | Failure]) -> Answer | Failure | None:
    """The CAA set that counts for a host, None for none; why, when it cannot be told."""
    for name in _upwards(host):
        answer = asked[name]
        if isinstance(answer, Failure):
            return answer
        if answer.exists:
            return answer
        if answer.status not in ("NOERROR", "NXDOMAIN"):
            # Authorities must not issue then (RFC 8659 section 3); what makes the lookup fail, other checks say.
            return Garbage(Phase.LOOKUP, name, f"the resolver answers {answer.status} for {name} CAA")
    return None


def _upwards(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]
