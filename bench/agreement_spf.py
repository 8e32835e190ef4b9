"""SPF answers side by side with checkdmarc: the same lab domains, asked of both over the same resolver.

For every planted SPF mistake and its twin: whether receivers can use the record, and how many lookups and void lookups
it takes. Every difference must be explained in `EXPLAINED` (and in docs/agreement.md); exits 1 when one is not, or
when an explained one is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.nameserver
import dns.resolver
from checkdmarc.spf import check_spf
from checkdmarc.utils import DNS_CACHE

from launchready.audit.spf_record import is_spf
from launchready.audit.spf_walk import MOST_LOOKUPS, MOST_VOID, walk
from launchready.lab.authority import Authority
from launchready.lab.faults.spf import FAULTS
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, both
from launchready.probes.dns import Answer

EXPLAINED: dict[str, str] = {}


@dataclass(frozen=True)
class Said:
    """One side's answer."""

    usable: bool
    lookups: int | None = None
    voids: int | None = None


def cases() -> Iterator[tuple[str, Change]]:
    yield "healthy", both()
    for fault in FAULTS:
        yield fault.id, fault.change
        if fault.twin:
            yield f"{fault.id} (twin)", fault.twin


async def ours(lab: Lab) -> Said:
    look = lab.look()
    answer = await look.dns.query(DOMAIN, "TXT")
    assert isinstance(answer, Answer)
    found = [value for value in answer.values if is_spf(value)]
    top = await walk(DOMAIN, found[0], look) if len(found) == 1 else None
    await look.close()
    if top is None or top.record is None or top.record.problems or any(b.problem for b in top.all()):
        return Said(False)
    return Said(top.lookups <= MOST_LOOKUPS and top.voids <= MOST_VOID, top.lookups, top.voids)


def theirs(port: int) -> Said:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    DNS_CACHE.clear()  # it is kept by name, and every world has the same names
    answer: Any = check_spf(DOMAIN, resolver=resolver, timeout=1.0)
    lookups, voids = answer.get("dns_lookups"), answer.get("void_dns_lookups")
    if lookups is None or voids is None:
        return Said(False)
    within = lookups <= MOST_LOOKUPS and voids <= MOST_VOID
    return Said(within, lookups, voids) if answer["valid"] or not within else Said(False)


async def main() -> int:
    authority, unexplained, same, seen = Authority(), 0, 0, set[str]()
    print(f"{'case':<34} {'Launch Ready':<34} checkdmarc")
    for name, change in cases():
        async with Lab(change(healthy_world()), authority=authority) as lab:
            address = lab.world.resolvers[0].address
            port = next(d.to_port for d in lab.detours if d.host == address)
            mine, other = await asyncio.gather(ours(lab), asyncio.to_thread(theirs, port or 53))
        # Where one side gives no counts, the record is an error to both for another reason.
        uncounted = mine.lookups is None or other.lookups is None
        equal = mine.usable == other.usable if uncounted else mine == other
        same += equal
        if not equal:
            seen.add(name)
            unexplained += name not in EXPLAINED
        mark = "" if equal else f"   <- {EXPLAINED.get(name, 'NOT EXPLAINED')}"
        print(f"{name:<34} {_row(mine):<34} {'same' if equal else _row(other)}{mark}")
    gone = set(EXPLAINED) - seen
    print(f"\n{same} answers agree, {len(seen)} differ, {unexplained} of them unexplained")
    if gone:
        print(f"explained, yet no longer different: {', '.join(sorted(gone))}")
    return 1 if unexplained or gone else 0


def _row(said: Said) -> str:
    counted = "" if said.lookups is None else f", {said.lookups} lookups, {said.voids} void"
    return ("usable" if said.usable else "permerror") + counted


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
