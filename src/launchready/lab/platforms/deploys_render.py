"""Deploys as Render's public API has them (https://api-docs.render.com/reference: deploys, rollback, services)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from launchready.lab.platforms.answers import Asked, State, answered, paged, refused
from launchready.lab.world import Response

_STAGES = ("created", "build_in_progress", "pre_deploy_in_progress", "update_in_progress", "live")
_ENDS = {
    "build fails": ("build_in_progress", "build_failed"),
    "migration fails": ("pre_deploy_in_progress", "pre_deploy_failed"),
    "never ready": ("update_in_progress", "update_failed"),
}


def render_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of deploys."""
    match asked.method, asked.segments[1:]:
        case "GET", ["services", id]:
            return answered(
                {"id": id, "name": "portal", "type": "web_service", "autoDeploy": "no", **_suspended(state)}
            )
        case "GET", ["services", _, "deploys"]:
            _later(state)
            return paged(asked, [{"deploy": deploy} for deploy in reversed(state.deploys)])
        case "GET", ["services", _, "deploys", id]:
            found = next((deploy for deploy in state.deploys if deploy["id"] == id), None)
            if found is None:
                return refused("render", 404, "not found")
            _later(state)
            return answered(found)
        case "POST", ["services", _, "deploys"]:
            return _create(state, asked.body)
        case "POST", ["services", _, "rollback"]:
            return _roll_back(state, asked.body)
    return None


def _create(state: State, body: Any) -> Response:
    body = body if body is not None else {}
    known = {"clearCache", "commitId", "imageUrl", "deployMode"}
    if not isinstance(body, dict) or set(body) - known or body.get("clearCache") not in (None, "clear", "do_not_clear"):
        return refused("render", 400, "invalid JSON")
    commit = body.get("commitId", "0" * 40)
    if not re.fullmatch(r"[0-9a-f]{7,40}", str(commit)):
        return refused("render", 400, "invalid commit")
    if any(deploy["status"] in _STAGES[:-1] for deploy in state.deploys):
        _add(state, commit, "api", "queued")
        return Response(202, ())
    return answered(_add(state, commit, "api", "created"), 201)


def _roll_back(state: State, body: Any) -> Response:
    if not isinstance(body, dict) or not isinstance(body.get("deployId"), str):
        return refused("render", 400, "deployId is required")
    target = next((deploy for deploy in state.deploys if deploy["id"] == body["deployId"]), None)
    if target is None:
        return refused("render", 404, "not found")
    if target["status"] not in ("live", "deactivated"):
        return refused("render", 400, "the deploy never succeeded")
    return answered(_add(state, target["commit"]["id"], "rollback", "update_in_progress"), 201)


def _add(state: State, commit: str, trigger: str, status: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    deploy = {
        "id": f"dep-{len(state.deploys) + 1:04d}",
        "commit": {"id": commit, "message": "a change", "createdAt": now},
        "status": status,
        "trigger": trigger,
        "createdAt": now,
        "updatedAt": now,
    }
    state.deploys.append(deploy)
    state.writes.append((trigger, commit))
    return deploy


def _later(state: State) -> None:
    for deploy in list(state.deploys):
        _further(state, deploy)


def _further(state: State, deploy: dict[str, Any]) -> None:
    """One step on; who becomes live takes the place of who was."""
    status = deploy["status"]
    ended = _ENDS.get(state.account.trouble)
    if ended and status == ended[0] and deploy["trigger"] != "rollback":
        deploy["status"] = ended[1]
    elif status == "queued":
        if not any(one["status"] in _STAGES[:-1] for one in state.deploys):
            deploy["status"] = "created"
    elif status in _STAGES[:-1]:
        deploy["status"] = _STAGES[_STAGES.index(status) + 1]
        if deploy["status"] == "live":
            for other in state.deploys:
                if other is not deploy and other["status"] == "live":
                    other["status"] = "deactivated"


def _suspended(state: State) -> dict[str, str]:
    return {"suspended": state.project.get("suspended", "not_suspended")}
