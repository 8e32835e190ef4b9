"""One GET on libcurl: the easy handle, what has come so far within the byte caps, and what came of it."""

from __future__ import annotations

import certifi
import pycurl

from launchready import __version__
from launchready.probes.failures import Failure, Garbage, Phase, Refused, Timeout, TlsFailed, TooLarge, Unreachable
from launchready.probes.network import Endpoint, Limits
from launchready.probes.page import Page, Phases


class Transfer:
    """A GET of `url`, known to be at `address`, from the socket `place`; within `limit_s` seconds.

    `share` waits for a connection that is being made, in the hope of HTTP/2.
    """

    def __init__(self, url: str, address: str, place: Endpoint, limits: Limits, limit_s: float, *, share: bool) -> None:
        self.url, self.address, self.limits = url, address, limits
        self._lines: list[bytes] = []
        self._head_bytes = 0
        self._head_ended = False
        self._body = bytearray()
        self._cut = False
        to = f"[{place.address}]" if ":" in place.address else place.address
        self.curl = curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        # The socket goes where the network says; libcurl looks no name up.
        curl.setopt(pycurl.CONNECT_TO, [f"::{to}:{place.port}"])
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.USERAGENT, f"LaunchReady/{__version__}")
        curl.setopt(pycurl.HTTPHEADER, ["Accept: text/html,application/xhtml+xml,*/*;q=0.8"])
        curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, br")
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.PIPEWAIT, int(share))
        # Whether the certificate is right is for the TLS probe, which explains what libcurl only refuses.
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_0)
        curl.setopt(pycurl.SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(limits.connect_timeout_s, limit_s) * 1000) or 1)
        curl.setopt(pycurl.TIMEOUT_MS, int(limit_s * 1000) or 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_head)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def trust_only_the_right(self, ca_pem: bytes | None) -> None:
        """Let libcurl verify the certificate, against `ca_pem` or Mozilla's roots: for what is sent that is secret."""
        curl = self.curl
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        curl.setopt(pycurl.SSL_CIPHER_LIST, "DEFAULT")
        if ca_pem is not None:
            curl.setopt(pycurl.CAINFO_BLOB, ca_pem)
        else:
            curl.setopt(pycurl.CAINFO, certifi.where())

    @property
    def sent(self) -> bool:
        """Whether the request went out, which proves a connection."""
        return _sent(self.curl)

    @property
    def connected(self) -> bool:
        """Whether this one opened the connection it waits on."""
        return _connected(self.curl)

    def result(self, code: int, message: str) -> Page | Failure:
        """What came of it. A body cut at the cap is a page, and so is any redirect whose head came."""
        status: int = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if self._head_ended and status >= 200:
            page = self._page(status, broken=code != 0)
            if code == 0 or self._cut or page.redirects:
                return page
        return self._failure(code, message, self.curl.getinfo(pycurl.TOTAL_TIME))

    def _page(self, status: int, *, broken: bool) -> Page:
        pairs = (_decoded(line).partition(":") for line in self._lines if b":" in line)
        get = self.curl.getinfo
        times = (pycurl.CONNECT_TIME, pycurl.APPCONNECT_TIME, pycurl.STARTTRANSFER_TIME, pycurl.TOTAL_TIME)
        return Page(
            url=self.url,
            status=status,
            headers=tuple((name.strip().lower(), value.strip()) for name, _, value in pairs),
            body=bytes(self._body),
            truncated=self._cut or broken,
            address=self.address,
            http_version="2" if get(pycurl.INFO_HTTP_VERSION) == pycurl.CURL_HTTP_VERSION_2_0 else "1.1",
            phases=Phases(*map(get, times)),
        )

    def _failure(self, code: int, message: str, elapsed_s: float) -> Failure:
        return failure_of(
            self.curl, self.url, code, message, elapsed_s, self.limits, self._head_bytes, self._head_ended
        )

    def _take_head(self, line: bytes) -> int | None:
        self._head_bytes += len(line)
        if self._head_bytes > self.limits.header_bytes:
            return -1
        if line.startswith(b"HTTP/") and (self._head_ended or not self._lines):
            # Of a 1xx answer before this one nothing is kept.
            self._lines, self._head_ended = [], False
        elif not line.strip(b"\r\n"):
            self._head_ended = True
        elif self._head_ended:
            pass  # a trailer below the body (RFC 9110 section 6.5)
        elif line[:1] in b" \t" and self._lines:
            self._lines[-1] += b" " + line.strip()  # folded (RFC 9112 section 5.2)
        else:
            self._lines.append(line.rstrip(b"\r\n"))
        return None

    def _take_body(self, piece: bytes) -> int | None:
        room = self.limits.body_bytes - len(self._body)
        self._body += piece[:room]
        if len(piece) > room:
            self._cut = True
            return -1
        return None


def failure_of(
    curl: pycurl.Curl,
    url: str,
    code: int,
    message: str,
    elapsed_s: float,
    limits: Limits,
    head_bytes: int,
    head_ended: bool,
) -> Failure:
    """What libcurl's error means; `head_bytes` of headers had come, all of them when `head_ended`."""
    if head_bytes > limits.header_bytes or code == _TOO_LARGE:
        detail = f"more than {limits.header_bytes} bytes of headers came"
        return TooLarge(Phase.ANSWER, url, detail, elapsed_s)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _timeout(curl, url, head_bytes, elapsed_s)
    if code == pycurl.E_COULDNT_CONNECT:
        lower = message.lower()
        if "unreachable" in lower or "no route" in lower or "permission" in lower or "bind" in lower:
            return Unreachable(Phase.CONNECT, url, "cannot be reached from here", elapsed_s)
        return Refused(Phase.CONNECT, url, "nobody listens there: connection refused", elapsed_s)
    if code in (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CIPHER):
        kind = Garbage if any(word in message for word in _NOT_TLS) else TlsFailed
        return kind(Phase.TLS, url, f"the TLS handshake failed: {message[:200]}", elapsed_s)
    if code in (pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
        if not _sent(curl) and url.startswith("https:"):
            detail = "the connection was closed before the handshake ended"
            return TlsFailed(Phase.TLS, url, detail, elapsed_s)
        if not head_bytes:
            detail = "the connection was closed without an answer"
            return Refused(Phase.ANSWER, url, detail, elapsed_s)
    if head_ended:
        return Garbage(Phase.ANSWER, url, f"the answer broke off: {message[:200]}", elapsed_s)
    return Garbage(Phase.ANSWER, url, f"the answer does not follow HTTP: {message[:200]}", elapsed_s)


def _timeout(curl: pycurl.Curl, url: str, head_bytes: int, elapsed_s: float) -> Timeout:
    if _sent(curl):
        phase, what = Phase.ANSWER, "the answer did not end" if head_bytes else "nothing was answered"
    elif _connected(curl):
        phase, what = Phase.TLS, "the handshake did not end"
    else:
        phase, what = Phase.CONNECT, "nobody answered the connection"
    return Timeout(phase, url, f"{what} within {elapsed_s:.1f} s", elapsed_s)


def _sent(curl: pycurl.Curl) -> bool:
    return bool(curl.getinfo(pycurl.REQUEST_SIZE) > 0)


def _connected(curl: pycurl.Curl) -> bool:
    return bool(curl.getinfo(pycurl.CONNECT_TIME) > 0)


_TOO_LARGE = 100
"""CURLE_TOO_LARGE, which pycurl has no name for: libcurl's own bound on headers."""
_NOT_TLS = ("wrong version number", "packet length too long", "unexpected message", "http request")


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
