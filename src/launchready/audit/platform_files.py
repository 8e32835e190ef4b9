"""What a repository says about where it runs: the files hosting platforms read, reduced to names.

Reads text, never executes it, and keeps names of variables and hosts only: a value may be a secret. Files are hostile:
what cannot be parsed, is too deep or expands without end is passed over, and said so.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from launchready.audit.platform_yaml import Unreadable, read_yaml
from launchready.model import Part

MOST = 60
"""Of services, databases or variables of one file that are read."""
PRODUCTION, STAGING = "production", "staging"


@dataclass(frozen=True, slots=True)
class App:
    """Something that runs: a service, a process, a site."""

    name: str
    platform: str
    """Who runs it; empty where the file does not say."""
    source: str
    environment: str = PRODUCTION
    kind: str = "web"
    """`web`, `worker`, `cron`, `static`, `private`."""
    details: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """By variable: the host its value names, where it names one."""
    stores: Mapping[str, str] = field(default_factory=dict)
    """By variable: the store of the same file it is filled from."""
    buckets: Mapping[str, str] = field(default_factory=dict)
    """By variable: the bucket it names."""


@dataclass(frozen=True, slots=True)
class Store:
    """A database, cache or bucket that a platform file creates."""

    name: str
    part: Part
    engine: str
    """`PostgreSQL`, `Redis`, ..."""
    platform: str
    source: str
    environment: str = PRODUCTION
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What platform files declare."""

    apps: tuple[App, ...] = ()
    stores: tuple[Store, ...] = ()
    unread: tuple[str, ...] = ()
    """Files that could not be parsed."""


def is_platform_file(path: str) -> bool:
    """Whether a path is one of those read here, at the root of the repository or one folder below."""
    return path.count("/") <= 1 and _reader(path) is not None


def read_platform_files(texts: Mapping[str, str]) -> Declared:
    """What the files (by path) declare. Compose files count where nothing else says what runs, or they say `prod`."""
    apps: list[App] = []
    stores: list[Store] = []
    unread: list[str] = []
    ordered = sorted(texts, key=lambda path: (_is_compose(path), path))
    for path in ordered:
        if _is_compose(path) and apps and environment_of(path.rpartition("/")[2]) != PRODUCTION:
            continue
        reader = _reader(path)
        try:
            for thing in reader(path, texts[path]) if reader else ():
                (apps if isinstance(thing, App) else stores).append(thing)  # type: ignore[arg-type]
        except (Unreadable, ValueError, RecursionError):
            unread.append(path)
    return Declared(tuple(apps[:MOST]), tuple(stores[:MOST]), tuple(unread))


def environment_of(name: str, otherwise: str = "") -> str:
    """The environment a name speaks of as one of its words: `fly.staging.toml`, `portal-prod`."""
    for word in re.split(r"[^a-z0-9]+", name.lower()):
        if word in _ENVIRONMENTS:
            return _ENVIRONMENTS[word]
    return otherwise


def host_of(value: object) -> str:
    """The host a value names, as a URL or bare with a dot in it; empty otherwise. Nothing else of the value is kept."""
    text = value.strip().strip("'\"")[:2000] if isinstance(value, str) else ""
    try:
        host = urlsplit(text).hostname or "" if "://" in text else text.partition(":")[0]
    except ValueError:
        return ""
    return host.lower() if _HOST.fullmatch(host.lower()) else ""


def bucket_of(name: str, value: object) -> str:
    """The bucket that a variable names; empty for what is no bucket's name (3 to 63 of a-z, 0-9, dot and dash)."""
    if not re.search(r"(?:^|_)BUCKET(?:_NAME)?$", name.upper()) or not isinstance(value, str):
        return ""
    text = value.strip()
    return text if re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text) else ""


