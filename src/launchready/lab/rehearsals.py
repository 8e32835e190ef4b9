"""Journals of rehearsals, as `launchready rehearse` writes them, for the sources of the lab."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta


def rehearsal(days: float, *, well: bool = True, failed: int = 0, environment: str = "production") -> dict[str, str]:
    """The journal of a rehearsal so many days ago, and what keeps it out of git; by path."""
    at = datetime.now(UTC) - timedelta(days=days)
    begun = {"at": at.isoformat(timespec="seconds"), "what": "begun", "action": "rehearse", "subject": environment}
    ended = {
        "at": (at + timedelta(minutes=1)).isoformat(timespec="seconds"),
        "what": "ended",
        "well": well,
        "requests": 600,
        "failed_requests": failed,
        "downtime_s": failed / 20,
        "longest_gap_s": 0.1 + failed / 20,
        "roll_back_s": 1.5,
    }
    name = f"{at:%Y%m%dT%H%M%S%fZ}-rehearse-{environment}.jsonl"
    lines = "".join(f"{json.dumps(entry)}\n" for entry in (begun, ended))
    return {".launchready/.gitignore": "*\n", f".launchready/journal/{name}": lines}
