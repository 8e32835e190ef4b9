"""The baseline: what was known on a day, so that only what is new stops a commit.

Holds names of files, kinds and fingerprints; no value, and nothing a value could be guessed from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from launchready.audit.secrets.scan import Found

SCHEMA = "launchready.secrets-baseline/1"
DEFAULT = Path(".launchready") / "secrets-baseline.json"


class BaselineError(ValueError):
    """A baseline that cannot be used; the message says why."""


def read_baseline(path: Path) -> Mapping[str, str]:
    """Fingerprint → the reason given. Raises BaselineError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BaselineError(f"{path}: there is no such file; --write-baseline makes it") from None
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("secrets"), list):
        raise BaselineError(f"{path}: is no baseline of secrets ({SCHEMA})")
    known: dict[str, str] = {}
    for row in data["secrets"]:
        if not isinstance(row, dict) or not isinstance(row.get("fingerprint"), str):
            raise BaselineError(f"{path}: a row has no fingerprint")
        known[row["fingerprint"]] = str(row.get("reason") or f"in the baseline of {data.get('made', 'some day')}")
    return known


def baseline_of(found: Iterable[Found], today: date, reasons: Mapping[str, str]) -> str:
    """The text of a baseline that knows all of these; reasons given before are kept."""
    rows = {
        item.fingerprint: {
            "fingerprint": item.fingerprint,
            "path": item.credential.path,
            "kind": item.credential.kind,
            "reason": reasons.get(item.fingerprint, ""),
        }
        for item in found
        if not item.credential.allowed
    }
    ordered = sorted(rows.values(), key=lambda row: (row["path"], row["fingerprint"]))
    return json.dumps({"schema": SCHEMA, "made": today.isoformat(), "secrets": ordered}, indent=2) + "\n"
