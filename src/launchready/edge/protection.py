"""Security headers of the pages people see: what the browser is told to refuse.

Judged on pages that work (200, HTML): an error page, a redirect or an API's JSON shows nothing that could be framed
or injected into. One finding a header, whatever the number of hosts: the fix is the same line everywhere.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import first_pages, has_password_field, markup, shown

Judgement = Callable[[Page], str]
"""What is wrong with a page's header, as the end of a sentence that begins with the host; empty when it is right."""


@check(
    "http.headers.csp",
    Stage.EDGE,
    roadmap="B5",
    severity=Severity.NICE,
    effort=60,
    reference="https://www.w3.org/TR/CSP3/",
)
async def csp(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Pages do not say which scripts may run in them.

    Why: should anybody get a script into a page (through a comment, a file name, a supplier's library), nothing
    stops it from reading what your client sees; security questionnaires of larger buyers ask for this header.

    Fix: send the header below in report-only mode first, read what it would block, then enforce it. Give inline
    scripts a nonce or move them to files.

    Only what decides about scripts is judged: `script-src`, or `default-src` in its place, of each policy (all of
    them apply). Not enough are a policy in report-only mode alone, a script source of `*`, `https:`, `http:` or
    `data:`, and `'unsafe-inline'` where no nonce, hash or `'strict-dynamic'` makes browsers ignore it (CSP Level 3,
    section 6.7.3). Nice to fix: it is a second line of defence, and a wrong policy breaks the page.
    """
    async for row in _judge(look, csp_trouble, "Content-Security-Policy-Report-Only: default-src 'self'"):
        yield row


@check(
    "http.headers.sniffing",
    Stage.EDGE,
    roadmap="B5",
    severity=Severity.NICE,
    effort=5,
    reference="https://fetch.spec.whatwg.org/#x-content-type-options-header",
)
async def sniffing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Browsers may guess what kind of file they get.

    Why: a file that a client uploads as a picture can be run as a script by a browser that guesses; where people
    upload files this is the cheapest protection there is.

    Fix: send `X-Content-Type-Options: nosniff` with every answer, at the edge or in the web server.

    `nosniff` must be the first value (Fetch, section 3.6). Nice to fix: today's browsers guess little by themselves.
    """
    async for row in _judge(look, sniffing_trouble, "X-Content-Type-Options: nosniff"):
        yield row


@check(
    "http.headers.framing",
    Stage.EDGE,
    roadmap="B5",
    severity=Severity.NICE,
    effort=10,
    reference="https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
)
async def framing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Other sites may show the pages inside their own.

    Why: a stranger's page can lay your sign-in or a client's "Approve" button under something else that the client
    means to click or fill in.

    Fix: send `Content-Security-Policy: frame-ancestors 'self'` (add the sites that may embed you), and
    `X-Frame-Options: SAMEORIGIN` for old browsers.

    `frame-ancestors` decides where it is there (CSP Level 3, section 6.4.2); in a `<meta>` it has no effect.
    `X-Frame-Options` is read as the HTML standard does: `ALLOW-FROM` and `ALLOWALL` protect from nothing. Nice to
    fix on other pages, a high risk where a password is typed: password stores fill framed pages in as well.
    """
    paste = "Content-Security-Policy: frame-ancestors 'self'\nX-Frame-Options: SAMEORIGIN"
    async for row in _judge(look, framing_trouble, paste, graver=has_password_field):
        yield row


@check(
    "http.headers.referrer",
    Stage.EDGE,
    roadmap="B5",
    severity=Severity.NICE,
    effort=5,
    reference="https://www.w3.org/TR/referrer-policy/",
)
async def referrer(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Pages tell other sites the full address people come from.

    Why: addresses inside a portal name clients, invoices and sometimes one-time tokens; with this policy each site
    that is linked or embedded gets to read them.

    Fix: send `Referrer-Policy: strict-origin-when-cross-origin`.

    Found are `unsafe-url`, `no-referrer-when-downgrade` and nothing else: without the header browsers have sent the
    origin only since 2020 (Referrer Policy, section 3), so its absence is right. The last value a browser knows
    counts, and a `<meta name="referrer">` replaces the header.
    """
    async for row in _judge(look, referrer_trouble, "Referrer-Policy: strict-origin-when-cross-origin"):
        yield row


async def _judge(
    look: Look, judgement: Judgement, paste: str, graver: Callable[[Page], bool] | None = None
) -> AsyncIterator[Row]:
    visits = await first_pages(look)
    pages = list(shown(visits))
    wrong: dict[str, str] = {}
    grave = False
    for visit, page in pages:
        if trouble := judgement(page):
            wrong.setdefault(visit.host.name, trouble)
            grave = grave or bool(graver and graver(page))
    fine = dict.fromkeys(visit.host.name for visit, _ in pages if visit.host.name not in wrong)
    if wrong:
        hosts = list(wrong)
        named = hosts[0] if len(hosts) == 1 else f"{', '.join(hosts[:-1])} and {hosts[-1]}"
        reasons = list(dict.fromkeys(wrong.values()))
        yield Finding(
            hosts[0] if len(hosts) == 1 else look.portal.domain,
            f"{named}: {'; '.join(reasons)}.",
            evidence="\n".join(f"https://{host}/: {reason}" for host, reason in wrong.items()),
            paste=paste,
            severity=Severity.HIGH if grave else None,
        )
    for host in fine:
        yield Passed(host, "the page says so")
    for visit in visits:
        if isinstance(visit.end, Failure):
            yield NotChecked(visit.host.name, f"{visit.url} gave no answer: {visit.end}")
        elif visit.end is not None and visit.end.status >= 500:
            reason = f"{visit.url} answers {visit.end.status}"
            yield NotChecked(visit.host.name, reason, "let the application answer")
        elif visit.host.name not in wrong and visit.host.name not in fine:
            yield Passed(visit.host.name, "shows no page of its own")


@dataclass(frozen=True, slots=True)
class Policy:
    """One Content-Security-Policy: directives by name, the first of each, with their values."""

    directives: dict[str, tuple[str, ...]]

    @property
    def scripts(self) -> tuple[str, ...] | None:
        """What decides about scripts; None when nothing does."""
        return self.directives.get("script-src", self.directives.get("default-src"))


def policies(values: tuple[str, ...]) -> list[Policy]:
    """The policies of header values: each value is a list, separated by commas (CSP Level 3, section 2.2)."""
    found = []
    for text in ",".join(values).split(","):
        directives: dict[str, tuple[str, ...]] = {}
        for part in text.split(";"):
            words = part.split()
            if words:
                directives.setdefault(words[0].lower(), tuple(word.lower() for word in words[1:]))
        if directives:
            found.append(Policy(directives))
    return found


def csp_trouble(page: Page) -> str:
    """What is wrong with a page's Content-Security-Policy."""
    sent = policies(page.all_headers("content-security-policy")) + policies(_in_meta(page, "content-security-policy"))
    if not sent:
        if page.all_headers("content-security-policy-report-only"):
            return "the Content-Security-Policy is in report-only mode, it stops nothing"
        return "no Content-Security-Policy"
    judged = [_scripts_trouble(policy) for policy in sent]
    return "" if "" in judged else judged[0]


def _scripts_trouble(policy: Policy) -> str:
    sources = policy.scripts
    if sources is None:
        return "the Content-Security-Policy says nothing about scripts"
    trusted = [s for s in sources if _TRUSTED.match(s)]
    if "'unsafe-inline'" in sources and not trusted:
        return "the Content-Security-Policy lets any script in a page run ('unsafe-inline' without a nonce or hash)"
    wide = [source for source in sources if source in _ANYWHERE]
    if wide and "'strict-dynamic'" not in sources:
        return f"the Content-Security-Policy lets scripts come from anywhere ({wide[0]})"
    return ""


def sniffing_trouble(page: Page) -> str:
    """What is wrong with a page's X-Content-Type-Options."""
    values = [value.strip().lower() for value in ",".join(page.all_headers("x-content-type-options")).split(",")]
    if values[0] == "nosniff":
        return ""
    return f"X-Content-Type-Options is {values[0][:40]!r}, not nosniff" if values[0] else "no X-Content-Type-Options"


def framing_trouble(page: Page) -> str:
    """Who may frame a page, where that is anybody."""
    sent = policies(page.all_headers("content-security-policy"))
    lists = [policy.directives["frame-ancestors"] for policy in sent if "frame-ancestors" in policy.directives]
    if lists:
        if all(set(sources) & _ANYWHERE for sources in lists):
            return "frame-ancestors lets any site show the page"
        return ""
    values = {v.strip().lower() for v in ",".join(page.all_headers("x-frame-options")).split(",") if v.strip()}
    # More than one value: browsers refuse framing as soon as they know one of them (HTML, section 7.6).
    known = values & {"deny", "sameorigin", "allowall"}
    if values & {"deny", "sameorigin"} or (len(values) > 1 and known):
        return ""
    if values:
        return f"X-Frame-Options is {min(values)[:40]!r}, which browsers ignore"
    return "neither frame-ancestors nor X-Frame-Options"


def referrer_trouble(page: Page) -> str:
    """What a page tells other sites, where that is too much."""
    named = tuple(e.get("content") for e in markup(page) if e.tag == "meta" and e.get("name").lower() == "referrer")
    values = [v.strip().lower() for v in ",".join(named or page.all_headers("referrer-policy")).split(",")]
    known = [v for v in values if v in _REFERRER]
    if known and known[-1] in ("unsafe-url", "no-referrer-when-downgrade"):
        return f"Referrer-Policy is {known[-1]}"
    return ""


def _in_meta(page: Page, name: str) -> tuple[str, ...]:
    found = (e for e in markup(page) if e.tag == "meta" and e.get("http-equiv").lower() == name)
    return tuple(e.get("content") for e in found)


_TRUSTED = re.compile(r"'(?:nonce-.+|sha(?:256|384|512)-.+|strict-dynamic)'\Z")
_ANYWHERE = {"*", "http:", "https:", "data:", "http://*", "https://*"}
_REFERRER = {
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
}
