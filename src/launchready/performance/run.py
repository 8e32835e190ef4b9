"""A measurement from beginning to end: walk, load, ask the database, open the browser; one `Measurement` comes out.

In this order: each flow once (the cold portal, and what its answers are made of), then two prospects at once until the
intervals decide or the budget is spent, then the queries of each route, the pages in a browser, the two accounts that
are compared. A refusal ends that flow, and a login that was refused ends everything of that user: nothing is hammered.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from launchready.measurement import Measurement
from launchready.performance.broadband import line_of
from launchready.performance.course import Course
from launchready.performance.flows import flows_of, ground_of, step_name
from launchready.performance.routes import route_of
from launchready.performance.times import Way
from launchready.performance.words import Told
from launchready.portal import Portal
from launchready.portal_performance import Flow, PerformanceSettings
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.near import round_trip

BODY_BYTES = 32 * 1024 * 1024
"""Of one answer: a page of ten megabytes is what is looked for, not an error."""
NEAR_S = 0.005
"""A round trip below it is that of a neighbour: the line is put in between. Above, the line is computed."""
SMOKE_S = 50.0
SMOKE_ENDS_S = 57.0
"""From the beginning: then what is still under way is cut, logins and slow steps too, and what is there is judged."""
JUDGING_S = 30.0
"""Of the run's deadline, kept for what comes after measuring."""


class Refused(Exception):
    """Nothing can be measured; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a measurement is to be of."""

    flows: tuple[str, ...] = ()
    """By name; empty: all."""
    smoke: bool = False
    """The times alone, within a minute."""
    rate_per_s: float = 0.0
    """Arrivals of each flow, besides two prospects at once."""
    browser: bool = True
    database: bool = True
    release: str = ""
    root: Path = Path()
    """The folder of `launchready.toml`."""


async def measure(look: Look, wanted: Wanted, told: Told) -> Measurement:
    """Measure the portal's flows. Raises Refused, and ValueError for a file that names what there is not."""
    began, at = time.monotonic(), datetime.now(UTC)
    portal = look.portal
    settings = portal.performance or PerformanceSettings()
    flows = chosen_flows(portal, wanted)
    line = line_of(portal)
    ground = ground_of(portal, wanted.root)
    whole = look.network.limits
    until_s = whole.run_deadline_s - JUDGING_S
    if wanted.smoke:
        until_s = min(until_s, look.network.now_s + SMOKE_ENDS_S)
    look.network.limits = replace(whole, body_bytes=BODY_BYTES, run_deadline_s=until_s)
    told(f"reaching {ground.base}")
    own_rtt_s = await round_trip(look.network, look.dns, ground.base)
    if isinstance(own_rtt_s, Failure):
        raise Refused(f"{ground.base} cannot be reached: {own_rtt_s}; nothing was measured")
    kind = "none" if not line.down_mbps else "relay" if own_rtt_s < NEAR_S else "model"
    budget_s = min(SMOKE_S, settings.budget_s) if wanted.smoke else settings.budget_s
    async with AsyncExitStack() as stack:
        course = Course(
            look, flows, Way(line, kind, own_rtt_s), ground, told, settings=settings, budget_s=budget_s,
            saved_in=wanted.root, stem=f"{at:%Y%m%dT%H%M%S%fZ}",
        )  # fmt: skip
        await course.open(stack)
        await course.walk_once()
        await course.load(wanted.rate_per_s)
        if not wanted.smoke:
            await course.compare_accounts()
            await course.ask_database(wanted.database)
            if wanted.browser:
                await course.open_browser()
            await course.read_traces()
        framework = await course.framework()
    look.network.limits = replace(whole, run_deadline_s=max(whole.run_deadline_s, look.network.now_s + JUDGING_S))
    return Measurement(
        domain=portal.domain,
        url=ground.base,
        release=wanted.release,
        at=at,
        elapsed_s=time.monotonic() - began,
        requests=course.requests,
        line=line,
        way=kind,
        steps=tuple(course.steps),
        exchanges=tuple(course.exchanges),
        queries=tuple(course.queries),
        scans=tuple(course.scans),
        serial=tuple(course.serial),
        visits=tuple(course.visits),
        untold=tuple(dict.fromkeys(course.untold)),
        traced=tuple(dict.fromkeys(course.traced)),
        framework=framework,
        small=settings.small,
        large=settings.large,
        first_s=course.way.seen(course.first).total_s if course.first else None,
        first_again_s=course.way.seen(course.again).total_s if course.again else None,
        first_route=route_of(course.first.request.method, course.first.request.url) if course.first else "",
    )


def chosen_flows(portal: Portal, wanted: Wanted) -> tuple[Flow, ...]:
    """The flows that are to be walked. Raises Refused when there is none, ValueError for a name there is not."""
    flows = flows_of(portal)
    if not flows:
        raise Refused("launchready.toml names no flow and no page; name [[performance.flows]] or [verify] pages")
    if not wanted.flows:
        return flows
    known = {flow.name: flow for flow in flows}
    for name in wanted.flows:
        if name not in known:
            raise ValueError(f"--flow {name}: there is no such flow; there are {', '.join(known)}")
    return tuple(known[name] for name in wanted.flows)


def plan_of(portal: Portal, wanted: Wanted) -> list[str]:
    """What would be asked, in lines for people. Raises as `chosen_flows` does."""
    settings = portal.performance or PerformanceSettings()
    ground, line = ground_of(portal, wanted.root), line_of(portal)
    lines = [f"The flows of {ground.base}, as a buyer on {line.name} broadband gets them:"]
    for flow in chosen_flows(portal, wanted):
        how = f", at most {flow.per_minute:g} times a minute" if flow.per_minute else ""
        leaves = "; each walk leaves something behind" if flow.changes else ""
        lines.append(f"  {flow.name}{f' as {flow.user}' if flow.user else ''}{how}{leaves}")
        lines += [f"    {step_name(step)}" for step in flow.steps]
    seconds = min(SMOKE_S, settings.budget_s) if wanted.smoke else settings.budget_s
    rate = f", then {wanted.rate_per_s:g} a second of each flow" if wanted.rate_per_s else ""
    lines.append(
        f"At most {settings.budget_requests} requests in {seconds:g} s, two visitors at a time{rate}; it ends earlier"
    )
    lines.append("when the times decide, or when the portal suffers.")
    if not wanted.smoke:
        lines.append("Then the causes are looked for, a few walks each: five minutes at most.")
    if not portal.owned_hosts:
        lines.append("No host is named as `owned`: each flow is walked once, and nothing is put under load.")
    else:
        lines.append(f"Under load are put: {', '.join(portal.owned_hosts)}.")
    return lines
