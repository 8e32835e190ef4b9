"""The closed loop: what the checks find is mended by calls of Cloudflare's API, and comes back when they are undone."""

from __future__ import annotations

from typing import Any

import cloudflare

from launchready import gate
from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, HTML
from launchready.lab.lab import Lab
from launchready.lab.world import Response, response_headers, route, site

from .cloudflare_client import lab_with, with_sdk

APP = f"app.{DOMAIN}"
HSTS = {"enabled": True, "max_age": 31536000, "include_subdomains": True, "preload": True}
MISTAKES = (
    *(response_headers(host, put={"Strict-Transport-Security": None}) for host in (DOMAIN, f"www.{DOMAIN}", APP)),
    route(APP, "*", Response(200, (HTML,), "<title>in clear</title>"), plain=True),
    site(APP, oldest_tls="1.0"),
)
FOUND = {"edge.front", "http.hsts", "http.plain", "tls.versions.old"}


async def found(lab: Lab) -> set[str]:
    look = lab.look()
    try:
        report = await gate.run(look.portal, look, gate.select(["edge", "http", "tls", "dns", "mail"]))
    finally:
        await look.close()
    return {finding.check for finding in report.findings}


def proxy(client: cloudflare.Cloudflare, zone: str, wanted: bool) -> None:
    patches = [
        {
            "id": r.id,
            "name": r.name,
            "type": r.type,
            "content": r.content,
            "ttl": 1 if wanted else 300,
            "proxied": wanted,
        }
        for r in client.dns.records.list(zone_id=zone)
        if r.type in ("A", "AAAA") and not r.name.startswith("mail.")
    ]
    client.dns.records.batch(zone_id=zone, patches=patches)  # type: ignore[arg-type]


def settings(client: cloudflare.Cloudflare, zone: str, wanted: dict[str, Any]) -> None:
    for id, value in wanted.items():
        client.zones.settings.edit(id, zone_id=zone, value=value)


async def test_red_is_made_green_by_the_api_and_red_again(authority: Authority) -> None:
    def apply(client: cloudflare.Cloudflare, zone: str) -> dict[str, Any]:
        ids = ("ssl", "min_tls_version", "always_use_https", "security_header")
        before = {id: client.zones.settings.get(id, zone_id=zone).to_dict()["value"] for id in ids}  # type: ignore[union-attr]
        wanted = ("strict", "1.2", "on", {"strict_transport_security": HSTS})
        settings(client, zone, dict(zip(ids, wanted, strict=True)))
        proxy(client, zone, True)
        return before

    def undo(before: dict[str, Any]) -> Any:
        def work(client: cloudflare.Cloudflare, zone: str) -> None:
            proxy(client, zone, False)
            settings(client, zone, before)

        return work

    async with lab_with(authority, *MISTAKES, proxied=()) as lab:
        assert await found(lab) == FOUND
        before = await with_sdk(lab, apply)
        assert await found(lab) == set()
        await with_sdk(lab, undo(before))
        assert await found(lab) == FOUND
