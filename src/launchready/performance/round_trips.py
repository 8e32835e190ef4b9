"""Round trips a buyer waits for and need not: redirects in a row, calls in a row, connections opened again and late."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.measurement import Exchange, Measurement, Resource, Visit
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import host_of, rtt_s, seconds, walked
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

NEEDED = 1
"""Redirects in a row: after a form was sent (POST, redirect, GET), or to the login of who is not signed in."""
GRAVE_S = 0.3
IN_A_ROW = 3
"""Calls of scripts, each after the one before: two are who somebody is, and what they see."""
SEVERAL = 7
"""Files of one host: browsers open six connections to one that speaks HTTP/1.1, and the seventh waits."""
CLOSED = 3
"""Answers that end their connection: fewer may be the server's turn-over."""
EARLY = frozenset({"font", "script", "style", "fetch"})


@check(
    "performance.round_trips",
    Stage.PERFORMANCE,
    roadmap="D3",
    severity=Severity.HIGH,
    effort=45,
    reference="https://www.rfc-editor.org/rfc/rfc9113",
    needs="performance",
)
async def round_trips(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step waits for more round trips than it needs.

    Why: a round trip costs the same however fast your server is, 30 ms on a good line and 100 ms on a train; four in
    a row after the login are felt, and never seen on the machine where the portal was made.

    Fix: redirect to the last address at once; ask for what a page needs in one call, or in several at the same time
    (`Promise.all`); keep connections open; speak HTTP/2; and name origins that are needed early with `preconnect`.

    Found is (1) more than one redirect in a row, but for those of a login at another host (OpenID Connect, SAML);
    (2) three or more different calls of the page's own scripts, each sent after the answer of the one before, until
    the account's data is seen; (3) a host that ends the connection with each answer; (4) seven or more files of a
    page from one host over TLS with HTTP/1.1, which carries one at a time on each of six connections; (5) another
    origin that is needed before the data is seen, is named only in a style sheet or script, and is not connected to
    early. A high risk where that costs 0.3 s or more, else nice to fix. Times are round trips of the line, and for
    calls what the browser saw on it.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    if not measured.exchanges:
        yield NotChecked(portal.domain, "no step was walked", UNLOCK)
        return
    rows = [*_redirects(measured), *_closed(measured)]
    for visit in measured.visits:
        rows += [*_calls(visit), *_one_at_a_time(visit, measured), *_late_origins(visit, measured)]
    first = {(row.subject, row.key): row for row in reversed(rows)}
    for row in reversed(first.values()):
        yield row
    if not measured.visits and any(one.facts.kind == "html" for one in measured.exchanges):
        reason = "which calls wait for each other cannot be told: no page was opened in a browser"
        yield NotChecked(portal.domain, reason, f"{UNLOCK} where Chromium is installed")
    elif not rows:
        most = max((visit.round_trips for visit in measured.visits), default=0)
        yield Passed(portal.domain, f"data after {most} answers in a row" if most else "no redirects in a row")


def _redirects(measured: Measurement) -> Iterator[Finding]:
    told: set[tuple[str, ...]] = set()
    for (flow, step, user), exchanges in walked(measured):
        for chain in _chains(exchanges):
            way = tuple(one.route for one in chain)
            hops = [one for one in chain[:-1] if not _signs_in(one, chain)]
            extra = len(hops) - NEEDED
            if extra < 1 or way in told:
                continue
            told.add(way)
            walked_s = sum(one.phases.total_s for one in hops[1:])
            cost_s = max(walked_s, extra * rtt_s(measured.line))
            ends = chain[-1].route
            yield Finding(
                f"{flow}: {step}",
                f"{step} goes through {len(hops)} redirects in a row until {ends}.",
                evidence=f"{' → '.join(f'{one.route} {one.status}' for one in chain)}\n{extra} more than needed: "
                f"{seconds(extra * rtt_s(measured.line))} of round trips on the line, {seconds(walked_s)} as walked",
                fix=f"Redirect from {chain[0].route} to {ends.partition(' ')[2]} at once"
                f" ({_setting(measured.framework)}).",
                severity=Severity.HIGH if cost_s >= GRAVE_S else Severity.NICE,
                effort_min=15,
                key=f"{user} redirects",
            )


def _chains(exchanges: list[Exchange]) -> Iterator[list[Exchange]]:
    """Redirects that follow each other, each chain with what it ended at."""
    chain: list[Exchange] = []
    for one in exchanges:
        if chain and one.hop == 0:
            chain = []  # the walk began anew
        chain.append(one)
        if not 300 <= one.status < 400:
            if len(chain) > 1:
                yield chain
            chain = []


def _signs_in(one: Exchange, chain: list[Exchange]) -> bool:
    """Whether a hop is one of a login elsewhere, whose protocol needs it."""
    away = len({host_of(each.url) for each in chain}) > 1
    return away and (host_of(one.url) != host_of(chain[-1].url) or bool(_SIGN_IN.search(one.route)))


def _setting(framework: str) -> str:
    return {
        "django": "LOGIN_REDIRECT_URL",
        "rails": "after_sign_in_path_for",
        "laravel": "redirect()->intended(...)",
    }.get(framework, "where the login is answered, and in routes that only lead on")


def _closed(measured: Measurement) -> Iterator[Finding]:
    hosts: dict[str, list[Exchange]] = {}
    for one in measured.exchanges:
        if one.http_version.startswith(("1", "0")):
            hosts.setdefault(host_of(one.url), []).append(one)
    for host, exchanges in hosts.items():
        closed = [one for one in exchanges if ("connection", "close") in _lowered(one)]
        if len(closed) < CLOSED or len(closed) < 0.8 * len(exchanges):
            continue
        trips = 2 if closed[0].url.startswith("https:") else 1
        cost_s = trips * rtt_s(measured.line)
        yield Finding(
            host,
            f"{host} ends the connection with each answer, so that each request opens a new one.",
            evidence=f"{len(closed)} of {len(exchanges)} answers say `Connection: close`\n"
            f"a new connection takes {trips} round trip{'s' if trips > 1 else ''}, {seconds(cost_s)}, for each request",
            fix="Take `Connection: close` out of the application, and switch keep-alive on in the server in front of "
            "it: `keepalive_timeout 75s;` in nginx; towards the application `proxy_http_version 1.1;` and an empty "
            "`Connection` header.",
            paste='keepalive_timeout 75s;\nproxy_http_version 1.1;\nproxy_set_header Connection "";',
            severity=Severity.HIGH if cost_s >= GRAVE_S else Severity.NICE,
            effort_min=15,
            key="close",
        )


def _lowered(one: Exchange) -> set[tuple[str, str]]:
    return {(name, value.strip().lower()) for name, value in one.headers}


def _calls(visit: Visit) -> Iterator[Finding]:
    chain = _chain_of_calls(visit)
    if len(chain) < IN_A_ROW:
        return
    took = [one.end_s - one.start_s for one in chain]
    spared = sum(took) - max(took)
    named = " → ".join(urlsplit(one.url).path for one in chain)
    yield Finding(
        f"{visit.flow}: {visit.step}",
        f"{visit.step} asks for {len(chain)} things one after another before it shows its data.",
        evidence=f"{named}\n{', '.join(map(seconds, took))}; at the same time they would take {seconds(max(took))}",
        fix="Ask for them at once (`Promise.all`), or let one call answer what the first view needs: the server knows "
        "who is asking from the session.",
        severity=Severity.HIGH if spared >= GRAVE_S else Severity.NICE,
        effort_min=60,
        key="calls",
    )


def _chain_of_calls(visit: Visit) -> list[Resource]:
    """The longest way of calls of the portal's own scripts, each after another's answer, up to the data."""
    limit_s = visit.data_s if visit.data_s is not None else float("inf")
    calls = [one for one in visit.resources if one.kind == "fetch" and not one.third_party and one.start_s <= limit_s]
    by_url = {one.url: one for one in calls}
    longest: list[Resource] = []
    for last in calls:
        chain, paths = [last], {urlsplit(last.url).path}
        while (before := by_url.get(chain[0].after)) and before.end_s <= chain[0].start_s:
            if urlsplit(before.url).path in paths:
                break  # asked again and again: waiting for news, or pages of a list
            paths.add(urlsplit(before.url).path)
            chain.insert(0, before)
        longest = max(longest, chain, key=len)
    return longest


def _one_at_a_time(visit: Visit, measured: Measurement) -> Iterator[Finding]:
    hosts: dict[str, list[Resource]] = {}
    for one in visit.resources:
        if one.url.startswith("https:") and one.protocol.lower().startswith("http/1") and one.received:
            hosts.setdefault(host_of(one.url), []).append(one)
    for host, files in hosts.items():
        if len(files) < SEVERAL or any(one.third_party for one in files):
            continue
        waits = -(-len(files) // 6) - 1
        yield Finding(
            host,
            f"{host} speaks HTTP/1.1 only, and {visit.step} loads {len(files)} files from it.",
            evidence=f"six come at a time: {waits} more round trip{'s' if waits > 1 else ''}, "
            f"{seconds(waits * rtt_s(measured.line))}, and a TLS handshake for each connection",
            fix="Switch HTTP/2 on in the server in front (or at the edge, which does it by itself).",
            paste="http2 on;",
            severity=Severity.NICE,
            effort_min=10,
            key="http2",
        )


def _late_origins(visit: Visit, measured: Measurement) -> Iterator[Finding]:
    page = next(
        (
            one
            for one in reversed(measured.exchanges)
            if (one.flow, one.step, one.user) == (visit.flow, visit.step, visit.user) and one.facts.kind == "html"
        ),
        None,
    )
    seen_s = visit.data_s if visit.data_s is not None else visit.lcp_s
    if page is None or seen_s is None:
        return
    own = host_of(visit.url)
    first: dict[str, Resource] = {}
    for one in sorted(visit.resources, key=lambda each: each.start_s):
        first.setdefault(host_of(one.url), one)
    for host, one in first.items():
        origin = f"{urlsplit(one.url).scheme}://{host}"
        late = one.depth >= 2 and one.kind in EARLY and one.end_s <= seen_s
        if host == own or not late or not one.received or origin in page.facts.preconnects:
            continue
        cors = " crossorigin" if one.kind in ("font", "fetch") else ""
        yield Finding(
            f"{visit.flow}: {visit.step}",
            f"{visit.step} needs {host} early, and the browser learns of it late.",
            evidence=f"{one.kind} {one.url}, asked for after {seconds(one.start_s)}, {one.depth} answers deep\n"
            f"connecting costs 3 round trips, {seconds(3 * rtt_s(measured.line))}: name, connection, TLS",
            paste=f'<link rel="preconnect" href="{origin}"{cors}>',
            severity=Severity.NICE,
            effort_min=5,
            key=f"preconnect {host}",
        )


_SIGN_IN = re.compile(r"oauth|openid|oidc|authoriz|callback|saml|/sso|/acs\b|/complete/|/signin-", re.IGNORECASE)
