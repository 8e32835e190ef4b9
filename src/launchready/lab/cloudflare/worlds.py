"""Worlds with a Cloudflare account: the same portal, its own server open to everybody, the edge to be put in front."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.cloudflare.account import CloudflareAccount
from launchready.lab.healthy import EDGE, ORIGIN
from launchready.lab.world import World


def behind_cloudflare(world: World, account: CloudflareAccount | None = None) -> World:
    """The world with an account, and the sites of its zone at the portal's own server, where its records lead.

    What the account does not proxy is reached there without an edge; what it proxies is fetched from there.
    """
    moved = dict(zip(EDGE, ORIGIN, strict=True))
    zones = tuple(
        replace(zone, lines=tuple(" ".join(moved.get(word, word) for word in line.split(" ")) for line in zone.lines))
        if zone.origin == world.domain
        else zone
        for zone in world.zones
    )
    sites = tuple(
        replace(site, addresses=tuple(moved.get(address, address) for address in site.addresses))
        if site.host == world.domain or site.host.endswith(f".{world.domain}")
        else site
        for site in world.sites
    )
    return replace(world, zones=zones, sites=sites, cloudflare=account or CloudflareAccount())
