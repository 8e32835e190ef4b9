"""Variables, as each platform's public API tells and takes them. Where a vendor sends values along, so does the lab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launchready.lab.platforms.answers import Asked, State, answered, paged, refused
from launchready.lab.world import Response


def _render(state: State, asked: Asked) -> Response:
    match asked.method, asked.segments[1:]:
        case "GET", ["services", _, "env-vars"]:
            return paged(asked, [{"envVar": {"key": k, "value": v}} for k, v in state.variables.items()])
        case "GET", ["env-groups"]:
            links = [{"id": state.account.service, "name": "portal", "type": "web_service"}]
            group = {"id": "evg-1", "name": "shared", "ownerId": "tea-1", "serviceLinks": links}
            other = {"id": "evg-2", "name": "other", "ownerId": "tea-1", "serviceLinks": []}
            return paged(asked, [{"envGroup": g} for g in ((group, other) if state.shared else (other,))])
        case "GET", ["env-groups", "evg-1"] if state.shared:
            variables = [{"key": k, "value": v} for k, v in state.shared.items()]
            return answered(
                {"id": "evg-1", "name": "shared", "envVars": variables, "serviceLinks": [], "secretFiles": []}
            )
        case "PUT", ["services", _, "env-vars", name] if _is_value(asked.body):
            return answered(_set(state, name, asked.body["value"], lambda v: {"key": name, "value": v}))
        case "DELETE", ["services", _, "env-vars", name] if name in state.variables:
            _drop(state, name)
            return Response(204, ())
    return refused("render", 404, "not found")


def _fly(state: State, asked: Asked) -> Response:
    match asked.method, asked.segments[1:]:
        case "GET", ["apps", _, "secrets"]:
            stamp = "2026-11-01T00:00:00Z"
            secrets = [{"name": k, "digest": "4c8f", "created_at": stamp, "updated_at": stamp} for k in state.variables]
            return answered({"secrets": secrets})
        case "POST", ["apps", _, "secrets", name] if _is_value(asked.body):
            return answered(
                _set(state, name, asked.body["value"], lambda _: {"name": name, "digest": "4c8f", "version": 7}), 201
            )
        case "DELETE", ["apps", _, "secrets", name] if name in state.variables:
            _drop(state, name)
            return answered({"version": 8})
    return refused("fly", 404, "not found")


def _heroku(state: State, asked: Asked) -> Response:
    if "version=3" not in asked.fields.get("accept", ""):
        return refused("heroku", 406, "a version must be named in Accept")
    if asked.segments != ["apps", state.account.service, "config-vars"]:
        return refused("heroku", 404, "not found")
    if asked.method == "PATCH" and isinstance(asked.body, dict):
        for name, value in asked.body.items():
            if value is None:
                _drop(state, name)
            elif isinstance(value, str):
                _set(state, name, value, lambda v: {})
            else:
                return refused("heroku", 422, "config vars are strings")
    elif asked.method != "GET":
        return refused("heroku", 405, "method not allowed")
    return answered(state.variables)


def _vercel(state: State, asked: Asked) -> Response:
    match asked.method, [asked.segments[0], *asked.segments[3:]]:
        case "GET", ["v10" | "v9", "env"]:
            envs = [
                {"id": f"env_{k}", "key": k, "value": v, "type": "encrypted", "target": [state.account.environment]}
                for k, v in state.variables.items()
            ]
            elsewhere = {
                "id": "env_x",
                "key": "ONLY_IN_DEVELOPMENT",
                "value": "x",
                "type": "plain",
                "target": ["development"],
            }
            return answered({"envs": [*envs, elsewhere]})
        case "POST", ["v10", "env"] if isinstance(asked.body, dict):
            wanted = {"key": str, "value": str, "type": str, "target": list}
            if any(not isinstance(asked.body.get(key), kind) for key, kind in wanted.items()):
                return refused("vercel", 400, "invalid request")
            if asked.body["key"] in state.variables and asked.query.get("upsert") != "true":
                return refused("vercel", 400, "ENV_CONFLICT")
            created = _set(state, asked.body["key"], asked.body["value"], lambda _: {"key": asked.body["key"]})
            return answered({"created": created, "failed": []}, 201)
        case "DELETE", ["v9", "env", id] if id.removeprefix("env_") in state.variables:
            _drop(state, id.removeprefix("env_"))
            return answered({"key": id.removeprefix("env_")})
    return refused("vercel", 404, "not found")


def _railway(state: State, asked: Asked) -> Response:
    if asked.method != "POST" or asked.segments != ["graphql", "v2"] or not isinstance(asked.body, dict):
        return refused("railway", 404, "not found")
    query, variables = str(asked.body.get("query")), asked.body.get("variables", {})
    given = variables.get("input", {})
    if query.startswith("query variables("):
        return answered({"data": {"variables": {**state.variables, "RAILWAY_ENVIRONMENT": "production"}}})
    if query.startswith("mutation variableUpsert(") and isinstance(given.get("value"), str):
        _set(state, given["name"], given["value"], lambda v: {})
        return answered({"data": {"variableUpsert": True}})
    if query.startswith("mutation variableDelete("):
        _drop(state, given["name"])
        return answered({"data": {"variableDelete": True}})
    return answered({"errors": [{"message": "Cannot query field"}], "data": None})


def _github(state: State, asked: Asked) -> Response:
    if not asked.fields.get("user-agent"):
        return Response(403, (("Content-Type", "text/plain"),), "Request forbidden by administrative rules")
    stamp = "2026-11-01T00:00:00Z"
    match asked.method, asked.segments[3:]:
        case "GET", ["actions", "secrets"]:
            names, key = list(state.variables), "secrets"
        case "GET", ["actions", "organization-secrets"]:
            names, key = list(state.shared), "secrets"
        case "GET", ["actions", "variables"]:
            names, key = ["REGION"], "variables"
        case "GET", ["actions", "organization-variables"]:
            names, key = [], "variables"
        case _:
            return refused("github", 404, "Not Found")
    size, page = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
    items = [
        {"name": n, "created_at": stamp, "updated_at": stamp, **({"value": "eu-1"} if key == "variables" else {})}
        for n in names
    ]
    return answered({"total_count": len(names), key: items[(page - 1) * size : page * size]})


def _set(state: State, name: str, value: str, shown: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    state.variables[name] = value
    state.writes.append(("set", name))
    return shown(value)


def _drop(state: State, name: str) -> None:
    state.variables.pop(name, None)
    state.writes.append(("delete", name))


def _is_value(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("value"), str)


VARIABLES: dict[str, Callable[[State, Asked], Response]] = {
    "render": _render,
    "fly": _fly,
    "heroku": _heroku,
    "vercel": _vercel,
    "railway": _railway,
    "github": _github,
}
