"""HTTP on libcurl: one GET a URL and address, phases timed in C, sizes and times bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import pycurl

from launchready import __version__
from launchready.probes.curl_multi import CurlMulti
from launchready.probes.dns import Dns
from launchready.probes.failures import (
    Failure,
    Garbage,
    NoAddress,
    OutOfTime,
    Phase,
    Refused,
    Timeout,
    TlsFailed,
    TooLarge,
    Unreachable,
)
from launchready.probes.network import Endpoint, Network


@dataclass(frozen=True, slots=True)
class Phases:
    """When each phase of a GET ended, in seconds from its start (curl's *_TIME values)."""

    connect_s: float = 0.0
    tls_s: float = 0.0
    first_byte_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to one GET. Everything in it is hostile text."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """As sent, names in lower case, in order, repeated ones kept."""
    body: bytes = field(repr=False)
    """Decompressed, cut at the byte cap."""
    truncated: bool = False
    """The body was larger than the cap; `body` holds its beginning."""
    address: str = ""
    http_version: str = "1.1"
    phases: Phases = Phases()

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every header of that name."""
        return tuple(value for key, value in self.headers if key == name.lower())

    @property
    def location(self) -> str | None:
        """Absolute URL a 3xx leads to (RFC 9110 section 10.2.2), or None."""
        value = self.header("location")
        if not 300 <= self.status < 400 or not value:
            return None
        try:
            return _normal(urljoin(self.url, value.strip()))
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """Body as text by charset of header or meta, undecodable bytes replaced."""
        declared = _CHARSET.search(self.header("content-type") or "")
        meta = _META_CHARSET.search(self.body[:2048])
        name = declared.group(1) if declared else meta.group(1).decode("ascii") if meta else "utf-8"
        try:
            return self.body.decode(name, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Chain:
    """A URL followed through its redirects."""

    hops: tuple[Page, ...]
    """Every page on the way, the final one included."""
    end: Page | Failure
    """Where it ended: the final page, or why it could not go on."""
    loop: bool = False
    """It came back to a URL it had been at, or passed the redirect cap."""


class Http:
    """GETs; each (URL, address) once in a run."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network = network
        self.dns = dns
        self._multi: CurlMulti | None = None

    async def get(self, url: str, *, address: str | None = None) -> Page | Failure:
        """GET a URL without following redirects; from `address`, else the host's first that answers (v4 first).

        The certificate is not required to be valid (nothing secret is sent; whether it is, `tls.py` says), so
        that one bad certificate does not hide everything behind it.
        """
        try:
            url = _normal(url)
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            return Garbage(Phase.REQUEST, url, f"not a URL: {error}")
        if parts.scheme not in ("http", "https") or not host:
            return Garbage(Phase.REQUEST, url, "not a web address")
        if address is not None:
            return await self._get_once(url, host, address, port)
        addresses = await self.dns.addresses(host)
        if isinstance(addresses, Failure):
            return addresses
        if not addresses:
            return NoAddress(Phase.LOOKUP, host, f"{host} has no address")
        first: Failure | None = None
        for candidate in addresses[:MOST_ADDRESSES]:
            found = await self._get_once(url, host, candidate, port)
            if not (isinstance(found, Failure) and found.phase is Phase.CONNECT):
                return found
            first = first or found  # the later ones may fail for want of IPv6 here
        return first or NoAddress(Phase.LOOKUP, host, f"{host} has no address")

    async def follow(self, url: str) -> Chain:
        """GET a URL and follow redirects, each hop through `get`."""
        hops: list[Page] = []
        seen: set[str] = set()
        while True:
            url = _normal_or_same(url)
            if url in seen or len(hops) > self.network.limits.redirects:
                return Chain(tuple(hops), hops[-1], loop=True)
            seen.add(url)
            page = await self.get(url)
            if isinstance(page, Failure):
                return Chain(tuple(hops), page)
            hops.append(page)
            if (target := page.location) is None:
                return Chain(tuple(hops), page)
            url = target

    async def close(self) -> None:
        """Close connections."""
        if self._multi:
            self._multi.close()
            self._multi = None

    async def _get_once(self, url: str, host: str, address: str, port: int) -> Page | Failure:
        return await self.network.once(("http", url, address), lambda: self._get(url, host, address, port))

    async def _get(self, url: str, host: str, address: str, port: int) -> Page | Failure:
        place = self.network.route(host, address, port)
        if isinstance(place, Failure):
            return place
        async with self.network.slot("http", host, url):
            limit_s = self.network.bounded_s(self.network.limits.operation_timeout_s)
            if limit_s <= 0:
                return OutOfTime(Phase.REQUEST, url, "the deadline of the run passed first")
            self._multi = self._multi or CurlMulti()
            transfer = Transfer(url, address, place, self.network, limit_s)
            try:
                code, message = await self._multi.perform(transfer.curl)
                return transfer.result(code, message)
            finally:
                transfer.curl.close()


E_TOO_LARGE = 100
"""CURLE_TOO_LARGE, which pycurl does not name (https://curl.se/libcurl/c/libcurl-errors.html)."""
MOST_ADDRESSES = 4
"""Of one host, tried one after the other when nobody listens."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


def _normal(url: str) -> str:
    """Without fragment, host in lower case, a slash where the path is empty, no blanks or control characters.

    Raises ValueError for what cannot be a URL.
    """
    parts = urlsplit(url)
    if parts.port == (443 if parts.scheme == "https" else 80):
        parts = parts._replace(netloc=parts.netloc.rpartition(":")[0])
    quoted = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), quoted, query, ""))


def _normal_or_same(url: str) -> str:
    try:
        return _normal(url)
    except ValueError:
        return url


class Transfer:
    """One GET being made: the easy handle, and what has come so far, within the byte caps."""

    def __init__(self, url: str, address: str, place: Endpoint, network: Network, limit_s: float) -> None:
        self.url, self.address, self.limits = url, address, network.limits
        self._head = bytearray()
        self._body = bytearray()
        self._cut = self._head_too_large = False
        to = f"[{place.address}]" if ":" in place.address else place.address
        self.curl = curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.CONNECT_TO, [f"::{to}:{place.port}"])
        curl.setopt(pycurl.USERAGENT, f"LaunchReady/{__version__}")
        curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, br")
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.PIPEWAIT, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(self.limits.connect_timeout_s, limit_s) * 1000) or 1)
        curl.setopt(pycurl.TIMEOUT_MS, int(limit_s * 1000) or 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_head)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def result(self, code: int, message: str) -> Page | Failure:
        """What came of it. A body cut at the cap is a page; a cut head is a failure."""
        whole = bytes(self._head).rpartition(b"\r\n\r\n")[0]
        elapsed_s = self.curl.getinfo(pycurl.TOTAL_TIME)
        if self._head_too_large:
            detail = f"more than {self.limits.header_bytes} bytes of headers"
            return TooLarge(Phase.ANSWER, self.url, detail, elapsed_s)
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if (code == 0 or self._cut) and status:
            return self._page(status, whole)
        return self._failure(code, message, elapsed_s)

    def _page(self, status: int, head: bytes) -> Page:
        # A 1xx answer and a proxy's leave their heads before the final one.
        lines = head.split(b"\r\n\r\n")[-1].split(b"\r\n")[1:]
        pairs = (line.decode("utf-8", "replace").partition(":") for line in lines if b":" in line)
        get = self.curl.getinfo
        return Page(
            url=self.url,
            status=status,
            headers=tuple((name.strip().lower(), value.strip()) for name, _, value in pairs),
            body=bytes(self._body),
            truncated=self._cut,
            address=self.address,
            http_version={pycurl.CURL_HTTP_VERSION_2_0: "2"}.get(get(pycurl.INFO_HTTP_VERSION), "1.1"),
            phases=Phases(
                get(pycurl.CONNECT_TIME),
                get(pycurl.APPCONNECT_TIME),
                get(pycurl.STARTTRANSFER_TIME),
                get(pycurl.TOTAL_TIME),
            ),
        )

    def _failure(self, code: int, message: str, elapsed_s: float) -> Failure:
        connected = self.curl.getinfo(pycurl.CONNECT_TIME) > 0
        if code == pycurl.E_OPERATION_TIMEDOUT:
            what = "nothing, or not enough, was answered" if connected else "nobody answered the connection"
            phase = Phase.ANSWER if connected else Phase.CONNECT
            return Timeout(phase, self.url, f"{what} within {elapsed_s:.1f} s", elapsed_s)
        if code == pycurl.E_COULDNT_CONNECT:
            unreachable = "unreachable" in message.lower() or "no route" in message.lower()
            kind: type[Failure] = Unreachable if unreachable else Refused
            detail = "cannot be reached from here" if unreachable else "nobody listens there: connection refused"
            return kind(Phase.CONNECT, self.url, detail, elapsed_s)
        if code in (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION):
            return TlsFailed(Phase.TLS, self.url, f"the TLS handshake failed: {message}", elapsed_s)
        if code in (pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
            return Refused(Phase.ANSWER, self.url, "the connection was closed without an answer", elapsed_s)
        if code == E_TOO_LARGE:
            return TooLarge(Phase.ANSWER, self.url, "the headers are too large", elapsed_s)
        return Garbage(Phase.ANSWER, self.url, f"the answer does not follow HTTP: {message}", elapsed_s)

    def _take_head(self, line: bytes) -> int | None:
        self._head += line
        if len(self._head) > self.limits.header_bytes:
            self._head_too_large = True
            return -1
        return None

    def _take_body(self, piece: bytes) -> int | None:
        room = self.limits.body_bytes - len(self._body)
        self._body += piece[:room]
        if len(piece) > room:
            self._cut = True
            return -1
        return None
