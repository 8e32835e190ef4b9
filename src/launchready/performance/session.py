"""One visitor's requests on libcurl: own cookies, own connections, the exact time of each phase.

A fresh visitor pays for lookup, connection and TLS, as a buyer does who has just opened the browser; within a session
connections are kept. Only a right certificate is trusted, for passwords are sent. Redirects are not followed here,
nothing is sent twice, and nothing waits for a free place: whoever asks decides how much is asked at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

import pycurl

from launchready import __version__
from launchready.performance.cookies import Sent, sent_to
from launchready.performance.curl_sockets import Multi, Sockets
from launchready.performance.curl_words import header_lines, headers_of, phases_of, set_method
from launchready.performance.roots import Roots
from launchready.performance.words import Reply, Request
from launchready.probes.addresses import place_of, why_unreachable
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, Timeout, TlsFailed, Unreachable
from launchready.probes.network import Endpoint, Network
from launchready.probes.page import Page
from launchready.probes.transfer import failure_of

MOST_ADDRESSES = 3
"""So many addresses of a host are tried; the one that took a connection is used from then on."""
CONNECTIONS_PER_HOST = 6
"""Of one visitor at once, as browsers do with HTTP/1.1."""


@asynccontextmanager
async def open_sessions(network: Network, dns: Dns) -> AsyncIterator[Sessions]:
    """Sessions of one measurement; all are closed at its end."""
    sessions = Sessions(network, dns)
    try:
        yield sessions
    finally:
        sessions.close()


class Sessions:
    """Makes visitors, and knows where hosts are: each name is looked up once in a run."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network, self.dns = network, dns
        self.roots = Roots(network.ca_pem)
        self._places: dict[str, tuple[str, ...] | Failure] = {}
        self._lookup_s: dict[str, float] = {}
        self._sockets = Sockets()
        self._warm: Multi | None = None
        self._routes: dict[tuple[str, str, int], Endpoint | Failure] = {}
        self._open: set[CurlSession] = set()

    def new(self, *, like: CurlSession | None = None, fresh: bool = True) -> CurlSession:
        """Let a visitor come; with the cookies of `like`, so that one who is logged in counts for many.

        `fresh`: with a browser just opened. Otherwise they take connections that earlier visitors left open.
        """
        if fresh:
            multi = Multi(self._sockets, CONNECTIONS_PER_HOST)
        else:
            multi = self._warm = self._warm or Multi(self._sockets, 0)
        session = CurlSession(self, multi, owns=fresh)
        if like:
            session.take_cookies(like)
        self._open.add(session)
        return session

    async def addresses(self, host: str) -> tuple[str, ...] | Failure:
        """Where a host is; asked once, and the first answer's time is what each fresh visitor's lookup takes."""
        if (known := self._places.get(host)) is not None:
            return known
        found: tuple[str, ...] | Failure = place_of(host)
        if not found:
            began = self.network.now_s
            found = await self.dns.addresses(host)
            if not isinstance(found, Failure):
                self._lookup_s.setdefault(host, self.network.now_s - began)
        return self._places.setdefault(host, found)

    def route(self, host: str, address: str, port: int) -> Endpoint | Failure:
        """Where the socket goes, by the network."""
        key = host, address, port
        if (known := self._routes.get(key)) is None:
            known = self._routes[key] = self.network.route(host, address, port)
        return known

    def lookup_s(self, host: str) -> float:
        """How long the cold lookup of that name took; 0 for an address."""
        return self._lookup_s.get(host, 0.0)

    def prefer(self, host: str, address: str) -> None:
        """Use this address of the host from now on: it took a connection."""
        known = self._places.get(host)
        if isinstance(known, tuple) and known[0] != address:
            self._places[host] = (address, *(other for other in known if other != address))

    def forget(self, session: CurlSession) -> None:
        """A session was closed."""
        self._open.discard(session)

    def close(self) -> None:
        """Close every session and every connection."""
        for session in list(self._open):
            session.close()
        if self._warm:
            self._warm.close()
            self._warm = None
        self._sockets.close()
        self.roots.close()


