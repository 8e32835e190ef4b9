"""What a portal of this size does not need yet: the roadmap's warning of overbuilding, all of it nice to fix."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from launchready.gate import check
from launchready.hardening.documents import Shelf, open_shelf
from launchready.hardening.overbuilt_traces import (
    Trace,
    buses,
    is_only_celerys,
    kubernetes,
    meshes,
    own_services,
    regions,
)  # fmt: skip
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

LARGE_FILES = 2_000
"""Source files of one's own from which a repository is plainly large: its team knows what it needs."""
LARGE_TEAMS = 3
"""Teams named in CODEOWNERS from which it is."""
SERVICES = 4
"""Services built from one repository from which a portal is in pieces."""
_SOURCE = re.compile(r"\.(py|rb|php|go|rs|java|kt|cs|swift|scala|ex|exs|vue|svelte|[cm]?[jt]sx?)$")
_REFERENCE = "https://martinfowler.com/bliki/MonolithFirst.html"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way to overbuild, in words."""

    subject: str
    problem: str
    fix: str
    clean: str


async def _judge(look: Look, kind: _Kind, find: Callable[[Shelf], Awaitable[list[Trace]]], least: int = 1) -> list[Row]:
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        return [shelf]
    if large := await _size(shelf):
        return [Passed(kind.subject, f"not judged, for the repository is large: {large}")]
    traces = await find(shelf)
    rows: list[Row] = list(shelf.complaints())
    if len(traces) < least:
        return [*rows, Passed(kind.subject, kind.clean)]
    told = "\n".join(f"{trace.where}: {trace.what}" for trace in traces[:10])
    more = f"\n... and {len(traces) - 10} more" if len(traces) > 10 else ""
    problem = kind.problem.format(what=traces[0].what, count=len(traces))
    return [*rows, Finding(traces[0].where, problem, evidence=told + more, fix=kind.fix, key=kind.subject)]


@check(
    "overbuilt.kubernetes",
    Stage.HARDENING,
    roadmap="C6",
    severity=Severity.NICE,
    effort=480,
    reference=_REFERENCE,
    needs="repository",
)
async def kubernetes_check(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal is deployed on Kubernetes, which it does not need yet.

    Why: a cluster has to be updated, watched and paid for, and each failure has more places to hide. In the week of the
    demo that is time taken from the portal, and after the handover the founder has to run it alone.

    Fix: run one container on a managed platform (Render, Fly.io, Railway, Cloud Run) or one server, with a managed
    database; keep the manifests for the day that two servers are not enough.

    Looked at are manifests, Helm charts, kustomizations, Skaffold, Helmfile and clusters in Terraform. Repositories
    that are plainly large (over 2,000 source files of their own, or three teams in CODEOWNERS) are not judged.
    """
    kind = _Kind(
        "Kubernetes",
        "The repository deploys to Kubernetes ({what}); one container on a managed platform carries such a portal.",
        "",
        "no manifests, charts or clusters",
    )
    for row in await _judge(look, kind, kubernetes):
        yield row


