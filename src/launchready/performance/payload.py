"""What is sent to the buyer and need not be: JSON nobody sees, text as it is, pictures larger than they are drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from launchready.gate import check
from launchready.measurement import JsonList, Measurement, Resource
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance.answers import (
    Answer,
    answers,
    by_route,
    host_of,
    line_named,
    seconds,
    spelled,
    transfer_s,
)
from launchready.performance.kept import UNLOCK, measurement_of
from launchready.portal import Portal
from launchready.probes.look import Look

HEAVY_SENT = 300_000
"""Bytes on the wire: five round trips of a connection's slow start before the last of it can be on its way."""
HEAVY_READ = 1_000_000
"""Bytes inflated: what a browser on an office laptop parses in tens of milliseconds, and keeps in memory at once."""
HEAVY_S = 0.3
"""Of the line, for one answer."""
UNSEEN = 20_000
UNSEEN_SHARE = 0.3
"""Fields that nobody sees are worth a word from so many bytes and so much of their list on."""
SAVED = 1_400
SAVED_SHARE = 0.1
"""Compression that saves less than one packet, or a tenth, saves nothing."""
RETINA = 2
"""A picture may have so many times the pixels it is drawn at, each way: screens with dense pixels show them."""
PICTURE_SAVED = 100_000
PHOTO_BYTES = 1.2
"""Bytes a pixel: more than any format made for pictures on the web takes."""
PHOTO = 300_000
COMPRESS = {
    "django": 'MIDDLEWARE: "django.middleware.gzip.GZipMiddleware" as the first',
    "rails": "config.middleware.use Rack::Deflater",
    "express": 'app.use(require("compression")())',
    "fastapi": "app.add_middleware(GZipMiddleware, minimum_size=500)",
    "flask": "Compress(app)  # Flask-Compress",
}
NGINX = "gzip on;\ngzip_proxied any;\ngzip_types text/css application/javascript application/json image/svg+xml;"


