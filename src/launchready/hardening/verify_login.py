"""Login after a release: the form is found, filled in and sent as a browser would, and where it leads is judged.

One attempt: a password that was refused is not tried again, for portals lock accounts out. Scripts are not run.
"""

from __future__ import annotations

import os
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
from launchready.portal_deploy import VerifyLogin
from launchready.probes.failures import Failure, Phase, TlsFailed
from launchready.probes.forms import LoginForm, asks_second_factor, has_scripts, login_form, visible_text
from launchready.probes.http import Chain
from launchready.probes.look import Look
from launchready.probes.page import Page
from launchready.probes.visitor import Visitor

MOST_SENT = 3
"""So often the form is sent to a portal that breaks when it gets it."""
_REFUSALS = ("incorrect", "invalid", "wrong", "not match", "n't match", "not recogni", "failed")
"""What a page says, in English, that refuses a password and redirects to itself first."""


@check(
    "verify.login",
    Stage.HARDENING,
    roadmap="X2",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-submission-algorithm",
    needs="verify",
)
async def login(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Nobody can log in after a release.

    Why: the login touches the database, sessions, cookies, the edge and the secret key at once; it is the first thing
    a client does, and what breaks when one of them was left behind.

    Fix: roll back first (`launchready rollback`). Then: a refused token (403) points to the key, the cookie domain or
    a page kept by a cache; an error (500) to the database; a page that leads back to itself to cookies that do not
    come back.

    The form of `[verify.login] path` is read with its hidden fields and its token, filled in with the account of the
    variables that are named, and sent over a certificate that is right, to the portal only. It went well when the
    page behind shows the text that is expected, or has no password field and brought a cookie. A password that is
    refused is not tried again: portals lock accounts out. A portal that asks for a second factor, a form that
    scripts draw and a limit of attempts are not checked; use an account of its own that has no second factor and
    may see nothing.
    """
    settings = settings_of(portal)
    if settings.login is None:
        yield NotChecked(portal.domain, "no login is named", "add [verify.login] to launchready.toml")
        return
    wanted = settings.login
    url = address(portal, wanted.path)
    absent = [name for name in (wanted.user_env, wanted.password_env) if not os.environ.get(name)]
    if absent:
        reason = f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not set here"
        yield NotChecked(subject(url), reason, "give both what an account of its own logs in with")
        return
    if urlsplit(url).scheme != "https" and not _is_here(url):
        yield NotChecked(subject(url), "a password is not sent without encryption", "name an https address")
        return
    sent: list[str] = []
    yield await until_right(look, settings, lambda: _once(look, wanted, url, sent))


async def _once(look: Look, wanted: VerifyLogin, url: str, sent: list[str]) -> Seen:
    where = subject(url)
    async with Visitor(look.network, look.dns, trusts_all=False) as visitor:
        chain = await visitor.go(url)
        page = _page(where, url, chain)
        if isinstance(page, Seen):
            return page
        form = login_form(page)
        if form is None:
            return _no_form(where, page)
        if refusal := _not_to_be_sent(where, page, form):
            return refusal
        filled = form.filled(os.environ[wanted.user_env], os.environ[wanted.password_env])
        sent.append(form.action)
        answer = await visitor.go(form.action, filled, referer=page.url)
        seen = _judged(where, wanted, answer)
        return replace(seen, final=seen.final or len(sent) >= MOST_SENT)


def _page(where: str, url: str, chain: Chain) -> Page | Seen:
    if chain.loop:
        return Seen(Finding(where, f"{where} redirects without end.", evidence=_way(chain)))
    if isinstance(chain.end, TlsFailed) and chain.end.phase is Phase.TLS:
        return Seen(NotChecked(where, f"no password is sent: {chain.end}", "mend the certificate, or name --ca-file"))
    if isinstance(chain.end, Failure):
        return no_answer(url, chain.end)
    if is_challenge(chain.end):
        return Seen(NotChecked(where, "the edge asks whether a person is there, and shows no page"), final=True)
    if chain.end.status == 429:
        return too_often(url)
    if chain.end.status != 200:
        return Seen(Finding(where, f"The login page {where} answers {chain.end.status}.", evidence=_way(chain)))
    return chain.end


def _no_form(where: str, page: Page) -> Seen:
    if has_scripts(page):
        reason = "its HTML has no form with a password; scripts draw it, and they are not run for this"
        return Seen(NotChecked(where, reason, "log in by hand after a release, or name a path whose HTML has the form"))
    problem = f"The login page {where} has no form with an account and a password."
    return Seen(Finding(where, problem, evidence=f"it shows: {visible_text(page)[:200]}"))


def _not_to_be_sent(where: str, page: Page, form: LoginForm) -> Seen | None:
    to = urlsplit(form.action)
    if not form.posts:
        problem = f"The form at {where} would put the password into the address."
        return Seen(Finding(where, problem, fix='Write method="post" on the form.', key="get"), final=True)
    if (to.scheme, to.hostname) != (urlsplit(page.url).scheme, urlsplit(page.url).hostname):
        reason = f"the form sends the password to {to.scheme}://{to.hostname}, and it is kept for the portal"
        return Seen(NotChecked(where, reason, "name the login page of that host as path"), final=True)
    return None


def _judged(where: str, wanted: VerifyLogin, chain: Chain) -> Seen:
    """What came of the one attempt; final unless the portal broke before it could look at the password."""
    way = _way(chain)
    if chain.loop:
        return _found(where, f"Login at {where} ends in redirects without end.", way, "loop")
    if isinstance(chain.end, Failure):
        seen = no_answer(where, chain.end)
        if isinstance(seen.row, Finding):
            return Seen(Finding(where, f"The form at {where} was sent, and no answer came.", evidence=str(chain.end)))
        return seen
    page = chain.end
    if page.status >= 500:
        return Seen(Finding(where, f"Login at {where} ends with an error: {page.status}.", evidence=way, key="error"))
    if page.status == 429:
        reason = "the portal limits attempts, or has locked the account out (429)"
        return Seen(NotChecked(where, reason, "wait, or see why attempts of this account fail"), final=True)
    if page.status in (403, 419) and login_form(page) is None:
        # 419 is Laravel's answer to a form whose session is gone.
        return _found(
            where, f"Login at {where} is refused as such ({page.status}), whatever the password.", way, "token"
        )
    if page.status in (400, 401, 403, 422) or (login_form(page) and _says_no(page)):
        return _found(where, f"The account of {wanted.user_env} is refused at {where}.", way, "refused")
    if page.status >= 400:
        return _found(where, f"Login at {where} leads to a page that answers {page.status}.", way, "error")
    return _landed(where, wanted, chain, page)


def _landed(where: str, wanted: VerifyLogin, chain: Chain, page: Page) -> Seen:
    there, way = subject(page.url), _way(chain)
    if asks_second_factor(page):
        unlock = "name an account that has no second factor and may see nothing"
        return Seen(
            NotChecked(where, "the portal asks for a second factor, so the login was half seen", unlock), final=True
        )
    if login_form(page):
        if chain.hops[0].redirects:
            problem = f"Login at {where} leads back to the login: the session does not hold."
            return _found(where, problem, way, "session")
        return _found(where, f"The account of {wanted.user_env} is refused at {where}.", way, "refused")
    if wanted.text:
        if wanted.text in visible_text(page) or wanted.text in page.text:
            return Seen(Passed(where, f"leads to {there}, and the text is there"), final=True)
        shows = f"{way}\nit shows: {visible_text(page)[:200]}"
        return _found(where, f"Login at {where} leads to {there}, which does not show {wanted.text!r}.", shows, "text")
    if not any(hop.header("set-cookie") for hop in chain.hops):
        reason = f"it leads to {there} without a cookie, so nobody knows whether it went well"
        return Seen(NotChecked(where, reason, "say in [verify.login] text what is seen after a login"), final=True)
    return Seen(Passed(where, f"leads to {there}"), final=True)


def _says_no(page: Page) -> bool:
    text = visible_text(page).lower()
    return any(word in text for word in _REFUSALS)


def _found(where: str, problem: str, evidence: str, key: str) -> Seen:
    return Seen(Finding(where, problem, evidence=evidence, key=key), final=True)


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _way(chain: Chain) -> str:
    return "\n".join(f"{page.status} {subject(page.url)}" for page in chain.hops[:10])
