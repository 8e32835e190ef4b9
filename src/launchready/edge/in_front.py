"""Whether an edge stands in front of the hosts people open, and whether it protects them from floods.

Judges what DNS and answers show; what is set at the edge is for `edge/control`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.edge.fronts import Entry, entries, is_staging, public_entries
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look


@check(
    "edge.front",
    Stage.EDGE,
    roadmap="B4 M2(edge)",
    severity=Severity.HIGH,
    effort=60,
    reference="https://developers.cloudflare.com/fundamentals/concepts/how-cloudflare-works/",
)
async def in_front(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """No known edge stands in front of the portal.

    Why: every request reaches the server itself: one script in a rented machine can keep all clients out, passwords
    can be tried at full speed, and each page and picture is fetched from one place on earth.

    Fix: put an edge such as Cloudflare (the free plan does), Fastly, Bunny or CloudFront in front: let the host's
    records lead to it, and let the server take connections from it alone. `[edge]` in launchready.toml and
    `launchready edge plan` do it for Cloudflare. Where an edge is there that is not recognised, or none is wanted,
    say so with a reason and an end date: `[[accepted]] check = "edge.front"`.

    An edge is recognised by its published addresses, by headers that it alone adds, or by the alias of the host;
    one named in a page, a policy or a cookie is none. Looked at are root, www, the hosts named, and those found where
    people sign in. Left out are staging, mail hosts, hosts that answer programs only, and services of others under
    a name of yours. The edge of a hosting platform (Vercel, Render, Fly.io, Heroku...) counts as what it is, and is
    named as such.

    A high risk where people sign in, nice to fix elsewhere. Which edge there is outside of the list of some twenty
    nobody can tell from outside; the finding says "no known edge", not "no edge".
    """
    opened = await public_entries(look)
    bare = [one for one in opened if one.host.addresses and one.front is None and not one.failure]
    if bare:
        yield _without(portal, bare)
    for one in opened:
        if one.front:
            yield Passed(one.name, f"behind {one.front}")
    for one in await entries(look):
        if one.failure and one.host.named and not is_staging(one, portal) and not one.front:
            yield NotChecked(one.name, f"{one.visits[0].url} gave no answer: {one.failure}")
    if not opened and not any(one.failure for one in await entries(look)):
        yield NotChecked(portal.domain, "no host shows pages to people")


def _without(portal: Portal, bare: list[Entry]) -> Finding:
    names = [one.name for one in bare]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    signs_in = [one.name for one in bare if one.signs_in]
    where = f" People sign in at {', '.join(signs_in)}." if signs_in else ""
    return Finding(
        names[0] if len(names) == 1 else portal.domain,
        f"No known edge was recognised in front of {listed}.{where}",
        evidence="\n".join(f"{one.name}: {', '.join(one.host.addresses[:4])}{_server(one)}" for one in bare),
        paste='[edge]\nprovider = "cloudflare"\norigin = ["ADDRESS OF YOUR SERVER"]',
        severity=Severity.HIGH if signs_in else Severity.NICE,
    )


def _server(one: Entry) -> str:
    server = next((page.header("server") for page in one.hops if page.header("server")), None)
    return f", answers as {server[:60]!r}" if server else ""


@check(
    "edge.ddos",
    Stage.EDGE,
    roadmap="B4 B7 M2(edge)",
    severity=Severity.HIGH,
    effort=30,
    reference="https://developers.cloudflare.com/ddos-protection/",
)
async def ddos(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A way to the portal is open that its protection against floods does not cover.

    Why: an attack needs one way in. With one address that leads past the edge, the portal can be taken down from
    there as if there were no edge, and some of your clients are sent that way on ordinary days too.

    Fix: let every A and AAAA record of the host lead to the edge (at Cloudflare: the orange cloud on each of them),
    and delete the record that leads to the server.

    What an edge does against floods is taken from the vendor's own words: at Cloudflare protection is on for every
    proxied host and plan and cannot be switched off; others absorb floods of packets for everybody and sell what
    stops floods of requests. Where no known edge stands in front, or its vendor does not say, nothing was checked,
    and the row of the minimum bar stays unproven. Overrides that were made by hand
    in the edge's settings cannot be seen from outside: at Cloudflare they are listed under Security, DDoS.

    An address counts as leading past the edge when it is in no list that the vendor publishes and its answer bears
    no sign of an edge: a list may be older than the address.
    """
    opened = [one for one in await public_entries(look) if one.host.addresses and not one.failure]
    for one in opened:
        if one.front is None:
            reason = f"no known edge was recognised in front of {one.name}, so that nothing is known about protection"
            unlock = "put an edge in front, or accept the risk of edge.front"
            yield NotChecked(one.name, reason, unlock)
        elif one.bare:
            yield Finding(
                one.name,
                f"{one.name} is behind {one.front.edge.name} at some of its addresses and bare at others: "
                f"{', '.join(one.bare)}.",
                evidence="\n".join(f"{a}: {front or 'no known edge'}" for a, front in one.fronts.items()),
                paste="\n".join(f"delete: {one.name} {'AAAA' if ':' in a else 'A'} {a}" for a in one.bare),
            )
        elif one.front.edge.protects:
            yield Passed(one.name, f"{one.front.edge.name}: {one.front.edge.protects} ({one.front.edge.source})")
        else:
            reason = f"{one.front.edge.name} does not say what it does against floods for every customer"
            yield NotChecked(one.name, reason, "ask the vendor, or put an edge with such protection in front")
    if not opened:
        yield NotChecked(portal.domain, "no host shows pages to people")
