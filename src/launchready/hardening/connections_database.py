"""The database of the target environment (C4): reached with the very connection string its portal gets.

One connection a run, read-only, for all checks here and for `release.migrations`. PostgreSQL is looked at; of other
servers it is said that they are not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address

from launchready.gate import check
from launchready.hardening.target_variables import target_variables, unlock
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.addresses import globally_reachable
from launchready.probes.database import DatabaseFacts
from launchready.probes.database_place import scheme_of
from launchready.probes.database_refusals import Barred, Shut
from launchready.probes.failures import Failure, NoAddress, Phase, Timeout, Unreachable
from launchready.probes.look import Look

_MAINTENANCE = {"postgres", "template0", "template1", "defaultdb"}
_GIVEN = {
    "postgres": (".supabase.co", ".supabase.com"),
    "defaultdb": (".ondigitalocean.com", ".aivencloud.com", ".cockroachlabs.cloud"),
}
"""By name: providers that give their customers a database of that name to keep their tables in."""


@check(
    "connections.database",
    Stage.HARDENING,
    roadmap="C4 C8",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://www.postgresql.org/docs/current/libpq-connect.html",
    needs="deploy",
)
async def database(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The database cannot be used with the connection string that the portal gets.

    Why: The release goes live and every page that needs data is an error, or a login that fails for no visible reason.

    Fix: Copy the connection string from the database's own page into the variable of the target environment, and run
    the check again from the machine that runs the portal where the database admits no other.

    The variable `[deploy] database_env` (`DATABASE_URL`) of the target environment is used as it is, from its file or
    from this command's environment. Refused passwords, unknown databases and roles, servers without a free connection,
    and demands for encryption are told apart. Nothing listening, or no way there, is found too when the server is on
    the public network; behind a private name it is not checked, for only the portal's own machine may get there, and
    neither is a firewall, a socket or a certificate's file that may be there for that machine alone, unless the portal
    runs on this one (release directories). A maintenance database (`postgres`, `template1`) and one that takes no
    writes are found, the `postgres` that Supabase gives to everybody is not; whether two environments share one,
    `environments.separated` tells. No statement changes anything.
    """
    found = await _facts(portal, look)
    if isinstance(found, NotChecked):
        yield found
        return
    name, facts, failure = found
    if failure is not None:
        here = bool(portal.deploy and portal.deploy.adapter == "directories")
        yield _unreached(name, failure, here)
        return
    assert facts is not None  # noqa: S101 - one of both
    wrong = _wrong_database(name, facts)
    for row in wrong:
        yield row
    if not wrong:
        yield Passed(name, f"{facts.name} at {facts.place} answers as {facts.role}")


