"""What a PostgreSQL server, or libpq in its place, says when it does not let somebody in: one sentence for people.

Told by the server's code where it gave one, by the English words where not. No sentence holds the connection string.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, Unreachable
from launchready.redaction import without_secrets

if TYPE_CHECKING:
    import psycopg


class Barred(Refused):
    """The server lets nobody in from this machine; the portal's own it may."""


class Shut(Timeout):
    """Nothing comes back at all: a firewall on the way, which may know the portal's own machine."""


def refusal(error: psycopg.Error, subject: str, elapsed_s: float) -> Failure:
    """What was said, as a failure with `subject` for the server."""
    said = str(error)
    for pattern, kind, phase, sentence in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(phase, subject, sentence.format(place=subject), elapsed_s)
    if error.diag.message_primary:
        asked = without_secrets(error.diag.message_primary)[:200]
        return Refused(Phase.ANSWER, subject, f"{subject} does not answer what was asked: {asked}", elapsed_s)
    last = said.strip().splitlines()[-1] if said.strip() else type(error).__name__
    quoted = without_secrets(re.sub(r"^.*?FATAL:\s*", "", last))[:200]
    return Refused(Phase.ANSWER, subject, f"{subject} refused the connection: {quoted}", elapsed_s)


_SAID: tuple[tuple[str, type[Failure], Phase, str], ...] = (
    ("password authentication failed|28P01", Refused, Phase.REQUEST, "{place} refuses the password of this role"),
    (
        "no password supplied",
        Refused,
        Phase.REQUEST,
        "{place} asks for a password and the connection string holds none",
    ),
    (r'database ".*" does not exist|3D000', Refused, Phase.REQUEST, "{place} has no database of this name"),
    (r'role ".*" does not exist|28000', Refused, Phase.REQUEST, "{place} has no role of this name"),
    (
        "no pg_hba.conf entry.*(no encryption|SSL off)",
        Refused,
        Phase.REQUEST,
        "{place} takes encrypted connections only; add sslmode=require to the connection string",
    ),
    ("no pg_hba.conf entry", Barred, Phase.REQUEST, "{place} lets nobody in from this address (pg_hba.conf)"),
    (
        "remaining connection slots|too many (clients|connections)|53300",
        Refused,
        Phase.REQUEST,
        "{place} has no free connection left",
    ),
    ("starting up|57P03", Refused, Phase.REQUEST, "{place} is starting up or shutting down"),
    (
        "does not support SSL",
        Refused,
        Phase.TLS,
        "{place} does not encrypt, and the connection string demands it (sslmode)",
    ),
    (
        "certificate verify failed|certificate.*(does not match|self.signed)|root certificate file",
        Refused,
        Phase.TLS,
        "the certificate of {place} is not trusted, and the connection string demands it (sslmode=verify-full)",
    ),
    ("connection refused", Refused, Phase.CONNECT, "nobody listens at {place}: connection refused"),
    ("no such file or directory", Refused, Phase.CONNECT, "nobody listens at {place}: there is no such socket"),
    ("timeout expired|timed out", Timeout, Phase.CONNECT, "{place} did not answer the connection"),
    ("unreachable|no route to host", Unreachable, Phase.CONNECT, "{place} cannot be reached from here"),
    ("statement timeout", Timeout, Phase.ANSWER, "{place} took longer than 5 s over a question of no weight"),
    (
        "expected authentication request|invalid response|lost synchronization|received invalid",
        Garbage,
        Phase.ANSWER,
        "what listens at {place} is no PostgreSQL",
    ),
    (
        "server closed the connection|connection reset|EOF detected",
        Refused,
        Phase.ANSWER,
        "{place} closed the connection without a word",
    ),
)
