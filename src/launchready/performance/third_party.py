"""What other companies' scripts cost the pages of core flows: the page stopped until they come, bytes, the main thread.

Judges the visits of a measurement; `blocking_scripts.py` reads the same from HTML alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.measurement import Resource, Visit
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.first_view import not_opened
from launchready.performance.kept import measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.third_party import organisation

LEAST_BYTES = 100_000
"""Less of others' bytes is not worth a word, whatever the app's own are."""
LEAST_MAIN_S = 0.15
"""Nor is less of the main thread."""
DELAYS_S = 0.1
"""So much later than the app's own must a blocking style sheet be, to be what the page waited for."""
LISTED = 5
FIX = (
    "Load it with `async` or `defer`, after the first view, or host the file yourself; for chat, maps and videos show "
    "a picture first and load the real one at a click. Remove what nobody looks at."
)


@check(
    "performance.third_party",
    Stage.PERFORMANCE,
    roadmap="D8",
    severity=Severity.HIGH,
    effort=45,
    reference="https://web.dev/articles/optimizing-content-efficiency-loading-third-party-javascript",
    needs="performance",
)
async def third_party(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Another company's script stops a page of a core flow, or costs more than the app itself.

    Why: the page is only as fast as the slowest company it waits for; on the day their server is slow, the demo shows
    a white page, and nothing of yours is wrong.

    Fix: load such scripts with `async` or `defer`, after the first view, or host the file yourself; for chat, maps
    and videos show a picture first and load the real one at a click. Remove what nobody looks at.

    Judged are the visits of the measurement, in a real browser. Whose a file is, its registrable domain says: hosts
    below the portal's own domain are its own, and so may be what lies at a rented name of a CDN or a storage
    (`d1.cloudfront.net`), which is therefore never blamed on others. A script that Chromium reports as blocking the
    first paint is a high risk; a blocking style sheet only where the page was drawn later for it. More than the app's
    own: bytes (from 100 kB) or time on the main thread (from 0.15 s).
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for untold in not_opened(portal, measured):
        yield untold
    for visit in measured.visits:
        subject = f"{visit.flow}: {visit.step}"
        found = [row for row in (_blocking(subject, visit), *_costs(subject, visit)) if row]
        for row in found:
            yield row
        if not found:
            others = [r for r in visit.resources if r.third_party]
            told = (
                f"{len(others)} of {len(visit.resources)} files are of others"
                if others
                else "nothing of others is loaded"
            )
            yield Passed(subject, told)


def blocking(visit: Visit) -> list[Resource]:
    """Scripts of others that the page waits for, and style sheets of others that it waited for longest."""
    own_s = max((r.end_s for r in visit.resources if r.blocking and not r.third_party), default=0.0)
    return [
        r for r in visit.resources
        if r.third_party and r.blocking and (r.kind == "script" or r.end_s > own_s + DELAYS_S)
    ]  # fmt: skip


def _blocking(subject: str, visit: Visit) -> Finding | None:
    found = blocking(visit)
    if not found:
        return None
    worst = max(found, key=lambda r: r.end_s)
    names = ", ".join(dict.fromkeys(_owner(r) for r in found))
    own_s = max((r.end_s for r in visit.resources if r.blocking and not r.third_party), default=0.0)
    later_s = max(0.0, worst.end_s - own_s)
    kind = "script" if worst.kind == "script" else "style sheet"
    problem = f"{visit.step} shows nothing until a {kind} of {names} is there"
    problem += f": {later_s:.1f} s later than for the app's own." if later_s > DELAYS_S else "."
    evidence = "\n".join(
        f"{r.url[:150]} blocks from {r.start_s:.2f} to {r.end_s:.2f} s ({r.received / 1000:.0f} kB)"
        for r in found[:LISTED]
    )
    return Finding(subject, problem, evidence=evidence, fix=FIX, key=f"{visit.user} blocking")


@dataclass(frozen=True, slots=True)
class _Cost:
    says: str
    key: str
    of: Callable[[Resource], float]
    least: float
    shown: Callable[[float], str]


_COSTS = (
    _Cost("send more bytes", "bytes", lambda r: r.received, LEAST_BYTES, lambda size: f"{size / 1000:.0f} kB"),
    _Cost("hold the browser longer", "work", lambda r: r.main_s, LEAST_MAIN_S, lambda spent_s: f"{spent_s:.2f} s"),
)


def _costs(subject: str, visit: Visit) -> Iterator[Finding]:
    for cost in _COSTS:
        others = sum(cost.of(r) for r in visit.resources if r.third_party)
        own = sum(cost.of(r) for r in visit.resources if not r.third_party)
        if others > own and others >= cost.least:
            problem = f"Other companies' files {cost.says} on {visit.step} than the app itself:"
            problem += f" {cost.shown(others)} against {cost.shown(own)}."
            shares = _by_owner(visit.resources, cost.of)[:LISTED]
            evidence = "\n".join(f"{name}: {cost.shown(share)}" for name, share in shares)
            yield Finding(subject, problem, evidence=evidence, fix=FIX, key=f"{visit.user} {cost.key}")


def _by_owner(resources: Iterable[Resource], of: Callable[[Resource], float]) -> list[tuple[str, float]]:
    total: dict[str, float] = {}
    for r in resources:
        if r.third_party:
            total[_owner(r)] = total.get(_owner(r), 0.0) + of(r)
    return sorted(((name, cost) for name, cost in total.items() if cost), key=lambda pair: pair[1], reverse=True)


def _owner(of: Resource) -> str:
    return organisation(urlsplit(of.url).hostname or "")
