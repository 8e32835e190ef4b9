"""What goes wrong on a page while a browser shows it: uncaught errors, scripts and style sheets that do not come.

Told by Chromium itself. What it means is judged elsewhere.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

MOST_REQUESTS = 1_000
MOST_NOTES = 20
"""Errors and failed loads of one page that are kept."""
_PLACE = re.compile(r"https?://[^\s)]{1,500}?(?=:\d+:\d+)")
_KINDS = {"Script": "script", "Stylesheet": "stylesheet"}


@dataclass(frozen=True, slots=True)
class ScriptError:
    """An error no script caught. Hostile text."""

    text: str
    source: str
    """URL of the script; empty where nobody knows."""


@dataclass(frozen=True, slots=True)
class FailedLoad:
    """A script or a style sheet that did not come."""

    url: str
    kind: str
    """`script` or `stylesheet`."""
    reason: str


class Notes:
    """What goes wrong on a page, as it happens (the DevTools protocol's domains Runtime and Network)."""

    def __init__(self) -> None:
        self.errors: list[ScriptError] = []
        self._failed: list[tuple[str, FailedLoad]] = []
        self._asked: dict[str, tuple[str, str]] = {}
        self._protocol: Any = None

    async def listen(self, context: Any, page: Any) -> None:
        """Begin; before the page is asked for."""
        protocol = self._protocol = await context.new_cdp_session(page)
        protocol.on("Runtime.exceptionThrown", self._thrown)
        protocol.on("Network.requestWillBeSent", self._request)
        protocol.on("Network.responseReceived", self._response)
        protocol.on("Network.loadingFailed", self._load_failed)
        await asyncio.gather(protocol.send("Runtime.enable"), protocol.send("Network.enable"))

    async def failed(self) -> tuple[FailedLoad, ...]:
        """What the page shown at last lacks; what an earlier one did not wait for, and frames, are left aside."""
        tree = await self._protocol.send("Page.getFrameTree")
        loader = tree.get("frameTree", {}).get("frame", {}).get("loaderId")
        return tuple(failed for of, failed in self._failed if of == loader)

    def _thrown(self, event: Any) -> None:
        details = event.get("exceptionDetails", {})
        thrown = details.get("exception", {})
        described = str(thrown.get("description") or thrown.get("value") or details.get("text") or "an error")
        frames = details.get("stackTrace", {}).get("callFrames", ())
        place = details.get("url") or next((frame.get("url") for frame in frames if frame.get("url")), "")
        if not place and (found := _PLACE.search(described)):
            place = found[0]
        if len(self.errors) < MOST_NOTES:
            self.errors.append(ScriptError((described.splitlines() or [""])[0][:300], str(place)[:500]))

    def _request(self, event: Any) -> None:
        if event.get("type") in _KINDS and len(self._asked) < MOST_REQUESTS:
            self._asked[event["requestId"]] = event["loaderId"], str(event["request"]["url"])[:500]

    def _response(self, event: Any) -> None:
        status = event.get("response", {}).get("status", 0)
        if status >= 400:
            self._keep(event, f"answers {status}")

    def _load_failed(self, event: Any) -> None:
        reason = str(event.get("blockedReason") or event.get("errorText") or "")
        # Aborted is what Chromium calls an answer of the wrong type, such as an error page in place of a style sheet.
        aborted = "ERR_ABORTED" in reason
        self._keep(event, "does not come as what it should be" if aborted else words(reason))

    def _keep(self, event: Any, reason: str) -> None:
        loader, url = self._asked.get(event.get("requestId", ""), ("", ""))
        known = any(one.url == url for _, one in self._failed)
        if url and not known and len(self._failed) < MOST_NOTES:
            self._failed.append((loader, FailedLoad(url, _KINDS[event["type"]], reason[:200])))


def words(text: str) -> str:
    """Chromium's code of a failure, without what stands around it."""
    code = re.search(r"net::(ERR_\w+)|\b(csp)\b", text)
    return (code[1] or "blocked by the Content-Security-Policy") if code else text[:200]
