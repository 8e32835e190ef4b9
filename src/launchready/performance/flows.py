"""A flow walked as a buyer walks it: step after step, each with its redirects, until the end or the first trouble.

One visitor, one walk; how often and how many at once is the engine's. No scripts run. Whatever goes wrong comes back
as the `Untold` of its step: what happened, and what would help.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from launchready.performance.flow_bodies import (
    Content,
    form_content,
    form_for,
    json_content,
    multipart_content,
    pairs_of,
    uploaded,
)
from launchready.performance.flow_choice import (
    PASSWORD,
    Ground,
    base_of,
    flows_of,
    ground_of,
    logs_in,
    sends_password,
    step_name,
    users_of,
)
from launchready.performance.flow_exchanges import exchanges
from launchready.performance.flow_login import SignedIn, log_in, signed_in
from launchready.performance.flow_redirects import Way
from launchready.performance.flow_refusals import Refusal, captcha, refusal_of, said_error
from launchready.performance.flow_values import address, filled, filled_header, filled_json, kept_of
from launchready.performance.flow_walk import UNIQUE, Walk, stopped
from launchready.performance.saved import Saving, quoted, without_people
from launchready.performance.words import FlowRun, Request, Session, StepRun
from launchready.portal_performance import Flow, FlowStep
from launchready.probes.forms import Form, asks_second_factor, login_form, visible_text
from launchready.probes.page import Page
from launchready.probes.pages import has_password_field, markup

__all__ = [
    "Ground", "Saving", "SignedIn", "base_of", "exchanges", "flows_of", "ground_of", "logs_in", "signed_in",
    "step_name", "users_of", "walk",
]  # fmt: skip

T = TypeVar("T")
MOMENT = 16 * 1024
"""Bytes of a page that are read in a few milliseconds."""


async def walk(
    flow: Flow,
    session: Session,
    ground: Ground,
    *,
    user: str = "",
    signed: SignedIn | None = None,
    saving: Saving | None = None,
    environ: Mapping[str, str] | None = None,
) -> FlowRun:
    """Walk a flow once as `user` (left out: the flow's), on a session of the visitor's own.

    `signed` is what is known of a login that was made before, whose cookies the session holds.
    """
    visitor = Walk(
        flow.name, user or flow.user, session, ground, saving, os.environ if environ is None else environ,
        page=signed.page if signed else None, tokens=dict(signed.tokens) if signed else {}, signed_in=bool(signed),
        login_words=signed.login_words if signed else frozenset(),
    )  # fmt: skip
    steps: list[StepRun] = []
    for step in flow.steps:
        if step.login:
            steps += await log_in(visitor, step.login, step_name(step))
        else:
            steps.append(await _walk_step(visitor, step))
        if steps[-1].trouble:
            break
    return FlowRun(flow.name, visitor.user, tuple(steps))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step's request, and what of it the page before has given."""

    request: Request
    form: Form | None = None
    unfilled: tuple[str, ...] = ()
    """Controls of the form that must be filled in, and are not."""


async def _walk_step(visitor: Walk, step: FlowStep) -> StepRun:
    name = step_name(step)
    before = visitor.ground.refused.get(visitor.user) if visitor.user and sends_password(step) else None
    if before:
        return visitor.run(name, (), Refusal(f"not tried again: {before.reason}", before.unlock, final=True))
    prepared = await _beside(visitor.page, lambda: _prepared(visitor, step))
    if isinstance(prepared, Refusal):
        return visitor.run(name, (), prepared)
    if step.status and 300 <= step.status < 400:
        way = await visitor.ask_once(prepared.request)
    else:
        way = await visitor.ask(prepared.request, tuple(step.headers_env))
    last = way.replies[-1].page if way.replies else None
    refusal = stopped(way) or await _beside(
        last, lambda: _judged(visitor, step, prepared, way) or _keep(visitor, step, way)
    )
    visitor.signed_in = visitor.signed_in or bool(refusal is None and sends_password(step))
    run = visitor.run(name, way.replies, refusal)
    if run.trouble and sends_password(step) and way.replies and 400 <= way.replies[-1].page.status < 500:
        # A refused password, by whatever way it was sent: portals lock accounts out.
        visitor.ground.refused[visitor.user] = run.trouble
        return replace(run, final=True)
    return run


async def _beside(page: Page | None, work: Callable[[], T]) -> T:
    """Do what reads `page`; beside the loop when that takes more than a moment, for others' answers are timed on it."""
    if page is None or len(page.body) < MOMENT:
        return work()
    return await asyncio.to_thread(work)


def _prepared(visitor: Walk, step: FlowStep) -> _Prepared | Refusal:
    """What a step sends, or why it cannot."""
    shown = {name: kept for name, kept in visitor.values.items() if name != PASSWORD}
    try:
        url = address(step.path, visitor.ground.base, shown)
        if (urlsplit(url).hostname or "") not in visitor.ground.hosts:
            host = urlsplit(url).hostname
            return Refusal(f"{host} is not asked: it is not the portal's", f"if {host} is yours, name it in `owned`")
        content, form, unfilled = _content(visitor, step, url)
        headers = [filled_header(name, value, visitor.values) for name, value in step.headers.items()]
        for name, variable in step.headers_env.items():
            value = visitor.environ.get(variable, "")
            if not value.strip():
                return Refusal(f"{variable} is not set here", f"give it the value of the header {name}", final=True)
            visitor.secrets.add(value.strip())
            headers.append(filled_header(name, value.strip(), {}))
    except ValueError as error:
        return Refusal(str(error), "see this step, and what the step before it keeps")
    given = {name.lower() for name, _ in headers}
    if content.content_type and "content-type" not in given:
        headers.append(("Content-Type", content.content_type))
    if step.json_body is not None and "accept" not in given:
        headers.append(("Accept", "application/json, */*;q=0.8"))
    if content.method not in ("GET", "HEAD"):
        headers += [pair for pair in visitor.token_headers() if pair[0].lower() not in given]
    return _Prepared(Request(content.url, content.method, tuple(headers), content.body), form, unfilled)


def _content(visitor: Walk, step: FlowStep, url: str) -> tuple[Content, Form | None, tuple[str, ...]]:
    method: str = step.method if "method" in step.model_fields_set else ""
    if step.json_body is not None:
        return json_content(method or "POST", url, filled_json(step.json_body, visitor.values)), None, ()
    if not step.form and not step.upload and (method or "GET") != "POST":
        return Content(method or "GET", url), None, ()
    given = {name: filled(value, visitor.values) for name, value in step.form.items()}
    names = set(given) | ({step.upload.field} if step.upload else set())
    found = form_for(visitor.page, url, names, method)
    form, button = found or (None, None)
    pairs, by = tuple(given.items()), method or "POST"
    if form:
        pairs, by = pairs_of(form, button, given), button.method if button else form.method
    sent = {name for name, value in pairs if value} | names
    unfilled = tuple(name for name in form.required if name not in sent) if form else ()
    if step.upload:
        content = uploaded(step.upload, visitor.ground.root, visitor.values[UNIQUE].value)
        named = step.upload.model_copy(update={"name": filled(step.upload.name, visitor.values)})
        by = by if by != "GET" else "POST"
        return multipart_content(by, url, pairs, named, content), form, unfilled
    if form and form.multipart and by != "GET":
        return multipart_content(by, url, pairs, None, b""), form, unfilled
    return form_content(by, url, pairs), form, unfilled


def _judged(visitor: Walk, step: FlowStep, prepared: _Prepared, way: Way) -> Refusal | None:
    page = way.replies[-1].page
    right = page.status == step.status if step.status else 200 <= page.status < 300
    shows = not step.text or step.text in page.text or step.text in visible_text(page)
    if right and step.text and shows:
        return None
    if not right and (refusal := refusal_of(page)):
        return refusal
    if _is_login(visitor, page, way) and not (step.status and right):
        return _login_instead(visitor, way)
    if not right and page.status == 401 and visitor.signed_in:
        return _login_instead(visitor, way)
    if not right:
        wanted = f"{step.status}" if step.status else "200 to 299"
        return Refusal(f"{page.status} came, not {wanted}; {_said(visitor, page)}", _hint(prepared))
    if not shows:
        seen = captcha(page) or ("a one-time code" if asks_second_factor(page) else "")
        why = f" ({seen} is asked for)" if seen else ""
        return Refusal(f"the page does not show {step.text!r}{why}; {_shown(visitor, page)}", "did the page change?")
    if not step.status and _came_back(prepared, way):
        return Refusal(f"the form came back with an error; {_said(visitor, page)}", _hint(prepared))
    return None


def _hint(prepared: _Prepared) -> str:
    """What may help where a request was refused."""
    if prepared.unfilled:
        return f"the form wants {', '.join(prepared.unfilled[:5])} to be filled in: name it in `form`"
    if prepared.request.method != "GET" and prepared.form is None:
        return "no page before has a form that is sent there, so no token of one went along: walk that page first"
    return "see the answer: did the page change?"


def _came_back(prepared: _Prepared, way: Way) -> bool:
    """Whether a form that was sent is shown again, with a mark that something in it is wrong."""
    page = way.replies[-1].page
    if prepared.form is None or len(way.replies) > 1 or prepared.request.method != "POST":
        return False
    if not _ERROR_MARKS.search(page.body):
        return False
    marked = any(
        element.get("aria-invalid") == "true" or _ERROR_CLASSES & set(element.get("class").split())
        for element in markup(page)
    )
    return marked and form_for(page, prepared.request.url, set()) is not None


_ERROR_MARKS = re.compile(rb"aria-invalid|errorlist|is-invalid|has-error|field_with_errors")
_ERROR_CLASSES = {"errorlist", "is-invalid", "has-error", "field_with_errors"}
"""What Django, Bootstrap, and Rails put around a field that is not filled in rightly."""


def _keep(visitor: Walk, step: FlowStep, way: Way) -> Refusal | None:
    for name, keep in step.keep.items():
        try:
            visitor.values[name] = kept_of(keep, way.replies)
        except ValueError as error:
            return Refusal(f"{{{name}}} cannot be kept: {error}", "did the page change? see the answer")
    return None


def _is_login(visitor: Walk, page: Page, way: Way) -> bool:
    """Whether the step ended at a login: it was led there, or got it in place, or the form with a status that says so.

    A page that asks for the password again, such as one of settings, is none: its address says nothing of a login, and
    it does not show what the login's page showed.
    """
    if page.status not in (200, 401, 403, 419, 440) or b"password" not in page.body.lower():
        return False
    if not has_password_field(page) or login_form(page) is None:
        return False
    if page.status != 200 or (len(way.replies) > 1 and visitor.is_login(page.url)):
        return True
    return visitor.signed_in and visitor.shows_login(page)


def _login_instead(visitor: Walk, way: Way) -> Refusal:
    path = urlsplit(way.replies[-1].page.url).path
    if visitor.signed_in:
        reason = f"the session of {visitor.user or 'the visitor'} is gone: the portal asks to log in again ({path})"
        unlock = "see how long a session lives, whether a second login ends the first, where sessions are stored, and "
        unlock += "whether this account may see the page"
        return Refusal(reason, unlock)
    return Refusal(
        f"it leads to a login ({path}), and nobody is logged in", "give the flow a `user`, or a step that logs in"
    )


def _said(visitor: Walk, page: Page) -> str:
    """What a page says is wrong, as it may be quoted."""
    return _in_words(without_people(said_error(page)[:4_000], visitor.hidden))


def _shown(visitor: Walk, page: Page) -> str:
    return _in_words(quoted(page, visitor.hidden, 200))


def _in_words(text: str) -> str:
    text = " ".join(text.split())
    return f"it shows: {text[:160] + ('…' if len(text) > 160 else '')!r}" if text else "it shows nothing"