@check(
    "performance.payload",
    Stage.PERFORMANCE,
    roadmap="D5",
    severity=Severity.HIGH,
    effort=60,
    reference="https://www.rfc-editor.org/rfc/rfc6928",
    needs="performance",
)
async def payload(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A step sends much more than its page shows.

    Why: the account of a real client holds years of invoices; what took a moment with ten of them is the blank page
    of the demo with thousands.

    Fix: send the rows and fields that the first view shows, and the others when somebody asks for them: pages for
    lists, a detail route for what is seen of one row only. Compress text, and send pictures in the size they are
    drawn at, as WebP or AVIF.

    Looked at are the answers of the walked steps, signed in, and the JSON that their pages ask for in a browser. Found
    is (1) an answer of more than 300 kB on the wire, of more than 0.3 s of the line, or of more than 1 MB when it is
    inflated, with the list in it that weighs most; a high risk beyond 1 MB or 0.3 s, else nice to fix; (2) fields of
    a list that are at least 20 kB and a third of it, and none of whose values is on the page, although the rows are:
    ids, numbers, dates, addresses and names of states are written differently on a page, and nothing is said of them;
    (3) text sent to who is signed in without compression, where that would save more than a packet and a tenth;
    public pages are `edge.compression`'s; (4) pictures with more than twice the pixels they are drawn at each way,
    so that screens of any density are served, where a right one would save 100 kB, and photographs as PNG or BMP.
    Downloads are not looked at: nobody waits for them in a page, and all of them is wanted.
    """
    measured = await measurement_of(portal, look)
    if isinstance(measured, NotChecked):
        yield measured
        return
    looked = list(answers(measured))
    if not looked:
        yield NotChecked(portal.domain, "no answer of a step came through", UNLOCK)
        return
    rows = [*_heavy(measured), *_plain(measured, looked), *_pictures(measured)]
    for row in rows:
        yield row
    if not measured.visits and any(one.size >= UNSEEN for answer in looked for one in answer.facts.lists):
        reason = "which fields of JSON are never seen cannot be told: no page was opened in a browser"
        yield NotChecked(portal.domain, reason, f"{UNLOCK} where Chromium is installed")
    elif not rows:
        largest = max(looked, key=lambda one: one.facts.size)
        detail = f"{len(looked)} answers; the largest is {spelled(largest.facts.size)}, {largest.route}"
        yield Passed(portal.domain, detail)


def _heavy(measured: Measurement) -> Iterator[Finding]:
    for found in by_route(measured).values():
        texts = [one for one in found if one.facts.kind in ("json", "html")]
        if not texts:
            continue
        worst = max(texts, key=lambda one: (one.received, one.facts.size))
        cost_s = transfer_s(worst.received, measured.line)
        heavy = worst.received > HEAVY_SENT or worst.facts.size > HEAVY_READ or cost_s > HEAVY_S
        seen = max(found, key=lambda one: sum(each.unshown_size for each in one.facts.lists))
        wasted = [each for each in seen.facts.lists if _is_wasted(each)]
        if heavy:
            yield _too_much(worst, wasted, cost_s, measured)
        elif wasted:
            yield _unseen(seen, wasted[0], measured)


def _is_wasted(one: JsonList) -> bool:
    return one.unshown_size >= UNSEEN and one.unshown_size >= UNSEEN_SHARE * one.size


def _too_much(worst: Answer, wasted: list[JsonList], cost_s: float, measured: Measurement) -> Finding:
    facts = worst.facts
    lists = sorted(facts.lists, key=lambda each: -each.size)[:3]
    what = f"{spelled(facts.size)} of {facts.kind.upper()}"
    problem = f"{worst.route} sends {what}"
    if lists and lists[0].size >= 0.3 * facts.size:
        problem += f", most of it {lists[0].rows:,} rows of `{lists[0].path}`"
    elif facts.rows >= 100:
        problem += f" with {facts.rows:,} rows"
    wire = f"{spelled(worst.received)} on the wire, {seconds(cost_s)} {line_named(measured.line)}"
    told = [wire, *(_listed(each) for each in lists)]
    if facts.kind == "html" and facts.json_size:
        told.append(f"JSON inside the page: {spelled(facts.json_size)}")
    if wasted:
        told.append(_never_seen(wasted[0]))
    grave = facts.size > HEAVY_READ or cost_s > HEAVY_S
    return Finding(
        worst.subject,
        f"{problem}.",
        evidence="\n".join(told),
        fix=_fix(lists[0] if lists else None, wasted),
        severity=Severity.HIGH if grave else Severity.NICE,
        key="size",
    )


def _unseen(seen: Answer, wasted: JsonList, measured: Measurement) -> Finding:
    share = wasted.unshown_size / max(1, wasted.size)
    named = _named(wasted.unshown)
    problem = f"{seen.route} sends {spelled(wasted.unshown_size)} in fields that its page never shows: {named}."
    told = f"{share:.0%} of {_listed(wasted)}\n{seconds(transfer_s(seen.received, measured.line))} "
    return Finding(
        seen.subject,
        problem,
        evidence=f"{told}{line_named(measured.line)} for {spelled(seen.received)} on the wire",
        fix=_fix(wasted, [wasted]),
        severity=Severity.NICE,
        key="unseen",
    )


def _fix(largest: JsonList | None, wasted: list[JsonList]) -> str:
    steps = []
    if wasted:
        steps.append(f"Leave {_named(wasted[0].unshown)} out of this answer; send them with the detail of one row.")
    if largest and largest.rows > 100:
        steps.append(f"Send `{largest.path}` in pages of 25 to 100 rows, sorted and filtered by the database.")
    return " ".join(steps) or "Send what the first view shows, and the rest when somebody asks for it."


def _listed(one: JsonList) -> str:
    fields = f" of {_named(one.fields)}" if one.fields else ""
    return f"`{one.path}`: {one.rows:,} rows, {spelled(one.size)}{fields}"


def _never_seen(one: JsonList) -> str:
    return f"never seen on the page: {_named(one.unshown)}, {spelled(one.unshown_size)}"


def _named(fields: tuple[str, ...]) -> str:
    more = f" and {len(fields) - 8} more" if len(fields) > 8 else ""
    return ", ".join(f"`{field}`" for field in fields[:8]) + more


def _plain(measured: Measurement, looked: list[Answer]) -> Iterator[Finding]:
    hosts: dict[str, dict[str, Answer]] = {}
    for one in looked:
        saved = one.facts.size - one.facts.squeezed
        if not one.signed_in or not one.facts.squeezed or one.compressed:
            continue
        if saved >= SAVED and saved >= SAVED_SHARE * one.facts.size:
            hosts.setdefault(host_of(one.url), {}).setdefault(one.route, one)
    for host, found in hosts.items():
        plain = sorted(found.values(), key=lambda one: one.facts.squeezed - one.facts.size)
        worst = plain[0]
        spared = transfer_s(worst.facts.size, measured.line) - transfer_s(worst.facts.squeezed, measured.line)
        what = "an answer" if len(plain) == 1 else f"{len(plain)} answers"
        told = [f"{one.route}: {spelled(one.facts.size)}, {spelled(one.facts.squeezed)} compressed" for one in plain]
        told = [*told[:8], f"{worst.route} would come {seconds(spared)} earlier {line_named(measured.line)}"]
        yield Finding(
            host,
            f"{host} does not compress {what} to who is signed in, {worst.route} first.",
            evidence="\n".join(told),
            fix="Switch compression on in the application or in the web server in front of it. Keep the tokens of "
            "forms masked afresh in each answer (Django, Rails and Laravel do), as BREACH reads fixed ones by size.",
            paste=COMPRESS.get(measured.framework, NGINX),
            severity=Severity.NICE,
            effort_min=10,
            key="compression",
        )


def _pictures(measured: Measurement) -> Iterator[Finding]:
    found: dict[str, Resource] = {}
    for visit in measured.visits:
        for one in visit.resources:
            if one.kind == "image" and not one.third_party and 200 <= one.status < 300:
                known = found.get(one.url)
                if known is None or _area(one.shown) > _area(known.shown):
                    found[one.url] = one
    for url, one in found.items():
        if one.received and (row := _picture(url, one, measured)):
            yield row


def _picture(url: str, one: Resource, measured: Measurement) -> Finding | None:
    if not one.natural or not _area(one.natural):
        return None
    width, height = one.natural
    per_pixel = one.received / _area(one.natural)
    if one.shown and _area(one.shown):
        wide, high = one.shown
        needed = min(1.0, RETINA * wide / width) * min(1.0, RETINA * high / height)
        saved = int(one.received * (1 - needed))
        if width > RETINA * wide and height > RETINA * high and saved >= PICTURE_SAVED:
            earlier = transfer_s(one.received, measured.line) - transfer_s(one.received - saved, measured.line)
            return Finding(
                url,
                f"A picture of {spelled(one.received)} has {width} x {height} pixels and is drawn at {wide} x {high}.",
                evidence=f"{url}\na right one saves {spelled(saved)}, {seconds(earlier)} {line_named(measured.line)}",
                fix=f"Store it at {RETINA * wide} x {RETINA * high} pixels, enough for dense screens, as WebP or AVIF.",
                severity=Severity.HIGH if earlier > HEAVY_S else Severity.NICE,
                effort_min=15,
                key="picture",
            )
    if one.received >= PHOTO and per_pixel >= PHOTO_BYTES:
        return Finding(
            url,
            f"A picture of {spelled(one.received)} takes {per_pixel:.1f} bytes a pixel.",
            evidence=f"{url}: {width} x {height} pixels",
            fix="Store it as WebP, AVIF or JPEG; a photograph needs a fifth of a byte a pixel there.",
            severity=Severity.NICE,
            effort_min=15,
            key="picture",
        )
    return None


def _area(size: tuple[int, int] | None) -> int:
    return size[0] * size[1] if size else 0
