"""Aliases (CNAME) that point to something given up, and whether a stranger could take it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from publicsuffixlist import PublicSuffixList

from launchready.edge.takeover_services import Claim, Service, service_of
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.dns import Answer
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.rdap import Registration
from launchready.probes.surface import unlikely_name

_SUFFIXES = PublicSuffixList(only_icann=True)
"""Registries only: a name below a host's own suffix, such as `pages.dev`, is not registered but handed out."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A host whose name is an alias."""

    subject: str
    """What the finding names: the host, or `*.domain` for the wildcard."""
    host: str
    """The name to ask about."""
    targets: tuple[str, ...]
    main: bool
    """Root, www or a host the portal names: it is missed when it is gone."""

    @property
    def record(self) -> str:
        """The record in the portal's zone, for the evidence."""
        return f"{self.subject} CNAME {self.targets[0]}"


@check(
    "dns.dangling",
    Stage.EDGE,
    roadmap="A8 B1 B3 M1",
    severity=Severity.BLOCKER,
    effort=15,
    reference="https://github.com/EdOverflow/can-i-take-over-xyz",
)
async def dangling(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A name of the domain points to something that was given up.

    Why: whoever registers the abandoned name at that service answers under your domain: with your logo, a valid
    certificate and, where cookies are set for the whole domain, the sessions of your clients.

    Fix: delete the CNAME record, or bring the site back at the service before anyone else does. Delete DNS records
    first and the site afterwards when you leave a service.

    Every alias of every host is followed, that of a wildcard included. An alias is dangling when its target does not
    exist, or when it leads to a hosting service (over forty are known) whose page says that nobody is there. The
    service's words count only on a host whose alias leads to that service.

    It is a blocker when a stranger can take the name: the service hands it to any customer, or the target's own
    domain can be registered. Where the service asks for proof of ownership, or a TXT record binds the name to its
    owner (GitHub's `_github-pages-challenge-…`, Azure's `asuid.…`), it is a high risk; on root, www and the hosts
    named in `launchready.toml` it remains a blocker, because visitors are turned away. Not seen: address records that
    point to released cloud servers, and aliases nobody named and no certificate lists.
    """
    aliases = await _aliases(portal, look)
    unknown = [host for host in await look.hosts() if host.unknown]
    for host in unknown:
        yield NotChecked(host.name, host.unknown, "run it again when its name servers answer")
    if not aliases and not unknown:
        yield Passed(portal.domain, "no host is an alias")
    for row in await asyncio.gather(*(_judge(alias, look) for alias in aliases)):
        yield row


async def _aliases(portal: Portal, look: Look) -> list[Alias]:
    wildcard, hosts = await asyncio.gather(look.dns.query(unlikely_name(portal.domain), "A"), look.hosts())
    aliases = [Alias(host.name, host.name, host.cname, host.named) for host in hosts if host.cname]
    if isinstance(wildcard, Answer) and wildcard.cname:
        aliases.append(Alias(f"*.{portal.domain}", wildcard.name, wildcard.cname, main=False))
    return aliases


async def _judge(alias: Alias, look: Look) -> Row:
    answers = await asyncio.gather(look.dns.query(alias.host, "A"), look.dns.query(alias.host, "AAAA"))
    good = [answer for answer in answers if isinstance(answer, Answer)]
    service = next(filter(None, map(service_of, alias.targets)), None)
    if any(answer.status == "NXDOMAIN" for answer in good):
        return await _target_gone(alias, service, look)
    if not any(answer.exists for answer in good):
        return _no_address(alias, answers)
    if service is None:
        return Passed(alias.subject, f"an alias of {alias.targets[0]}")
    return await _page_says(alias, service, look)


async def _target_gone(alias: Alias, service: Service | None, look: Look) -> Finding:
    target = alias.targets[-1]
    problem = f"{alias.subject} points to {target}, which does not exist."
    if service is not None and service.gone:
        return await _abandoned(alias, service, problem, f"{alias.record}, NXDOMAIN", look)
    if domain := await _unregistered(target, look):
        return Finding(
            alias.subject,
            f"{alias.subject} points to {target}, and anyone may register {domain}.",
            evidence=f"{alias.record}; NXDOMAIN for {domain} as a whole",
            severity=Severity.BLOCKER,
        )
    return Finding(
        alias.subject,
        problem,
        evidence=f"{alias.record}, NXDOMAIN",
        severity=Severity.BLOCKER if alias.main else Severity.HIGH,
        why=_LEADS_NOWHERE,
    )


def _no_address(alias: Alias, answers: Sequence[Answer | Failure]) -> Row:
    unanswered = next(
        (answer for answer in answers if not isinstance(answer, Answer) or answer.status != "NOERROR"), None
    )
    if unanswered is not None:
        said = unanswered.status if isinstance(unanswered, Answer) else str(unanswered)
        return NotChecked(alias.subject, f"the address of {alias.targets[-1]} was not told: {said}")
    return Finding(
        alias.subject,
        f"{alias.subject} points to {alias.targets[-1]}, which has no address.",
        evidence=f"{alias.record}; neither A nor AAAA",
        severity=Severity.BLOCKER if alias.main else Severity.HIGH,
        why=_LEADS_NOWHERE,
    )


async def _page_says(alias: Alias, service: Service, look: Look) -> Row:
    urls = (f"https://{alias.host}/", f"http://{alias.host}/")
    pages = await asyncio.gather(*map(look.http.get, urls))
    for url, page in zip(urls, pages, strict=True):
        if isinstance(page, Page) and (words := says_abandoned(service, page)):
            problem = f"{alias.subject} points to {service.name}, where nobody has a site under this name."
            return await _abandoned(alias, service, problem, f"{alias.record}; {url} {page.status}: {words}", look)
    if all(isinstance(page, Failure) for page in pages):
        return NotChecked(alias.subject, f"its page at {service.name} could not be read: {pages[0]}")
    return Passed(alias.subject, f"lives at {service.name}")


async def _abandoned(alias: Alias, service: Service, problem: str, evidence: str, look: Look) -> Finding:
    bound = await _bound_by(alias, service, look) if service.claim is Claim.STRANGER else ""
    claimable = service.claim is Claim.STRANGER and not bound
    if claimable:
        return Finding(alias.subject, f"{problem[:-1]}; anyone can take it.", evidence, reference=service.source)
    held = f"the TXT record {bound} keeps strangers out" if bound else Claim.OWNER.value
    return Finding(
        alias.subject,
        problem,
        f"{evidence} ({held})",
        severity=Severity.BLOCKER if alias.main else Severity.HIGH,
        why="Whoever opens the name gets another company's error page. " + _NOT_CLAIMABLE,
        reference=service.source,
    )


async def _bound_by(alias: Alias, service: Service, look: Look) -> str:
    """The TXT record that keeps strangers out, on the host or on a domain above it; empty when there is none."""
    if not service.proof:
        return ""
    account = alias.targets[0].split(".", 1)[0]
    labels = alias.host.split(".")
    above = [".".join(labels[i:]) for i in range(max(1, len(labels) - 1))] if "{account}" in service.proof else []
    names = [service.proof.format(account=account, host=host) for host in above or [alias.host]]
    answers = await asyncio.gather(*(look.dns.query(name, "TXT") for name in names))
    return next((a.name for a in answers if isinstance(a, Answer) and a.exists), "")


async def _unregistered(target: str, look: Look) -> str:
    """The registrable domain of a target when nobody holds it, else empty."""
    domain = _SUFFIXES.privatesuffix(target)
    if not domain:
        return ""
    answer = await look.dns.query(domain, "NS")
    if not isinstance(answer, Answer) or answer.status != "NXDOMAIN":
        return ""
    # A domain on hold is not in DNS either, but it is held: the registry knows better.
    return "" if isinstance(await look.rdap.registration(domain), Registration) else domain


def says_abandoned(service: Service, page: Page) -> str:
    """The service's words for "nobody is here" on a page, or empty."""
    name, value = service.header
    if name and (page.header(name) or "").startswith(value):
        return f"{name}: {value}"
    if page.status not in service.statuses:
        return ""
    text = page.body[:65536].decode("utf-8", "replace")
    return next((words for words in service.says if words in text), "")


_LEADS_NOWHERE = "Whoever opens the name gets an error, and who controls its target decides what it will show."
_NOT_CLAIMABLE = "A stranger cannot take it as the service works today, but that has changed before."
