"""Planted mistakes in what the walked answers say by themselves: payload, pages, caching, round trips, growth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from launchready.lab.measured import URL, accounts, remeasured
from launchready.lab.world import Fault
from launchready.measurement import BodyFacts, Exchange, JsonList, Measurement, Phases, Resource, Visit
from launchready.model import Severity
from launchready.performance.targets import ACCOUNT

FIELDS = ("id", "number", "customer", "history", "notes")


def answered(route: str, change: Callable[[Exchange], Exchange]) -> Callable[[Measurement], Measurement]:
    """The measurement with other answers to one route."""
    return lambda m: replace(m, exchanges=tuple(change(one) if one.route == route else one for one in m.exchanges))


def holding(rows: int, size: int, unshown: int = 0, *, paged: bool = False) -> Callable[[Exchange], Exchange]:
    """An answer of JSON with one list of invoices."""
    listed = JsonList("invoices", rows, size, FIELDS, FIELDS[3:] if unshown else (), unshown)
    facts = BodyFacts("json", size, json_size=size, lists=(listed,), paged=paged)
    return lambda one: replace(one, facts=facts, received=size // 8)


def with_table(rows: int, *, paged: bool) -> Callable[[Exchange], Exchange]:
    """A page with a table of so many rows."""
    return lambda one: replace(one, facts=BodyFacts("html", 240 * rows, rows=rows, paged=paged), received=30 * rows)


def headed(**headers: str | None) -> Callable[[Exchange], Exchange]:
    """An answer with other headers; None takes one away."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    added = tuple((name, value) for name, value in named.items() if value is not None)
    return lambda one: replace(one, headers=tuple(h for h in one.headers if h[0] not in named) + added)


def picture(natural: tuple[int, int], shown: tuple[int, int], received: int) -> Callable[[Measurement], Measurement]:
    """The dashboard with a picture."""
    logo = Resource(
        f"{URL}/media/logo.png", "image", 0.32, 0.5, received, 200, False, False, "h2", received, shown, natural, 1
    )
    return lambda m: replace(
        m,
        visits=tuple(replace(v, resources=(*v.resources, logo)) if v.flow == "dashboard" else v for v in m.visits),
    )


def plain(one: Exchange) -> Exchange:
    """An answer as it is, without compression."""
    return replace(
        headed(content_encoding=None)(one), received=60_900, facts=replace(one.facts, squeezed=12_000, size=60_000)
    )


def by_cookie(change: Callable[[Exchange], Exchange]) -> Callable[[Measurement], Measurement]:
    """All answers changed, for a visitor whose login set a cookie."""
    session = ("set-cookie", "sessionid=…; HttpOnly; Secure; SameSite=Lax")

    def changed(one: Exchange) -> Exchange:
        found = change(one)
        return replace(found, headers=(*found.headers, session)) if one.method == "POST" else found

    return lambda m: replace(m, exchanges=tuple(map(changed, m.exchanges)))


def filed(*headers: tuple[str, str]) -> Callable[[Measurement], Measurement]:
    """The files of all pages with these headers."""

    def changed(one: Resource) -> Resource:
        return replace(one, headers=headers) if one.kind in ("style", "script") else one

    return lambda m: replace(m, visits=tuple(replace(v, resources=tuple(map(changed, v.resources))) for v in m.visits))


def redirected(*between: str) -> Callable[[Measurement], Measurement]:
    """The login leads to the dashboard by these routes."""

    def changed(one: Exchange) -> tuple[Exchange, ...]:
        if one.method != "POST" or one.flow != "login":
            return (one,)
        sent = replace(one, status=302, facts=BodyFacts("empty"), phases=Phases(wait_s=0.08))
        hops = (
            replace(sent, method="GET", url=URL + path, route=f"GET {path}", hop=hop)
            for hop, path in enumerate(between, start=1)
        )
        end = replace(one, method="GET", url=f"{URL}/", route="GET /", hop=len(between) + 1)
        return (sent, *hops, end)

    return lambda m: replace(m, exchanges=tuple(hop for one in m.exchanges for hop in changed(one)))


def calling(paths: tuple[str, ...], each_s: float) -> Callable[[Measurement], Measurement]:
    """The dashboard's script asks for these, one after another."""
    calls, before, start_s = [], f"{URL}/static/site.0123abcd.js", 0.38
    for depth, path in enumerate(paths, start=2):
        call = Resource(
            URL + path, "fetch", start_s, start_s + each_s, 4_000, 200, False, False, "h2", 12_000, depth=depth
        )
        calls.append(replace(call, after=before))
        before, start_s = call.url, start_s + each_s + 0.01

    def changed(one: Visit) -> Visit:
        return replace(one, resources=(*one.resources, *calls), data_s=start_s + 0.05, lcp_s=start_s + 0.05)

    return lambda m: replace(m, visits=tuple(changed(v) if v.flow == "dashboard" else v for v in m.visits))


def spoken(version: str, *headers: tuple[str, str]) -> Callable[[Measurement], Measurement]:
    """All answers in that version of HTTP and with these headers as well."""
    return lambda m: replace(
        m, exchanges=tuple(replace(e, http_version=version, headers=(*e.headers, *headers)) for e in m.exchanges)
    )


def growing(small_s: float, large_s: float) -> Callable[[Measurement], Measurement]:
    """What the portal takes for the dashboard of either account."""
    return lambda m: replace(m, steps=(*(s for s in m.steps if s.pace != ACCOUNT), *accounts(small_s, large_s)))


def first_after(cold_s: float) -> Callable[[Measurement], Measurement]:
    """The first walk of the dashboard took so long."""
    return lambda m: replace(
        m,
        steps=tuple(replace(s, cold_s=cold_s) if s.flow == "dashboard" and s.cold_s else s for s in m.steps),
    )


