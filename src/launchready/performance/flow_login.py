"""A login as a person does it: the page, its form, the account typed in, and whether it let one in.

One attempt for each user of a run. A login that was refused is not tried again, here or in another walk, for portals
lock accounts out. Scripts are not run; a second factor and a CAPTCHA are said, not solved.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from launchready.measurement import Untold
from launchready.performance.flow_bodies import URLENCODED
from launchready.performance.flow_choice import LOGIN, Ground, whole_address
from launchready.performance.flow_redirects import Way
from launchready.performance.flow_refusals import Refusal, captcha, is_locked, refusal_of, retry_after, said_error
from launchready.performance.flow_walk import Walk, credentials, stopped, words_of
from launchready.performance.saved import Saving, without_people
from launchready.performance.words import Request, Session, StepRun
from launchready.portal_performance import FlowLogin
from launchready.probes.forms import LoginForm, asks_second_factor, has_scripts, login_form, visible_text
from launchready.probes.page import Page
from launchready.probes.pages import markup

_OWN = "name an account of its own that has no second factor and may see nothing of others"
_BY_SCRIPT = (
    'log in by a step instead: method = "POST", the path its script asks, json = {email = "{user}", '
    'password = "{password}"}'
)


@dataclass
class SignedIn:
    """A user who was logged in once, for walks that begin behind the login."""

    user: str
    session: Session
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    steps: tuple[StepRun, ...] = ()
    """The login itself."""
    page: Page | None = None
    """Where it led."""
    login_words: frozenset[str] = frozenset()
    """What the login's page showed."""


async def signed_in(
    ground: Ground, user: str, session: Session, environ: Mapping[str, str] | None = None, saving: Saving | None = None
) -> SignedIn | Untold:
    """Log a user in on `session`, or say why that did not go. The session is closed where it did not."""
    walk = Walk(LOGIN, user, session, ground, saving, os.environ if environ is None else environ)
    if ground.login is None:
        session.close()
        unlock = "name [performance.login], or give the flow a step that logs in"
        return Untold(LOGIN, "", f"nobody knows how {user} logs in", unlock)
    steps = await log_in(walk, ground.login.model_copy(update={"user": user}), LOGIN)
    if trouble := steps[-1].trouble:
        session.close()
        return trouble
    return SignedIn(user, session, walk.tokens, steps, walk.page, walk.login_words)


async def log_in(walk: Walk, login: FlowLogin, name: str) -> tuple[StepRun, ...]:
    """Two steps, the form's page and the login itself; the last one says what went wrong."""
    user, page_step = login.user or walk.user, f"{name} page"
    if before := walk.ground.refused.get(user):
        reason = f"the login of {user} is not tried again: {before.reason}"
        return (walk.run(page_step, (), Refusal(reason, before.unlock, final=True)),)
    steps = await _attempt(walk, login, user, name, page_step)
    if (last := steps[-1]).final and last.trouble:
        walk.ground.refused[user] = last.trouble
    return steps


async def _attempt(walk: Walk, login: FlowLogin, user: str, name: str, page_step: str) -> tuple[StepRun, ...]:
    account = credentials(walk.ground, user, walk.environ)
    url = whole_address(walk.ground.base, login.path)
    refusal = account if isinstance(account, Refusal) else _not_to_be_asked(walk.ground, url)
    if refusal or isinstance(account, Refusal):
        return (walk.run(page_step, (), refusal),)
    walk.secrets.update(account)
    came = await walk.ask(Request(url))
    found = _form_on(walk, came)
    if isinstance(found, Refusal):
        return (walk.run(page_step, came.replies, found),)
    shown = walk.run(page_step, came.replies)
    walk.login_paths.add(urlsplit(came.replies[-1].page.url).path)
    walk.login_words = words_of(came.replies[-1].page)
    body = urlencode(found.filled(*account)).encode()
    sent = await walk.ask(Request(found.action, "POST", (("Content-Type", URLENCODED),), body))
    refusal = _judged(walk, login, user, came, sent)
    walk.signed_in = walk.signed_in or refusal is None
    return shown, walk.run(name, sent.replies, refusal)


def _not_to_be_asked(ground: Ground, url: str) -> Refusal | None:
    parts = urlsplit(url)
    if (parts.hostname or "") not in ground.hosts:
        unlock = f"name the portal's own login page; if {parts.hostname} is yours, name it in `owned`"
        return Refusal(f"no password is sent to {parts.hostname}, which is not the portal's", unlock, final=True)
    if parts.scheme != "https" and not _is_here(url):
        return Refusal("a password is not sent without encryption", "name an https address", final=True)
    return None


def _form_on(walk: Walk, way: Way) -> LoginForm | Refusal:
    if refusal := stopped(way):
        return refusal
    page = way.replies[-1].page
    if refusal := refusal_of(page):
        return refusal
    if page.status != 200:
        return Refusal(f"the login page answers {page.status}", "name the page that has the form as path", final=True)
    form = login_form(page)
    if form is None:
        return _no_form(page)
    return _not_to_be_sent(walk.ground, page, form) or form


def _no_form(page: Page) -> Refusal:
    if widget := captcha(page):
        return Refusal(f"{widget} stands where the login form should be", _captcha_unlock(widget), final=True)
    if asks_second_factor(page):
        return Refusal("the login page asks for a code, not for a password", _OWN, final=True)
    if has_scripts(page):
        return Refusal("the page's HTML has no login form: a script draws it", _BY_SCRIPT, final=True)
    return Refusal(
        "the page has no form with an account and a password", "name the page that has it as path", final=True
    )