def env_entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a `.env` file, line by line."""
    for line in text.splitlines():
        if match := _ENTRY.match(line):
            value = match[2].strip()
            quoted = value[:1] in ("'", '"')
            yield match[1], (value if quoted else re.split(r"\s#", value, maxsplit=1)[0]).strip("'\"")


_Read = Callable[[str, str], Iterator[App | Store]]


def _reader(path: str) -> _Read | None:
    name = path.rpartition("/")[2].lower()
    return next((read for pattern, read in _READERS if re.fullmatch(pattern, name)), None)


def _is_compose(path: str) -> bool:
    return _reader(path) is _compose


def _render(path: str, text: str) -> Iterator[App | Store]:
    document = _table(read_yaml(text))
    yield from _render_part(path, document, PRODUCTION)
    for project in _list(document.get("projects")):
        for environment in _list(_table(project).get("environments")):
            part = _table(environment)
            name = _text(part.get("name"))
            yield from _render_part(path, part, environment_of(name, name.lower() or PRODUCTION))


def _render_part(path: str, part: dict[str, Any], environment: str) -> Iterator[App | Store]:
    for database in map(_table, _list(part.get("databases"))):
        name = _text(database.get("name")) or "database"
        where = environment_of(name, environment)
        yield Store(name, Part.DATABASE, "PostgreSQL", "Render", path, where, _details(database, "plan", "region"))
    for service in map(_table, _list(part.get("services"))):
        name, kind = _text(service.get("name")) or "service", _text(service.get("type"))
        where = environment_of(name, environment)
        if kind in ("redis", "keyvalue"):
            yield Store(name, Part.CACHE, "Redis", "Render", path, where, _details(service, "plan", "region"))
            continue
        entries = [_table(entry) for entry in _list(service.get("envVars"))]
        named = {_text(e["key"]): e for e in entries if isinstance(e.get("key"), str)}
        filled = {key: _table(e.get("fromDatabase") or e.get("fromService")) for key, e in named.items()}
        stores = {key: _text(origin.get("name")) for key, origin in filled.items()}
        runtime = _text(service.get("runtime") or service.get("env"))
        yield App(
            name,
            "Render",
            path,
            where,
            {"pserv": "private"}.get(kind, "static" if runtime == "static" else kind or "web"),
            (*([runtime] if runtime else []), *_details(service, "region", "plan")),
            tuple(named),
            _hosts({key: e.get("value") for key, e in named.items()}),
            {key: store for key, store in stores.items() if store},
            _buckets({key: e.get("value") for key, e in named.items()}),
        )


def _fly(path: str, text: str) -> Iterator[App | Store]:
    document = tomllib.loads(text)
    variables = _table(document.get("env"))
    where = environment_of(path.rpartition("/")[2], environment_of(_text(document.get("app")), PRODUCTION))
    yield App(
        _text(document.get("app")) or "app",
        "Fly.io",
        path,
        where,
        details=_details(document, "primary_region"),
        variables=tuple(map(str, variables))[:MOST],
        hosts=_hosts(variables),
        buckets=_buckets(variables),
    )
    mounts = document.get("mounts")
    for mount in map(_table, mounts if isinstance(mounts, list) else [mounts] if mounts else []):
        yield Store(_text(mount.get("source")) or "volume", Part.STORAGE, "Volume", "Fly.io", path, where)


def _procfile(path: str, text: str) -> Iterator[App | Store]:
    for name, _command in re.findall(r"(?m)^([A-Za-z0-9_-]{1,40}):[ \t]*(\S.*)$", text)[:MOST]:
        if name != "release":
            yield App(name, "", path, kind="web" if name == "web" else "worker")


def _app_json(path: str, text: str) -> Iterator[App | Store]:
    document = _table(json.loads(text))
    if not ({"addons", "buildpacks", "formation", "stack"} & set(document)):
        return  # Expo and others have an app.json of their own
    variables = tuple(map(str, _table(document.get("env"))))[:MOST]
    yield App(_text(document.get("name")) or "app", "Heroku", path, variables=variables)
    for addon in _list(document.get("addons")):
        plan = _text(addon.get("plan")) if isinstance(addon, dict) else _text(addon)
        part, engine = _ADDONS.get(plan.partition(":")[0], (None, ""))
        if part:
            yield Store(plan, part, engine, "Heroku", path)


def _vercel(path: str, text: str) -> Iterator[App | Store]:
    document = _table(json.loads(text))
    crons = len(_list(document.get("crons")))
    details = ([_text(document.get("framework"))] if _text(document.get("framework")) else []) + (
        [f"{crons} cron jobs"] if crons else []
    )
    yield App("site", "Vercel", path, details=tuple(details), variables=tuple(map(str, _table(document.get("env")))))


def _netlify(path: str, text: str) -> Iterator[App | Store]:
    build = _table(tomllib.loads(text).get("build"))
    yield App("site", "Netlify", path, variables=tuple(map(str, _table(build.get("environment"))))[:MOST])


def _railway(path: str, text: str) -> Iterator[App | Store]:
    document = tomllib.loads(text) if path.endswith(".toml") else _table(json.loads(text))
    builder = _text(_table(document.get("build")).get("builder"))
    yield App("service", "Railway", path, details=(builder.lower(),) if builder else ())


def _wrangler(path: str, text: str) -> Iterator[App | Store]:
    document = tomllib.loads(text)
    name = _text(document.get("name")) or "worker"
    for where, part in ((PRODUCTION, document), *_table(document.get("env")).items()):
        table = _table(part)
        variables = _table(table.get("vars"))
        environment = environment_of(str(where), str(where))
        names = tuple(map(str, variables))[:MOST]
        worker = _text(table.get("name")) or name
        yield App(worker, "Cloudflare Workers", path, environment, variables=names, hosts=_hosts(variables))
        for key, store_part, engine, label in _BINDINGS:
            for binding in map(_table, _list(table.get(key))):
                yield Store(_text(binding.get(label)) or engine, store_part, engine, "Cloudflare", path, environment)


def _app_yaml(path: str, text: str) -> Iterator[App | Store]:
    document = _table(read_yaml(text))
    runtime = _text(document.get("runtime"))
    if runtime:
        variables = _table(document.get("env_variables"))
        name = _text(document.get("service")) or "default"
        where = environment_of(name, environment_of(path.rpartition("/")[2], PRODUCTION))
        names = tuple(map(str, variables))[:MOST]
        yield App(name, "Google App Engine", path, where, "web", (runtime,), names, _hosts(variables))


def _compose(path: str, text: str) -> Iterator[App | Store]:
    where = environment_of(path.rpartition("/")[2], PRODUCTION)
    for name, service in list(_table(_table(read_yaml(text)).get("services")).items())[:MOST]:
        table = _table(service)
        image = _text(table.get("image")).rpartition("/")[2].partition("@")[0].partition(":")[0].lower()
        part, engine = _IMAGES.get(image, (None, ""))
        if part:
            yield Store(str(name), part, engine, "a container", path, where)
            continue
        given = table.get("environment")
        entries = (
            {str(entry).partition("=")[0]: str(entry).partition("=")[2] for entry in given}
            if isinstance(given, list)
            else _table(given)
        )
        kind = "web" if table.get("ports") or table.get("expose") else "worker"
        names, details = tuple(map(str, entries))[:MOST], (image,) if image else ()
        yield App(str(name), "a container", path, where, kind, details, names, _hosts(entries))


def _hosts(values: Mapping[str, object]) -> dict[str, str]:
    return {str(name): host for name, value in list(values.items())[:MOST] if (host := host_of(value))}


def _buckets(values: Mapping[str, object]) -> dict[str, str]:
    return {name: bucket for name, value in list(values.items())[:MOST] if (bucket := bucket_of(str(name), value))}


def _details(table: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    return tuple(text for key in keys if (text := _text(table.get(key))))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:MOST] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip()[:80] if isinstance(value, str) else ""


_ENVIRONMENTS = {
    "prod": PRODUCTION,
    "production": PRODUCTION,
    "live": PRODUCTION,
    "staging": STAGING,
    "stage": STAGING,
    "stg": STAGING,
    "dev": "development",
    "development": "development",
    "preview": "preview",
    "test": "test",
    "qa": "test",
    "uat": "test",
    "sandbox": "sandbox",
}
_ENTRY = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,127})\s*=(.{0,4000})")
_HOST = re.compile(r"(?=.{4,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_READERS: tuple[tuple[str, _Read], ...] = (
    (r"render\.ya?ml", _render),
    (r"fly(\.[a-z0-9-]+)?\.toml", _fly),
    (r"procfile", _procfile),
    (r"app\.json", _app_json),
    (r"vercel\.json", _vercel),
    (r"netlify\.toml", _netlify),
    (r"railway\.(json|toml)", _railway),
    (r"wrangler\.toml", _wrangler),
    (r"app(\.[a-z0-9-]+)?\.ya?ml", _app_yaml),
    (r"(docker-)?compose([._-][a-z0-9-]+)?\.ya?ml", _compose),
)
_ADDONS: dict[str, tuple[Part, str]] = {
    "heroku-postgresql": (Part.DATABASE, "PostgreSQL"),
    "heroku-redis": (Part.CACHE, "Redis"),
    "jawsdb": (Part.DATABASE, "MySQL"),
    "cleardb": (Part.DATABASE, "MySQL"),
    "mongolab": (Part.DATABASE, "MongoDB"),
    "cloudamqp": (Part.CACHE, "RabbitMQ"),
    "bucketeer": (Part.STORAGE, "Amazon S3"),
    "sendgrid": (Part.MAIL, "SendGrid"),
    "mailgun": (Part.MAIL, "Mailgun"),
    "postmark": (Part.MAIL, "Postmark"),
    "papertrail": (Part.SERVICE, "Papertrail"),
    "sentry": (Part.SERVICE, "Sentry"),
}
_IMAGES: dict[str, tuple[Part, str]] = {
    "postgres": (Part.DATABASE, "PostgreSQL"),
    "postgis": (Part.DATABASE, "PostgreSQL"),
    "timescaledb": (Part.DATABASE, "PostgreSQL"),
    "mysql": (Part.DATABASE, "MySQL"),
    "mariadb": (Part.DATABASE, "MySQL"),
    "mongo": (Part.DATABASE, "MongoDB"),
    "elasticsearch": (Part.DATABASE, "Elasticsearch"),
    "redis": (Part.CACHE, "Redis"),
    "valkey": (Part.CACHE, "Redis"),
    "memcached": (Part.CACHE, "Memcached"),
    "rabbitmq": (Part.CACHE, "RabbitMQ"),
    "minio": (Part.STORAGE, "MinIO"),
}
_BINDINGS = (
    ("r2_buckets", Part.STORAGE, "Cloudflare R2", "bucket_name"),
    ("d1_databases", Part.DATABASE, "D1", "database_name"),
    ("kv_namespaces", Part.CACHE, "Workers KV", "binding"),
)
