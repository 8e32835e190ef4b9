"""What platform files set: the variables of an environment as far as the repository itself tells.

render.yaml, fly.toml, app.json, heroku.yml, vercel.json, netlify.toml, wrangler.toml, app.yaml, apphosting.yaml,
.do/app.yaml, Dockerfile, compose. A value of None is one that the platform keeps (`sync: false`, `fromDatabase`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from launchready.hardening.dockerfile import instructions
from launchready.hardening.variables_deployment import assignments
from launchready.hardening.variables_model import Declared
from launchready.hardening.variables_yaml import composed, entry, items, pairs, plain, scalars

PRODUCTION = "production"


@dataclass
class Settings:
    """What one platform file says."""

    declared: list[Declared] = field(default_factory=list)
    environment: str = PRODUCTION
    complete: bool = False
    """Whether the file is meant to hold all of them."""
    reason: str = ""
    """Where the others are, when it is not."""
    env_files: list[str] = field(default_factory=list)
    """Environment files it names, relative to itself."""


def platform_settings(path: str, source: str) -> Settings | None:
    """The settings a platform file holds; None when the file is none, or cannot be parsed."""
    name = path.rpartition("/")[2]
    try:
        return next((read(path, source) for pattern, read in _READERS if pattern.fullmatch(name)), None)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def is_platform_file(path: str) -> bool:
    """Whether it is one by its name."""
    return any(pattern.fullmatch(path.rpartition("/")[2]) for pattern, _ in _READERS)


def role(name: str) -> str:
    """`production`, `development`, `test` or `staging` for the many ways to write them; other names as they are."""
    words = set(re.split(r"[^a-z]+", name.lower()))
    for known, spellings in (
        ("test", {"test", "testing", "ci", "e2e"}),
        (PRODUCTION, {"production", "prod", "live", "prd"}),
        ("staging", {"staging", "stage", "preview", "uat", "qa", "demo"}),
        ("development", {"development", "dev", "local", "devel", "override", "localhost"}),
    ):
        if words & spellings:
            return known
    return ""


def _render(path: str, source: str) -> Settings | None:
    root = composed(source)
    if root is None:
        return None
    settings = Settings(complete=True)
    groups = {plain(entry(group, "name")): group for group in items(entry(root, "envVarGroups"))}
    for service in items(entry(root, "services")):
        for item in items(entry(service, "envVars")):
            group = plain(entry(item, "fromGroup"))
            if group is not None and group not in groups:
                settings.complete, settings.reason = False, f"the group {group} is kept in the panel"
            listed = items(entry(groups[group], "envVars")) if group in groups else [item]
            for one in listed:
                if (name := plain(entry(one, "key"))) is not None:
                    settings.declared.append(_one(name, path, one.start_mark.line + 1, plain(entry(one, "value"))))
    return settings if settings.declared or settings.reason else None


def _fly(path: str, source: str) -> Settings:
    table = tomllib.loads(source).get("env") or {}
    settings = Settings(reason="secrets of Fly.io are set with `fly secrets` and are in no file")
    settings.environment = role(path.rpartition("/")[2]) or PRODUCTION
    settings.declared = list(_table(table, path, source, settings.environment))
    return settings


def _compose(path: str, source: str) -> Settings | None:
    root = composed(source)
    if root is None:
        return None
    environment = role(path.rpartition("/")[2].removeprefix("docker-")) or "development"
    settings = Settings(environment=environment, complete=environment == PRODUCTION)
    for _, service in scalars(entry(root, "services"), nested=True):
        for name, value in scalars(entry(service, "environment")):
            text = plain(value)
            known = text if text is not None and "$" not in text else None
            settings.declared.append(
                _one(str(name.value), path, name.start_mark.line + 1, known, environment, "compose")
            )
        named = entry(service, "env_file")
        for item in items(named) or ([named] if named is not None else []):
            if file := plain(item) or plain(entry(item, "path")):
                settings.env_files.append(file)
    return settings


def _dockerfile(path: str, source: str) -> Settings:
    """`ENV` of the last stage, and of the stages it is built from: what the container runs with."""
    stages: list[tuple[str, str, list[Declared]]] = []
    for one in instructions(source):
        line, instruction, rest = one.line, one.keyword, one.text
        words = rest.split()
        if instruction == "FROM" and words:
            words = [w for w in words if not w.startswith("--")]
            stages.append((words[-1] if len(words) > 2 else "", words[0] if words else "", []))
        elif instruction == "ENV" and stages:
            for name, value in assignments(rest):
                known = value if "$" not in value else None
                stages[-1][2].append(_one(name, path, line, known, kind="image"))
    settings = Settings(reason="an image is given the rest where it runs")
    settings.environment = role(path.rpartition("/")[2].replace("Dockerfile", "")) or PRODUCTION
    wanted = stages[-1] if stages else None
    for _ in range(len(stages)):
        if wanted is None:
            break
        settings.declared += wanted[2]
        base = wanted[1]
        wanted = next((stage for stage in stages if stage[0] and stage[0] == base and stage is not wanted), None)
    return settings


def _json(path: str, source: str) -> Settings | None:
    document = json.loads(source)
    if not isinstance(document, dict):
        return None
    build = document.get("build")
    tables = [document.get("env"), build.get("env") if isinstance(build, dict) else None]
    settings = Settings(reason="the panel may hold more")
    for table in tables:
        if isinstance(table, dict):
            settings.declared += _table(table, path, source)
    return settings if settings.declared else None


def _toml(path: str, source: str) -> Settings | None:
    document = tomllib.loads(source)
    settings = Settings(reason="the panel may hold more")
    tables: list[object] = [document.get("vars")]
    for keys in (("build", "environment"), ("context", "production", "environment"), ("env", "production", "vars")):
        below: object = document
        for key in keys:
            below = below.get(key) if isinstance(below, dict) else None
        tables.append(below)
    for table in tables:
        if isinstance(table, dict):
            settings.declared += _table(table, path, source)
    return settings if settings.declared else None


def _yaml(path: str, source: str) -> Settings | None:
    root = composed(source)
    settings = Settings(reason="the panel may hold more")
    for place in (("env_variables",), ("setup", "config"), ("build_env_variables",)):
        for key, value in pairs(entry(root, *place)):
            settings.declared.append(_one(str(key.value), path, key.start_mark.line + 1, plain(value)))
    listed = [*items(entry(root, "env")), *items(entry(root, "envs"))]
    for service in items(entry(root, "services")):
        listed += items(entry(service, "envs"))
    for item in listed:
        name = plain(entry(item, "variable")) or plain(entry(item, "key"))
        if name:
            settings.declared.append(_one(name, path, item.start_mark.line + 1, plain(entry(item, "value"))))
    return settings if settings.declared else None


def _table(table: dict[object, object], path: str, source: str, environment: str = PRODUCTION) -> Iterator[Declared]:
    for name, value in table.items():
        inner = value.get("value") if isinstance(value, dict) else value
        match = re.search(rf"""(?m)^[ \t{{,]*["']?{re.escape(str(name))}["']?\s*[=:]""", source)
        line = source.count("\n", 0, match.end()) + 1 if match else 0
        known = str(inner).lower() if isinstance(inner, bool) else str(inner) if inner is not None else None
        if known is not None and known.startswith("@"):  # a secret of Vercel's store
            known = None
        yield _one(str(name), path, line, known, environment)


def _one(
    name: str, path: str, line: int, value: str | None, environment: str = PRODUCTION, kind: str = "platform"
) -> Declared:
    return Declared(name, environment, path, line, value, kind)


_READERS: tuple[tuple[re.Pattern[str], Callable[[str, str], Settings | None]], ...] = (
    (re.compile(r"render\.ya?ml"), _render),
    (re.compile(r"fly(?:\.[\w-]+)?\.toml"), _fly),
    (re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml"), _compose),
    (re.compile(r"(?:[\w-]+\.)?Dockerfile(?:\.[\w-]+)?|Containerfile"), _dockerfile),
    (re.compile(r"(?:app|vercel)\.json"), _json),
    (re.compile(r"(?:netlify|wrangler)\.toml"), _toml),
    (re.compile(r"(?:app|apphosting)\.yaml|heroku\.yml"), _yaml),
)