def _not_to_be_sent(ground: Ground, page: Page, form: LoginForm) -> Refusal | None:
    to, here = urlsplit(form.action), urlsplit(page.url)
    if not form.posts:
        return Refusal(
            "the form would put the password into the address (it is sent as GET)",
            'write method="post" on the form',
            final=True,
        )
    if (to.hostname or "") not in ground.hosts or to.scheme not in ("http", "https"):
        return Refusal(
            f"the form sends the password to {to.hostname or form.action[:60]}, which is not the portal's",
            f"if {to.hostname} is yours, name it in `owned`",
            final=True,
        )
    if to.scheme == "http" and (here.scheme == "https" or not _is_here(form.action)):
        return Refusal("the form sends the password without encryption", "send it to https", final=True)
    number = next((e.form for e in markup(page) if e.tag == "input" and e.get("name") == form.password), 0)
    if widget := captcha(page, number):
        return Refusal(f"the login form has {widget}, so nothing was sent", _captcha_unlock(widget), final=True)
    return None


def _judged(walk: Walk, login: FlowLogin, user: str, came: Way, sent: Way) -> Refusal | None:
    if refusal := stopped(sent):
        # What broke off is no refusal; a way that led elsewhere leads there again.
        final = bool(sent.away or sent.unsafe or sent.circle)
        return Refusal(f"the login of {user} was sent: {refusal.reason}", refusal.unlock, final)
    page = sent.replies[-1].page
    if login.text and 200 <= page.status < 300 and _shows(page, login.text):
        return None
    if found := _by_status(walk, user, sent):
        return found
    if asks_second_factor(page):
        return Refusal(f"the login of {user} asks for a second factor (a one-time code)", _OWN, final=True)
    if _is_form_again(walk, sent):
        return _form_again(walk, user, came, sent)
    if page.status >= 400:
        return Refusal(f"the login of {user} leads to a page that answers {page.status}", "see the answer", final=True)
    if login.text:
        reason = f"after the login of {user} the page does not show {login.text!r}; it shows: {_said(walk, page)}"
        return Refusal(reason, "see the answer, and what `text` of the login should be", final=True)
    if not any(reply.page.header("set-cookie") for reply in (*came.replies, *sent.replies)):
        reason = f"the login of {user} brought no cookie, so nobody knows whether it went well"
        return Refusal(reason, "say in `text` of the login what is seen after it", final=True)
    return None


def _by_status(walk: Walk, user: str, sent: Way) -> Refusal | None:
    page = sent.replies[-1].page
    if page.status == 429 and (is_locked(page) or not retry_after(page)):
        after = f", again after {retry_after(page)}" if retry_after(page) else ""
        reason = f"the portal limits logins or has locked {user} out (429{after}); it says: {_said(walk, page)}"
        return Refusal(reason, "wait, and see why attempts of this account fail", final=True)
    if refusal := refusal_of(page):
        return Refusal(f"the login of {user} was sent: {refusal.reason}", refusal.unlock, refusal.final)
    if page.status == 423 or ((page.status >= 400 or _is_form_again(walk, sent)) and is_locked(page)):
        reason = f"the account of {user} is locked; the portal says: {_said(walk, page)}"
        return Refusal(reason, "unlock it, and see what tried it so often", final=True)
    if page.status in (403, 419) and login_form(page) is None:
        reason = f"the login of {user} is refused as such ({page.status}), whatever the password; it says: "
        reason += _said(walk, page)
        return Refusal(reason, "see the token of the form: trusted origins, cookies' domain, a cached page", final=True)
    if page.status in (400, 401, 403, 422):
        return _wrong(walk, user, page)
    return None


def _is_form_again(walk: Walk, sent: Way) -> bool:
    """Whether the login's form is shown again; a page behind it may have a form that looks like one."""
    page = sent.replies[-1].page
    if login_form(page) is None:
        return False
    return len(sent.replies) == 1 or page.status != 200 or walk.is_login(page.url)


def _form_again(walk: Walk, user: str, came: Way, sent: Way) -> Refusal:
    page = sent.replies[-1].page
    if (widget := captcha(page)) and captcha(page) == captcha(came.replies[-1].page):
        reason = f"the login of {user} shows its form again, and the page has {widget}; it says: {_said(walk, page)}"
        return Refusal(reason, _captcha_unlock(widget), final=True)
    if widget:
        return Refusal(f"after the login of {user} {widget} is asked for", _captcha_unlock(widget), final=True)
    if any(urlsplit(reply.page.url).path != urlsplit(page.url).path for reply in sent.replies[1:-1]):
        # It led somewhere behind the login first, and from there back to it.
        reason = f"the login of {user} leads back to the login: the session does not hold"
        return Refusal(
            reason, "see the cookie: its domain, path, Secure, SameSite; and the store of sessions", final=True
        )
    return _wrong(walk, user, page)


def _wrong(walk: Walk, user: str, page: Page) -> Refusal:
    account = walk.ground.users[user]
    reason = f"the portal refuses the account of {user} ({page.status}); it says: {_said(walk, page)}"
    return Refusal(reason, f"see {account.user_env} and {account.password_env}; it was tried once", final=True)


def _said(walk: Walk, page: Page) -> str:
    said = " ".join(without_people(said_error(page)[:4_000], walk.hidden).split())
    return repr(said[:160] + ("…" if len(said) > 160 else "")) if said else "nothing"


def _shows(page: Page, text: str) -> bool:
    return text in page.text or text in visible_text(page)


def _captcha_unlock(widget: str) -> str:
    return f"switch {widget} off for an account of its own, or use its vendor's test keys where the portal is measured"


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
