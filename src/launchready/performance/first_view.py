"""When a buyer sees something, and when their account's data: core flows in a browser, and what they wait for.

Judges the visits of a measurement; opens nothing itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.measurement import Measurement, Resource, Visit
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.kept import measurement_of
from launchready.portal import Portal
from launchready.probes.browser_visit import NEVER_SEEN
from launchready.probes.look import Look

TARGET_S = 2.0
"""For a step whose times were not measured."""
BLANK_S = 1.0
"""A second is what an uninterrupted flow of thought bears (Nielsen 1993); a white page says not even that it works."""
LONG_S = 0.3
"""Of long tasks, beyond their first 50 ms each: what web.dev calls poor for total blocking time on a fast machine."""
LEAST_CORE = 0.3
"""A browser that gets less than this of a core measures its machine."""
SURE = 0.8
"""A visit that was faster than this share of the target contradicts a slow one in the middle."""
NO_BROWSER = "run `launchready perf` where Chromium is installed, without --smoke, --no-browser or browser = false"


@check(
    "performance.first_view",
    Stage.PERFORMANCE,
    roadmap="D1 D8",
    severity=Severity.HIGH,
    effort=180,
    reference="https://web.dev/articles/lcp",
    needs="performance",
)
async def first_view(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """In a browser, a page of a core flow shows the account's data late, or nothing at all for too long.

    Why: a server that answers in 200 ms does not help who looks at a white page or a turning wheel until three more
    calls have come one after another; what buyers feel is when their own data is there.

    Fix: begin with what the finding names as the largest part. Server wait: see `performance.p95` and the queries. A
    chain of calls: ask for them at once (`Promise.all`), or send the first view's data along with the page. A blocking
    script or style sheet: `defer`, or inline the few rules of the first view. Script work: split the bundle, and load
    what the first view does not need later.

    Judged is the visit in the middle of several, each with a fresh profile, on the same line as the flows. The data
    counts as seen when the step's `text` is; without a text, at the last growth of the visible text that an answer
    brought and that is a tenth of the whole. Where neither tells (something still turns at the end), the largest
    contentful paint is judged, and said so. Late is later than the step's target; blank is more than 1 s without any
    content after the first byte; long tasks count for 0.3 s and more before the data, as nice to fix. On a machine
    that was too busy meanwhile nothing is claimed.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    for row in not_opened(portal, measured):
        yield row
    for visit in measured.visits:
        yield _judged(visit, _target(measured, visit))


