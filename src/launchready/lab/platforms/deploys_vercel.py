"""Deployments as Vercel's public REST API has them (https://vercel.com/docs/rest-api: deployments, projects)."""

from __future__ import annotations

import time
from typing import Any

from launchready.lab.platforms.answers import Asked, State, answered, refused
from launchready.lab.world import Response

_CREATE = {
    "customEnvironmentSlugOrId",
    "deploymentId",
    "files",
    "gitMetadata",
    "gitSource",
    "meta",
    "monorepoManager",
    "name",
    "project",
    "projectSettings",
    "target",
    "withLatestCommit",
}
_STAGES = ("QUEUED", "BUILDING", "READY")
_LINK = {"type": "github", "org": "acme", "repo": "portal", "repoId": 4711, "productionBranch": "main"}


def vercel_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of deployments."""
    state.project.setdefault("autoAssignCustomDomains", True)
    state.project.setdefault("link", _LINK)
    match asked.method, asked.segments:
        case "GET", ["v9", "projects", _]:
            _settle(state)
            return answered(_project(state))
        case "PATCH", ["v9", "projects", _]:
            return _update(state, asked.body)
        case "POST", ["v13", "deployments"]:
            return _create(state, asked.body, new=asked.query.get("forceNew") == "1")
        case "GET", ["v13", "deployments", id]:
            found = _find(state, id)
            if found is None:
                return refused("vercel", 404, "not_found")
            _further(state, found)
            return answered({**found, "id": found["uid"]})
        case "GET", ["v6", "deployments"]:
            return _list(state, asked)
        case "POST", ["v10", "projects", _, "promote", id]:
            return _point(state, id, roll_back=False)
        case "POST", ["v1", "projects", _, "rollback", id]:
            return _point(state, id, roll_back=True)
    return None


def _project(state: State) -> dict[str, Any]:
    name = state.account.service.rpartition("/")[2]
    live = _find(state, state.project.get("production", ""))
    target = {"production": {**live, "id": live["uid"]}} if live else {}
    return {
        "id": f"prj_{name}",
        "name": name,
        "accountId": "team_1",
        "autoAssignCustomDomains": state.project["autoAssignCustomDomains"],
        "link": state.project["link"],
        "targets": target,
    }


def _update(state: State, body: Any) -> Response:
    if not isinstance(body, dict) or set(body) != {"autoAssignCustomDomains"}:
        return refused("vercel", 400, "bad_request")
    state.project["autoAssignCustomDomains"] = body["autoAssignCustomDomains"]
    state.writes.append(("set", "autoAssignCustomDomains"))
    return answered(_project(state))


def _create(state: State, body: Any, *, new: bool) -> Response:
    if not isinstance(body, dict) or not isinstance(body.get("name"), str) or set(body) - _CREATE:
        return refused("vercel", 400, "bad_request")
    source, meta = body.get("gitSource"), body.get("meta", {})
    if not isinstance(source, dict) or not {"type", "repoId", "ref"} <= set(source):
        return refused("vercel", 400, "incorrect_git_source_info")
    if source["repoId"] != state.project["link"]["repoId"] or body.get("target") != "production":
        return refused("vercel", 400, "incorrect_git_source_info")
    if not all(isinstance(text, str) for text in meta.values()):
        return refused("vercel", 400, "bad_request")
    for one in () if new else state.deploys:
        if one["meta"]["githubCommitSha"] == source["sha"] and one["readyState"] != "ERROR":
            return answered({**one, "id": one["uid"]})  # a similar one is there
    deployment = {
        "uid": f"dpl_{len(state.deploys) + 1:04d}",
        "name": body["name"],
        "target": "production",
        "readyState": "QUEUED",
        "state": "QUEUED",
        "createdAt": int(time.time() * 1000),
        "meta": {**meta, "githubCommitSha": source["sha"]},
        "isRollbackCandidate": False,
    }
    state.deploys.append(deployment)
    state.writes.append(("deploy", source["sha"]))
    return answered({**deployment, "id": deployment["uid"]})


def _list(state: State, asked: Asked) -> Response:
    if asked.query.get("projectId") != _project(state)["id"]:
        return refused("vercel", 404, "not_found")
    listed = [one for one in reversed(state.deploys) if asked.query.get("state") in (None, one["readyState"])]
    listed = listed[: int(asked.query.get("limit", "20"))]
    return answered({"deployments": listed, "pagination": {"count": len(listed), "next": None, "prev": None}})


def _point(state: State, id: str, *, roll_back: bool) -> Response:
    found = _find(state, id)
    if found is None:
        return refused("vercel", 404, "not_found")
    if found["readyState"] != "READY":
        return refused("vercel", 409, "deployment_not_ready")
    if roll_back and state.project.get("plan") == "hobby" and id != state.project.get("previous"):
        return refused("vercel", 402, "hobby_plan_limit")
    if roll_back and not found["isRollbackCandidate"]:
        return refused("vercel", 422, "not_a_candidate")
    state.project["pending"] = id
    state.project["autoAssignCustomDomains"] = not roll_back
    state.writes.append(("rollback" if roll_back else "promote", id))
    return Response(201 if roll_back else 202, ())


def _further(state: State, deployment: dict[str, Any]) -> None:
    stage = deployment["readyState"]
    if stage == "BUILDING" and state.account.trouble == "build fails":
        stage = "ERROR"
    elif stage in _STAGES[:-1]:
        stage = _STAGES[_STAGES.index(stage) + 1]
        if stage == "READY":
            deployment["readySubstate"] = "STAGED"
            if state.account.trouble == "never ready":
                deployment["aliasError"] = {"code": "domain_error", "message": "misconfigured"}
            elif state.project["autoAssignCustomDomains"]:
                state.project["pending"] = deployment["uid"]
    deployment["readyState"] = deployment["state"] = stage


def _settle(state: State) -> None:
    """Domains that were to be pointed elsewhere are: not before somebody has looked once."""
    if "pending" in state.project:
        if state.project.pop("seen", False):
            state.project["previous"] = state.project.get("production", "")
            state.project["production"] = state.project.pop("pending")
            for one in state.deploys:
                if one["uid"] == state.project["production"]:
                    one["readySubstate"], one["isRollbackCandidate"] = "PROMOTED", True
        else:
            state.project["seen"] = True


def _find(state: State, id: str) -> dict[str, Any] | None:
    return next((one for one in state.deploys if one["uid"] == id), None)
