"""Whether caches keep what they should of the walked routes, and nothing of what is one client's."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable

from launchready.gate import check
from launchready.measurement import Measurement
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import rtt_s, seconds, spelled
from launchready.performance.caching_judgement import Keep
from launchready.performance.caching_notes import Note, duration, notes
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

LISTED = 8
_FILES = (
    "Let caches keep them: for a year where the name changes with the content (ManifestStaticFilesStorage, Vite, "
    "webpack, Propshaft do that), else for an hour."
)


@check(
    "performance.caching",
    Stage.PERFORMANCE,
    roadmap="D2 D7",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9111#section-3",
    needs="performance",
)
async def caching(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A cache may keep a client's page, or fetches again and again what is the same for everybody.

    Why: a signed-in page that an edge keeps is shown to the next client who asks for the same address, with the
    numbers of the first; and a file that is asked for with each page makes each click wait a round trip more.

    Fix: send `Cache-Control: private, no-store` with everything made for who is signed in, by default; files whose
    name changes with their content may be kept for a year.

    Looked at are the walked routes with the cookie or token of a client, which `edge.caching.private` cannot see, and
    the files that pages load in a browser. A blocker is an answer to who is signed in, or one that sets a session's
    cookie, that a shared cache gave (`Age`, `X-Cache`, `CF-Cache-Status: HIT`...) or may keep (`public`, `s-maxage`,
    `max-age` without `private`), unless it varies by cookie or by `Authorization`: then only one that is called
    `public` counts, as a high risk, for edges such as Cloudflare look at `Vary` only where a rule says so. With a
    token in `Authorization` and no cookie, only what opens it to shared caches counts (RFC 9111 section 3.5). A high
    risk is a page for who is signed in that says nothing, as a rule at the edge then decides; nice to fix, one that
    sets the session's cookie and says `Vary: Cookie` alone. Answers that are the
    same for the two clients that are compared, and lists of countries and
    the like, may be kept. Files: fetched whole each time is a high risk, asked for again before a page can be drawn
    nice to fix. The table of all routes is the note "cached or dynamic" of the handover.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    table = notes(measured)
    if not table:
        yield NotChecked(portal.domain, "no route was walked", UNLOCK)
        return
    rows = [*_wrong(table), *_unsaid(table), *_files(table, measured)]
    for row in rows:
        yield row
    if not rows:
        counted = Counter(note.keep for note in table)
        yield Passed(portal.domain, ", ".join(f"{count} {keep.value}" for keep, count in counted.items()))


def _wrong(table: Iterable[Note]) -> list[Finding]:
    return [
        Finding(
            note.route,
            f"{note.route} {note.verdict.why}.",
            evidence=f"{note.url}: for {duration(note.verdict.lifetime_s)}" if note.verdict.lifetime_s else note.url,
            paste=note.verdict.header,
            severity=note.verdict.severity,
            key=note.host,
        )
        for note in table
        if note.keep is Keep.WRONG
    ]


def _unsaid(table: Iterable[Note]) -> list[Finding]:
    hosts = _by_host(note for note in table if note.keep is Keep.UNSAID)
    found = []
    for host, silent in hosts.items():
        silent.sort(key=lambda note: (note.verdict.severity or Severity.NICE).rank)
        first = silent[0]
        more = f", and {len(silent) - 1} more" if len(silent) > 1 else ""
        found.append(
            Finding(
                host,
                f"{first.route} {first.verdict.why}{more}.",
                evidence="\n".join(f"{note.route}: {_lacks(note)}" for note in silent[:LISTED]),
                paste=first.verdict.header,
                severity=first.verdict.severity,
                key="unsaid",
            )
        )
    return found


def _lacks(note: Note) -> str:
    return "no Cache-Control" if note.verdict.severity is Severity.NICE else "no Cache-Control, no Vary: Cookie"


def _files(table: Iterable[Note], measured: Measurement) -> list[Finding]:
    hosts = _by_host(note for note in table if note.keep is Keep.COULD and note.verdict.severity)
    found = []
    for host, files in hosts.items():
        files.sort(key=lambda note: ((note.verdict.severity or Severity.NICE).rank, -note.received))
        first = files[0]
        more = f", and {len(files) - 1} more do alike" if len(files) > 1 else ""
        told = [f"{note.url}: {note.verdict.why}, {spelled(note.received)}" for note in files[:LISTED]]
        told.append(f"a round trip on the line is {seconds(rtt_s(measured.line))}")
        path = first.route.partition(" ")[2]
        found.append(
            Finding(
                host,
                f"{path} {first.verdict.why}{more}.",
                evidence="\n".join(told),
                fix=_FILES,
                paste=first.verdict.header,
                severity=first.verdict.severity,
                key="files",
            )
        )
    return found


def _by_host(found: Iterable[Note]) -> dict[str, list[Note]]:
    hosts: dict[str, list[Note]] = {}
    for note in found:
        hosts.setdefault(note.host, []).append(note)
    return hosts
