"""A flow walked as a buyer walks it: step after step, each with its redirects, until the end or the first trouble.

One visitor, one walk; how often and how many at once is the engine's. No scripts run. Whatever goes wrong comes back
as the `Untold` of its step: what happened, and what would help.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
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
from launchready.performance.flow_refusals import Refusal, captcha, refusal_of
from launchready.performance.flow_values import address, filled, filled_header, filled_json, kept_of
from launchready.performance.flow_walk import UNIQUE, Walk, stopped
from launchready.performance.saved import Saving, quoted
from launchready.performance.words import FlowRun, Request, Session, StepRun
from launchready.portal_performance import Flow, FlowStep
from launchready.probes.forms import asks_second_factor, login_form, visible_text
from launchready.probes.page import Page
from launchready.probes.pages import has_password_field

__all__ = [
    "Ground", "Saving", "SignedIn", "base_of", "exchanges", "flows_of", "ground_of", "logs_in", "signed_in",
    "step_name", "users_of", "walk",
]  # fmt: skip


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


async def _walk_step(visitor: Walk, step: FlowStep) -> StepRun:
    name = step_name(step)
    before = visitor.ground.refused.get(visitor.user) if visitor.user and sends_password(step) else None
    if before:
        return visitor.run(name, (), Refusal(f"not tried again: {before.reason}", before.unlock, final=True))
    request = _request(visitor, step)
    if isinstance(request, Refusal):
        return visitor.run(name, (), request)
    if step.status and 300 <= step.status < 400:
        way = await visitor.ask_once(request)
    else:
        way = await visitor.ask(request, tuple(step.headers_env))
    refusal = stopped(way) or _judged(visitor, step, way) or _keep(visitor, step, way)
    run = visitor.run(name, way.replies, refusal)
    if run.trouble and sends_password(step) and way.replies and 400 <= way.replies[-1].page.status < 500:
        # A refused password, by whatever way it was sent: portals lock accounts out.
        visitor.ground.refused[visitor.user] = run.trouble
        return StepRun(run.step, run.replies, run.trouble, final=True)
    visitor.signed_in = visitor.signed_in or (sends_password(step) and run.trouble is None)
    return run


def _request(visitor: Walk, step: FlowStep) -> Request | Refusal:
    """What a step sends, or why it cannot."""
    shown = {name: kept for name, kept in visitor.values.items() if name != PASSWORD}
    try:
        url = address(step.path, visitor.ground.base, shown)
        if (urlsplit(url).hostname or "") not in visitor.ground.hosts:
            host = urlsplit(url).hostname
            return Refusal(f"{host} is not asked: it is not the portal's", f"if {host} is yours, name it in `owned`")
        content = _content(visitor, step, url)
        headers = [filled_header(name, value, visitor.values) for name, value in step.headers.items()]
        for name, variable in step.headers_env.items():
            value = visitor.environ.get(variable, "")
            if not value.strip():
                return Refusal(f"{variable} is not set here", f"give it the value of the header {name}", final=True)
            visitor.secrets.add(value)
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
    return Request(content.url, content.method, tuple(headers), content.body)


def _content(visitor: Walk, step: FlowStep, url: str) -> Content:
    method: str = step.method if "method" in step.model_fields_set else ""
    if step.json_body is not None:
        return json_content(method or "POST", url, filled_json(step.json_body, visitor.values))
    if not step.form and not step.upload and (method or "GET") != "POST":
        return Content(method or "GET", url)
    given = {name: filled(value, visitor.values) for name, value in step.form.items()}
    names = set(given) | ({step.upload.field} if step.upload else set())
    found = form_for(visitor.page, url, names, method)
    if found is None:
        pairs, by = tuple(given.items()), method or "POST"
    else:
        form, button = found
        pairs, by = pairs_of(form, button, given), button.method if button else form.method
    if step.upload:
        content = uploaded(step.upload, visitor.ground.root, visitor.values[UNIQUE].value)
        return multipart_content(by if by != "GET" else "POST", url, pairs, step.upload, content)
    if found and found[0].multipart and by != "GET":
        return multipart_content(by, url, pairs, None, b"")
    return form_content(by, url, pairs)


def _judged(visitor: Walk, step: FlowStep, way: Way) -> Refusal | None:
    page, asked = way.replies[-1].page, way.replies[0].request
    right = page.status == step.status if step.status else 200 <= page.status < 300
    shows = not step.text or step.text in page.text or step.text in visible_text(page)
    if right and step.text and shows:
        return None
    if not right and (refusal := refusal_of(page)):
        return refusal
    if _is_login(page, way) and not (step.status and right):
        return _login_instead(visitor, way)
    if not right and page.status == 401 and visitor.signed_in:
        return _login_instead(visitor, way)
    if not right and asked.method != "GET" and page.status in (403, 419, 422) and not _sent_a_form(visitor, asked.url):
        reason = f"{page.status} came for {asked.method}, and no page before has a form that is sent there"
        return Refusal(f"{reason}; {_what(visitor, page)}", "put a step with the form's page before this one")
    if not right:
        wanted = f"{step.status}" if step.status else "200 to 299"
        return Refusal(
            f"{page.status} came, not {wanted}; {_what(visitor, page)}", "see the answer: did the page change?"
        )
    if not shows:
        seen = captcha(page)
        why = (
            f" ({seen} is asked for)" if seen else " (a one-time code is asked for)" if asks_second_factor(page) else ""
        )
        return Refusal(f"the page does not show {step.text!r}{why}; {_what(visitor, page)}", "did the page change?")
    return None


def _keep(visitor: Walk, step: FlowStep, way: Way) -> Refusal | None:
    for name, keep in step.keep.items():
        try:
            visitor.values[name] = kept_of(keep, way.replies)
        except ValueError as error:
            return Refusal(f"{{{name}}} cannot be kept: {error}", "did the page change? see the answer")
    return None


def _is_login(page: Page, way: Way) -> bool:
    """Whether the step ended at a login: it was led there, or got the form with a status that says so."""
    if page.status not in (200, 401, 403, 419, 440) or (page.status == 200 and len(way.replies) == 1):
        return False
    return b"password" in page.body.lower() and has_password_field(page) and login_form(page) is not None


def _login_instead(visitor: Walk, way: Way) -> Refusal:
    path = urlsplit(way.replies[-1].page.url).path
    if visitor.signed_in:
        reason = f"the session of {visitor.user or 'the visitor'} is gone: the portal asks to log in again ({path})"
        unlock = "see how long a session lives, whether a second login ends the first, and where sessions are stored"
        return Refusal(reason, unlock)
    return Refusal(
        f"it leads to a login ({path}), and nobody is logged in", "give the flow a `user`, or a step that logs in"
    )


def _sent_a_form(visitor: Walk, url: str) -> bool:
    return form_for(visitor.page, url, set()) is not None


def _what(visitor: Walk, page: Page) -> str:
    said = " ".join(quoted(page, visitor.hidden, 160).split())
    return f"it shows: {said!r}" if said else "it shows nothing"
