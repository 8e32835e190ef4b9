"""Machines and leases as Fly's Machines API has them (https://docs.machines.dev)."""

from __future__ import annotations

import copy
from typing import Any

from launchready.lab.platforms.answers import Asked, State, answered, refused
from launchready.lab.world import Response

FIRST_IMAGE = "registry.fly.io/portal-production:deployment-FIRST"
_UPDATE = {"config", "current_version", "lease_ttl", "lsvd", "min_secrets_version", "name", "region"}
_SKIPS = {"skip_launch", "skip_service_registration"}
_STAGES = ("replacing", "starting", "started")


def fly_deploys(state: State, asked: Asked) -> Response | None:
    """None: the question is not of machines."""
    if asked.segments[3:4] != ["machines"]:
        return None
    machines = state.project.setdefault("machines", [_machine("148e1", "started"), _machine("148e2", "started")])
    if asked.segments[4:] == [] and asked.method == "GET":
        return answered(machines)
    found = next((one for one in machines if asked.segments[4:5] == [one["id"]]), None)
    if found is None:
        return refused("fly", 404, "machine not found")
    leases = state.project.setdefault("leases", {})
    nonce = asked.fields.get("fly-machine-lease-nonce", "")
    match asked.method, asked.segments[5:]:
        case "GET", []:
            _further(state, found)
            return answered(found)
        case "POST", ["lease"]:
            if leases.get(found["id"], nonce) != nonce:
                state.project["asked for a lease"] = state.project.get("asked for a lease", 0) + 1
                if state.project["asked for a lease"] % 2 == 0:
                    leases.pop(found["id"])  # it has run out
                return refused("fly", 409, "lease currently held")
            leases[found["id"]] = f"nonce-{found['id']}-{len(state.writes)}"
            lease = {"nonce": leases[found["id"]], "expires_at": 1, "owner": "a@b.example", "version": "01"}
            return answered({"status": "success", "data": lease}, 201)
        case "DELETE", ["lease"]:
            if leases.get(found["id"]) != nonce:
                return refused("fly", 404, "lease not found")
            leases.pop(found["id"])
            return Response(200, ())
        case "POST", []:
            if leases.get(found["id"], "") != nonce:
                return refused("fly", 409, "lease currently held")
            return _update(state, found, asked.body)
    return refused("fly", 404, "not found")


def _update(state: State, machine: dict[str, Any], body: Any) -> Response:
    config = body.get("config") if isinstance(body, dict) else None
    if not isinstance(config, dict) or set(body) - _UPDATE - _SKIPS or not isinstance(config.get("image"), str):
        return refused("fly", 400, "invalid config")
    if not all(isinstance(value, str) for value in config.get("metadata", {}).values()):
        return refused("fly", 400, "metadata are strings")
    machine["config"] = copy.deepcopy(config)
    machine["instance_id"] = f"01INSTANCE{len(state.writes):04d}"
    if body.get("skip_launch"):
        machine["state"] = "stopped"
    else:
        machine["state"] = _STAGES[0]
        machine["checks"] = [{"name": "servicecheck-00-http-8000", "status": "critical", "output": ""}]
    state.writes.append((machine["id"], config["image"]))
    return answered(machine)


def _further(state: State, machine: dict[str, Any]) -> None:
    image = machine["config"]["image"]
    if state.account.trouble in ("never ready", "crashes"):
        bad = state.project.setdefault("bad", image if image != FIRST_IMAGE else "")
        if bad == image and (state.account.trouble == "crashes" or machine["state"] == "started"):
            machine["state"] = "stopped" if state.account.trouble == "crashes" else "started"
            return
        if not bad:
            state.project.pop("bad")
    if machine["state"] in _STAGES[:-1]:
        machine["state"] = _STAGES[_STAGES.index(machine["state"]) + 1]
    elif machine["state"] == "started":
        better = {"critical": "warning", "warning": "passing", "passing": "passing"}
        machine["checks"] = [{**check, "status": better[check["status"]]} for check in machine["checks"]]


def _machine(id: str, state: str) -> dict[str, Any]:
    service = {
        "internal_port": 8000,
        "protocol": "tcp",
        "checks": [{"type": "http", "path": "/healthz", "interval": "10s", "timeout": "2s"}],
    }
    return {
        "id": id,
        "name": f"machine-{id}",
        "state": state,
        "region": "ams",
        "instance_id": f"01FIRST{id}",
        "host_status": "ok",
        "image_ref": {"registry": "registry.fly.io", "repository": "portal-production", "tag": "deployment-FIRST"},
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "config": {
            "image": FIRST_IMAGE,
            "env": {"PORT": "8000"},
            "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
            "services": [service],
            "metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
        },
        "checks": [{"name": "servicecheck-00-http-8000", "status": "passing", "output": "ok"}],
    }
