"""Whether calls of other companies' servers end: the portal's code is read for calls without a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance import timeouts_javascript, timeouts_python
from launchready.performance.source_files import SourceFile, Sources, sources
from launchready.performance.timeouts_python import Endless
from launchready.portal import Portal
from launchready.probes.look import Look

MOST_SHOWN = 50
_GIVEN = {
    "axios": "timeout: 5000 in its options, or axios.defaults.timeout",
    "http": "timeout: 5000 in its options, and destroy the request on its `timeout` event",
    "https": "timeout: 5000 in its options, and destroy the request on its `timeout` event",
    "aiohttp": "aiohttp.ClientTimeout(total=10)",
    "httpx": "no timeout argument at all (httpx has 5 s of its own), or timeout=10",
    "requests": "timeout=(3, 10)",
}


@check(
    "performance.timeouts",
    Stage.PERFORMANCE,
    roadmap="D8",
    severity=Severity.HIGH,
    effort=10,
    reference="https://docs.python.org/3/library/urllib.request.html#urllib.request.urlopen",
    needs="repository",
)
async def timeouts(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A call of another company's server has no time limit.

    Why: on the day that server is slow, each request of the portal that asks it waits for ever and keeps a worker; when
    all workers wait, nobody sees any page, and the log says nothing.

    Fix: give the call a limit of a few seconds, and say what the page shows when it passes: the last known value, or
    that it is not available now.

    Read are Python (urllib, requests, http.client, smtplib, ftplib, poplib, imaplib, socket, urllib3, httpx, aiohttp)
    and JavaScript or TypeScript that runs on a server (axios, Node's http and https). A library with a limit of its
    own is found only where the code takes it away. Left alone are tests, scripts, migrations, this machine's own
    addresses, and calls whose arguments are computed elsewhere.
    """
    read = await sources(portal, look, (".py", *timeouts_javascript.ENDINGS))
    if isinstance(read, NotChecked):
        yield read
        return
    found = await asyncio.to_thread(_found, read)
    for one in found[:MOST_SHOWN]:
        problem = f"{one.what} waits for an answer without a time limit."
        fix = f"Give it a limit: {_GIVEN.get(one.what.partition('.')[0], 'timeout=10')}."
        asked = f"it asks {one.host}" if one.host else ""
        yield Finding(f"{one.path}:{one.line}", problem, evidence=asked, fix=fix, key=one.what)
    for reason in read.unread[:5]:
        yield NotChecked(portal.domain, f"not read: {reason}")
    if not found:
        yield Passed(portal.domain, f"no call without a time limit in {len(read.files)} files")


def _found(read: Sources) -> list[Endless]:
    python: list[SourceFile] = []
    scripts: list[SourceFile] = []
    for file in read.files:
        (python if file.path.endswith(".py") else scripts).append(file)
    return timeouts_python.endless_calls(python) + timeouts_javascript.endless_calls(scripts)
