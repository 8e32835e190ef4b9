"""The variables that the processes of a release get: those of `env_file`, and nothing of the person who deploys.

What a deploying person's shell happens to hold would be a hidden step: only the few variables that every program
needs are passed on. Reads; never prints a value.
"""

from __future__ import annotations

import os
from pathlib import Path

from launchready.hardening.variables_dotenv import parse_dotenv

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR")
MOST_BYTES = 1024 * 1024


def base() -> dict[str, str]:
    """What a process gets of this one's variables."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def read_env_file(path: Path) -> dict[str, str]:
    """Names and values, the last assignment of each. Raises OSError."""
    with path.open("rb") as file:
        text = file.read(MOST_BYTES).decode("utf-8", "replace")
    return {entry.name: entry.value for entry in parse_dotenv(text)[0] if entry.value is not None}
