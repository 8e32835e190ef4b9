"""What caches keep: never a page that is about one person, always the files that are the same for everybody.

Asks as somebody who has never been here: no cookie is sent. What a cache would keep is read from the headers, what
it has kept from a second GET.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from launchready.edge.files import files_of
from launchready.edge.fronts import Entry, entries, is_staging
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.file_names import named_by_content
from launchready.probes.look import Look
from launchready.probes.page import Page, normal_url
from launchready.probes.pages import is_html, markup, same_host
from launchready.probes.set_cookie import is_csrf, is_session, read_cookie
from launchready.probes.shared_cache import (
    Keeping,
    announces_cache,
    came_from_cache,
    keeping,
    lifetime_s,
    policy,
    varies_by,
)

MORE_PAGES = 2
"""So many pages to sign in that a host's first pages lead to are looked at besides."""
COOKIES = 60
LONG_S = 30 * 24 * 3600
"""A file whose name changes with its content may be kept for a year; less than this wastes it."""
PRIVATE = "Cache-Control: private, no-store"
LONG = "Cache-Control: public, max-age=31536000, immutable"


@check(
    "edge.caching.private",
    Stage.EDGE,
    roadmap="B7 D2 D7",
    severity=Severity.HIGH,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9111#section-7.3",
)
async def private(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A cache may keep what is meant for one person.

    Why: a cache that keeps a page together with its session cookie hands that cookie to the next visitor, who is
    then signed in as somebody else: one client reads another's invoices. It shows under load, after a rule was
    changed, and nobody can tell afterwards who saw what.

    Fix: send `Cache-Control: private, no-store` with every page and every answer that sets or depends on a cookie,
    by default for all that the application makes, and let files that are the same for everybody be the exception.
    In Django: `django.views.decorators.cache.cache_control(private=True, no_store=True)` or a middleware; in
    Express: `res.set("Cache-Control", "private, no-store")` before the routes. At the edge: no "cache everything"
    rule on paths that set cookies.

    An answer is about one person when it sets a cookie that keeps people signed in or holds a token against forged
    requests, or when such a token is in a form of it. Cookies of other names are told by `session_cookies` in
    `[edge.cache]` of launchready.toml. A blocker when a shared cache may keep it (`public`, `s-maxage`, `max-age` or
    `Expires` without `private`, `no-store` or `no-cache`; in `Cache-Control` or in the headers for edges, RFC 9213),
    and when one has: its headers say so (`CF-Cache-Status: HIT`, `Age`, `X-Cache`...), at a second GET where the
    first shows that a cache looked for it. A high risk when nothing is said at all, for then caches go by rules of
    their own (RFC 9111 section 4.2.2), and a rule at the edge decides. `Vary: Cookie` helps a form without a cookie
    of its own and nothing else: the cookie would still be handed to everybody who brings none.

    Looked at are `portal.pages` of each host, redirects on the way, up to two pages to sign in that they link to,
    and the files of the same domain that they load. Cookies of statistics, languages and consent are nobody's secret,
    and those that edges add themselves (`__cf_bm`) are never kept. Pages behind the sign-in are not seen.
    """
    seen = [one for one in await entries(look) if one.hops]
    for rows in await asyncio.gather(*(_judge_host(look, one) for one in seen)):
        for row in rows:
            yield row
    for one in await entries(look):
        if one.failure:
            yield NotChecked(one.name, f"{one.visits[0].url} gave no answer: {one.failure}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a cache may do, or has done, with an answer about one person."""

    url: str
    personal: str
    """What makes it one person's, as the end of "it …"."""
    says: str
    severity: Severity


async def _judge_host(look: Look, one: Entry) -> list[Row]:
    further = [page for page in await _further_pages(look, one) if isinstance(page, Page)]
    files = [page for page in await files_of(look, one) if isinstance(page, Page)]
    answers = list(dict.fromkeys([*one.hops, *further, *files]))
    edge = look.portal.edge
    named = frozenset(edge.cache.session_cookies if edge else ())
    about_one = [(answer, why) for answer in answers if (why := personal(answer, named))]
    again = await asyncio.gather(*(_second_look(look, answer) for answer, _ in about_one))
    troubles = [
        trouble
        for (answer, why), second in zip(about_one, again, strict=True)
        if (trouble := judge_answer(answer, why, second if isinstance(second, Page) else None, named))
    ]
    if troubles:
        return [_finding(one.name, troubles)]
    seen = f"{len(about_one)} of {len(answers)} answers about one person, and no cache may keep them"
    return [Passed(one.name, seen if about_one else "no answer seen is about one person")]


async def _second_look(look: Look, answer: Page) -> Page | Failure | None:
    """The answer to a second GET, where a cache on the way said that it had looked for the first."""
    return await look.http.get_again(answer.url) if announces_cache(answer) else None


def personal(page: Page, named: frozenset[str] = frozenset()) -> str:
    """What makes an answer one person's; empty where nothing does. `named` are cookies the portal's owner knows."""
    for line in page.all_headers("set-cookie")[:COOKIES]:
        cookie = read_cookie(line)
        if cookie and not cookie.deleted:
            if is_session(cookie) or cookie.name in named:
                return f"sets the session cookie {cookie.name[:60]!r}"
            if is_csrf(cookie):
                return f"sets {cookie.name[:60]!r}, a token against forged requests"
    for element in markup(page):
        name = element.get("name").lower()
        if element.tag == "input" and element.get("type").lower() == "hidden" and name in _FORM_TOKENS:
            return f"holds a form with {name!r}, a token against forged requests" if element.get("value") else ""
    return ""


def judge_answer(page: Page, why: str, again: Page | None, named: frozenset[str] = frozenset()) -> Kept | None:
    """What is wrong with how an answer about one person may be kept; None when nothing is."""
    for answer in (again, page):
        if not answer or not (hit := came_from_cache(answer)):
            continue
        if (kept := personal(answer, named)) and not _apart(answer, kept):
            return Kept(page.url, kept, f"came out of a shared cache ({hit})", Severity.BLOCKER)
    if _apart(page, why):
        return None
    told = keeping(page)
    if told is Keeping.ALLOWED:
        said = ", ".join(page.all_headers("cache-control"))[:120] or f"Expires: {(page.header('expires') or '')[:40]}"
        return Kept(page.url, why, f"may be kept by shared caches ({said})", Severity.BLOCKER)
    if told is Keeping.SILENT:
        return Kept(page.url, why, "does not say that no cache may keep it", Severity.HIGH)
    return None


def _apart(page: Page, why: str) -> bool:
    """Whether caches keep an answer apart for each cookie; what sets one goes to all who bring none alike."""
    return not why.startswith("sets") and varies_by(page, "cookie")


def _finding(host: str, troubles: list[Kept]) -> Finding:
    worst = min(troubles, key=lambda t: t.severity.rank)
    more = f", and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    return Finding(
        host,
        f"{worst.url[:200]} {worst.personal}, and {worst.says}{more}.",
        evidence="\n".join(f"{t.url[:200]} {t.personal}; {t.says}" for t in troubles[:8]),
        paste=PRIVATE,
        severity=worst.severity,
    )


