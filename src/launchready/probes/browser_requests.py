"""What a page asks for while it loads, as Chromium's DevTools protocol tells it (domain Network), joined to resources.

Only collects and orders: when a page is done is `browser_visit.py`'s business, what it means that of the checks.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from launchready.measurement import BodyFacts, Resource
from launchready.probes.page import Page
from launchready.probes.third_party import is_third_party

MOST_REQUESTS = 1_000
MOST_RESOURCES = 300
"""Of one page that are kept."""
FOLLOWS_S = 0.15
"""A script that asks so soon after an answer asks because of it; work of the main thread in between aside."""
_KINDS = {
    "Document": "document", "Script": "script", "Stylesheet": "style", "Image": "image", "Font": "font",
    "Fetch": "fetch", "XHR": "fetch",
}  # fmt: skip
_STREAMS = ("EventSource", "WebSocket", "Media", "Ping")
"""They end when they like, and nothing waits for them."""

READ_BODIES = 8
"""Answers of JSON that a page's scripts asked for, so many are looked into, and none larger than:"""
READ_BYTES = 4 * 1024 * 1024

Shown = Callable[[str], str]
"""Makes of a URL what may be kept of it."""
KeptOf = Callable[[Page, str], tuple[tuple[tuple[str, str], ...], BodyFacts | None]]
"""Makes of an answer, and of the text its page shows, what may be kept: headers, and what its body is made of."""


@dataclass
class Asked:
    """One request. Times are seconds of the browser's monotonic clock."""

    url: str
    type: str
    began_s: float
    wall_s: float
    initiator: str
    """URL of what asked for it: a document, a style sheet, a script; empty where nobody knows."""
    by_script: bool
    frame: str
    blocking: bool
    hops: int = 0
    """Answers that came before its own: redirects, and the leave a browser asks for with OPTIONS."""
    first_s: float | None = None
    end_s: float | None = None
    status: int = 0
    protocol: str = ""
    received: int = 0
    size: int = 0
    mime: str = ""
    depth: int = 0
    after: str = ""
    number: str = ""
    """By which the protocol knows it."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """As they came; hostile, and secrets may be in them."""
    kept: tuple[tuple[str, str], ...] = ()
    facts: BodyFacts | None = None


class Requests:
    """Listens on one page from before it is opened."""

    def __init__(self) -> None:
        self.all: dict[str, Asked] = {}
        self.frame = ""
        """Of the page itself."""
        self.pushed_s: list[float] = []
        """When something came by a socket or a stream that stays open, by the browser's clock."""
        self.last_s = time.monotonic()
        """When something began or ended, by our clock."""

    async def listen(self, protocol: Any) -> None:
        """Begin; `protocol` is the page's DevTools session."""
        for name, function in (
            ("requestWillBeSent", self._request),
            ("responseReceived", self._response),
            ("dataReceived", self._content),
            ("loadingFinished", self._finished),
            ("loadingFailed", self._finished),
            ("webSocketFrameReceived", self._pushed),
            ("eventSourceMessageReceived", self._pushed),
        ):
            protocol.on(f"Network.{name}", function)
        tree = await protocol.send("Page.getFrameTree")
        self.frame = str(tree["frameTree"]["frame"]["id"])
        await protocol.send("Network.enable")

    @property
    def documents(self) -> list[Asked]:
        """The documents the page itself consisted of, one after another."""
        return [one for one in self.all.values() if one.type == "Document" and one.frame == self.frame]

    @property
    def open(self) -> int:
        """How many are under way that may end."""
        return sum(one.end_s is None and one.type not in _STREAMS for one in self.all.values())

    async def look_into(self, protocol: Any, shown: str, kept_of: KeptOf) -> None:
        """Keep of each answer what may be kept; of JSON also what it is made of, against the text that is `shown`."""
        read = 0
        for one in list(self.all.values())[:MOST_RESOURCES]:
            body = b""
            wanted = one.type in ("Fetch", "XHR") and "json" in one.mime and one.end_s is not None
            if wanted and read < READ_BODIES and 0 < one.size <= READ_BYTES and one.status < 300:
                read += 1
                body = await _body(protocol, one.number)
            page = Page(one.url, one.status, one.headers, body)
            one.kept, facts = kept_of(page, shown if body else "")
            one.facts = facts if body else None

    def _request(self, event: Any) -> None:
        number, asked = str(event["requestId"]), event.get("request", {})
        url = str(asked.get("url", ""))
        self.last_s = time.monotonic()
        initiator = event.get("initiator", {})
        if initiator.get("type") == "preflight":
            if before := self.all.get(str(initiator.get("requestId", ""))):
                before.hops += 1
            return
        hops = 0
        if event.get("redirectResponse") and (before := self.all.get(number)):
            hops = before.hops + 1
        if not url.startswith(("http:", "https:")) or (number not in self.all and len(self.all) >= MOST_REQUESTS):
            return
        self.all[number] = Asked(
            url=url,
            type=str(event.get("type", "")),
            began_s=self.all[number].began_s if hops else float(event["timestamp"]),
            wall_s=self.all[number].wall_s if hops else float(event.get("wallTime", 0)),
            initiator=self.all[number].initiator if hops else _initiator(initiator),
            by_script=initiator.get("type") == "script",
            frame=str(event.get("frameId", "")),
            blocking=event.get("renderBlockingBehavior") == "Blocking",
            hops=hops,
            number=number,
        )

    def _response(self, event: Any) -> None:
        if one := self.all.get(str(event["requestId"])):
            answer = event.get("response", {})
            timing = answer.get("timing") or {}
            one.first_s = float(event["timestamp"])
            if timing.get("receiveHeadersEnd", -1) >= 0:  # the event itself waits for a busy main thread
                one.first_s = float(timing["requestTime"]) + float(timing["receiveHeadersEnd"]) / 1000
            one.status = int(answer.get("status", 0))
            one.protocol = str(answer.get("protocol", ""))[:20]
            one.mime = str(answer.get("mimeType", ""))[:100].lower()
            one.type = str(event.get("type", one.type))
            one.headers = tuple(
                (str(name).lower()[:80], str(value)[:4_000])
                for name, value in list(answer.get("headers", {}).items())[:80]
            )

    def _content(self, event: Any) -> None:
        if one := self.all.get(str(event["requestId"])):
            one.size += max(0, int(event.get("dataLength", 0)))
            one.received += max(0, int(event.get("encodedDataLength", 0)))

    def _pushed(self, event: Any) -> None:
        if len(self.pushed_s) < MOST_REQUESTS:
            self.pushed_s.append(float(event["timestamp"]))

    def _finished(self, event: Any) -> None:
        self.last_s = time.monotonic()
        if one := self.all.get(str(event["requestId"])):
            one.end_s = float(event["timestamp"])
            one.received = max(one.received, int(event.get("encodedDataLength", 0)))