class CurlSession:
    """One visitor; made by `Sessions.new`. Satisfies `words.Session`."""

    def __init__(self, sessions: Sessions, multi: Multi, *, owns: bool) -> None:
        self._sessions, self._multi, self._owns = sessions, multi, owns
        self._jar = pycurl.CurlShare()
        self._jar.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_COOKIE)
        self._idle: list[_Handle] = []
        self._all: list[_Handle] = []
        self._looked_up: set[str] = set()
        self._public = False
        self._cookies: tuple[str, ...] | None = ()
        """As libcurl lists them; None: something was set since it was last asked."""
        self._sent_to: dict[str, Sent] = {}

    async def ask(self, request: Request) -> Reply | Failure:
        """Send one request and wait for its whole answer; a body longer than the limit is cut there."""
        place = _host_and_port(request.url)
        if isinstance(place, str):
            return Garbage(Phase.REQUEST, request.url, place)
        host, port = place
        addresses = await self._sessions.addresses(host)
        if isinstance(addresses, Failure):
            return replace(addresses, subject=request.url)
        if self._public and any(map(why_unreachable, addresses)):
            detail = "from a public address it leads to one that nobody outside can reach"
            return Unreachable(Phase.CONNECT, request.url, detail)
        first: Failure | None = None
        for address in addresses[:MOST_ADDRESSES]:
            found = await self._ask(request, host, address, port)
            if isinstance(found, Reply):
                if first:
                    self._sessions.prefer(host, address)
                return found
            first = first or found
            if found.phase is not Phase.CONNECT:
                return found
        return first or NoAddress(Phase.LOOKUP, request.url, f"{host} has no address")

    def take_cookies(self, other: CurlSession) -> None:
        """Have the cookies that another visitor has now."""
        if not (cookies := other.cookies()):
            return
        handle = self._take()
        for line in cookies:
            handle.curl.setopt(pycurl.COOKIELIST, line)
        self._idle.append(handle)
        self._cookies = None
        self._sent_to.clear()

    def cookies(self) -> tuple[str, ...]:
        """Its cookies in Netscape's format, as libcurl lists them; secret."""
        if self._cookies is None:
            handle = self._take()
            self._cookies = tuple(handle.curl.getinfo(pycurl.INFO_COOKIELIST))
            self._idle.append(handle)
        return self._cookies

    def close(self) -> None:
        """Forget cookies, close connections."""
        if self._owns:
            self._multi.close()
        for handle in self._all:
            handle.curl.close()
        self._all, self._idle = [], []
        with contextlib.suppress(pycurl.error):
            self._jar.close()
        self._sessions.forget(self)

    async def _ask(self, request: Request, host: str, address: str, port: int) -> Reply | Failure:
        network = self._sessions.network
        place = self._sessions.route(host, address, port)
        if isinstance(place, Failure):
            return place
        limit_s = network.bounded_s(network.limits.operation_timeout_s)
        if limit_s <= 0:
            return OutOfTime(Phase.REQUEST, request.url, "the deadline of the run passed first")
        signed_in = self._sends_cookies(request.url) or _authorized(request)
        handle = self._take()
        try:
            handle.prepare(request, place, limit_s)
            code, message = await self._multi.perform(handle.curl)
            found = handle.result(request, code, message, address, self._lookup_s(host), signed_in)
            if isinstance(found, Reply):
                if found.fresh:
                    self._looked_up.add(host)
                    self._public = self._public or why_unreachable(address) is None
                if handle.sets_cookies:
                    self._cookies = None
                    self._sent_to.clear()
            elif isinstance(found, Timeout) and limit_s < network.limits.operation_timeout_s and network.left_s < 0.5:
                detail = f"the deadline of the run passed after {limit_s:.1f} s of it"
                return OutOfTime(found.phase, request.url, detail)
            return found
        finally:
            self._idle.append(handle)

    def _lookup_s(self, host: str) -> float:
        """What the lookup costs this visitor now: the first connection to a host only."""
        return 0.0 if host in self._looked_up else self._sessions.lookup_s(host)

    def _sends_cookies(self, url: str) -> bool:
        if self._cookies == ():
            return False
        if (known := self._sent_to.get(url)) is None:
            if len(self._sent_to) > 500:
                self._sent_to.clear()
            known = self._sent_to[url] = sent_to(url, self.cookies())
        return known.any

    def _take(self) -> _Handle:
        if self._idle:
            return self._idle.pop()
        handle = _Handle(self._sessions, self._jar, self._multi)
        self._all.append(handle)
        return handle


