"""The answers of a measurement by route, and what bytes and round trips cost on its line. Judges nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.measurement import BodyFacts, Exchange, Line, Measurement, Visit
from launchready.performance.routes import route_of

FIRST_WINDOW = 10 * 1460
"""Bytes of the first flight of a connection (RFC 6928); each round trip doubles it (RFC 5681, slow start)."""
USUAL_RTT_S = 0.03
"""Of a wired line within a country, where a measurement names none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that a step waited for: of the walk, or of what its page asked for in a browser."""

    flow: str
    step: str
    user: str
    route: str
    url: str
    received: int
    facts: BodyFacts
    headers: tuple[tuple[str, str], ...] = ()
    signed_in: bool = False

    @property
    def subject(self) -> str:
        """What a finding about it is about."""
        return self.route

    def header(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def compressed(self) -> bool:
        """Whether it came compressed, by its header or by its size."""
        coding = self.header("content-encoding").strip().lower()
        return coding not in ("", "identity") or 0 < self.received < 0.7 * self.facts.size


def answers(measured: Measurement) -> Iterator[Answer]:
    """The answers that came through, walked ones first; what a page's scripts asked for where a browser read it."""
    for one in measured.exchanges:
        if 200 <= one.status < 300 and one.facts.kind != "empty":
            yield Answer(
                one.flow, one.step, one.user, one.route, one.url, one.received, one.facts, one.headers, one.signed_in
            )
    for visit in measured.visits:
        signed_in = _signed_in(measured, visit)
        for resource in visit.resources:
            if resource.facts is None or resource.third_party or not 200 <= resource.status < 300:
                continue
            yield Answer(
                visit.flow,
                visit.step,
                visit.user,
                route_of("GET", resource.url),
                resource.url,
                resource.received,
                resource.facts,
                resource.headers,
                signed_in,
            )


def by_route(measured: Measurement) -> dict[str, list[Answer]]:
    """The answers of each route of each host, in the order they were walked."""
    found: dict[str, list[Answer]] = {}
    for one in answers(measured):
        found.setdefault(f"{host_of(one.url)} {one.route}", []).append(one)
    return found


def walked(measured: Measurement) -> Iterator[tuple[tuple[str, str, str], list[Exchange]]]:
    """The exchanges of each step of each user, in order."""
    steps: dict[tuple[str, str, str], list[Exchange]] = {}
    for one in measured.exchanges:
        steps.setdefault((one.flow, one.step, one.user), []).append(one)
    yield from steps.items()


def host_of(url: str) -> str:
    """Host and port of a URL, as it stands there."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def rtt_s(line: Line) -> float:
    """One round trip on the line."""
    return line.rtt_ms / 1000 if line.rtt_ms else USUAL_RTT_S


def transfer_s(size: int, line: Line) -> float:
    """How long so many bytes take on the line beyond the first round trip: its bandwidth, and the slow start."""
    trips = max(0, math.ceil(math.log2(size / FIRST_WINDOW + 1)) - 1) if size > 0 else 0
    bandwidth_s = size * 8 / (line.down_mbps * 1e6) if line.down_mbps else 0.0
    return bandwidth_s + trips * rtt_s(line)


def line_named(line: Line) -> str:
    """The line in words."""
    if not line.down_mbps:
        return f"at {rtt_s(line) * 1000:g} ms a round trip"
    return f"at {line.down_mbps:g} Mbit/s and {rtt_s(line) * 1000:g} ms a round trip"


def spelled(size: int) -> str:
    """Bytes for people."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{size / 1_000:.0f} kB" if size >= 1_000 else f"{size} bytes"


def seconds(value_s: float) -> str:
    """A time for people."""
    return f"{value_s:.1f} s" if value_s >= 1 else f"{value_s * 1000:.0f} ms"


def _signed_in(measured: Measurement, visit: Visit) -> bool:
    return any(
        one.signed_in
        for one in measured.exchanges
        if (one.flow, one.step, one.user) == (visit.flow, visit.step, visit.user)
    )
