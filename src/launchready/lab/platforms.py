"""The lab's hosting platforms: what their public APIs say of variables, with state, as sites of the edge.

Each answers only what its vendor's published schema allows, refuses what that does not, and keeps what it is told.
Where a vendor sends values along, so does the lab: whoever prints an answer gives them away.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from launchready.lab.edge_http import Answer, Request
from launchready.lab.world import Account, NameServer, Response, Route, Site, World, Zone

ADDRESS = "192.88.99.81"
TOKEN_ENV, TOKEN = "LAUNCHREADY_LAB_TOKEN", "lab-token"
"""The variable that faults name as `token_env`, and what a lab with platforms sets it to. Good for nothing else."""
HOSTS = {
    "render": "api.render.com",
    "fly": "api.machines.dev",
    "heroku": "api.heroku.com",
    "vercel": "api.vercel.com",
    "railway": "backboard.railway.com",
    "github": "api.github.com",
}
_JSON = ("Content-Type", "application/json; charset=utf-8")


def with_platforms(world: World) -> World:
    """The world with the names and sites of the platforms it has accounts at."""
    hosts = list(dict.fromkeys(HOSTS[account.platform] for account in world.platforms))
    if not hosts or any(site.host in hosts for site in world.sites):
        return world
    name = "ns.platforms.example"
    soa = f"@ 3600 SOA {name}. hostmaster.{name}. 2026110101 7200 900 1209600 300"
    zones = tuple(Zone(host, (soa, f"@ 3600 NS {name}.", f"@ 300 A {ADDRESS}")) for host in hosts)
    sites = tuple(Site(host, (ADDRESS,), (Route("*", Response(404)),), ()) for host in hosts)
    server = NameServer(name, ("192.88.99.82",), tuple(hosts))
    return replace(
        world, zones=(*world.zones, *zones), sites=(*world.sites, *sites), name_servers=(*world.name_servers, server)
    )


@dataclass
class State:
    """An account and what it holds now."""

    account: Account
    variables: dict[str, str]
    shared: dict[str, str]
    limited: int
    writes: list[tuple[str, str]] = field(default_factory=list)
    """(verb, name), in order."""


class PlatformApis:
    """The APIs of every account of a world."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self.states = [State(a, dict(a.variables), dict(a.shared), a.limited) for a in accounts]

    def state(self, service: str) -> State:
        """What a service holds."""
        return next(state for state in self.states if state.account.service == service)

    def handlers(self) -> dict[str, Answer]:
        """By host: what answers there."""
        return {HOSTS[state.account.platform]: self._handler(state.account.platform) for state in self.states}

    def _handler(self, platform: str) -> Answer:
        mine = [state for state in self.states if state.account.platform == platform]
        return lambda asked: _answer(platform, mine, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    segments: list[str]
    query: dict[str, str]
    body: Any
    fields: Mapping[str, str]


def _answer(platform: str, states: list[State], asked: Request) -> Response:
    parts = urlsplit(asked.target)
    query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    try:
        body = json.loads(asked.body) if asked.body else None
    except ValueError:
        return _error(platform, 400, "the body is no JSON")
    segments = [unquote(segment) for segment in parts.path.split("/")[1:]]
    what = _Asked(asked.method, segments, query, body, asked.fields)
    token = _token(platform, asked.fields)
    holders = [state for state in states if state.account.token == token]
    if not holders:
        return _refused_token(platform)
    state = next((s for s in holders if _names_it(s.account, what)), None)
    if state is None:
        return _error(platform, 404, "not found")
    if state.limited > 0:
        state.limited -= 1
        header = (("Retry-After", state.account.retry_after),) if state.account.retry_after else ()
        return replace(_error(platform, 429, "too many requests"), headers=(_JSON, *header))
    if state.account.trouble in _TROUBLES:
        return _TROUBLES[state.account.trouble]
    writing = asked.method != "GET" and not (platform == "railway" and "query variables" in str(body))
    if not (state.account.may_write if writing else state.account.may_read):
        return _error(platform, 403, "forbidden")
    if writing and _failing(state):
        return _error(platform, 500, "internal error")
    return _PLATFORMS[platform](state, what)


def _token(platform: str, fields: Mapping[str, str]) -> str:
    if platform == "railway" and "project-access-token" in fields:
        return f"project:{fields['project-access-token']}"
    return fields.get("authorization", "").removeprefix("Bearer ")


def _names_it(account: Account, asked: _Asked) -> bool:
    if account.platform == "railway":
        variables: dict[str, Any] = (asked.body if isinstance(asked.body, dict) else {}).get("variables") or {}
        place = variables.get("input", variables)
        ids = [place.get(key) for key in ("projectId", "environmentId", "serviceId")]
        return account.service == "/".join(map(str, ids))
    if account.platform == "github":
        return asked.segments[:1] == ["repos"] and "/".join(asked.segments[1:3]) == account.service
    if account.platform == "vercel":
        team, _, project = account.service.rpartition("/")
        mine = asked.query.get("slug", asked.query.get("teamId", "")) == team
        return mine and asked.segments[1:3] == ["projects", project]
    if account.platform == "render":
        return asked.segments[1:2] == ["env-groups"] or asked.segments[1:3] == ["services", account.service]
    return account.service in asked.segments


def _render(state: State, asked: _Asked) -> Response:
    match asked.method, asked.segments[1:]:
        case "GET", ["services", _, "env-vars"]:
            return _paged(asked, [{"envVar": {"key": k, "value": v}} for k, v in state.variables.items()])
        case "GET", ["env-groups"]:
            links = [{"id": state.account.service, "name": "portal", "type": "web_service"}]
            group = {"id": "evg-1", "name": "shared", "ownerId": "tea-1", "serviceLinks": links}
            other = {"id": "evg-2", "name": "other", "ownerId": "tea-1", "serviceLinks": []}
            return _paged(asked, [{"envGroup": g} for g in ((group, other) if state.shared else (other,))])
        case "GET", ["env-groups", "evg-1"] if state.shared:
            variables = [{"key": k, "value": v} for k, v in state.shared.items()]
            return _json({"id": "evg-1", "name": "shared", "envVars": variables, "serviceLinks": [], "secretFiles": []})
        case "PUT", ["services", _, "env-vars", name] if _is_value(asked.body):
            return _json(_set(state, name, asked.body["value"], lambda v: {"key": name, "value": v}))
        case "DELETE", ["services", _, "env-vars", name] if name in state.variables:
            _drop(state, name)
            return Response(204, ())
    return _error("render", 404, "not found")


def _paged(asked: _Asked, items: list[dict[str, Any]]) -> Response:
    """Cursors that say where in the list an item is (https://api-docs.render.com/reference/pagination)."""
    limit = asked.query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:
        return _error("render", 400, "limit must be between 1 and 100")
    start = int(base64.b64decode(asked.query["cursor"])) + 1 if asked.query.get("cursor") else 0
    page = items[start : start + int(limit)]
    return _json([{**item, "cursor": base64.b64encode(b"%d" % (start + n)).decode()} for n, item in enumerate(page)])


def _fly(state: State, asked: _Asked) -> Response:
    match asked.method, asked.segments[1:]:
        case "GET", ["apps", _, "secrets"]:
            stamp = "2026-11-01T00:00:00Z"
            secrets = [{"name": k, "digest": "4c8f", "created_at": stamp, "updated_at": stamp} for k in state.variables]
            return _json({"secrets": secrets})
        case "POST", ["apps", _, "secrets", name] if _is_value(asked.body):
            return _json(
                _set(state, name, asked.body["value"], lambda _: {"name": name, "digest": "4c8f", "version": 7}), 201
            )
        case "DELETE", ["apps", _, "secrets", name] if name in state.variables:
            _drop(state, name)
            return _json({"version": 8})
    return _error("fly", 404, "not found")


def _heroku(state: State, asked: _Asked) -> Response:
    if "version=3" not in asked.fields.get("accept", ""):
        return _error("heroku", 406, "a version must be named in Accept")
    if asked.segments != ["apps", state.account.service, "config-vars"]:
        return _error("heroku", 404, "not found")
    if asked.method == "PATCH" and isinstance(asked.body, dict):
        for name, value in asked.body.items():
            if value is None:
                _drop(state, name)
            elif isinstance(value, str):
                _set(state, name, value, lambda v: {})
            else:
                return _error("heroku", 422, "config vars are strings")
    elif asked.method != "GET":
        return _error("heroku", 405, "method not allowed")
    return _json(state.variables)


def _vercel(state: State, asked: _Asked) -> Response:
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
            return _json({"envs": [*envs, elsewhere]})
        case "POST", ["v10", "env"] if isinstance(asked.body, dict):
            wanted = {"key": str, "value": str, "type": str, "target": list}
            if any(not isinstance(asked.body.get(key), kind) for key, kind in wanted.items()):
                return _error("vercel", 400, "invalid request")
            if asked.body["key"] in state.variables and asked.query.get("upsert") != "true":
                return _error("vercel", 400, "ENV_CONFLICT")
            created = _set(state, asked.body["key"], asked.body["value"], lambda _: {"key": asked.body["key"]})
            return _json({"created": created, "failed": []}, 201)
        case "DELETE", ["v9", "env", id] if id.removeprefix("env_") in state.variables:
            _drop(state, id.removeprefix("env_"))
            return _json({"key": id.removeprefix("env_")})
    return _error("vercel", 404, "not found")


def _railway(state: State, asked: _Asked) -> Response:
    if asked.method != "POST" or asked.segments != ["graphql", "v2"] or not isinstance(asked.body, dict):
        return _error("railway", 404, "not found")
    query, variables = str(asked.body.get("query")), asked.body.get("variables", {})
    given = variables.get("input", {})
    if query.startswith("query variables("):
        return _json({"data": {"variables": {**state.variables, "RAILWAY_ENVIRONMENT": "production"}}})
    if query.startswith("mutation variableUpsert(") and isinstance(given.get("value"), str):
        _set(state, given["name"], given["value"], lambda v: {})
        return _json({"data": {"variableUpsert": True}})
    if query.startswith("mutation variableDelete("):
        _drop(state, given["name"])
        return _json({"data": {"variableDelete": True}})
    return _json({"errors": [{"message": "Cannot query field"}], "data": None})


def _github(state: State, asked: _Asked) -> Response:
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
            return _error("github", 404, "Not Found")
    size, page = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
    items = [
        {"name": n, "created_at": stamp, "updated_at": stamp, **({"value": "eu-1"} if key == "variables" else {})}
        for n in names
    ]
    return _json({"total_count": len(names), key: items[(page - 1) * size : page * size]})


_PLATFORMS: dict[str, Callable[[State, _Asked], Response]] = {
    "render": _render,
    "fly": _fly,
    "heroku": _heroku,
    "vercel": _vercel,
    "railway": _railway,
    "github": _github,
}
_TROUBLES = {
    "garbage": Response(200, (_JSON,), b"\xff\x00{[not json"),
    "html": Response(200, (("Content-Type", "text/html"),), "<!doctype html><title>Sign in</title>"),
    "redirects": Response(302, (("Location", "https://elsewhere.example/steal"),)),
    "wrong schema": Response(200, (_JSON,), json.dumps({"envs": [7], "secrets": [[]], "data": [], "errors": None})),
    "endless": Response(
        200,
        (_JSON,),
        json.dumps([{"envVar": {"key": f"A{n}", "value": "x"}, "cursor": "b3Zlcg=="} for n in range(100)]),
    ),
}
"""Answers in place of every other."""


def _set(state: State, name: str, value: str, shown: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    state.variables[name] = value
    state.writes.append(("set", name))
    return shown(value)


def _drop(state: State, name: str) -> None:
    state.variables.pop(name, None)
    state.writes.append(("delete", name))


def _failing(state: State) -> bool:
    _, after, number = state.account.trouble.partition("fails after ")
    return bool(after) and len(state.writes) >= int(number)


def _is_value(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("value"), str)


def _json(document: object, status: int = 200) -> Response:
    return Response(status, (_JSON, ("RateLimit-Limit", "400"), ("RateLimit-Remaining", "399")), json.dumps(document))


def _refused_token(platform: str) -> Response:
    if platform == "railway":
        return _json({"errors": [{"message": "Not Authorized"}], "data": None})
    return _error(platform, 401, "unauthorized")


def _error(platform: str, status: int, message: str) -> Response:
    """In each vendor's envelope."""
    if platform == "railway" and status in (403, 404):
        text = "Not Authorized" if status == 403 else "Service not found"
        return _json({"errors": [{"message": text}], "data": None})
    envelopes: dict[str, dict[str, Any]] = {
        "render": {"id": "req-1", "message": message},
        "fly": {"error": message},
        "heroku": {"id": message.replace(" ", "_"), "message": message},
        "vercel": {"error": {"code": message.replace(" ", "_"), "message": message}},
        "railway": {"errors": [{"message": message}]},
        "github": {"message": message, "documentation_url": "https://docs.github.com/rest"},
    }
    return Response(status, (_JSON,), json.dumps(envelopes[platform]))
