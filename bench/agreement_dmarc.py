"""DMARC answers side by side with checkdmarc: the same lab domains, asked of both over the same resolver.

For every planted DMARC mistake and its twin, and some names deep in the tree: which record applies, and what it asks
for the domain and its subdomains; whether an outside report address has agreed. checkdmarc does not look at DKIM,
so there is nothing to set our DKIM answers beside. Every difference must be explained in `EXPLAINED` (and in
docs/agreement.md); exits 1 when one is not, or when an explained one is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.nameserver
import dns.resolver
from checkdmarc.dmarc import check_dmarc
from checkdmarc.utils import DNS_CACHE

from launchready.audit.dmarc_policy import judged
from launchready.audit.mail_dmarc_reports import external
from launchready.lab.authority import Authority
from launchready.lab.faults.mail import FAULTS, REPORTS, dmarc
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, both, records
from launchready.model import Finding

DEEP = f"a.b.c.d.e.f.g.h.{DOMAIN}"


@dataclass(frozen=True)
class Case:
    name: str
    change: Change
    domain: str = DOMAIN


@dataclass(frozen=True)
class Said:
    """One side's answer."""

    applies: str
    agreed: str


EXPLAINED = {
    "dmarc-missing (twin)": "the record is the registry's (psd=y): whether its report address has agreed is for the "
    "registry to mend, so we do not tell the domain's owner",
    "dmarc-two-records (twin)": "checkdmarc refuses the record for the other TXT records beside it, unless told "
    "ignore_unrelated_records; receivers discard those (RFC 9989 section 4.10 step 2)",
    "dmarc-policy-mistyped": "checkdmarc calls the record invalid; having a report address, it is in force as p=none "
    "(RFC 9989 section 4.10.1). We find the mistyped policy and say so",
    "dmarc-reports-to-nowhere": "the address's domain does not exist: we say that (mail.dmarc.reports), and not also "
    "that it has not agreed",
    "a name that does not exist": "checkdmarc stops at a name that does not exist; mail can be forged from it all the "
    "same, and np applies (RFC 9989 section 4.7)",
    "reports from psd=n to the domain above": "checkdmarc tells organizations apart by the public suffix list; by the "
    "tree walk (RFC 9990 section 4) psd=n makes another one, which must agree",
    "a parent without psd above our own": "the same: by the tree walk both names are of one organization, that of the "
    "parent, so nobody need agree",
    "two tags alike": "checkdmarc refuses the record; the RFC does not say so, receivers take one or the other. We "
    "show the first and find the second (mail.dmarc.syntax)",
}


def cases() -> Iterator[Case]:
    yield Case("healthy", both())
    for fault in FAULTS:
        if fault.check.startswith(("mail.dmarc", "mail.silent")):
            for name, change in ((fault.id, fault.change), (f"{fault.id} (twin)", fault.twin)):
                if change:
                    yield Case(name, change)
    inherits = dmarc(f"v=DMARC1; p=reject; sp=quarantine; {REPORTS}")
    yield Case("a subdomain inherits sp", inherits, f"app.{DOMAIN}")
    yield Case("a name that does not exist", inherits, f"made-up.{DOMAIN}")
    exists = records(DOMAIN, add=(f"{DEEP.removesuffix('.' + DOMAIN)} 300 A 192.88.99.10",))
    yield Case("ten labels, record at the top", both(exists, inherits), DEEP)
    middle = records(DOMAIN, add=(f'_dmarc.h 300 TXT "v=DMARC1; p=none; psd=n; {REPORTS}"',))
    yield Case("reports from psd=n to the domain above", both(exists, middle), DEEP)
    skipped = records(DOMAIN, add=(f'_dmarc.b.c.d.e.f.g.h 300 TXT "v=DMARC1; p=none; psd=n; {REPORTS}"',))
    yield Case("ten labels, psd=n where nobody asks", both(exists, skipped), DEEP)
    registry = records("example", add=(f'_dmarc 300 TXT "v=DMARC1; p=none; psd=y; {REPORTS}"',))
    yield Case("a registry's record above our own", registry, f"app.{DOMAIN}")
    no_psd = records("example", add=(f'_dmarc 300 TXT "v=DMARC1; p=quarantine; {REPORTS}"',))
    yield Case("a parent without psd above our own", no_psd, f"app.{DOMAIN}")
    two = records(DOMAIN, add=('_dmarc 300 TXT "v=DMARC1; p=none"',))
    yield Case("two records at the parent", two, f"app.{DOMAIN}")
    yield Case("p missing", dmarc(f"v=DMARC1; sp=reject; {REPORTS}"))
    yield Case("two tags alike", dmarc(f"v=DMARC1; p=reject; p=none; {REPORTS}"))
    yield Case("alignment mistyped", dmarc(f"v=DMARC1; p=reject; adkim=strict; {REPORTS}"))


async def ours(lab: Lab, domain: str) -> Said:
    look = lab.look(mail={"domains": [domain], "sends": True})
    item = await judged(domain, look.portal, look)
    rows = [row async for row in external(look.portal, look)]
    await look.close()
    record = item.record
    applies = f"{item.discovery.location}: {record.p}/{record.sp}/{record.np}" if record else "none in force"
    refused = any(isinstance(row, Finding) and row.subject == domain for row in rows)
    return Said(applies, "not agreed" if refused else "agreed")


def theirs(domain: str, port: int) -> Said:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    DNS_CACHE.clear()  # it is kept by name, and every world has the same names
    answer: Any = check_dmarc(domain, resolver=resolver, timeout=1.0)
    warnings = " ".join(answer["warnings"]) + str(answer.get("error", ""))
    agreed = "not agreed" if "does not indicate that it accepts DMARC reports" in warnings else "agreed"
    if not answer["valid"]:
        return Said("none in force", agreed)
    tags = answer["tags"]
    policies = "/".join(tags[tag]["value"] for tag in ("p", "sp", "np"))
    return Said(f"{answer['location']}: {policies}", agreed)


async def main() -> int:
    authority, unexplained, same, seen = Authority(), 0, 0, set[str]()
    print(f"{'case':<44} {'Launch Ready':<42} checkdmarc")
    for case in cases():
        async with Lab(case.change(healthy_world()), authority=authority) as lab:
            address = lab.world.resolvers[0].address
            port = next(d.to_port for d in lab.detours if d.host == address)
            mine, other = await asyncio.gather(
                ours(lab, case.domain), asyncio.to_thread(theirs, case.domain, port or 53)
            )
        equal = mine == other
        same += equal
        if not equal:
            seen.add(case.name)
            unexplained += case.name not in EXPLAINED
        mark = "" if equal else f"   <- {EXPLAINED.get(case.name, 'NOT EXPLAINED')}"
        print(f"{case.name:<44} {_row(mine):<42} {'same' if equal else _row(other)}{mark}")
    gone = set(EXPLAINED) - seen
    print(f"\n{same} answers agree, {len(seen)} differ, {unexplained} of them unexplained")
    if gone:
        print(f"explained, yet no longer different: {', '.join(sorted(gone))}")
    return 1 if unexplained or gone else 0


def _row(said: Said) -> str:
    return said.applies.replace(DOMAIN, "@") + ("" if said.agreed == "agreed" else ", not agreed")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
