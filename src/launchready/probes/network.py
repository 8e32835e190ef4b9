"""What every probe shares: where a connection really goes, how many at once, how long, and "asked once".

`Network.route` is the only way from a name and port to the socket's address; with `closed` set it leads
nowhere but where it was told, which is how the lab keeps every packet on loopback.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from launchready.probes.failures import Failure, Phase, Unreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds every look keeps. Seconds, bytes, counts."""

    lookup_timeout_s: float = 3.0
    """One DNS question to one server, retry included."""
    connect_timeout_s: float = 5.0
    operation_timeout_s: float = 10.0
    """One handshake, one GET, one SMTP conversation, from first packet to last."""
    run_deadline_s: float = 90.0
    """The whole run."""
    body_bytes: int = 2 * 1024 * 1024
    """Of one answer's body, after decompression."""
    header_bytes: int = 64 * 1024
    redirects: int = 10
    per_host: int = 8
    """Simultaneous looks at one host."""
    total: int = 96
    """Simultaneous looks in all."""
    questions_per_server: int = 64
    """DNS questions to one server at once: packets, not connections, so more than `per_host`."""
    requests_per_host: int = 32
    """GETs to one host at once: they share one connection of HTTP/2, or six of HTTP/1.1."""
    requests: int = 192
    """GETs under way in all; they do not count towards `total`."""
    questions: int = 256
    """DNS questions under way in all; they do not count towards `total`."""


class Endpoint(NamedTuple):
    """Where the socket connects to."""

    address: str
    port: int


class Detour(NamedTuple):
    """As curl's --connect-to: looks at `host`:`port` (a name or an address; empty for any) go to `to_*` instead."""

    host: str
    port: int | None
    to_address: str
    to_port: int | None


def parse_detour(text: str) -> Detour:
    """Parse `HOST:PORT:ADDR:PORT` (IPv6 in brackets, parts may be empty). Raises ValueError for people."""
    parts = _split_outside_brackets(text)
    if len(parts) != 4:
        raise ValueError(f"--connect-to {text!r}: expected HOST:PORT:ADDR:PORT, as curl does")
    host, port, to_address, to_port = parts
    try:
        numbers = [int(p) if p else None for p in (port, to_port)]
    except ValueError:
        raise ValueError(f"--connect-to {text!r}: a port is not a number") from None
    return Detour(host.strip("[]").lower(), numbers[0], to_address.strip("[]"), numbers[1])


class Counted(NamedTuple):
    """When a look began and ended (seconds since the run began), for the bench's round trips by phase."""

    kind: str
    subject: str
    began_s: float
    ended_s: float


@dataclass
class Network:
    """The way out, for one run."""

    limits: Limits = field(default_factory=Limits)
    detours: tuple[Detour, ...] = ()
    closed: bool = False
    """Refuse whatever no detour names: nothing leaves for the real network."""
    ca_pem: bytes | None = None
    """Roots to trust instead of the Mozilla set, PEM (`--ca-file`)."""
    looks: list[Counted] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Index the detours and start the run's clock."""
        self._by_place: dict[tuple[str, int | None], Detour] = {}
        for detour in self.detours:
            self._by_place.setdefault((detour.host, detour.port), detour)
        self._memo: dict[Hashable, asyncio.Future[Any]] = {}
        self._total = {
            "dns": asyncio.Semaphore(self.limits.questions),
            "http": asyncio.Semaphore(self.limits.requests),
            "": asyncio.Semaphore(self.limits.total),
        }
        self._per_host: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._began = time.monotonic()

    def route(self, host: str, address: str, port: int) -> Endpoint | Failure:
        """Where a look at `host` (known to be at `address`) on `port` connects to."""
        name = host.lower().rstrip(".")
        for place in ((name, port), (address, port), (name, None), (address, None), ("", port), ("", None)):
            if detour := self._by_place.get(place):
                return Endpoint(detour.to_address or address, detour.to_port or port)
        if self.closed:
            return Unreachable(Phase.CONNECT, f"{host}:{port}", f"no route to {address} port {port}")
        return Endpoint(address, port)

    async def once(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a question the first time, and give every later asker the same answer (single flight).

        The asking task is the network's own: a cancelled asker does not cancel it for the others.
        """
        if (waiting := self._memo.get(key)) is None:
            waiting = self._memo[key] = asyncio.ensure_future(ask())
        answer: T = await asyncio.shield(waiting)
        return answer

    @asynccontextmanager
    async def slot(self, kind: str, host: str, subject: str = "") -> AsyncIterator[None]:
        """Wait for a free place, per host and in all, and count one look of `kind` while inside."""
        if (gate := self._per_host.get((kind, host))) is None:
            limits = self.limits
            own = {"dns": limits.questions_per_server, "http": limits.requests_per_host}
            gate = self._per_host[kind, host] = asyncio.Semaphore(own.get(kind, limits.per_host))
        async with gate, self._total.get(kind, self._total[""]):
            began = self.now_s
            try:
                yield
            finally:
                self.looks.append(Counted(kind, subject or host, began, self.now_s))

    @property
    def now_s(self) -> float:
        """Seconds since the run began, on a clock that never goes back."""
        return time.monotonic() - self._began

    @property
    def left_s(self) -> float:
        """Seconds until the deadline of the run; 0 when it has passed."""
        return max(0.0, self.limits.run_deadline_s - self.now_s)

    def bounded_s(self, timeout_s: float) -> float:
        """`timeout_s`, cut to what is left of the run."""
        return min(timeout_s, self.left_s)

    def tally(self) -> dict[str, int]:
        """Looks by kind."""
        return dict(Counter(look.kind for look in self.looks))

    async def drop(self) -> None:
        """Cancel what is still being asked; call at the end of a run."""
        pending = [task for task in self._memo.values() if not task.done()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def detours_of(lines: Iterable[str]) -> tuple[Detour, ...]:
    """Parse many detours; blank lines and `#` comments are passed over."""
    texts = (line.strip() for line in lines)
    return tuple(parse_detour(text) for text in texts if text and not text.startswith("#"))


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