@check(
    "connections.encryption",
    Stage.HARDENING,
    roadmap="C4",
    severity=Severity.HIGH,
    effort=10,
    reference="https://www.postgresql.org/docs/current/libpq-ssl.html",
    needs="deploy",
)
async def encryption(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal talks to its database in clear.

    Why: Between two machines everybody on the way reads the clients' data, and the password's proof with it.

    Fix: Add `sslmode=require` to the connection string, or `sslmode=verify-full` with the provider's root certificate.

    Judged is the connection that was made. On this machine and in a private network it may be in clear. One that is
    encrypted although the string does not demand it is nice to fix: libpq falls back to clear text without a word.
    """
    async for name, facts in looked_at(portal, look):
        if isinstance(facts, NotChecked):
            yield facts
        elif facts.local:
            yield Passed(name, "the way to the database is local or private")
        elif not facts.tls:
            problem = f"The connection of {name} to {facts.place} is not encrypted."
            yield Finding(name, problem, evidence=f"sslmode={facts.ssl_mode or 'prefer (the default)'}", paste=_MODE)
        elif facts.ssl_mode in ("", "prefer", "allow"):
            problem = f"The connection of {name} is encrypted, and nothing demands that it is."
            yield Finding(
                name,
                problem,
                severity=Severity.NICE,
                paste=_MODE,
                evidence=f"sslmode={facts.ssl_mode or 'prefer (the default)'}",
            )
        else:
            yield Passed(name, f"encrypted, sslmode={facts.ssl_mode}")


Found = tuple[str, DatabaseFacts | None, Failure | None]


async def database_facts(portal: Portal, look: Look) -> DatabaseFacts | NotChecked:
    """What was seen of the target's database, for other checks; one look a run."""
    found = await _facts(portal, look)
    if isinstance(found, NotChecked):
        return found
    name, facts, failure = found
    return facts or NotChecked(name, f"the database cannot be looked at: {failure}", "see connections.database")


async def looked_at(portal: Portal, look: Look) -> AsyncIterator[tuple[str, DatabaseFacts | NotChecked]]:
    """The variable and what is behind it, for one check."""
    name = portal.deploy.database_env if portal.deploy else ""
    yield name, await database_facts(portal, look)


async def _facts(portal: Portal, look: Look) -> Found | NotChecked:
    deploy = portal.deploy
    name = deploy.database_env if deploy else ""
    if not name:
        return NotChecked(portal.domain, "[deploy] names no database_env", "name the variable of the connection string")
    text = (await target_variables(portal, look)).get(name, "").strip()
    if not text:
        return NotChecked(name, f"the value of {name} is not known on this machine", unlock(portal, name))
    scheme = scheme_of(text)
    if scheme != "postgresql":
        kind = scheme[:20] if scheme.isalnum() else "an unknown form"
        return NotChecked(name, f"{name} is of {kind}; only PostgreSQL is looked at")
    found = await look.database.look(text)
    return (name, None, found) if isinstance(found, Failure) else (name, found, None)


def _unreached(name: str, failure: Failure, here: bool = False) -> Row:
    """Found where the string is wrong for everybody; not checked where only this machine may lack the way.

    `here`: the portal runs on this machine, so that what is amiss here is amiss for the portal.
    """
    words = str(failure)
    host = failure.subject.rpartition(":")[0] or failure.subject
    private = "." not in host or host.endswith((".internal", ".local", ".flycast", ".svc")) or _is_private(host)
    if "psycopg is not installed" in words:
        return NotChecked(name, words, "pip install 'launchready[postgres]'")
    if not here and words.startswith("nobody listens at /"):
        return NotChecked(name, words, "run it on the machine that runs the portal")
    if private and failure.subject and not words.startswith("nobody listens at /") and _no_way(failure):
        return NotChecked(name, f"{words}; {host} is a private name", "run it on the machine that runs the portal")
    if not here and isinstance(failure, Shut | Barred | Unreachable):
        reason = f"{words}, which may be so for this machine only"
        return NotChecked(name, reason, "run it on the machine that runs the portal")
    return Finding(name, f"The database of {name} cannot be used: {failure.detail}.", evidence=failure.subject)


def _is_private(host: str) -> bool:
    try:
        return not globally_reachable(str(ip_address(host)))
    except ValueError:
        return False


def _no_way(failure: Failure) -> bool:
    return isinstance(failure, NoAddress | Unreachable | Timeout) or failure.phase in (Phase.CONNECT, Phase.LOOKUP)


def _wrong_database(name: str, facts: DatabaseFacts) -> list[Finding]:
    found = []
    host = facts.place.rpartition(":")[0]
    if facts.name in _MAINTENANCE and not host.endswith(_GIVEN.get(facts.name, (" ",))):
        problem = f"{name} leads to {facts.name}, the server's own maintenance database."
        found.append(Finding(name, problem, key="maintenance", severity=Severity.HIGH))
    if facts.standby or facts.read_only:
        why = (
            "is a standby that takes no writes" if facts.standby else "takes no writes (default_transaction_read_only)"
        )
        found.append(Finding(name, f"The database of {name} {why}.", key="read-only"))
    return found


_MODE = "?sslmode=require"