async def _further_pages(look: Look, one: Entry) -> list[Page | Failure]:
    known = {page.url for page in one.hops}
    links = dict.fromkeys(url for page in one.pages for url in sign_in_links(page, one.name) if url not in known)
    return await asyncio.gather(*(look.http.get(url) for url in list(links)[:MORE_PAGES]))


def sign_in_links(page: Page, host: str) -> Iterable[str]:
    """Absolute URLs of pages on the same host to sign in or up that a page links to."""
    for element in markup(page):
        if element.tag == "a" and any(word in element.get("href").lower() for word in _SIGN_IN):
            try:
                url = normal_url(urljoin(page.url, element.get("href")))
            except ValueError:
                continue
            if same_host(url, host):
                yield url


_SIGN_IN = ("login", "log-in", "signin", "sign-in", "sign_in", "register", "signup", "sign-up", "sign_up")
_FORM_TOKENS = frozenset(
    {
        "csrfmiddlewaretoken",
        "authenticity_token",
        "_token",
        "_csrf",
        "csrf_token",
        "_csrf_token",
        "csrftoken",
        "csrf",
        "__requestverificationtoken",
        "_xsrf",
        "yii_csrf_token",
        "form_build_id",
    }
)
"""Django, Rails, Laravel, Express and Spring, Flask, Phoenix, ..., ASP.NET, Tornado, Yii, Drupal."""


