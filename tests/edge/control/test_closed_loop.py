"""The closed loop: the checks are red, the edge is applied, they are green, it is taken back, they are red again."""

from __future__ import annotations

import json
from typing import Any

from launchready.lab.healthy import DOMAIN, ORIGIN
from launchready.lab.world import Response, both, response_headers, route

TOML = f"""domain = "{DOMAIN}"
canonical = "https://{DOMAIN}/"
hosts = ["app", "api"]
[edge]
origin = ["{ORIGIN[0]}", "{ORIGIN[1]}"]
caa = ["ca.example"]
delete = ["@ A", "@ AAAA", "www A", "www AAAA", "app A", "app AAAA", "api A", "api AAAA"]
[edge.mail]
dmarc = "reject"
dmarc_reports = ["dmarc@{DOMAIN}"]
[edge.tls]
hsts = "year"
"""
LOOKED_AT = ("dns.caa", "mail.dmarc.missing", "http.plain", "http.hsts", "http.canonical", "edge.front")
PAGE = Response(200, (("Content-Type", "text/html; charset=utf-8"),), "<!doctype html><title>x</title><h1>Portal</h1>")
BARE = both(
    response_headers(DOMAIN, put={"Strict-Transport-Security": None}),
    response_headers(f"www.{DOMAIN}", put={"Strict-Transport-Security": None}),
    response_headers(f"app.{DOMAIN}", put={"Strict-Transport-Security": None}),
    response_headers(f"api.{DOMAIN}", put={"Strict-Transport-Security": None}),
    route(DOMAIN, "*", PAGE),
    route(f"www.{DOMAIN}", "*", PAGE),
    route(DOMAIN, "*", PAGE, plain=True),
    route(f"www.{DOMAIN}", "*", PAGE, plain=True),
)
"""The prototype: no HSTS, two addresses for one page, and plain HTTP that leads nowhere."""


async def statuses(it: Any) -> dict[str, str]:
    ran = await it.run("check", "--json", "--fail-on", "never", *(w for id in LOOKED_AT for w in ("--check", id)))
    return {one["id"]: one["status"] for one in json.loads(ran.out)["checks"]}


async def test_red_applied_green_undone_red(place: Any) -> None:
    async with place(BARE, toml=TOML) as it:
        before = it.held()
        red = await statuses(it)
        assert set(red.values()) == {"found"}, red

        applied = await it.run("apply", "--yes")
        green = await statuses(it)
        assert set(green.values()) == {"passed"}, (green, applied.out)
        opens = await it.run("check", "--json", "--fail-on", "never", "--check", "http.loop")
        assert {one["status"] for one in json.loads(opens.out)["checks"]} == {"passed"}, "the portal opens"
        assert (await it.run("drift")).code == 0

        undone = await it.run("undo", "--yes")
        assert undone.code == 0, undone
        assert it.held() == before
        again = await statuses(it)
        assert again == red
        assert "red → green" in applied.out, applied
