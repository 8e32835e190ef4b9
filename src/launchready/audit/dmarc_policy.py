"""Which DMARC record applies to a mail domain, asked of DNS by the tree walk; what the DMARC checks share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from launchready.audit.dmarc import Discovery, Record, discover, is_dmarc, near_miss, walk
from launchready.audit.mail_domain import MailDomain, Texts, mail_domain, texts
from launchready.portal import Portal
from launchready.probes.look import Look


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail domain with what the tree walk found for it."""

    mail: MailDomain
    texts: Texts
    """The TXT records at the domain's own `_dmarc`."""
    discovery: Discovery
    unknown: str = ""
    """Why it is not known which record applies; empty when it is."""

    @property
    def domain(self) -> str:
        """Its name."""
        return self.mail.domain

    @property
    def records(self) -> tuple[str, ...]:
        """The DMARC records at the domain itself; more than one takes all of them out."""
        return tuple(value for value in self.texts.values if is_dmarc(value))

    @property
    def misses(self) -> tuple[str, ...]:
        """TXT records that were meant as DMARC and are none."""
        return tuple(value for value in self.texts.values if near_miss(value))

    @property
    def record(self) -> Record | None:
        """The record that applies and that receivers act on."""
        record = self.discovery.record
        return record if record and record.in_force else None

    @property
    def policy(self) -> str:
        """The policy for mail of this very domain, before `t=y`.

        `p` of its own record; of an inherited one `sp`, or `np` when DNS does not know the domain.
        """
        if not self.record:
            return "none"
        if self.discovery.own:
            return self.record.p
        return self.record.sp if self.mail.exists else self.record.np

    @property
    def registrys(self) -> bool:
        """The record is one of a public suffix above the organization, which its owner cannot change."""
        return self.discovery.organizational.endswith(f".{self.discovery.location}")

    @property
    def applied(self) -> str:
        """What receivers do with mail of this domain that fails."""
        return self.record.applied(self.policy) if self.record else "none"


async def discover_policy(domain: str, look: Look) -> tuple[Discovery, dict[str, Texts], str]:
    """Walk the tree, all questions at once; what was found where; and why the record is not known, if so."""
    places = walk(domain)
    found = dict(zip(places, await asyncio.gather(*(texts(look, f"_dmarc.{p}") for p in places)), strict=True))
    discovery = discover(domain, {place: found[place].values for place in places})
    if discovery.own:
        return discovery, found, ""
    # An unanswered place nearer than the record could hold one that goes before it.
    nearer = places[: places.index(discovery.location)] if discovery.location else places
    return discovery, found, next((found[place].unknown for place in nearer if found[place].unknown), "")


async def judged(domain: str, portal: Portal, look: Look) -> Judged:
    """A mail domain and its DMARC record."""
    mail, (discovery, found, unknown) = await asyncio.gather(
        mail_domain(domain, portal, look), discover_policy(domain, look)
    )
    return Judged(mail, found[domain], discovery, unknown)


async def all_judged(portal: Portal, look: Look) -> list[Judged]:
    """Every mail domain of the portal and its DMARC record."""
    return list(await asyncio.gather(*(judged(domain, portal, look) for domain in portal.mail_domains)))


def published(domain: str, value: str) -> str:
    """A DMARC record as a zone file takes it."""
    return f'_dmarc.{domain}. 3600 IN TXT "{value}"'
