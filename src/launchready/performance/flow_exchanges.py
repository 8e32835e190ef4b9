"""What is kept of a walk's answers: an `Exchange` each, without body, cookies, tokens and values of queries."""

from __future__ import annotations

from launchready.measurement import Exchange
from launchready.performance.bodies import facts_of
from launchready.performance.routes import route_of, shown_url
from launchready.performance.saved import kept_headers
from launchready.performance.words import FlowRun, Reply


def exchanges(run: FlowRun, user: str = "") -> tuple[Exchange, ...]:
    """Every answer of a walk as it is kept, in order; `user` names whose it is, where the walk does not."""
    return tuple(
        _exchange(run.flow, step.step, run.user or user, hop, reply)
        for step in run.steps
        for hop, reply in enumerate(step.replies)
    )


def _exchange(flow: str, step: str, user: str, hop: int, reply: Reply) -> Exchange:
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
        signed_in=reply.signed_in,
        facts=facts_of(page),
    )
