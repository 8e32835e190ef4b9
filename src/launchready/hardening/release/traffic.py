"""Visitors while a release is rehearsed: so many requests a second, whatever becomes of the ones before.

Open loop: a request is sent when its time has come, so that a portal that hangs shows as requests that fail, not as
fewer requests. Half of them come on fresh connections, half on connections that are kept alive. A request fails when
it gets no whole answer in time, or another status than the page had before. GET only.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from launchready.probes.dns import Dns
from launchready.probes.failures import Failure
from launchready.probes.network import Network

RATE = 20.0
LIMIT_S = 10.0
MOST_BYTES = 4 * 1024 * 1024
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answered:
    """One request."""

    began_s: float
    """Since the traffic began."""
    took_s: float
    problem: str = ""
    """Why it counts as failed; empty when it does not."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of all of them."""

    requests: int
    failed: int
    downtime_s: float
    """From each first request that failed to the next that did not."""
    longest_gap_s: float
    """The longest time in which no request was answered well."""
    slowest_s: float
    problems: tuple[str, ...]
    """The first few, each once."""


@dataclass
class Traffic:
    """Requests to some pages of one portal."""

    network: Network
    urls: tuple[str, ...]
    rate: float = RATE
    dns: Dns | None = None
    """Who is asked for addresses; None: names are left to the system."""
    answered: list[Answered] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is sent yet."""
        self._idle: list[tuple[str, Line]] = []
        self._expected: dict[str, int] = {}
        self._began = 0.0

    async def first_look(self) -> str:
        """Ask each page once, for the status it has now; a sentence when one does not answer well."""
        for url in self.urls:
            try:
                async with asyncio.timeout(LIMIT_S):
                    status = await self._get(url, keep=False)
            except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
                return f"{url} gives no answer ({_words(error)})"
            if status >= 400:
                return f"{url} answers {status}"
            self._expected[url] = status
        return ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Visitors come as long as this is open; those who are there at the end are waited for."""
        self._began = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        clock = asyncio.create_task(self._clock(under_way))
        try:
            yield
        finally:
            clock.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            for _, (_, writer) in self._idle:
                writer.close()
            self._idle.clear()

    def tally(self, since_s: float = 0.0, until_s: float = float("inf")) -> Tally:
        """What became of the requests that were sent in that time."""
        return tally_of([one for one in self.answered if since_s <= one.began_s < until_s])

    @property
    def now_s(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    async def _clock(self, under_way: set[asyncio.Task[None]]) -> None:
        number = 0
        while True:
            await asyncio.sleep(max(0.0, self._began + number / self.rate - time.monotonic()))
            visit = asyncio.create_task(self._visit(self.urls[number // 2 % len(self.urls)], keep=number % 2 == 1))
            under_way.add(visit)
            visit.add_done_callback(under_way.discard)
            number += 1

    async def _visit(self, url: str, *, keep: bool) -> None:
        began, problem = time.monotonic(), ""
        try:
            async with asyncio.timeout(LIMIT_S):
                status = await self._get(url, keep=keep)
            if status != self._expected.get(url, status):
                problem = f"{status} instead of {self._expected[url]}"
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            problem = _words(error)
        self.answered.append(Answered(began - self._began, time.monotonic() - began, problem))

    async def _get(self, url: str, *, keep: bool) -> int:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        line = self._kept(place) if keep else None
        reader, writer = line or await self._connect(url)
        whole = False
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            words = "keep-alive" if keep else "close"
            head = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: launchready-rehearsal\r\n"
            writer.write(f"{head}Accept: */*\r\nConnection: {words}\r\n\r\n".encode())
            status, goes_on = await _read(reader)
            whole = keep and goes_on
            return status
        finally:
            if whole:
                self._idle.append((place, (reader, writer)))
            else:
                writer.close()

    def _kept(self, place: str) -> Line | None:
        """A connection that is idle and, as far as anybody can see, still open: as a browser's pool does."""
        for index, (where, (reader, writer)) in enumerate(self._idle):
            if where == place:
                del self._idle[index]
                if reader.at_eof() or writer.is_closing():
                    writer.close()
                    return self._kept(place)
                return reader, writer
        return None

    async def _connect(self, url: str) -> Line:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = host
        if self.dns is not None and "." in host and not host.rpartition(".")[2].isdigit():
            found = await self.dns.addresses(host)
            if isinstance(found, Failure):
                raise OSError(str(found))
            address = found[0] if found else host
        route = self.network.route(host, address, port)
        if isinstance(route, Failure):
            raise OSError(str(route))
        context = None
        if parts.scheme == "https":
            roots = self.network.ca_pem
            context = ssl.create_default_context(cadata=roots.decode() if roots else None)
        name = host if context else None
        return await asyncio.open_connection(route.address, route.port, ssl=context, server_hostname=name)


def tally_of(answered: Sequence[Answered]) -> Tally:
    """Count."""
    ordered = sorted(answered, key=lambda one: one.began_s)
    failed = [one for one in ordered if one.problem]
    ends = sorted(one.began_s + one.took_s for one in ordered if not one.problem)
    if ordered:  # what is away from the beginning, or to the end, is a gap as well
        ends = [ordered[0].began_s, *ends, max([*ends[-1:], ordered[-1].began_s])]
    gaps = [after - before for before, after in itertools.pairwise(ends)]
    downtime_s, down_since = 0.0, None
    for one in ordered:
        if one.problem and down_since is None:
            down_since = one.began_s
        elif not one.problem and down_since is not None:
            downtime_s, down_since = downtime_s + one.began_s - down_since, None
    if down_since is not None:
        downtime_s += ordered[-1].began_s + ordered[-1].took_s - down_since
    return Tally(
        len(ordered),
        len(failed),
        round(downtime_s, 2),
        round(max(gaps, default=0.0), 2),
        round(max((one.took_s for one in ordered), default=0.0), 2),
        tuple(dict.fromkeys(one.problem for one in failed))[:5],
    )


async def _read(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of a whole answer (RFC 9112), and whether the connection goes on."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    fields = {name.strip().lower(): value.strip().lower() for name, _, value in (line.partition(":") for line in lines)}
    goes_on = fields.get("connection") != "close" and first.startswith("HTTP/1.1")
    if status in (204, 304):
        return status, goes_on
    if "chunked" in fields.get("transfer-encoding", ""):
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(min(size, MOST_BYTES) + 2)
        await reader.readuntil(b"\r\n")
        return status, goes_on
    if "content-length" in fields:
        await reader.readexactly(min(int(fields["content-length"]), MOST_BYTES))
        return status, goes_on
    await reader.read(MOST_BYTES)
    return status, False


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {LIMIT_S:.0f} s"
    if isinstance(error, asyncio.IncompleteReadError):
        return "the connection was closed before the answer was whole"
    return str(getattr(error, "strerror", None) or error)[:100]
