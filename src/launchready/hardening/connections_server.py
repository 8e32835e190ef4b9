"""The server behind the target's connection string (C4): the role's rights, free connections, version and clock.

The look itself is shared with `connections_database.py`: one connection a run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from launchready.gate import check
from launchready.hardening.connections_database import looked_at
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

FEW_CONNECTIONS = 10
CLOCK_S = 2.0
"""So far may clocks differ before one-time codes, signatures and expiry dates suffer."""
ENDS = {
    12: date(2024, 11, 21),
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
"""The final release of each major version (https://www.postgresql.org/support/versioning/)."""


@check(
    "connections.role",
    Stage.HARDENING,
    roadmap="C4 M3",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.postgresql.org/docs/current/role-attributes.html",
    needs="deploy",
)
async def role(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal uses its database with more rights than it needs.

    Why: Whoever finds one injection reads files of the server, every other database, and deletes what he likes.

    Fix: Make a role that owns the portal's database only, and put it into the connection string.

    A superuser is a high risk; CREATEDB, CREATEROLE, REPLICATION or BYPASSRLS alone are nice to fix. Providers that
    give out one role for everything usually give it CREATEDB and CREATEROLE.
    """
    async for name, facts in looked_at(portal, look):
        if isinstance(facts, NotChecked):
            yield facts
        elif facts.superuser:
            paste = (
                f"CREATE ROLE portal LOGIN;\nALTER DATABASE {_quoted(facts.name)} OWNER TO portal;\n\\password portal"
            )
            yield Finding(name, f"{name} logs in as {facts.role}, a superuser of the whole server.", paste=paste)
        elif facts.rights:
            problem = f"The role {facts.role} of {name} may do more on the server than use its database."
            yield Finding(name, problem, evidence=", ".join(facts.rights), severity=Severity.NICE)
        else:
            yield Passed(name, f"{facts.role} is no superuser")


@check(
    "connections.room",
    Stage.HARDENING,
    roadmap="C4",
    severity=Severity.HIGH,
    effort=30,
    reference="https://www.postgresql.org/docs/current/runtime-config-connection.html",
    needs="deploy",
)
async def room(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The database has hardly a connection left.

    Why: A release runs beside the old version for a while; the connections of both do not fit, and pages fail.

    Fix: Lower the pools of web and worker, put a pooler in front, or choose a plan with more connections.

    The narrowest of the limits of server, database and role is taken, less what is open now. Found are fewer than ten
    free ones, or fewer than a fifth of the limit. Behind a pooler the limit is the pooler's, which nobody tells.
    """
    async for name, facts in looked_at(portal, look):
        if isinstance(facts, NotChecked):
            yield facts
        elif facts.pooled:
            yield Passed(name, "a pooler shares the connections")
        elif facts.free_connections < max(FEW_CONNECTIONS, facts.most_connections // 5):
            problem = (
                f"The database of {name} has {facts.free_connections} of {facts.most_connections} connections free."
            )
            yield Finding(name, problem)
        else:
            yield Passed(name, f"{facts.free_connections} of {facts.most_connections} connections are free")


@check(
    "connections.server",
    Stage.HARDENING,
    roadmap="C4",
    severity=Severity.HIGH,
    effort=60,
    reference="https://www.postgresql.org/support/versioning/",
    needs="deploy",
)
async def server(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The database's server gets no more fixes, or its clock is wrong.

    Why: A version without fixes is what security questionnaires ask for first; with a wrong clock, links expire at
    once and one-time codes are refused.

    Fix: Let the provider upgrade to a supported version, on a copy first. Clocks are set by NTP.

    A version past its end is a high risk, one with less than half a year left nice to fix. Clocks that differ by more
    than two seconds, half of the way there and back taken off: high; which of the two is wrong is not known.
    """
    async for name, facts in looked_at(portal, look):
        if isinstance(facts, NotChecked):
            yield facts
            continue
        major, wrong = facts.version // 10_000, False
        ends = ENDS.get(major, date.min if major < min(ENDS) else date.max)
        left = (ends - look.now.date()).days
        if left < 183:
            wrong = True
            when = f"since {ends:%d %B %Y}" if ends > date.min else "for years"
            says = f"gets no fixes {when}" if left < 0 else f"gets fixes until {ends:%d %B %Y} only"
            severity = None if left < 0 else Severity.NICE
            yield Finding(name, f"PostgreSQL {major} of {name} {says}.", severity=severity, key="version")
        if abs(facts.clock_ahead_s) > CLOCK_S:
            wrong = True
            side = "ahead of" if facts.clock_ahead_s > 0 else "behind"
            problem = f"The clock of {name}'s server is {abs(facts.clock_ahead_s):.0f} s {side} this machine's."
            yield Finding(name, problem, key="clock", effort_min=10)
        if not wrong:
            yield Passed(name, f"PostgreSQL {major}, clock within {CLOCK_S:g} s")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
