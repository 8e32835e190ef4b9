"""Which version is served after a release, and whether the background worker lives.

The portal says both itself; what it says is compared, not believed to be good for anything else.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from launchready.gate import check
from launchready.hardening.release import shell
from launchready.hardening.release.history import made_live
from launchready.hardening.verify_patience import Seen, address, no_answer, settings_of, subject, until_right
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.portal_deploy import VerifyVersion, VerifyWorker
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.page import Page
from launchready.probes.visitor import Visitor
from launchready.redaction import without_secrets

SHORTEST_COMMIT = 7
COMMAND_S = 20.0
CLOCK_S = 120.0
"""How far a worker's clock may be ahead of ours."""
_COMMIT = re.compile(r"(?:.*-g)?([0-9a-f]{7,64})(?:-dirty)?")
_LIVES = {"ok", "true", "alive", "up", "running", "healthy", "yes", "ready"}


@check(
    "verify.version",
    Stage.HARDENING,
    roadmap="X2",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://12factor.net/build-release-run",
    needs="verify",
)
async def version(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The portal serves another version than the one released.

    Why: a release that went out green and never got traffic is looked for in the wrong place for hours; so is a cache
    that keeps the old pages.

    Fix: see that the new processes took the place of the old ones on every machine, then that no cache keeps the
    pages; release again.

    The version comes from `[verify.version]`: a header, a place in a JSON answer, or the whole answer. It is held
    against `--release`, else the last `launchready deploy` of this folder, else `git describe` or the commit of the
    source. The commit `1f2e3d4` and its longer forms are the same version, and so are `v1.2` and `1.2`.
    """
    settings = settings_of(portal)
    if settings.version is None:
        yield NotChecked(portal.domain, "no place is named where the portal says its version", "add [verify.version]")
        return
    wanted = settings.version
    url = address(portal, wanted.path)
    expected = settings.release or await asyncio.to_thread(_of_source, look)
    if not expected:
        yield NotChecked(subject(url), "nobody says which version was released", "say it with --release VERSION")
        return
    yield await until_right(look, settings, lambda: _version_once(look, url, wanted, expected))


@check(
    "verify.worker",
    Stage.HARDENING,
    roadmap="X2",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://12factor.net/concurrency",
    needs="verify",
)
async def worker(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The background worker does not run after a release.

    Why: pages are fine without it; invitations, password mails and invoices silently wait until a client asks.

    Fix: start it (the process list of the platform shows it with no instance or crashing), and see that it is part of
    the release.

    `[verify.worker]` names a place in a JSON answer that is true or `ok`, or holds the time it was last seen (ISO 8601
    or seconds since 1970), which must not be older than `within_s`; or a command that ends with 0 when it lives.
    """
    settings = settings_of(portal)
    if settings.worker is None:
        yield NotChecked(portal.domain, "no place is named that shows the worker", "add [verify.worker]")
        return
    wanted = settings.worker
    if wanted.command:
        folder = Path(portal.repository.path) if portal.repository else Path.cwd()
        yield await until_right(look, settings, lambda: _command_once(look, wanted, folder))
    elif wanted.path:
        url = address(portal, wanted.path)
        yield await until_right(look, settings, lambda: _worker_once(look, url, wanted))
    else:
        yield NotChecked(portal.domain, "[verify.worker] names neither a path nor a command", "name one of them")


def released(root: Path, environment: str) -> str:
    """The version that was last made live, by a deploy or a rollback, as the journals below `root` tell; or nothing."""
    live = made_live(root, environment)
    return live[0].version if live else ""


def same_version(served: str, expected: str) -> bool:
    """Whether two names are of one version: equal, a commit and its beginning, with or without the `v`."""
    served, expected = served.strip(), expected.strip()
    if served.removeprefix("v") == expected.removeprefix("v"):
        return bool(served)
    ours, theirs = _COMMIT.fullmatch(served.lower()), _COMMIT.fullmatch(expected.lower())
    return bool(ours and theirs and (ours[1].startswith(theirs[1]) or theirs[1].startswith(ours[1])))


def _of_source(look: Look) -> str:
    if look.repository is None:
        return ""
    described = look.repository.git("describe", "--tags", "--always", "--abbrev=7")
    return "" if isinstance(described, Failure) else described.decode("utf-8", "replace").strip()


async def _version_once(look: Look, url: str, wanted: VerifyVersion, expected: str) -> Seen:
    page = await _asked(look, url)
    if isinstance(page, Seen):
        return page
    where = subject(url)
    if wanted.header:
        served: Any = page.header(wanted.header)
        place = f"the header {wanted.header}"
    elif wanted.json_path:
        served = _inside(_document(page), wanted.json_path)
        place = wanted.json_path
    else:
        served, place = page.text.strip()[:200], "the answer"
    if not isinstance(served, str | int | float) or isinstance(served, bool) or not str(served).strip():
        problem = f"{where} does not say which version is served: {place} is missing."
        return Seen(Finding(where, problem, evidence=_shown(page), key="missing"))
    if same_version(str(served), expected):
        return Seen(Passed(where, f"serves {str(served).strip()[:80]}"), final=True)
    problem = f"{where} serves version {str(served).strip()[:80]!r}, and {expected!r} was released."
    return Seen(Finding(where, problem, evidence=f"{place}: {str(served)[:80]}", key="other"))


async def _worker_once(look: Look, url: str, wanted: VerifyWorker) -> Seen:
    page = await _asked(look, url)
    if isinstance(page, Seen):
        return page
    where = subject(url)
    said = _inside(_document(page), wanted.json_path) if wanted.json_path else page.text.strip()[:200]
    place = wanted.json_path or "the answer"
    if said is None:
        return Seen(Finding(where, f"{where} says nothing of the worker: {place} is missing.", evidence=_shown(page)))
    if said is True or (isinstance(said, str) and said.lower() in _LIVES):
        return Seen(Passed(where, f"{place} is {str(said).lower()}"), final=True)
    seen_at = _time(said)
    if seen_at is None:
        told = json.dumps(said)[:80]
        return Seen(Finding(where, f"{where} says the worker is not well: {place} is {told}.", evidence=_shown(page)))
    age_s = (datetime.now(UTC) - seen_at).total_seconds()
    if -CLOCK_S <= age_s <= wanted.within_s:
        return Seen(Passed(where, f"the worker was seen {max(0.0, age_s):.0f} s ago"), final=True)
    if age_s < 0:
        problem = f"{where} says the worker was last seen in the future ({place})."
    else:
        problem = f"The worker was last seen {age_s:.0f} s ago, and may be silent for {wanted.within_s:.0f} s."
    return Seen(Finding(where, problem, evidence=f"{place}: {str(said)[:80]}"))


async def _command_once(look: Look, wanted: VerifyWorker, folder: Path) -> Seen:
    quoted = without_secrets(wanted.command)
    limit_s = look.network.bounded_s(COMMAND_S)
    try:
        code, lines = await shell.run(["/bin/sh", "-c", wanted.command], folder, {}, None, limit_s)
    except OSError as error:
        return Seen(NotChecked(str(folder), f"`{quoted}` could not be started: {error.strerror or error}"), final=True)
    if code == 0:
        return Seen(Passed("the worker", f"`{quoted}` ended with 0"), final=True)
    if code in (126, 127):  # POSIX shell, 2.8.2: found and not executable, not found
        return Seen(
            NotChecked("the worker", f"`{quoted}` cannot be run here ({code})", "run it where it can"), final=True
        )
    ended = f"ended with {code}" if code is not None else f"took more than {limit_s:.0f} s"
    return Seen(Finding("the worker", f"The worker does not live: `{quoted}` {ended}.", evidence="\n".join(lines[-5:])))


async def _asked(look: Look, url: str) -> Page | Seen:
    async with Visitor(look.network, look.dns) as visitor:
        chain = await visitor.go(url)
    where = subject(url)
    if isinstance(chain.end, Failure):
        return no_answer(url, chain.end)
    page = chain.end
    # 503 is what a readiness page answers that has more to say: of the worker, for one.
    if chain.loop or page.status not in (200, 503):
        return Seen(Finding(where, f"{where} answers {page.status}.", evidence=_shown(page)))
    return page


def _document(page: Page) -> Any:
    try:
        return json.loads(page.text)
    except (ValueError, RecursionError):
        return None


def _inside(document: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def _time(said: Any) -> datetime | None:
    try:
        if isinstance(said, int | float) and not isinstance(said, bool) and 1e9 < said < 1e14:
            return datetime.fromtimestamp(said / 1000 if said > 1e11 else said, UTC)
        if isinstance(said, str):
            found = datetime.fromisoformat(said.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _shown(page: Page) -> str:
    return f"{page.status}: {' '.join(page.text.split())[:200]}"