def not_opened(portal: Portal, measured: Measurement) -> Iterator[NotChecked]:
    """Why pages were not opened in a browser."""
    told = [one for one in measured.untold if one.part == "browser"]
    for one in told:
        subject = f"{one.flow}: {one.step}" if one.step else one.flow or portal.domain
        yield NotChecked(subject, one.reason, one.unlock)
    if not told and not measured.visits:
        yield NotChecked(portal.domain, "no page was opened in a browser", NO_BROWSER)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time until the data is seen."""

    seconds: float
    says: str
    fix: str


def _judged(visit: Visit, target_s: float) -> Row:
    subject = f"{visit.flow}: {visit.step}"
    seen_s, what = _seen(visit)
    if visit.core < LEAST_CORE:
        reason = f"this machine is too busy to stand for a buyer's: its browser got {visit.core:.0%} of a core"
        return NotChecked(subject, reason, "run `launchready perf` again while nothing else works here")
    late = seen_s is not None and seen_s > target_s
    blank = visit.blank_s > BLANK_S
    if problem := _problem(visit, seen_s, what, target_s):
        if late and visit.spread_s and visit.spread_s[0] < target_s * SURE:
            low_s, high_s = visit.spread_s
            reason = (
                f"{what} was seen after {low_s:.1f} to {high_s:.1f} s in {visit.visits} visits: too far apart to tell"
            )
            return NotChecked(subject, reason, "run `launchready perf` again while nothing else works here")
        found = parts(visit, seen_s)
        evidence = "\n".join((_times(visit), *(f"{p.seconds:.2f} s {p.says}" for p in found[:4]), *visit.errors))
        nice = not late and not blank
        kind = "work" if nice else "late" if late else "blank"
        return Finding(
            subject, problem, evidence=evidence, fix="" if nice or not found else found[0].fix,
            severity=Severity.NICE if nice else None, key=f"{visit.user} {kind}",
        )  # fmt: skip
    if NEVER_SEEN in visit.errors:
        return NotChecked(subject, f"{NEVER_SEEN} in the browser", "see what the browser shows; the text may be hidden")
    if seen_s is None:
        return NotChecked(
            subject, "it cannot be told when the browser showed what is waited for", "give the step a `text`"
        )
    note = "" if visit.data_s is not None else "; when the data is there cannot be told: give the step a `text`"
    return Passed(subject, f"{what} after {seen_s:.2f} s against {target_s:g} s{note}")


def _problem(visit: Visit, seen_s: float | None, what: str, target_s: float) -> str:
    """What is wrong, in a sentence with its cause; empty when nothing is."""
    largest = next(iter(parts(visit, seen_s)), None)
    cause = f" The largest part: {largest.seconds:.1f} s {largest.says}." if largest else ""
    if visit.blank_s > BLANK_S and visit.first_paint_s is None:
        return f"{visit.step} shows nothing in a browser: it is still blank after {visit.blank_s:.1f} s."
    if seen_s is not None and seen_s > target_s:
        return f"{visit.step} shows {what} after {seen_s:.1f} s in a browser; the target is {target_s:g} s.{cause}"
    if visit.blank_s > BLANK_S:
        return f"{visit.step} is blank in a browser for {visit.blank_s:.1f} s after its first answer.{cause}"
    if visit.long_tasks_s > LONG_S:
        worst = _worker(visit)
        most = f", most of it by {worst}" if worst else ""
        return f"Scripts of {visit.step} hold the browser for {visit.long_tasks_s:.1f} s before the data is seen{most}."
    return ""


def parts(visit: Visit, seen_s: float | None) -> list[Part]:
    """What the time until `seen_s` went to, largest first. Parts may overlap; each is what mending it could save."""
    found: list[Part] = []
    document = next((r for r in visit.resources if r.kind == "document"), None)
    if visit.wait_s:
        fix = "Make the server's own answer faster: see the queries and calls of this route."
        found.append(Part(visit.wait_s, "until the first byte of the page itself", fix))
    if document and document.end_s - visit.wait_s > 0.05:
        says = f"until the rest of the page is there ({document.received / 1000:.0f} kB)"
        found.append(Part(document.end_s - visit.wait_s, says, "Send less of it: compress, and page long lists."))
    limit_s = seen_s if seen_s is not None else float("inf")
    blocking = [r for r in visit.resources if r.blocking and r.kind != "document" and r.start_s < limit_s]
    if blocking:
        last = max(blocking, key=lambda r: r.end_s)
        says = f"waiting for {_short(last.url)}, before which nothing is drawn"
        fix = f"Load {_short(last.url)} with defer or async, or make it smaller."
        if last.kind == "style":  # a style sheet knows neither
            fix = f"Make {_short(last.url)} smaller: compress it, send what the first view needs, let caches keep it."
        found.append(Part(last.end_s - visit.wait_s, says, fix))
    if len(links := chain(visit, seen_s)) >= 2:
        took = links[-1].end_s - links[0].start_s
        says = (
            f"in a chain of {len(links)} calls, each after the one before: {' → '.join(_short(r.url) for r in links)}"
        )
        fix = "Ask for what does not depend on each other at once (Promise.all), or send it along with the page."
        found.append(Part(took, says, fix))
    elif links:
        took, fix = links[0].end_s - links[0].start_s, "Make that answer faster, or send it along with the page."
        found.append(Part(took, f"waiting for {_short(links[0].url)}", fix))
    if visit.long_tasks_s:
        says = "of long work on the main thread" + (f", most of it by {worst}" if (worst := _worker(visit)) else "")
        found.append(
            Part(visit.long_tasks_s, says, "Split that script, and do what the first view does not need later.")
        )
    return sorted((p for p in found if p.seconds > 0.01), key=lambda p: p.seconds, reverse=True)


def chain(visit: Visit, seen_s: float | None) -> list[Resource]:
    """The app's own calls that came one after another before the data was seen, first to last."""
    limit_s = seen_s if seen_s is not None else float("inf")
    calls = {r.url: r for r in visit.resources if r.kind == "fetch" and not r.third_party and r.end_s <= limit_s + 0.01}
    if not calls:
        return []
    link: Resource | None = max(calls.values(), key=lambda r: r.end_s)
    found: list[Resource] = []
    while link is not None and link not in found:
        found.append(link)
        link = calls.get(link.after)
    return found[::-1]


def _seen(visit: Visit) -> tuple[float | None, str]:
    if visit.data_s is not None:
        return visit.data_s, "the account's data" if visit.data_by == "text" else "its content"
    return visit.lcp_s, "its largest content"


def _worker(visit: Visit) -> str:
    """The script that held the main thread longest; empty where none did for long."""
    worst = max(visit.resources, key=lambda r: r.main_s, default=None)
    if worst is None or worst.main_s < 0.05:
        return ""
    return "scripts in the page itself" if worst.kind == "document" else _short(worst.url)


def _target(measured: Measurement, visit: Visit) -> float:
    return next((t.target_s for t in measured.steps if (t.flow, t.step) == (visit.flow, visit.step)), TARGET_S)


def _times(visit: Visit) -> str:
    named = {"first byte": visit.wait_s, "first content": visit.first_paint_s, "largest content": visit.lcp_s,
             "data": visit.data_s, "load": visit.load_s}  # fmt: skip
    told = ", ".join(f"{name} {'?' if seconds is None else f'{seconds:.2f} s'}" for name, seconds in named.items())
    if visit.spread_s and visit.visits > 1:
        told += f"; middle of {visit.visits} visits ({visit.spread_s[0]:.2f} to {visit.spread_s[1]:.2f} s)"
    return f"{told}; {visit.round_trips} answers one after another"


def _short(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"[-70:]