@check(
    "edge.caching.static",
    Stage.EDGE,
    roadmap="D2 B7 D7",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.rfc-editor.org/rfc/rfc9111#section-4.2",
)
async def static(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Files that are the same for everybody do not say for how long they may be kept.

    Why: browsers and the edge ask your server for the same scripts and styles again and again: pages come late for
    clients who were here a minute ago, and a busy morning costs server time that no page needed.

    Fix: give files names that change with their content (every build tool can) and send the header below with them.
    With names that stay, send `Cache-Control: no-cache` and an `ETag`, or a few minutes of `max-age`. In Django:
    WhiteNoise with `CompressedManifestStaticFilesStorage`; in nginx: `expires 1y; add_header Cache-Control
    "public, immutable";` for the folder of the build.

    Looked at are up to six scripts, styles, fonts and pictures of the same domain that the pages of a host load;
    staging is left out. A high risk when a file says nothing at all (`Cache-Control` and `Expires` absent, or not to
    be understood). Nice to fix: a name that changes with its content (a hash in the name or as its query) kept for
    less than 30 days, and a file of any name that is fetched whole each time (`no-store`, or `no-cache` without
    `ETag` and `Last-Modified`). Right is a name that stays, with `no-cache` and a validator or with any lifetime:
    nobody can say from outside how old it may be. `immutable` is worth having and its absence no fault.
    """
    for one in await entries(look):
        if is_staging(one, portal):
            continue
        if one.pages:
            for row in _judge_files(one.name, await files_of(look, one)):
                yield row
        elif one.failure:
            yield NotChecked(one.name, f"{one.visits[0].url} gave no answer: {one.failure}")
        else:
            yield Passed(one.name, "shows no page of its own")


def _judge_files(host: str, files: tuple[Page | Failure, ...]) -> list[Row]:
    read = [file for file in files if isinstance(file, Page) and file.status == 200 and not is_html(file)]
    troubles = {file.url: trouble for file in read if (trouble := judge_file(file))}
    rows: list[Row] = []
    if troubles:
        silent = [url for url, trouble in troubles.items() if trouble == NOTHING_SAID]
        worst = silent or list(troubles)
        what = "file" if len(worst) == 1 else "files"
        one = "a file" if what == "file" else f"{len(worst)} files"
        rows.append(
            Finding(
                host,
                f"{host} loads {one} that {troubles[worst[0]] if what == 'file' else _plural(troubles[worst[0]])}.",
                evidence="\n".join(f"{url[:200]}: {trouble}" for url, trouble in troubles.items()),
                paste=LONG if any(map(named_by_content, worst)) else "Cache-Control: public, max-age=3600",
                severity=Severity.HIGH if silent else Severity.NICE,
            )
        )
    elif read:
        rows.append(Passed(host, f"{len(read)} file{'s' if len(read) > 1 else ''} may be kept as fits the name"))
    failures = [file for file in files if isinstance(file, Failure)]
    if failures:
        rows.append(NotChecked(host, f"{len(failures)} of {len(files)} files gave no answer: {failures[0]}"))
    return rows or [Passed(host, "its pages load no files of the same domain")]


NOTHING_SAID = "says nothing about keeping it"


def judge_file(file: Page) -> str:
    """What is wrong with how a file that is the same for everybody may be kept; empty when nothing is."""
    policies = policy(file.all_headers("cache-control"))
    said = policies.directives
    lasts_s = lifetime_s(file)
    if lasts_s is None:
        lasts_s = policies.seconds("s-maxage")
    if lasts_s is None or not said.get("max-age", "0").isdigit():
        return NOTHING_SAID
    if "no-store" in said:
        return "forbids to keep it, so that it is fetched whole each time"
    if not lasts_s:
        if not (file.header("etag") or file.header("last-modified")):
            return "is asked for each time and has neither ETag nor Last-Modified, so that it is fetched whole"
        if named_by_content(file.url):
            return "is asked for each time although its name changes with its content"
    elif named_by_content(file.url) and lasts_s < LONG_S:
        return f"may be kept for {_spelled(lasts_s)} only although its name changes with its content"
    return ""


def _plural(trouble: str) -> str:
    first, _, rest = trouble.partition(" ")
    return {"says": "say", "forbids": "forbid", "is": "are", "may": "may"}.get(first, first) + f" {rest}"


def _spelled(seconds: int) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} s"
