"""`/healthz`: the process answers. `/readyz`: it may get traffic, for the database answers and has every migration.

`/readyz` says besides which version this is and when the mail worker was last at work, so that a release can be
verified from outside; a worker that is late makes no page unready.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from outbox.heartbeat import last_beat
from portal_site.logs import portal_logger


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive, whatever the database does: a restart would not help against its faults."""
    return JsonResponse({"status": "ok"})


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when ready, 503 with the reasons when not. Names no host and no migration: the address is public."""
    checks = {"database": "ok", "migrations": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if pending:
            checks["migrations"] = f"{len(pending)} pending"
    except DatabaseError:
        portal_logger("health").exception("the database does not answer")
        checks = {"database": "does not answer", "migrations": "unknown"}
    ready = set(checks.values()) == {"ok"}
    answer: dict[str, Any] = {"status": "ready" if ready else "not ready", "checks": checks}
    if settings.RELEASE_VERSION:
        answer["version"] = settings.RELEASE_VERSION
    if checks["database"] == "ok" and (worker := last_beat()):
        answer["worker"] = worker
    return JsonResponse(answer, status=200 if ready else 503)
