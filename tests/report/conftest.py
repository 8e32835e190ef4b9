"""Whole reports beside the ones kept in `snapshots/`; `WRITE_SNAPSHOTS=1 pytest tests/report` writes them anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # so that tests can import `sample`

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def same_as() -> Callable[[str, str], None]:
    """`same_as("report.md", text)` fails where the text differs from the one kept."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("WRITE_SNAPSHOTS"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8"), f"{name} changed; if it is right: WRITE_SNAPSHOTS=1"

    return compare
