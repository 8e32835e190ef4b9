"""Measurements that are kept: one JSON file each in `.launchready/performance/`, beside `launchready.toml`.

A check judges the measurement of this run, else the last one kept; it never measures by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from launchready.measurement import Measurement
from launchready.model import NotChecked
from launchready.portal import Portal
from launchready.probes.look import Look

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FOLDER = Path(".launchready") / "performance"
OLD = timedelta(days=30)
MOST_BYTES = 32 * 1024 * 1024
MOST_KEPT = 50
UNLOCK = "run `launchready perf`"


def keep(root: Path, measurement: Measurement) -> Path:
    """Write a measurement below `root`, whole or not at all; the oldest beyond `MOST_KEPT` go. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignore = root / FOLDER.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    path = folder / f"{measurement.at:%Y%m%dT%H%M%S%fZ}.json"
    unfinished = path.with_suffix(".part")
    try:
        unfinished.write_text(written(measurement), encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in paths(root)[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
    _tidy(folder)
    return path


def _tidy(folder: Path) -> None:
    """Answers that were saved go with their measurement; what a killed run left behind goes after a day."""
    yesterday = time.time() - 86_400
    for left in [*folder.glob("*.part"), *(path for path in folder.iterdir() if path.is_dir())]:
        with contextlib.suppress(OSError):
            if left.lstat().st_mtime > yesterday or left.is_symlink() or left.with_suffix(".json").exists():
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


def paths(root: Path) -> list[Path]:
    """The kept measurements, oldest first."""
    return sorted((root / FOLDER).glob("*.json"))


def read(path: Path) -> Measurement:
    """One kept measurement. Raises OSError; ValueError, in words for people, when it is none."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path}: larger than any measurement")
    try:
        return _adapter().validate_json(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path}: not a measurement of this version of Launch Ready") from None


def written(measurement: Measurement) -> str:
    """A measurement as JSON."""
    return _adapter().dump_json(measurement).decode()


def root_of(portal: Portal, look: Look) -> Path | None:
    """The folder below which measurements are kept: that of the file, of the repository, or the one above it."""
    own = [look.root] if look.root else []
    if portal.repository:
        source = Path(portal.repository.path)
        own += [source, source.resolve().parent]
    return next((folder for folder in own if paths(folder)), None)


async def measurement_of(portal: Portal, look: Look) -> Measurement | NotChecked:
    """What a check of this stage judges: this run's measurement, else the last one kept if it is not too old."""
    if look.measured:
        return look.measured
    found = await asyncio.to_thread(lambda: paths(root) if (root := root_of(portal, look)) else [])
    if not found:
        return NotChecked(portal.domain, "the portal was not measured yet", UNLOCK)
    try:
        last = await asyncio.to_thread(read, found[-1])
    except (OSError, ValueError) as error:
        return NotChecked(portal.domain, f"the last measurement cannot be read: {error}", UNLOCK)
    if look.now - last.at > OLD:
        days = (look.now - last.at).days
        return NotChecked(portal.domain, f"the last measurement is {days} days old", UNLOCK)
    look.measured = last  # the report shows what was judged
    return last


@cache
def _adapter() -> TypeAdapter[Measurement]:
    from pydantic import TypeAdapter

    return TypeAdapter(Measurement)