FAULTS = (
    Fault(
        "dashboard-of-json",
        "The first load of the API carries 3 MB of invoices with their histories",
        "performance.payload",
        Severity.HIGH,
        remeasured(answered("GET /api/invoices", holding(900, 3_100_000, 2_400_000, paged=True))),
        subject="GET /api/invoices",
        twin=remeasured(answered("GET /api/invoices", holding(100, 140_000, 8_000, paged=True))),
    ),
    Fault(
        "fields-nobody-sees",
        "Most of what the API sends is in fields that the page never shows",
        "performance.payload",
        Severity.NICE,
        remeasured(answered("GET /api/invoices", holding(50, 110_000, 70_000, paged=True))),
        subject="GET /api/invoices",
        twin=remeasured(answered("GET /api/invoices", holding(50, 110_000, 15_000, paged=True))),
    ),
    Fault(
        "signed-in-uncompressed",
        "The dashboard comes as it is to who is signed in",
        "performance.payload",
        Severity.NICE,
        remeasured(answered("GET /", plain)),
        subject="app.brightside.example",
        twin=remeasured(answered("GET /", lambda one: replace(plain(one), received=13_000))),
    ),
    Fault(
        "logo-of-a-poster",
        "The logo has twenty times the pixels it is drawn at",
        "performance.payload",
        Severity.HIGH,
        remeasured(picture((2400, 800), (120, 40), 5_800_000)),
        subject=f"{URL}/media/logo.png",
        twin=remeasured(picture((240, 80), (120, 40), 180_000 // 20)),
    ),
    Fault(
        "list-without-pages",
        "The API gives all invoices at once",
        "performance.pagination",
        Severity.HIGH,
        remeasured(answered("GET /api/invoices", holding(640, 190_000))),
        subject="GET /api/invoices",
        twin=remeasured(answered("GET /api/invoices", holding(180, 60_000))),
    ),
    Fault(
        "table-without-pages",
        "The dashboard's table holds all rows of the account",
        "performance.pagination",
        Severity.HIGH,
        remeasured(answered("GET /", with_table(860, paged=False))),
        subject="GET /",
        twin=remeasured(answered("GET /", with_table(250, paged=True))),
    ),
    Fault(
        "dashboard-for-everybody",
        "The dashboard of who is signed in may be kept by the edge",
        "performance.caching",
        Severity.BLOCKER,
        remeasured(answered("GET /", headed(cache_control="public, max-age=600", vary="Accept-Encoding"))),
        subject="GET /",
        twin=remeasured(answered("GET /", headed(cache_control="private, max-age=60", vary="Accept-Encoding"))),
    ),
    Fault(
        "api-out-of-the-edge",
        "The edge gave a client's invoices out of its cache",
        "performance.caching",
        Severity.BLOCKER,
        remeasured(answered("GET /api/invoices", headed(cf_cache_status="HIT", age="41", vary=None))),
        subject="GET /api/invoices",
        twin=remeasured(answered("GET /api/invoices", headed(cf_cache_status="DYNAMIC", vary=None))),
    ),
    Fault(
        "public-by-cookie",
        "The dashboard is said to be public, and to vary by cookie",
        "performance.caching",
        Severity.HIGH,
        remeasured(answered("GET /", headed(cache_control="public, s-maxage=300"))),
        subject="GET /",
    ),
    Fault(
        "signed-in-and-silent",
        "Nothing is said about keeping what is made for who is signed in",
        "performance.caching",
        Severity.HIGH,
        remeasured(by_cookie(headed(cache_control=None, vary=None))),
        subject="app.brightside.example",
        twin=remeasured(by_cookie(headed(cache_control=None, vary="Cookie"))),
    ),
    Fault(
        "styles-fetched-each-time",
        "Styles and scripts are fetched whole with each page",
        "performance.caching",
        Severity.HIGH,
        remeasured(filed(("cache-control", "no-store"))),
        subject="app.brightside.example",
        twin=remeasured(filed(("cache-control", "public, max-age=31536000, immutable"), ("etag", '"0123"'))),
    ),
    Fault(
        "login-by-detours",
        "Three redirects lie between the login and the dashboard",
        "performance.round_trips",
        Severity.NICE,
        remeasured(redirected("/welcome/", "/home/")),
        subject="login: log in",
        twin=remeasured(redirected()),
    ),
    Fault(
        "calls-in-a-row",
        "The dashboard asks who it is, which company, and then for the numbers",
        "performance.round_trips",
        Severity.HIGH,
        remeasured(calling(("/api/me", "/api/companies/1", "/api/dashboard"), each_s=0.25)),
        subject="dashboard: dashboard",
        twin=remeasured(calling(("/api/me", "/api/dashboard"), each_s=0.25)),
    ),
    Fault(
        "a-connection-each",
        "Every answer ends its connection",
        "performance.round_trips",
        Severity.NICE,
        remeasured(spoken("1.1", ("connection", "close"))),
        subject="app.brightside.example",
        twin=remeasured(spoken("1.1", ("connection", "keep-alive"))),
    ),
    Fault(
        "dashboard-of-years",
        "The dashboard takes the large account six times as long",
        "performance.growth",
        Severity.HIGH,
        remeasured(growing(0.11, 0.7)),
        subject="dashboard: dashboard",
        twin=remeasured(growing(0.11, 0.19)),
    ),
    Fault(
        "asleep",
        "The first visitor waits six seconds for the dashboard",
        "performance.cold",
        Severity.HIGH,
        remeasured(first_after(6.2)),
        subject="dashboard: dashboard",
        twin=remeasured(first_after(1.8)),
    ),
)
