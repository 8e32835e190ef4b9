"""Sources, builds, releases and dynos as Heroku's Platform API has them.

https://devcenter.heroku.com/articles/platform-api-reference
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from launchready.lab.edge_http import Request
from launchready.lab.platforms.answers import Asked, State, answered, refused
from launchready.lab.world import Response

SOURCES_HOST = "heroku-sources.storage.example"
SIGNATURE = "sig-5f2a9c-never-shown"


def heroku_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of deploys."""
    if "version=3" not in asked.fields.get("accept", ""):
        return None
    kept = state.project
    for key in ("sources", "builds", "releases"):
        kept.setdefault(key, [] if key != "sources" else {})
    match asked.method, asked.segments[2:]:
        case "GET", []:
            return answered({"id": "app-1", "name": state.account.service, "maintenance": False})
        case "POST", ["sources"]:
            path = f"/source-{len(kept['sources']) + 1}"
            kept["sources"][path] = b""
            url = f"https://{SOURCES_HOST}{path}?Signature={SIGNATURE}"
            return answered({"source_blob": {"get_url": url, "put_url": url}}, 201)
        case "POST", ["builds"]:
            return _build(state, asked.body)
        case "GET", ["builds"]:
            return answered(kept["builds"])
        case "GET", ["builds", id]:
            return _one(kept["builds"], id, lambda build: _build_further(state, build))
        case "GET", ["releases"]:
            return _ranged(kept["releases"], asked.fields.get("range", ""))
        case "GET", ["releases", id]:
            return _one(kept["releases"], id, lambda release: _release_further(state, release))
        case "POST", ["releases"]:
            return _roll_back(state, asked.body)
        case "GET", ["dynos"]:
            return answered(_dynos(state))
    return None


def take_source(states: list[State], asked: Request) -> Response:
    """The storage behind the signed addresses: bytes in, bytes and logs out, and no token seen."""
    parts = urlsplit(asked.target)
    if parse_qs(parts.query).get("Signature") != [SIGNATURE] or "authorization" in asked.fields:
        return Response(403, (("Content-Type", "application/xml"),), "<Error><Code>AccessDenied</Code></Error>")
    if asked.method == "GET":
        return Response(
            200, (("Content-Type", "text/plain"),), "-----> Building\nSECRET_KEY=hunter2hunter2\n !  It broke"
        )
    for state in states:
        if asked.method == "PUT" and parts.path in state.project.get("sources", {}):
            if "content-type" in asked.fields:
                return Response(403, (("Content-Type", "application/xml"),), "<Error/>")  # it is not signed
            state.project["sources"][parts.path] = asked.body
            return Response(200, ())
    return Response(404, ())


def _build(state: State, body: Any) -> Response:
    blob = body.get("source_blob") if isinstance(body, dict) else None
    if not isinstance(blob, dict) or set(blob) - {"url", "checksum", "version", "version_description"}:
        return refused("heroku", 422, "invalid params")
    content = state.project["sources"].get(urlsplit(str(blob.get("url"))).path)
    if not content or blob.get("checksum") != f"SHA256:{hashlib.sha256(content).hexdigest()}":
        return refused("heroku", 422, "checksum does not match")
    build = {
        "id": f"build-{len(state.project['builds']) + 1:04d}",
        "status": "pending",
        "source_blob": blob,
        "slug": None,
        "release": None,
        "output_stream_url": f"https://{SOURCES_HOST}/log?Signature={SIGNATURE}",
        "created_at": _now(),
    }
    state.project["builds"].append(build)
    state.writes.append(("build", str(blob["version"])))
    return answered(build, 201)


def _build_further(state: State, build: dict[str, Any]) -> None:
    if build["status"] != "pending":
        return
    if state.account.trouble == "build fails":
        build["status"] = "failed"
    elif build["slug"] is None:
        build["slug"] = {"id": f"slug-{build['id']}"}
    else:
        build["status"] = "succeeded"
        build["release"] = {
            "id": _add(state, build["slug"]["id"], f"Deploy {build['source_blob']['version'][:8]}")["id"]
        }


def _add(state: State, slug: str, description: str) -> dict[str, Any]:
    releases = state.project["releases"]
    release = {
        "id": f"rel-{len(releases) + 1:04d}",
        "version": len(releases) + 1,
        "status": "pending",
        "current": False,
        "eligible_for_rollback": True,
        "slug": {"id": slug},
        "description": description,
        "output_stream_url": f"https://{SOURCES_HOST}/log?Signature={SIGNATURE}",
        "created_at": _now(),
    }
    releases.append(release)
    return release


def _release_further(state: State, release: dict[str, Any]) -> None:
    if release["status"] != "pending":
        return
    if state.account.trouble == "migration fails":
        release["status"] = "failed"
        return
    release["status"] = "succeeded"
    for other in state.project["releases"]:
        other["current"] = other is release
    state.project["dynos"] = "starting"


def _roll_back(state: State, body: Any) -> Response:
    id = body.get("release") if isinstance(body, dict) and set(body) == {"release"} else None
    found = next((one for one in state.project["releases"] if one["id"] == id), None)
    if found is None or found["status"] != "succeeded":
        return refused("heroku", 422, "cannot roll back to it")
    state.writes.append(("rollback", str(id)))
    return answered(_add(state, found["slug"]["id"], f"Rollback to v{found['version']}"), 201)


def _dynos(state: State) -> list[dict[str, Any]]:
    now = next((one for one in state.project["releases"] if one["current"]), None)
    if now is None:
        return []
    stage = state.project["dynos"]
    state.project["dynos"] = "crashed" if state.account.trouble == "never ready" else "up"
    release = {"id": now["id"], "version": now["version"]}
    return [{"id": f"dyno-{n}", "name": f"web.{n}", "type": "web", "state": stage, "release": release} for n in (1, 2)]


def _ranged(releases: list[dict[str, Any]], wanted: str) -> Response:
    """`version ..; order=desc, max=50` (platform-api-reference, ranges)."""
    found = re.fullmatch(r"version (\]?)(\d*)\.\.(?:; ?order=desc)?(?:, ?max=(\d+))?", wanted)
    if wanted and not found:
        return refused("heroku", 416, "invalid range")
    most = int(found[3]) if found and found[3] else 200
    listed = sorted(releases, key=lambda one: -int(one["version"]))
    if found and found[2]:
        listed = [one for one in listed if one["version"] < int(found[2])]
    page = answered(listed[:most], 206 if len(listed) > most else 200)
    if len(listed) <= most:
        return page
    following = ("Next-Range", f"version ]{listed[most - 1]['version']}..; order=desc, max={most}")
    return Response(page.status, (*page.headers, following), page.body)


def _one(documents: list[dict[str, Any]], id: str, further: Any) -> Response:
    found = next((one for one in documents if one["id"] == id), None)
    if found is None:
        return refused("heroku", 404, "not_found")
    further(found)
    return answered(found)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