def joined(
    requests: Requests,
    zero_s: float,
    tasks: Iterable[tuple[float, float]],
    own: Iterable[str],
    scripts: Mapping[str, float],
    images: Mapping[str, tuple[tuple[int, int], tuple[int, int]]],
    shown: Shown,
) -> tuple[Resource, ...]:
    """The resources, by when they were asked for, relative to `zero_s`.

    `tasks` are (beginning, end) of the long tasks of the main thread, relative as well; `scripts` seconds of the main
    thread by URL; `images` sizes (drawn, natural) by URL.
    """
    order = sorted(requests.all.values(), key=lambda one: one.began_s)[:MOST_RESOURCES]
    busy = [(zero_s + began, zero_s + end) for began, end in tasks]
    hosts = tuple(own)
    for number, one in enumerate(order):
        _place(one, order[:number], busy)
    found = []
    for one in order:
        kind = _KINDS.get(one.type, "other")
        if kind == "document" and one.frame != requests.frame:
            kind = "other"
        drawn, natural = images.get(one.url, (None, None))
        end_s = one.end_s if one.end_s is not None else max(one.began_s, one.first_s or 0)
        found.append(
            Resource(
                url=shown(one.url),
                kind=kind,
                start_s=max(0.0, one.began_s - zero_s),
                end_s=max(0.0, end_s - zero_s),
                received=one.received,
                status=one.status,
                third_party=is_third_party(urlsplit(one.url).hostname or "", hosts),
                blocking=kind == "document" or (one.blocking and one.frame == requests.frame),
                protocol=one.protocol,
                size=one.size,
                shown=drawn,
                natural=None if "svg" in one.mime else natural,
                depth=one.depth,
                after=shown(one.after) if one.after else "",
                main_s=scripts.get(one.url, 0.0),
                headers=one.kept,
                facts=one.facts,
            )
        )
    return tuple(found)


def _place(one: Asked, before: list[Asked], busy: list[tuple[float, float]]) -> None:
    """Find out what an answer had to wait for: what names it, and for a script's request the answer just before."""
    one.depth = one.hops
    parent = next((b for b in reversed(before) if b.url == one.initiator), None)
    if parent is None and before and one.type != "Document":
        parent = before[0]
    if parent is not None:
        one.depth, one.after = parent.depth + 1 + one.hops, parent.url
    if not one.by_script:
        return
    from_s = (parent.end_s or parent.began_s) if parent else 0.0
    answers = [b for b in before if b.type in ("Fetch", "XHR") and b.by_script and b.end_s is not None]
    for answer in sorted(answers, key=lambda b: b.end_s or 0, reverse=True):
        ended = answer.end_s or 0.0
        if not from_s <= ended <= one.began_s:
            continue
        worked = sum(max(0.0, min(end, one.began_s) - max(began, ended)) for began, end in busy)
        if one.began_s - ended - worked <= FOLLOWS_S and answer.depth + 1 + one.hops > one.depth:
            one.depth, one.after = answer.depth + 1 + one.hops, answer.url
        break


async def _body(protocol: Any, number: str) -> bytes:
    """The body of an answer; empty where the browser has let go of it."""
    try:
        told = await protocol.send("Network.getResponseBody", {"requestId": number})
    except Exception as error:
        if not type(error).__module__.startswith("playwright."):
            raise
        return b""
    body = str(told.get("body", ""))
    try:
        return base64.b64decode(body) if told.get("base64Encoded") else body.encode("utf-8", "replace")
    except ValueError:
        return b""


def _initiator(of: Any) -> str:
    if url := of.get("url"):
        return str(url)
    stack, levels = of.get("stack"), 0
    while stack and levels < 20:
        for frame in stack.get("callFrames", ()):
            if frame.get("url"):
                return str(frame["url"])
        stack, levels = stack.get("parent"), levels + 1
    return ""
