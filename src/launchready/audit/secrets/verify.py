"""Whether a key still opens something, asked of its provider. Only on request: each key is sent to its provider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from launchready.audit.secrets.scan import FILE_BYTES, Found, Where
from launchready.probes.failures import Failure
from launchready.probes.repository import Repository

REQUEST_TIMEOUT_S = 10.0
FILE_TIMEOUT_S = 60.0

LIVE = "the provider says it is live"
DEAD = "the provider says it is dead"
UNKNOWN = "not verified"


def verified(repository: Repository, found: Iterable[Found]) -> list[Found]:
    """The same credentials; those in files of the work tree that the engine knows by themselves say what came back."""
    from kingfisher_sdk import Rules, Scanner, Validator

    validator = Validator(timeout=REQUEST_TIMEOUT_S, concurrency=4)
    scanner, items = Scanner(Rules()), list(found)
    answers: dict[tuple[str, int], str] = {}
    for path in sorted({item.credential.path for item in items if item.where is not Where.HISTORY}):
        raw = repository.read(path, FILE_BYTES)
        if isinstance(raw, Failure):
            continue
        hits = list(scanner.scan(raw))
        try:
            results = validator.validate(hits, timeout=FILE_TIMEOUT_S)
        except (TimeoutError, RuntimeError):
            continue
        for hit, result in zip(hits, results, strict=True):
            said = {"verified_active": LIVE, "verified_inactive": DEAD}.get(result.outcome, UNKNOWN)
            answers.setdefault((path, hit.location["line"]), said)
    return [_told(item, answers.get(item_place(item), UNKNOWN)) for item in items]


def item_place(item: Found) -> tuple[str, int]:
    """Where a credential of the work tree is; nowhere, for one of the history."""
    return ("", 0) if item.where is Where.HISTORY else (item.credential.path, item.credential.line)


def _told(item: Found, said: str) -> Found:
    credential = item.credential
    return replace(
        item,
        credential=replace(
            credential, evidence=f"{credential.evidence}; {said}", live=credential.live and said != DEAD
        ),
    )
