"""Whether the environments are apart: no database, bucket or live key of production in use by another one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from launchready.audit.deployment_facts import named
from launchready.audit.platform_files import (
    PRODUCTION,
    bucket_of,
    env_entries,
    environment_of,
    host_of,
    is_platform_file,
    read_platform_files,
)
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.redaction import redacted

MOST_FILES = 60


@dataclass(frozen=True, slots=True)
class Use:
    """A variable of one environment, and the thing it leads to."""

    environment: str
    place: str
    """`file` and variable, for evidence."""
    kind: str
    """`database`, `bucket`, `live key` or `test key`."""
    thing: str
    """What makes it the same thing elsewhere; no password is in it."""
    value: str = ""
    """The whole value, to tell an identical one; never shown."""


@check(
    "environments.separated",
    Stage.AUDIT,
    roadmap="A3 C1",
    severity=Severity.HIGH,
    effort=60,
    reference="https://12factor.net/config",
    needs="repository",
)
async def separated(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Another environment uses production's database, files or live payment keys.

    Why: a test on staging then changes what clients see, deletes what they uploaded, or charges their cards; and the
    next restore or migration that is tried there is tried on production.

    Fix: create a database, a bucket and keys of its own for the other environment, set them there, and leave
    production's to production.

    Compared are environment files on this disk (`env_file` of launchready.toml, and files such as `.env.staging`) and
    the repository's platform files, by what a value leads to: host, port and name of a database, the name of a
    bucket. A database of the same server under another name is apart; so are addresses of one's own machine and of
    containers. On hosts that many customers share, the user counts too. A live key is told by its beginning
    (`sk_live_`, `rzp_live_`, `pdl_live_`), and so is a test key in production, with which nobody can pay. A
    connection string that development and production share as a whole is told by `variables.same_value`.
    """
    uses, environments, unread = await _uses(portal, look)
    for path, failure in unread:
        yield NotChecked(path, f"it could not be read: {failure}", "look into it by hand")
    wrong = [*_shared(uses), *_keys(uses)]
    for finding in wrong:
        yield finding
    known = {use.environment for use in uses}
    if wrong or unread:
        return
    if len(environments) > 1 and len(known) < 2:
        reason = (
            f"what leads to databases, buckets and payments is known of {', '.join(sorted(known)) or 'no'} environment"
        )
        unlock = "name the env_file of each environment in launchready.toml, where this disk has one"
        yield NotChecked(", ".join(sorted(environments)), reason, unlock)
    else:
        what = f"{len(uses)} uses of databases, buckets and payment keys in {len(known) or 'no'} environments compared"
        yield Passed("environments", what if len(environments) > 1 else "there is only one")


async def _uses(portal: Portal, look: Look) -> tuple[list[Use], set[str], list[tuple[str, Failure]]]:
    assert look.repository is not None  # noqa: S101 - the check needs a repository
    listing = await look.repository.listing()
    if isinstance(listing, Failure):
        return [], set(), [(look.repository.root.name, listing)]
    of_files: dict[str, list[str]] = {}  # one file may serve several
    for name, s in portal.environments.items():
        of_files.setdefault(s.env_file.removeprefix("./"), []).append(named(name))
    there = sorted({*listing.files, *listing.ignored})
    env_files = {path: of_files.get(path) or list(filter(None, [_environment_of_file(path)])) for path in there}
    uses: list[Use] = []
    unread: list[tuple[str, Failure]] = []
    texts: dict[str, str] = {}
    wanted = [p for p in there if env_files[p] or is_platform_file(p)][:MOST_FILES]
    for path in wanted:
        text = await look.repository.text(path)
        if isinstance(text, Failure):
            unread.append((path, text))
        elif env_files[path]:
            uses += [use for environment in env_files[path] for use in _of_env_file(path, text, environment)]
        else:
            texts[path] = text
    declared = await asyncio.to_thread(read_platform_files, texts)  # its YAML is slow
    for app in declared.apps:
        for variable, store in app.stores.items():
            uses.append(
                Use(app.environment, f"{app.source}: {app.name} {variable}", "database", f"{app.source} {store}")
            )
        uses += [Use(app.environment, f"{app.source}: {v}", "bucket", b) for v, b in app.buckets.items()]
    environments = {
        *map(named, portal.environments),
        *(a.environment for a in declared.apps),
        *(u.environment for u in uses),
    }
    return list(dict.fromkeys(uses)), environments, unread


def _environment_of_file(path: str) -> str:
    name = path.rpartition("/")[2]
    match = re.fullmatch(r"\.env[._-]([a-z]+)(?:\.local)?|([a-z]+)\.env", name.lower())
    return environment_of(match[1] or match[2]) if match else ""


