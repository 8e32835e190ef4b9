"""The core pages after a release: expected status, expected text, and where a page leads instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

from launchready.gate import check
from launchready.hardening.verify_patience import (
    Seen,
    address,
    is_challenge,
    no_answer,
    settings_of,
    subject,
    too_often,
    until_right,
)
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.portal_deploy import VerifyPage
from launchready.probes.failures import Failure
from launchready.probes.forms import has_scripts, visible_text
from launchready.probes.http import Chain, Page
from launchready.probes.look import Look
from launchready.probes.pages import has_password_field
from launchready.probes.visitor import Visitor

AT_ONCE = 4


@check(
    "verify.pages",
    Stage.HARDENING,
    roadmap="X2",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://www.rfc-editor.org/rfc/rfc9110#section-15",
    needs="verify",
)
async def pages(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A core page does not answer as it must after a release.

    Why: the platform calls a release good when a process has started; a client calls it good when the page is there.

    Fix: roll back first (`launchready rollback`), then look at the portal's log of the moment named in the evidence.

    Each page of `[verify] pages` is asked for, redirects followed, until it has the status and shows the text that
    are expected, for `within_s` at most; a page that is right is asked for once. Where the text is not in the HTML
    and the page has scripts, a browser is asked what people see. A page that leads to the login is told as that: what
    is behind it was not seen. An edge that wants proof of a person is not the portal's fault, and not checked.
    """
    settings = settings_of(portal)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(page: VerifyPage) -> Row:
        async with places:
            return await until_right(look, settings, lambda: _once(portal, look, page))

    for row in await asyncio.gather(*map(one, settings.pages)):
        yield row


async def _once(portal: Portal, look: Look, wanted: VerifyPage) -> Seen:
    url = address(portal, wanted.path)
    async with Visitor(look.network, look.dns) as visitor:
        chain = await visitor.go(url)
    if chain.loop:
        return Seen(Finding(subject(url), f"{subject(url)} redirects without end.", evidence=_way(chain)))
    if 300 <= wanted.status < 400 and chain.hops:
        return _judged_status(url, wanted, chain.hops[0], chain)
    if isinstance(chain.end, Failure):
        seen = no_answer(url, chain.end)
        if isinstance(seen.row, Finding) and chain.hops:
            return replace(seen, row=replace(seen.row, evidence=f"{seen.row.evidence}\n{_way(chain)}"))
        return seen
    if is_challenge(chain.end):
        return Seen(_challenged(url), final=True)
    if chain.end.status == 429 != wanted.status:
        return too_often(url)
    if chain.end.status != wanted.status:
        return _judged_status(url, wanted, chain.end, chain)
    return await _judged_text(look, url, wanted, chain, chain.end)


def _judged_status(url: str, wanted: VerifyPage, page: Page, chain: Chain) -> Seen:
    if page.status == wanted.status:
        return Seen(Passed(subject(url), f"answers {page.status}"), final=True)
    problem = f"{subject(url)} answers {page.status} instead of {wanted.status}."
    return Seen(Finding(subject(url), problem, evidence=_way(chain)))


async def _judged_text(look: Look, url: str, wanted: VerifyPage, chain: Chain, page: Page) -> Seen:
    where = subject(url)
    took = f"{page.status} in {page.phases.total_s * 1000:.0f} ms"
    elsewhere = _path(page.url) != _path(url)
    to_login = elsewhere and has_password_field(page)
    if not wanted.text:
        if to_login and _path(url) != "/":
            reason = f"it leads to the login at {subject(page.url)}; what is behind was not seen"
            unlock = "name a text it must show, say status = 302 for a page behind the login, or use [verify.login]"
            return Seen(NotChecked(where, reason, unlock), final=True)
        return Seen(Passed(where, f"{took}, leads to the login at {_path(page.url)}" if to_login else took), final=True)
    if wanted.text in visible_text(page) or wanted.text in page.text:
        return Seen(Passed(where, f"{took}, and the text is there"), final=True)
    if to_login:
        problem = f"{where} leads to the login at {subject(page.url)} instead of showing {wanted.text!r}."
        return Seen(Finding(where, problem, evidence=_way(chain)))
    if has_scripts(page) and settings_of(look.portal).browser:
        rendered = await look.browser.open(url, until=wanted.text)
        if isinstance(rendered, Failure):
            reason = (
                f"{wanted.text!r} is not in the HTML, and no browser could say whether a script shows it: {rendered}"
            )
            return Seen(NotChecked(where, reason, getattr(rendered, "unlock", "")), final=True)
        if wanted.text in rendered.text:
            return Seen(Passed(where, f"{took}, and a browser shows the text"), final=True)
    return Seen(Finding(where, f"{where} does not show {wanted.text!r}.", evidence=f"{_way(chain)}\n{_begins(page)}"))


def _challenged(url: str) -> NotChecked:
    unlock = "let this machine pass at the edge (a rule for its address), or verify at the origin with --connect-to"
    return NotChecked(subject(url), "the edge asks whether a person is there, and shows no page", unlock)


def _way(chain: Chain) -> str:
    return "\n".join(f"{page.status} {subject(page.url)}" for page in chain.hops[:10])


def _begins(page: Page) -> str:
    text = visible_text(page)
    return f"it shows: {text[:200]}" if text else "it shows no text"


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/") or "/"
