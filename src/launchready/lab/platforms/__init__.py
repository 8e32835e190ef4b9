"""The lab's hosting platforms: what their public APIs say of variables and deploys, with state, as sites of the edge.

Each answers only what its vendor's published schema allows, refuses what that does not, and keeps what it is told.
Where a vendor sends values along, so does the lab: whoever prints an answer gives them away. A deploy goes one step
further each time it is looked at, so nothing here waits for a clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from launchready.lab.edge_http import Answer, Request
from launchready.lab.platforms.answers import JSON, Asked, State, answered, refused
from launchready.lab.platforms.deploys_fly import fly_deploys
from launchready.lab.platforms.deploys_heroku import SOURCES_HOST, heroku_deploys, take_source
from launchready.lab.platforms.deploys_render import render_deploys
from launchready.lab.platforms.deploys_vercel import vercel_deploys
from launchready.lab.platforms.variables import VARIABLES
from launchready.lab.world import Account, NameServer, Response, Route, Site, Trouble, World, Zone

__all__ = ["ADDRESS", "HOSTS", "TOKEN", "TOKEN_ENV", "PlatformApis", "State", "with_platforms"]

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


def with_platforms(world: World) -> World:
    """The world with the names and sites of the platforms it has accounts at."""
    hosts = list(dict.fromkeys(host for account in world.platforms for host in _hosts(account)))
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


class PlatformApis:
    """The APIs of every account of a world."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self.states = [State(a, dict(a.variables), dict(a.shared), a.limited) for a in accounts]

    def state(self, service: str) -> State:
        """What a service holds."""
        return next(state for state in self.states if state.account.service == service)

    def handlers(self) -> dict[str, Answer]:
        """By host: what answers there."""
        answers = {HOSTS[state.account.platform]: self._handler(state.account.platform) for state in self.states}
        if "heroku" in {state.account.platform for state in self.states}:
            answers[SOURCES_HOST] = lambda asked: take_source(self.states, asked)
        return answers

    def _handler(self, platform: str) -> Answer:
        mine = [state for state in self.states if state.account.platform == platform]
        return lambda asked: _answer(platform, mine, asked)


def _hosts(account: Account) -> tuple[str, ...]:
    return (HOSTS[account.platform], SOURCES_HOST) if account.platform == "heroku" else (HOSTS[account.platform],)


def _answer(platform: str, states: list[State], asked: Request) -> Response:
    parts = urlsplit(asked.target)
    query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    try:
        body = json.loads(asked.body) if asked.body else None
    except ValueError:
        return refused(platform, 400, "the body is no JSON")
    segments = [unquote(segment) for segment in parts.path.split("/")[1:]]
    what = Asked(asked.method, segments, query, body, asked.fields)
    token = _token(platform, asked.fields)
    holders = [state for state in states if state.account.token == token]
    if not holders:
        return _refused_token(platform)
    state = next((s for s in holders if _names_it(s.account, what)), None)
    if state is None:
        return refused(platform, 404, "not found")
    if state.limited > 0:
        state.limited -= 1
        header = (("Retry-After", state.account.retry_after),) if state.account.retry_after else ()
        return replace(refused(platform, 429, "too many requests"), headers=(JSON, *header))
    if state.account.trouble.endswith("and is silent then") and state.changes >= _number(state.account.trouble):
        return Response(trouble=Trouble.CLOSES)
    if state.account.trouble in _TROUBLES:
        return _TROUBLES[state.account.trouble]
    writing = asked.method != "GET" and not (platform == "railway" and "query variables" in str(body))
    if not (state.account.may_write if writing else state.account.may_read):
        return refused(platform, 403, "forbidden")
    if writing and _failing(state):
        return refused(platform, 500, "internal error")
    if not writing:
        return _done(platform, state, what)
    state.changes += 1
    if state.account.trouble.startswith("revokes after") and state.changes > _number(state.account.trouble):
        return _refused_token(platform)
    done = _done(platform, state, what)
    if state.account.trouble.startswith("loses answer") and state.changes == _number(state.account.trouble):
        return Response(trouble=Trouble.CLOSES)
    return done


def _done(platform: str, state: State, asked: Asked) -> Response:
    deploys = _DEPLOYS.get(platform)
    found = deploys(state, asked) if deploys else None
    return VARIABLES[platform](state, asked) if found is None else found


def _number(trouble: str) -> int:
    return next((int(word) for word in trouble.split() if word.isdigit()), 1)


_DEPLOYS: dict[str, Callable[[State, Asked], Response | None]] = {
    "render": render_deploys,
    "fly": fly_deploys,
    "heroku": heroku_deploys,
    "vercel": vercel_deploys,
}


def _token(platform: str, fields: Mapping[str, str]) -> str:
    if platform == "railway" and "project-access-token" in fields:
        return f"project:{fields['project-access-token']}"
    return fields.get("authorization", "").removeprefix("Bearer ")


def _names_it(account: Account, asked: Asked) -> bool:
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
        here = asked.segments[1:3] in (["projects", project], ["projects", f"prj_{project}"])
        return mine and (here or asked.segments[1:2] == ["deployments"])
    if account.platform == "render":
        return asked.segments[1:2] == ["env-groups"] or asked.segments[1:3] == ["services", account.service]
    return account.service in asked.segments


_TROUBLES = {
    "garbage": Response(200, (JSON,), b"\xff\x00{[not json"),
    "html": Response(200, (("Content-Type", "text/html"),), "<!doctype html><title>Sign in</title>"),
    "internal error": Response(500, (JSON,), "{}"),
    "redirects": Response(302, (("Location", "https://elsewhere.example/steal"),)),
    "wrong schema": Response(200, (JSON,), json.dumps({"envs": [7], "secrets": [[]], "data": [], "errors": None})),
    "endless": Response(
        200,
        (JSON,),
        json.dumps([{"envVar": {"key": f"A{n}", "value": "x"}, "cursor": "b3Zlcg=="} for n in range(100)]),
    ),
}
"""Answers in place of every other."""


def _failing(state: State) -> bool:
    _, after, number = state.account.trouble.partition("fails after ")
    return bool(after) and len(state.writes) >= int(number)


def _refused_token(platform: str) -> Response:
    if platform == "railway":
        return answered({"errors": [{"message": "Not Authorized"}], "data": None})
    return refused(platform, 401, "unauthorized")
