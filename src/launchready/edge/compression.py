"""Whether text is sent compressed to browsers that offer to unpack it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from launchready.edge.files import files_of
from launchready.edge.fronts import entries, is_staging
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.page import Page

SMALL_BYTES = 1400
"""Of a body: one packet carries it either way."""
LISTED = 8


@check(
    "edge.compression",
    Stage.EDGE,
    roadmap="B7 D2",
    severity=Severity.NICE,
    effort=10,
    reference="https://www.rfc-editor.org/rfc/rfc9110#section-8.4",
)
async def compression(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Pages, scripts or styles are sent uncompressed.

    Why: text shrinks to a third or a fifth; on a phone or in a train that is the difference between a page that is
    there and one that is waited for.

    Fix: switch compression on at the edge (Cloudflare does it for every proxied host) or in the web server: `gzip
    on; gzip_types text/css application/javascript application/json image/svg+xml;` in nginx, `encode zstd gzip` in
    Caddy, a middleware in the application.

    Looked at are the first pages of each host and up to six files of the same domain that they load, asked for with
    `Accept-Encoding: gzip, br`. Bodies of less than 1,400 bytes fit one packet and are passed over, and so are types
    that are compressed by themselves (pictures but SVG, fonts of WOFF, archives). Nice to fix: pages are slower, and
    right. BREACH, the attack that reads secrets from the size of compressed pages, needs a secret and something a
    visitor sent on one page; frameworks of today mask their form tokens afresh each time (Django, Rails, Laravel do),
    which is why compression of pages is safe with them.
    """
    for one in await entries(look):
        if is_staging(one, portal):
            continue
        answers = [*one.pages, *(end for visit in one.visits if isinstance(end := visit.end, Page) and _is_json(end))]
        answers += [file for file in await files_of(look, one) if isinstance(file, Page) and file.status == 200]
        plain = [answer for answer in dict.fromkeys(answers) if sent_plain(answer)]
        if plain:
            yield _finding(one.name, plain)
        elif answers:
            yield Passed(
                one.name, f"answers looked at: {len(answers)}; each is compressed, small, or of a type that is"
            )
        elif one.failure:
            yield NotChecked(one.name, f"{one.visits[0].url} gave no answer: {one.failure}")
        else:
            yield Passed(one.name, "shows no page of its own")


def sent_plain(page: Page) -> bool:
    """Whether an answer is text worth compressing that came as it is."""
    kind = _kind(page)
    if kind not in _TEXT and not kind.startswith("text/") and not kind.endswith(("+json", "+xml")):
        return False
    codings = {part.strip().lower() for value in page.all_headers("content-encoding") for part in value.split(",")}
    return len(page.body) >= SMALL_BYTES and not codings - {"", "identity"}


def _finding(host: str, plain: list[Page]) -> Finding:
    listed = [f"{page.url[:200]}: {len(page.body):,} bytes of {_kind(page)}" for page in plain[:LISTED]]
    what = "an answer" if len(plain) == 1 else f"{len(plain)} answers"
    return Finding(
        host,
        f"{host} sends {what} uncompressed, {sum(len(page.body) for page in plain):,} bytes together.",
        evidence="\n".join(listed),
        paste="gzip on;\ngzip_proxied any;\ngzip_types text/css application/javascript application/json image/svg+xml;",
    )


def _kind(page: Page) -> str:
    return (page.header("content-type") or "").partition(";")[0].strip().lower()


def _is_json(page: Page) -> bool:
    return page.status == 200 and _kind(page).endswith("json")


_TEXT = frozenset({"application/javascript", "application/json", "application/xml", "application/manifest+json"})
"""Besides `text/*` and what ends in `+json` or `+xml`, such as SVG."""
