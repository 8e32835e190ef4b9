"""The note "cached or dynamic" of the handover: for each walked route and loaded file what caches do, may do, and must.

From headers and whose answer it is alone, so that the same walk gives the same note. Judges through
`caching_judgement.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from launchready.measurement import Exchange, Measurement, Resource
from launchready.performance.answers import host_of
from launchready.performance.caching_judgement import (
    FILE_KINDS,
    Keep,
    Verdict,
    judged_file,
    judged_route,
    sets_session,
)
from launchready.performance.routes import route_of

ALIKE_ROWS = 20
"""A list of so many rows that is the same for two clients is not theirs."""
_ORDER = (Keep.WRONG, Keep.UNSAID, Keep.COULD, Keep.DYNAMIC, Keep.CACHED)
_KINDS = {"html": "page", "json": "JSON", "other": "download", "empty": "redirect or empty"}
_REFERENCE = re.compile(
    r"/(?:countries|currencies|time-?_?zones|languages|locales|translations|i18n|openapi\.json|manifest\.json"
    r"|site\.webmanifest|robots\.txt|favicon\.ico|health\w*|version)(?:/|\?|$|\.)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the table."""

    host: str
    route: str
    what: str
    """`page`, `JSON`, `script`, `style`, `image`..."""
    verdict: Verdict
    url: str = ""
    received: int = 0

    @property
    def keep(self) -> Keep:
        """What caches do with it, in a word."""
        return self.verdict.keep


def notes(measured: Measurement) -> tuple[Note, ...]:
    """Each walked route and each file of the portal's pages once, what is wrong first."""
    found = [*_routes(measured), *_files(measured)]
    worst: dict[tuple[str, str], Note] = {}
    for note in found:
        key = note.host, note.route
        if key not in worst or _ORDER.index(note.keep) < _ORDER.index(worst[key].keep):
            worst[key] = note
    return tuple(sorted(worst.values(), key=lambda n: (_ORDER.index(n.keep), n.host, n.route)))


def markdown(found: Sequence[Note]) -> str:
    """The table, for a README or the handover; a line says so where nothing was walked."""
    if not found:
        return "No route was walked yet: run `launchready perf`.\n"
    lines = [
        "| route | | kept | where | for | why | header to set |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for note in found:
        said = note.verdict
        header = f"`{_cell(said.header)}`" if said.header else ""
        cells = (note.route, note.what, said.keep.value, said.where, duration(said.lifetime_s), said.why)
        lines.append(f"| {' | '.join(map(_cell, cells))} | {header} |")
    return "\n".join(lines) + "\n"


def duration(lifetime_s: int) -> str:
    """A lifetime for people; a dash for none."""
    for size, unit in ((86400 * 365, "year"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if lifetime_s >= size:
            count = lifetime_s // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{lifetime_s} s" if lifetime_s else "–"


def _routes(measured: Measurement) -> Iterator[Note]:
    by_cookie = {one.user for one in measured.exchanges if any(name == "set-cookie" for name, _ in one.headers)}
    if any(map(sets_session, measured.exchanges)):
        # Users are logged in once, and in which flow is told of no user; a flow without one may send a token.
        by_cookie |= {one.user for one in measured.exchanges if one.user}
    for one in measured.exchanges:
        if one.status >= 400:
            continue
        if one.facts.kind in FILE_KINDS:
            file = Resource(one.url, one.facts.kind, 0, 0, one.received, one.status, False, False, headers=one.headers)
            if verdict := judged_file(file):
                yield Note(host_of(one.url), one.route, one.facts.kind, verdict, one.url, one.received)
            continue
        everybody = bool(_REFERENCE.search(one.route)) or _alike(one, measured)
        verdict = judged_route(one, by_cookie=one.user in by_cookie, for_everybody=everybody)
        what = "redirect" if 300 <= one.status < 400 else _KINDS.get(one.facts.kind, one.facts.kind)
        yield Note(host_of(one.url), one.route, what, verdict, one.url, one.received)


def _files(measured: Measurement) -> Iterator[Note]:
    for visit in measured.visits:
        for one in visit.resources:
            if one.third_party or one.kind not in (*FILE_KINDS, "image") or one.status not in (200, 304):
                continue
            if verdict := judged_file(one):
                yield Note(host_of(one.url), route_of("GET", one.url), one.kind, verdict, one.url, one.received)


def _alike(one: Exchange, measured: Measurement) -> bool:
    """Whether the two clients that are compared got the same list of JSON."""
    other = {measured.small: measured.large, measured.large: measured.small}.get(one.user)
    if not other or other == one.user or max((each.rows for each in one.facts.lists), default=0) < ALIKE_ROWS:
        return False
    theirs = [each for each in measured.exchanges if each.user == other and each.route == one.route]
    return any(each.facts == one.facts for each in theirs)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())[:300]
