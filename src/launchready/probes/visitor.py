"""One visitor of the portal: asks anew each time, keeps cookies, follows redirects, sends forms.

Unlike `http.py`, which asks each question once in a run, this is for what is looked at again until it is right, and
for what needs a session. A visitor who is to send something secret trusts only the right certificate. No scripts run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from urllib.parse import urlencode, urlsplit

import pycurl

from launchready.probes.addresses import why_unreachable
from launchready.probes.cookie_jar import CookieJar
from launchready.probes.curl_multi import CurlMulti
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, TlsFailed, Unreachable
from launchready.probes.http import Chain
from launchready.probes.network import Network
from launchready.probes.page import Page, normal_url
from launchready.probes.transfer import Transfer

MOST_ADDRESSES = 3
_ACCEPT = "Accept: text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"


class Visitor:
    """Somebody who comes with a browser that has just been opened. `async with Visitor(…) as visitor:`."""

    def __init__(self, network: Network, dns: Dns, *, trusts_all: bool = True) -> None:
        self.network = network
        self.dns = dns
        self.trusts_all = trusts_all
        """Whether any certificate will do; not for who sends a password."""
        self.cookies = CookieJar()
        self._multi: CurlMulti | None = None

    async def __aenter__(self) -> Visitor:
        """Come."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close connections."""
        if self._multi:
            self._multi.close()
            self._multi = None

    async def go(self, url: str, fields: Mapping[str, str] | None = None, *, referer: str = "") -> Chain:
        """GET a URL, or POST `fields` to it, and follow redirects as a browser does.

        A form is sent on (307, 308) only within its host. From a public address none is followed to a private one.
        """
        hops: list[Page] = []
        seen: set[tuple[str, str]] = set()
        with contextlib.suppress(ValueError):
            url = normal_url(url)
        while len(hops) <= self.network.limits.redirects:
            cookies = self.cookies.header(url)
            if fields is None and (url, cookies) in seen:
                break
            seen.add((url, cookies))
            page = await self._ask(url, fields, cookies, referer, hops[-1] if hops else None)
            if isinstance(page, Failure):
                return Chain(tuple(hops), page)
            hops.append(page)
            self.cookies.take(page)
            if not page.redirects or not page.location:
                return Chain(tuple(hops), page)
            if page.status in (301, 302, 303):
                fields = None
            elif fields is not None and urlsplit(page.location).hostname != urlsplit(url).hostname:
                return Chain(tuple(hops), Garbage(Phase.ANSWER, url, "it sends the form on to another host"))
            referer, url = url, page.location
        return Chain(tuple(hops), hops[-1], loop=True)

    async def _ask(
        self, url: str, fields: Mapping[str, str] | None, cookies: str, referer: str, before: Page | None
    ) -> Page | Failure:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            return Garbage(Phase.REQUEST, url, f"not a URL: {error}")
        if parts.scheme not in ("http", "https") or not host:
            return Garbage(Phase.REQUEST, url, "not a web address")
        addresses = await self.dns.places(host)
        if isinstance(addresses, Failure):
            return addresses
        if before and not why_unreachable(before.address) and any(map(why_unreachable, addresses)):
            return Unreachable(Phase.CONNECT, url, "a redirect to an address nobody outside can reach")
        found: Page | Failure = NoAddress(Phase.LOOKUP, host, f"{host} has no address")
        first: Failure | None = None
        for address in addresses[:MOST_ADDRESSES]:
            found = await self._transfer(url, host, address, port, fields, cookies, referer)
            if not (isinstance(found, Failure) and found.phase is Phase.CONNECT):
                return found
            first = first or found
        return first or found

    async def _transfer(
        self,
        url: str,
        host: str,
        address: str,
        port: int,
        fields: Mapping[str, str] | None,
        cookies: str,
        referer: str,
    ) -> Page | Failure:
        place = self.network.route(host, address, port)
        if isinstance(place, Failure):
            return place
        limit_s = self.network.bounded_s(self.network.limits.operation_timeout_s)
        if limit_s <= 0:
            return OutOfTime(Phase.REQUEST, url, "the deadline of the run passed first")
        transfer = Transfer(url, address, place, self.network.limits, limit_s, share=False)
        curl = transfer.curl
        if cookies:
            curl.setopt(pycurl.COOKIE, cookies)
        headers = [_ACCEPT]
        if referer:
            headers.append(f"Referer: {referer}")
        if fields is not None:
            origin = urlsplit(referer or url)
            headers.append(f"Origin: {origin.scheme}://{origin.netloc}")
            curl.setopt(pycurl.COPYPOSTFIELDS, urlencode(fields))
        curl.setopt(pycurl.HTTPHEADER, headers)
        if not self.trusts_all:
            transfer.trust_only_the_right(self.network.ca_pem)
        self._multi = self._multi or CurlMulti(4)
        async with self.network.slot("http", host, url):
            try:
                code, message = await self._multi.perform(curl)
                if code == pycurl.E_PEER_FAILED_VERIFICATION:
                    return TlsFailed(Phase.TLS, url, f"the certificate is not to be trusted: {message[:200]}")
                return transfer.result(code, message)
            finally:
                curl.close()
