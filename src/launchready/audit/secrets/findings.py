"""Credentials as findings: how grave by who can have them, what to do by whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from launchready.audit.secrets.runbooks import runbook_of
from launchready.audit.secrets.scan import Found, Where
from launchready.model import Finding, Severity

SHOWN_OF_A_FILE = 50
"""Rows of one file that become findings of their own; a dump of users is one leak, not ten thousand."""

_OUT = {
    Where.TRACKED: "Take it out of the file, let the program read it from the environment, and commit.",
    Where.UNTRACKED: "Name the file in .gitignore before the next `git add`, and read the value from the environment.",
    Where.STAGED: "Take it out of the file, let the program read it from the environment, and stage again.",
    Where.HISTORY: "Deleting the file did not help: every clone has it. Rotate it; then it may stay in the history.",
    Where.BUILD: "Whatever a browser gets is public: move the call that needs it to the server, and build again.",
    Where.FOLDER: "Take it out of the file and let the program read it from the environment.",
}


def findings(found: Iterable[Found], now: datetime, *, public: bool, limit: int = SHOWN_OF_A_FILE) -> Iterator[Finding]:
    """One finding a line, up to `limit` a file; the rest of a file is counted in one more."""
    counts: dict[tuple[str, Where], int] = {}
    last: dict[tuple[str, Where], Found] = {}
    for item in found:
        key = (item.credential.path, item.where)
        counts[key] = counts.get(key, 0) + 1
        last[key] = item
        if counts[key] <= limit:
            yield finding(item, now, public=public)
    for key, number in counts.items():
        if number > limit:
            item = last[key]
            yield Finding(
                key[0],
                f"{number - limit} more lines of {key[0]} hold credentials.",
                severity=severity_of(item, public=public),
                fix=_fix(item),
                key="more",
            )


def finding(item: Found, now: datetime, *, public: bool) -> Finding:
    """One credential."""
    credential = item.credential
    book = runbook_of(credential.service)
    since, read_by = "", ", which anybody can read" if public and item.where in _PUBLIC else ""
    if item.when is not None:
        days = max(0, (now - item.when).days)
        since = f"; since commit {item.commit[:10]} of {item.when:%Y-%m-%d}, {days} day{'' if days == 1 else 's'} ago"
    return Finding(
        item.place,
        f"{_a(credential.kind)} is {item.where}{read_by}.",
        evidence=f"{credential.evidence}{since}",
        fix=_fix(item),
        severity=severity_of(item, public=public),
        effort_min=30 if item.where is Where.HISTORY else None,
        reference=book.url,
        key=item.fingerprint,
    )


def severity_of(item: Found, *, public: bool) -> Severity:
    """By reach: what anybody gets, or what every clone of the repository holds, stops the launch."""
    credential = item.credential
    if not credential.live:
        return Severity.NICE
    if item.where is Where.BUILD:
        # A Google API key in a page is meant to be seen, as long as it is restricted to its hosts.
        return Severity.NICE if credential.service == "google" and "AIza" in credential.evidence else Severity.BLOCKER
    if public and item.where in (Where.TRACKED, Where.HISTORY, Where.STAGED):
        return Severity.BLOCKER
    return Severity.BLOCKER if item.where is Where.TRACKED else Severity.HIGH


def _fix(item: Found) -> str:
    return f"{_OUT[item.where]} {runbook_of(item.credential.service).steps}"


_PUBLIC = (Where.TRACKED, Where.HISTORY)


def _a(kind: str) -> str:
    said = kind[0].lower() + kind[1:] if kind.split()[0] in _PLAIN else kind
    return f"{'An' if kind[:1] in 'AEIO' else 'A'} {said}"


_PLAIN = frozenset(
    {"Password", "Token", "Secret", "Key", "Salt", "Login", "Private", "Connection", "Registry", "Database", "Saved",
     "Random", "Signed", "Authorization"}
)  # fmt: skip
