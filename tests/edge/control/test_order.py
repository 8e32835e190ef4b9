"""At no moment of an apply or an undo are the site or mail down: looked at after every single change."""

from __future__ import annotations

from typing import Any

from launchready.lab.cloudflare.state import CloudflareState
from launchready.lab.healthy import DOMAIN, ORIGIN
from launchready.lab.zonedata import absolute, parse

TOML = f"""domain = "{DOMAIN}"
canonical = "https://www.{DOMAIN}/"
hosts = ["app", "shop"]
[edge]
origin = ["{ORIGIN[0]}"]
caa = ["ca.example"]
delete = ["@ A", "@ AAAA", "www A", "www AAAA", "app A", "app AAAA", "shop CNAME", "@ MX", "@ TXT", "_dmarc TXT"]
[edge.mail]
mx = ["5 mail.{DOMAIN}"]
spf = ["mx"]
dmarc = "none"
[edge.tls]
hsts = "test"
"""


def wrong(state: CloudflareState) -> list[str]:
    """What of the site or of mail is down at this moment."""
    zone = parse(state.zone())
    held = {(name, type.name) for name, type in zone.rrsets}
    found = [f"{host} leads nowhere" for host in ("", "www.", "app.", "shop.")
             if not {(absolute(f"{host}{DOMAIN}"), type) for type in ("A", "CNAME")} & held]  # fmt: skip
    texts = [r.content for r in state.records.values() if (r.name, r.type) == (DOMAIN, "TXT") and "v=spf1" in r.content]
    if (absolute(DOMAIN), "MX") not in held or len(texts) != 1:
        found.append(f"mail does not arrive, or is refused: {texts}")
    proxied = [r.name for r in state.records.values() if r.proxied]
    if proxied and state.settings["ssl"] in ("off", "flexible"):
        found.append("the edge fetches in clear, which the portal redirects in circles")
    hsts = state.settings["security_header"]["strict_transport_security"]["enabled"]
    if hsts and state.settings["always_use_https"] != "on":
        found.append("browsers are told to insist on HTTPS before everything leads there")
    if state.rules("http_request_dynamic_redirect") and f"www.{DOMAIN}" not in proxied:
        found.append("a redirect leads to a host that is not there yet")
    return found


async def test_the_site_and_mail_are_up_after_every_single_change(place: Any) -> None:
    alias = {"type": "CNAME", "name": f"shop.{DOMAIN}", "content": f"app.{DOMAIN}", "ttl": 300}
    async with place(toml=TOML, settings={"ssl": "flexible"}, records=(alias,)) as it:
        moments: list[list[str]] = []
        before = it.held()
        assert wrong(it.zone) == []
        it.zone.on_change.append(lambda: moments.append(wrong(it.zone)))
        applied = await it.run("apply", "--yes", "--no-checks")
        assert applied.code == 0, applied
        assert len(moments) > 8
        assert [moment for moment in moments if moment] == []

        moments.clear()
        undone = await it.run("undo", "--yes")
        assert undone.code == 0, undone
        assert len(moments) > 8
        assert [moment for moment in moments if moment] == []
        assert it.held() == before