@check(
    "overbuilt.service_mesh",
    Stage.HARDENING,
    roadmap="C6",
    severity=Severity.NICE,
    effort=240,
    reference=_REFERENCE,
    needs="repository",
)
async def service_mesh(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A service mesh stands between parts of the portal that could call each other.

    Why: every request passes two more proxies, and when one fails it looks like the portal's own fault; few people can
    tell the difference at two in the morning.

    Fix: take the mesh out: TLS at the edge, a private network of the platform between the parts, and retries in the
    HTTP client are enough.

    Looked at are Istio, Linkerd, Consul Connect, Kuma, Open Service Mesh and AWS App Mesh in manifests, charts, compose
    files and Terraform. Large repositories are not judged.
    """
    kind = _Kind(
        "service mesh",
        "A service mesh is set up ({what}); between the few parts of a portal a private network is enough.",
        "",
        "none is set up",
    )
    for row in await _judge(look, kind, meshes):
        yield row


@check(
    "overbuilt.message_bus",
    Stage.HARDENING,
    roadmap="C6",
    severity=Severity.NICE,
    effort=240,
    reference="https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE",
    needs="repository",
)
async def message_bus(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A message bus carries what a table and a background worker could.

    Why: a bus is one more server that can be full, unreachable or behind, and a message that was lost or handled twice
    is an invoice that is missing or sent twice. Nobody sees it in the portal's own logs.

    Fix: use a queue on what is there already: PostgreSQL (Procrastinate, Solid Queue, River, pg-boss, Laravel's
    database driver) or Redis (Celery, RQ, Sidekiq, BullMQ).

    Looked at are Kafka, RabbitMQ, NATS, Pulsar and ActiveMQ as services of compose files, client libraries and managed
    clusters in Terraform. A job queue on Redis or on the database is no bus. Large repositories are not judged.
    """
    shelf = await open_shelf(look)
    mild = not isinstance(shelf, NotChecked) and await is_only_celerys(shelf)
    kind = _Kind(
        "message bus",
        "RabbitMQ runs only as Celery's broker; Redis or the database does that with one server less to keep."
        if mild
        else "The portal talks through a message bus ({what}); a queue in its database or in Redis is enough.",
        "Point Celery's broker_url at Redis, and take RabbitMQ out." if mild else "",
        "none is used",
    )
    for row in await _judge(look, kind, buses):
        yield row


@check(
    "overbuilt.regions",
    Stage.HARDENING,
    roadmap="C6",
    severity=Severity.NICE,
    effort=240,
    reference="https://fly.io/docs/blueprints/multi-region-fly-replay/",
    needs="repository",
)
async def several_regions(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal runs in several regions before it has visitors in them.

    Why: one database serves all of them, so pages in the second region wait for an ocean on every query, or the copies
    disagree. Buyers see a slow or a contradictory portal; nobody sees the advantage yet.

    Fix: run it in the one region that is nearest to the first clients, beside its database, with the edge (Cloudflare)
    in front for what can be cached, and backups in a second region.

    Looked at are render.yaml, vercel.json, fly.toml and the commands that scale Fly.io, railway.json and Terraform. A
    second provider in us-east-1 for certificates of CloudFront, and copies of backups, are no second region. Large
    repositories are not judged.
    """
    kind = _Kind(
        "regions",
        "The portal is set up for several regions ({what}); one beside its database is faster and simpler.",
        "",
        "at most one is named",
    )
    for row in await _judge(look, kind, regions):
        yield row


@check(
    "overbuilt.microservices",
    Stage.HARDENING,
    roadmap="C6",
    severity=Severity.NICE,
    effort=480,
    reference=_REFERENCE,
    needs="repository",
)
async def microservices(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal is cut into services that are deployed one by one.

    Why: a login that crosses four services has four places to fail and four logs to read, and no deployment is complete
    before all of them agree on what they send each other.

    Fix: keep the parts as modules of one application with one database; start the same image with another command for
    background work.

    Counted are services that a compose file builds from folders of this repository; one image with several commands is
    one service. Four or more are told. Large repositories are not judged.
    """
    kind = _Kind(
        "services",
        "{count} services are built from this repository; one application with its parts as modules is easier to run.",
        "",
        f"fewer than {SERVICES} are built from this repository",
    )
    for row in await _judge(look, kind, own_services, SERVICES):
        yield row


async def _size(shelf: Shelf) -> str:
    """Why the repository is plainly large; empty when it is not."""
    count = sum(bool(_SOURCE.search(path)) for path in shelf.files)
    if count > LARGE_FILES:
        return f"{count} source files"
    teams: set[str] = set()
    for path in ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS"):
        if path in shelf.listing.files:
            teams |= set(re.findall(r"(?<=\s)@[\w.-]+/[\w.-]+", await shelf.text(path) or ""))
    return f"{len(teams)} teams own parts of it" if len(teams) >= LARGE_TEAMS else ""
