"""A stand-in for `docker`: no engine, but the arguments of the real one, and every other refused.

What it holds is in `$STAND_IN`, a JSON file: images, containers, and what is to go wrong (`trouble`). Real is what it
refuses: a flag that Docker does not have, a service that is not in the files, an image that is not there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import yaml

HELD = Path(os.environ["STAND_IN"])
FLAGS = {"--detach", "--no-build", "--wait", "--all", "--rm", "--format", "--wait-timeout", "--filter"}
WITH_VALUE = {"--format", "--wait-timeout", "--filter"}
GLOBAL = {"--file", "--ansi", "--progress"}


def main(arguments: list[str]) -> None:
    held = json.loads(HELD.read_text())
    held["asked"].append(arguments)
    keep(held)
    if held["trouble"] == "no compose" and arguments[0] == "compose":
        die(125, f"unknown shorthand flag: 'f' in -f\n\nUsage:  docker [OPTIONS] COMMAND {arguments[0]}")
    needs_engine = "config" not in arguments
    if held["trouble"] == "no engine" and needs_engine:
        die(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
    if held["trouble"] == "garbage":
        print("\x00<html>{[", end="")
        return
    match arguments:
        case ["version", "--format", "{{.Server.Version}}"]:
            print("28.2.2")
        case ["image", "ls", "--format", "{{json .}}"]:
            for image in held["images"]:
                name, _, tag = image.rpartition(":")
                print(json.dumps({"Repository": name, "Tag": tag, "ID": "sha256:0"}))
        case ["image", "rm", image]:
            if image not in held["images"]:
                die(1, f"Error response from daemon: No such image: {image}")
            held["images"].remove(image)
            keep(held)
        case ["compose", *rest]:
            compose(held, rest)
        case _:
            die(125, f"unknown command: docker {' '.join(arguments)}")


def compose(held: dict[str, Any], arguments: list[str]) -> None:
    files: list[str] = []
    while arguments and arguments[0] in GLOBAL:
        if arguments[0] == "--file":
            files.append(arguments[1])
        arguments = arguments[2:]
    verb, *rest = arguments
    options, services = parsed(rest)
    project = merged(files or os.environ.get("COMPOSE_FILE", "compose.yaml").split(":"))
    match verb:
        case "config":
            if options != {"--format": "json"}:
                die(1, "unknown flag")
            print(json.dumps(project))
        case "build":
            if held["trouble"] == "build fails":
                die(17, 'failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2')
            for name, service in project["services"].items():
                if "build" in service:
                    image = image_of(project, name)
                    held["images"] = sorted({*held["images"], image})
                    print(f"#1 naming to {image} done")
            keep(held)
        case "ps":
            for name, container in held["containers"].items():
                print(json.dumps({"Service": name, "Name": f"portal-{name}-1", **container}))
                if container["Health"] == "starting":
                    container["Health"] = "healthy"
            keep(held)
        case "run":
            name = services[0]
            image = image_of(project, name)
            if image not in held["images"]:
                die(1, f"pull access denied for {image}, repository does not exist or may require 'docker login'")
            held["ran"].append([image, *services[1:]])
            keep(held)
        case "up":
            up(held, project, options)
        case _:
            die(16, f'unknown docker command: "compose {verb}"')


def up(held: dict[str, Any], project: dict[str, Any], options: dict[str, str]) -> None:
    if "--wait" not in options or not options.get("--wait-timeout", "").isdigit():
        die(1, "this stand-in wants to be waited for")
    code = 0
    for name, service in project["services"].items():
        image = image_of(project, name)
        if "build" in service and image not in held["images"]:
            die(1, f"pull access denied for {image}, repository does not exist or may require 'docker login'")
        state = {"Image": image, "State": "running", "Health": "healthy", "ExitCode": 0}
        if held["trouble"] == f"never ready {image}":
            state, code = {**state, "Health": "unhealthy"}, 1
        if name == "prepare":
            state, code = {**state, "State": "exited", "Health": ""}, 1
        elif "prepare" in project["services"]:
            state["Health"] = "starting"  # the real one ends with the first that ended, whatever still starts
        held["containers"][name] = state
    keep(held)
    if code:
        die(code, "container portal-web-1 is unhealthy")


def parsed(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag not in FLAGS:
            die(16, f"unknown flag: {flag}")
        options[flag] = rest.pop(0) if flag in WITH_VALUE else ""
    return options, rest


def merged(files: list[str]) -> dict[str, Any]:
    project: dict[str, Any] = {"name": "portal", "services": {}}
    for file in files:
        text = os.path.expandvars(Path(file).read_text())
        for name, service in (yaml.safe_load(text).get("services") or {}).items():
            project["services"].setdefault(name, {}).update(service)
    return project


def image_of(project: dict[str, Any], name: str) -> str:
    return str(project["services"][name].get("image") or f"{project['name']}-{name}")


def keep(held: dict[str, Any]) -> None:
    HELD.write_text(json.dumps(held))


def die(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


main(sys.argv[1:])