class _Handle:
    """An easy handle that is used again and again; only what differs is set anew."""

    def __init__(self, sessions: Sessions, jar: pycurl.CurlShare, multi: Multi) -> None:
        self._limits = sessions.network.limits
        self._lines: list[bytes] = []
        self._body: list[bytes] = []
        self._last_lines: list[bytes] = []
        self._last_headers: tuple[tuple[str, str], ...] = ()
        self.sets_cookies = False
        """Whether the last answer set any."""
        self._room = 0
        self._cut = False
        self._url, self._method, self._limit_ms = "", "", 0
        self._headers: tuple[tuple[str, str], ...] | None = None
        self._place: Endpoint | None = None
        self.curl = curl = pycurl.Curl()
        curl.setopt(pycurl.SHARE, jar)
        curl.setopt(pycurl.COOKIEFILE, "")
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.USERAGENT, f"LaunchReady/{__version__}")
        curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, br")
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        self._roots: Roots | None = sessions.roots
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(self._limits.connect_timeout_s * 1000) or 1)
        curl.setopt(pycurl.SOCKOPTFUNCTION, multi.opened)
        curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def prepare(self, request: Request, place: Endpoint, limit_s: float) -> None:
        """Make it ready to send `request`."""
        curl = self.curl
        self._lines.clear()
        self._body.clear()
        self._room, self._cut = self._limits.body_bytes, False
        if request.url != self._url:
            self._url = request.url
            if self._roots and not request.url.startswith("http:"):
                self._roots.trusted_by(curl)
                self._roots = None
            curl.setopt(pycurl.URL, request.url.encode("utf-8"))
        if place != self._place:
            self._place = place
            to = f"[{place.address}]" if ":" in place.address else place.address
            # The socket goes where the network says; libcurl looks no name up.
            curl.setopt(pycurl.CONNECT_TO, [f"::{to}:{place.port}"])
        if (limit_ms := int(limit_s * 1000) or 1) != self._limit_ms:
            self._limit_ms = limit_ms
            curl.setopt(pycurl.TIMEOUT_MS, limit_ms)
        if request.headers != self._headers:
            self._headers = request.headers
            curl.setopt(pycurl.HTTPHEADER, header_lines(request.headers))
        if request.method != self._method or request.body:
            self._method = request.method
            set_method(curl, request)

    def result(
        self, request: Request, code: int, message: str, address: str, lookup_s: float, signed_in: bool
    ) -> Reply | Failure:
        """What came of it."""
        get = self.curl.getinfo
        status: int = get(pycurl.RESPONSE_CODE)
        lines = self._lines
        head_ended = status >= 200 and (b"\r\n" in lines or b"\n" in lines)
        head_bytes = get(pycurl.HEADER_SIZE)
        if not (head_ended and head_bytes <= self._limits.header_bytes and (code == 0 or self._cut)):
            head_bytes = sum(map(len, lines))
            if code == pycurl.E_PEER_FAILED_VERIFICATION:
                return TlsFailed(Phase.TLS, request.url, f"the certificate is not to be trusted: {message[:200]}")
            total_s = get(pycurl.TOTAL_TIME_T) / 1e6
            return failure_of(self.curl, request.url, code, message, total_s, self._limits, head_bytes, head_ended)
        fresh = get(pycurl.NUM_CONNECTS) > 0
        phases, ends = phases_of(self.curl, fresh, lookup_s)
        page = Page(
            url=request.url,
            status=status,
            headers=self._headers_of(lines),
            body=b"".join(self._body),
            truncated=self._cut,
            address=address,
            http_version="2" if get(pycurl.INFO_HTTP_VERSION) == pycurl.CURL_HTTP_VERSION_2_0 else "1.1",
            phases=ends,
        )
        upload = int(get(pycurl.SIZE_UPLOAD_T))
        sent = get(pycurl.REQUEST_SIZE)
        if sent < upload:
            sent += upload  # before 8.7, libcurl counted the head alone
        received = head_bytes + int(get(pycurl.SIZE_DOWNLOAD_T))
        return Reply(request, page, phases, sent, received, fresh, signed_in)

    def _headers_of(self, lines: list[bytes]) -> tuple[tuple[str, str], ...]:
        """Parsed; the same as last time where they are the same, as under load they mostly are."""
        if lines != self._last_lines:
            self._last_lines, self._last_headers = list(lines), headers_of(lines)
            self.sets_cookies = any(name == "set-cookie" for name, _ in self._last_headers)
        return self._last_headers

    def _take_body(self, piece: bytes) -> int | None:
        if len(piece) > self._room:
            self._body.append(piece[: self._room])
            self._room, self._cut = 0, True
            return -1
        self._room -= len(piece)
        self._body.append(piece)
        return None


def _authorized(request: Request) -> bool:
    return bool(request.headers) and any(name.lower() == "authorization" for name, _ in request.headers)


@lru_cache(maxsize=512)
def _host_and_port(url: str) -> tuple[str, int] | str:
    """Of a web address; or why it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        return f"not a URL: {error}"
    return (host, port) if parts.scheme in ("http", "https") and host else "not a web address"
