"""No blank page after a release: the core pages in a real browser, their scripts run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.hardening.verify_patience import Seen, address, no_answer, settings_of, subject, until_right
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.browser import NoBrowser, Rendered
from launchready.probes.failures import Failure
from launchready.probes.look import Look


@check(
    "verify.blank",
    Stage.HARDENING,
    roadmap="X2",
    severity=Severity.BLOCKER,
    effort=60,
    reference="https://html.spec.whatwg.org/multipage/webappapis.html#report-the-exception",
    needs="verify",
)
async def blank(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A page is blank, or its scripts fail, in a browser.

    Why: a page made by scripts answers 200 also when people see nothing; no look at its status or its HTML can tell.

    Fix: roll back first (`launchready rollback`); open the page with the browser's console, mend the first error, and
    see that each script and style sheet of the build was uploaded.

    Pages of `[verify] pages` that are expected to answer 200 are opened in Chromium, which reaches what this run
    reaches. Blank is a page without visible text, picture, field or button: a blocker. An error that no script of
    the portal's own caught, and a script or style sheet of its own that does not come, is a high risk where the page
    still shows something; those of others are left to others, as they are what false alarms after releases are made
    of. Warnings and what scripts print by themselves are no errors. A page that answers with an error is told by
    `verify.pages`.
    """
    settings = settings_of(portal)
    if not settings.browser:
        yield NotChecked(portal.domain, "[verify] browser is off", "set it to true to see that no page is blank")
        return
    wanted = [page for page in settings.pages if 200 <= page.status < 300]
    if not wanted:
        yield NotChecked(portal.domain, "no page of [verify] is expected to answer 200")
    urls = [address(portal, page.path) for page in wanted]
    for row in await asyncio.gather(
        *(until_right(look, settings, lambda url=url: _once(portal, look, url)) for url in urls)  # type: ignore[misc]
    ):
        yield row


async def _once(portal: Portal, look: Look, url: str) -> Seen:
    rendered = await look.browser.open(url)
    where = subject(url)
    if isinstance(rendered, NoBrowser):
        return Seen(NotChecked(where, str(rendered), rendered.unlock), final=True)
    if isinstance(rendered, Failure):
        seen = no_answer(url, rendered)
        reason = f"the browser got no page: {rendered}"  # whether the portal answers at all, verify.pages says
        return Seen(NotChecked(where, reason)) if isinstance(seen.row, Finding) else seen
    if rendered.status >= 400:
        return Seen(NotChecked(where, f"it answers the browser with {rendered.status}"), final=rendered.status < 500)
    return _judged(portal, where, rendered)


def _judged(portal: Portal, where: str, rendered: Rendered) -> Seen:
    own = _hosts(portal, where, rendered.url)
    errors = [e for e in rendered.errors if _ours(e.source, own)]
    failed = [f for f in rendered.failed if _ours(f.url, own)]
    evidence = "\n".join(
        [f"uncaught: {e.text}" + (f" ({subject(e.source)})" if e.source else "") for e in errors[:5]]
        + [f"{f.kind} {subject(f.url)}: {f.reason}" for f in failed[:5]]
    )
    if rendered.blank:
        problem = f"{where} is blank in a browser: it answers {rendered.status} and shows nothing."
        return Seen(Finding(where, problem, evidence=evidence or "no script failed", key="blank"))
    if errors or failed:
        what = _counted(len(errors), "error") if errors else ""
        what += " and " if errors and failed else ""
        what += _counted(len(failed), "file") + " missing" if failed else ""
        problem = f"{where} shows something in a browser, but not all of it works: {what}."
        return Seen(Finding(where, problem, evidence=evidence, severity=Severity.HIGH, key="errors"))
    shown = f"{len(rendered.text)} characters are shown" if rendered.text else "pictures or fields are shown"
    others = len(rendered.errors) + len(rendered.failed)
    aside = f"; {_counted(others, 'failure')} of other sites' scripts left aside" if others else ""
    return Seen(Passed(where, f"{shown} within {rendered.elapsed_s:.1f} s{aside}"), final=True)


def _hosts(portal: Portal, *urls: str) -> tuple[str, ...]:
    return (portal.domain, *(urlsplit(url).hostname or "" for url in urls))


def _ours(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a script is the portal's own; one that nobody can name is in the page itself."""
    if not url.startswith(("http:", "https:")):
        return not url.startswith("chrome")
    host = urlsplit(url).hostname or ""
    return any(host == one or host.endswith(f".{one}") for one in hosts if one)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