def _of_env_file(path: str, text: str, environment: str) -> Iterator[Use]:
    values = dict(env_entries(text))
    for name, value in values.items():
        place = f"{path}: {name}"
        if database := _database(value):
            yield Use(environment, place, "database", database, value)
        elif bucket := bucket_of(name, value):
            yield Use(environment, place, "bucket", bucket)
        elif _LIVE.match(value) or (_MOLLIE.search(name) and _MOLLIE_LIVE.match(value)):
            yield Use(environment, place, "live key", redacted(value, value.index("live_") + 5))
        elif _TEST.match(value):
            yield Use(environment, place, "test key", redacted(value, value.index("test_") + 5))
    for prefix, host_key, name_key in _SPLIT:
        host, database = host_of(values.get(f"{prefix}{host_key}")), values.get(f"{prefix}{name_key}", "")
        if host and database and _is_elsewhere(host):
            yield Use(environment, f"{path}: {prefix}{host_key}", "database", f"{_bare(host)}/{database}")


def _database(value: str) -> str:
    """Host, port and name of the database a connection string leads to; empty for none, and for one on this machine."""
    try:
        parts = urlsplit(value)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.lower().partition("+")[0]
    name = parts.path.strip("/").partition("/")[0]
    if scheme not in _PORTS or not name or not _is_elsewhere(host):
        return ""
    user = f"{unquote(parts.username or '')}@" if host.endswith(_SHARED_HOSTS) else ""
    usual = port is None or port == _PORTS[scheme]
    return f"{user}{_bare(host)}{'' if usual else f':{port}'}/{name}"


def _is_elsewhere(host: str) -> bool:
    """Whether a host is a name of the internet: not this machine, not a container, not a private network."""
    return (
        bool(host_of(host))
        and not host.endswith((".local", ".test", ".internal", ".localhost", ".example.com"))
        and not (re.fullmatch(r"[\d.]+", host))
    )


def _bare(host: str) -> str:
    """Neon's pooled and direct addresses lead to the same database."""
    return host.replace("-pooler.", ".", 1)


def _shared(uses: list[Use]) -> Iterator[Finding]:
    ours = [use for use in uses if use.environment == PRODUCTION]
    told: set[tuple[str, str, str]] = set()
    for other in uses:
        if other.environment == PRODUCTION or other.kind not in ("database", "bucket"):
            continue
        same = next((one for one in ours if (one.kind, one.thing) == (other.kind, other.thing)), None)
        if same is None or (other.environment, other.kind, other.thing) in told:
            continue
        if other.environment == "development" and other.value and other.value == same.value:
            continue
        told.add((other.environment, other.kind, other.thing))
        shown = other.thing.rpartition("@")[2]
        yield Finding(
            other.place.partition(":")[0],
            f"{other.environment} uses the {other.kind} of production.",
            evidence=f"{same.place} and {other.place}: {shown}",
            key=f"{other.environment} {other.kind} {other.place}",
        )


def _keys(uses: list[Use]) -> Iterator[Finding]:
    for use in uses:
        if use.kind == "live key" and use.environment != PRODUCTION:
            yield Finding(
                use.place.partition(":")[0],
                f"{use.environment} uses a live payment key: a test there moves real money.",
                evidence=f"{use.place}: {use.thing}",
                key=f"live {use.place}",
            )
        elif use.kind == "test key" and use.environment == PRODUCTION:
            yield Finding(
                use.place.partition(":")[0],
                "production uses a test payment key: nobody can pay with it.",
                evidence=f"{use.place}: {use.thing}",
                fix="Set the live key of the payment provider in production, and keep the test key for the others.",
                effort_min=10,
                key=f"test {use.place}",
            )


_PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mongodb": 27017, "sqlserver": 1433}
_SHARED_HOSTS = ("pooler.supabase.com", "psdb.cloud", "db.prisma.io", "prisma-data.net")
"""Hosts of many customers' databases, where the user says which is meant."""
_SPLIT = (
    ("DB_", "HOST", "NAME"), ("DB_", "HOST", "DATABASE"), ("DATABASE_", "HOST", "NAME"), ("PG", "HOST", "DATABASE"),
    ("POSTGRES_", "HOST", "DB"), ("MYSQL_", "HOST", "DATABASE"),
)  # fmt: skip
_LIVE = re.compile(r"(?:sk|rk)_live_[A-Za-z0-9]{16,}$|rzp_live_[A-Za-z0-9]{10,}$|pdl_live_[A-Za-z0-9_]{16,}$")
_TEST = re.compile(r"(?:sk|rk)_test_[A-Za-z0-9]{16,}$|rzp_test_[A-Za-z0-9]{10,}$")
_MOLLIE = re.compile(r"MOLLIE|GOCARDLESS")
_MOLLIE_LIVE = re.compile(r"live_[A-Za-z0-9_-]{20,}$")
