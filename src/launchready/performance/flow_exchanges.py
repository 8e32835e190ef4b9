"""What is kept of a walk's answers: an `Exchange` each, without body, cookies, tokens and values of queries."""

from __future__ import annotations

from launchready.measurement import Exchange
from launchready.performance.bodies import facts_of
from launchready.performance.routes import route_of, shown_url
from launchready.performance.saved import kept_headers
from launchready.performance.words import FlowRun, Reply


def exchanges(run: FlowRun, user: str = "") -> tuple[Exchange, ...]:
    """Every answer of a walk as it is kept, in order; `user` names whose it is, where the walk does not."""
    found = []
    # A visitor who has cookies with the very first request was logged in before.
    before = bool(run.steps and run.steps[0].replies and run.steps[0].replies[0].signed_in and run.steps[0].signed_in)
    for step in run.steps:
        for hop, reply in enumerate(step.replies):
            signed_in = before or (hop > 0 and step.signed_in) or _has_token(reply)
            found.append(_exchange(run.flow, step.step, run.user or user, hop, reply, signed_in))
        before = step.signed_in
    return tuple(found)


def _exchange(flow: str, step: str, user: str, hop: int, reply: Reply, signed_in: bool) -> Exchange:
    page, request = reply.page, reply.request
    return Exchange(
        flow=flow,
        step=step,
        user=user,
        method=request.method,
        url=shown_url(request.url),
        route=route_of(request.method, request.url),
        hop=hop,
        status=page.status,
        phases=reply.phases,
        sent=reply.sent,
        received=reply.received,
        http_version=page.http_version,
        headers=kept_headers(page),
        signed_in=signed_in,
        facts=facts_of(page),
    )


def _has_token(reply: Reply) -> bool:
    return any(name.lower() in ("authorization", "x-api-key", "x-auth-token") for name, _ in reply.request.headers)
