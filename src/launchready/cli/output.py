"""Reports on standard output and in files: the formats by name and by extension; a file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from launchready.cli.stop import Stop
from launchready.model import Report, Severity

if TYPE_CHECKING:
    from rich.console import Console


class Format(StrEnum):
    """How a report is written."""

    TERMINAL = "terminal"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


BY_EXTENSION = {
    ".json": Format.JSON,
    ".sarif": Format.SARIF,
    ".xml": Format.JUNIT,
    ".md": Format.MARKDOWN,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".txt": Format.TERMINAL,
}


def format_of(path: Path) -> Format:
    """The format a path's extension names; `report.sarif.json` is SARIF. Raises Stop naming the ones there are."""
    if path.name.lower().endswith(".sarif.json"):
        return Format.SARIF
    if found := BY_EXTENSION.get(path.suffix.lower()):
        return found
    raise Stop(f"--output {path}: the extension does not name a format; there are {', '.join(BY_EXTENSION)}")


def ensure_writable(paths: Iterable[Path]) -> None:
    """Find out before the run, not after it, that a report could not be written. Raises Stop."""
    for path in paths:
        format_of(path)
        if path.is_dir():
            raise Stop(f"--output {path}: is a directory; name a file in it")
        folder = next((p for p in path.absolute().parents if p.exists()), Path("/"))
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise Stop(f"--output {path}: {folder} is not a directory one can write to")


def rendered(report: Report, form: Format, fail_on: Severity | None) -> str:
    """The report as text in one of the formats."""
    from launchready.report import html, json_report, junit, markdown, sarif

    if form is Format.JUNIT:
        return junit.render(report, fail_on)
    if form is Format.TERMINAL:
        return _plain(report)
    views: dict[Format, Callable[[Report], str]] = {
        Format.JSON: json_report.render,
        Format.SARIF: sarif.render,
        Format.MARKDOWN: markdown.render,
        Format.HTML: html.render,
    }
    return views[form](report)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all; make its folder. Raises Stop with the reason."""
    place = path.resolve()  # a link stays a link
    temporary = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        if place.exists() and not place.is_file():  # a device or a pipe cannot be renamed over
            place.write_text(text, encoding="utf-8")
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError as error:
        raise Stop(f"{path}: could not be written: {error.strerror or error}; nothing was left behind") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def console(*, no_color: bool = False) -> Console:
    """The console of standard output; 100 columns where nobody says how wide it is."""
    from rich.console import Console

    made = Console(no_color=True if no_color else None, highlight=False)
    if not made.is_terminal and not os.environ.get("COLUMNS"):
        made.width = 100
    return made


def _plain(report: Report) -> str:
    import io

    from rich.console import Console

    from launchready.report import terminal

    sheet = io.StringIO()
    terminal.render(report, Console(file=sheet, width=100, force_terminal=False, color_system=None))
    return "\n".join(line.rstrip() for line in sheet.getvalue().splitlines()) + "\n"
