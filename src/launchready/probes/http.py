"""HTTP on libcurl: one GET a URL and address, phases timed in C, sizes and times bounded.

Where a host is, our own DNS says; where the socket goes, the network. GETs for one host and address share one
connection where the server speaks HTTP/2, at most six where it does not. No cookies are kept from one chain of
redirects to another.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import pycurl

from launchready.probes.addresses import why_unreachable
from launchready.probes.cookie_jar import CookieJar
from launchready.probes.curl_multi import CurlMulti
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, Timeout, Unreachable
from launchready.probes.network import Endpoint, Network
from launchready.probes.page import Page, Phases, normal_url
from launchready.probes.transfer import Transfer

__all__ = ["Chain", "Http", "Page", "Phases", "normal_url"]

MOST_ADDRESSES = 4
"""Of one host, tried one after the other while nobody can be reached."""
CONNECTIONS = 6
"""To one host and address over HTTP/1.1, as browsers do."""


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
        self._lines: dict[tuple[str, str, str, int], _Line] = {}

    async def get(self, url: str, *, address: str | None = None) -> Page | Failure:
        """GET a URL without following redirects; from `address`, else the host's first that answers (v4 first).

        The certificate is not required to be valid (nothing secret is sent; the TLS probe says whether it is, and
        why not), so that one bad certificate does not hide everything behind it.
        """
        return await self._get_any(url, address, "")

    async def get_again(self, url: str) -> Page | Failure:
        """GET a URL a second time, once the first GET has ended: what a cache on the way has kept shows then.

        However many ask, it is asked twice in a run and no more.
        """
        await self.get(url)
        return await self._get_any(url, None, "", again=True)

    async def _get_any(self, url: str, address: str | None, cookies: str, *, again: bool = False) -> Page | Failure:
        try:
            url = normal_url(url)
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            return Garbage(Phase.REQUEST, url, f"not a URL: {error}")
        if parts.scheme not in ("http", "https"):
            return Garbage(Phase.REQUEST, url, "not a web address")
        addresses = (address,) if address is not None else await self._addresses(host)
        if isinstance(addresses, Failure):
            return addresses
        first: Failure | None = None
        for candidate in addresses[:MOST_ADDRESSES]:
            found = await self._get_once(url, host, candidate, port, cookies, again)
            if not (isinstance(found, Failure) and found.phase is Phase.CONNECT):
                return found
            first = first or found  # the later ones may fail for want of IPv6 here
        return first or NoAddress(Phase.LOOKUP, host, f"{host} has no address")

    async def follow(self, url: str) -> Chain:
        """GET a URL and follow redirects, each hop through `get`.

        A chain that goes in circles while it sets cookies is followed again with them, as a browser would: some
        sites lead everybody to the same page once more to see whether cookies come back.
        From a public address none is followed to a private or loopback one: nobody else could, and whoever wrote
        it must not make this machine ask its neighbours. A redirect that names no web address ends in Garbage.
        """
        with contextlib.suppress(ValueError):
            url = normal_url(url)
        chain = await self._follow(url, None)
        if chain.loop and any(page.header("set-cookie") for page in chain.hops):
            return await self._follow(url, CookieJar())
        return chain

    async def close(self) -> None:
        """Close connections."""
        if self._multi:
            self._multi.close()
            self._multi = None

    async def _follow(self, url: str, jar: CookieJar | None) -> Chain:
        hops: list[Page] = []
        seen: set[tuple[str, str]] = set()
        while len(hops) <= self.network.limits.redirects:
            cookies = jar.header(url) if jar else ""
            if (url, cookies) in seen:
                break
            seen.add((url, cookies))
            if hops and (refusal := await self._closed_to_strangers(hops[-1], url)):
                return Chain(tuple(hops), refusal)
            page = await self._get_any(url, None, cookies)
            if isinstance(page, Failure):
                return Chain(tuple(hops), page)
            hops.append(page)
            target = page.location
            if target is None or not page.redirects:
                lost = Garbage(Phase.ANSWER, url, f"answers {page.status} without saying where to go")
                return Chain(tuple(hops), lost if page.redirects else page)
            if jar:
                jar.take(page)
            url = target
        return Chain(tuple(hops), hops[-1], loop=True)

    async def _addresses(self, host: str) -> tuple[str, ...] | Failure:
        with contextlib.suppress(ValueError):
            return (str(ip_address(host)),)
        return await self.dns.addresses(host)

    async def _closed_to_strangers(self, origin: Page, url: str) -> Failure | None:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return None
        addresses = await self._addresses(host) if host else ()
        if isinstance(addresses, Failure) or why_unreachable(origin.address):
            return None
        reasons = [reason for address in addresses if (reason := why_unreachable(address))]
        if not reasons:
            return None
        return Unreachable(Phase.CONNECT, url, f"a redirect to an address nobody outside can reach ({reasons[0]})")

    async def _get_once(
        self, url: str, host: str, address: str, port: int, cookies: str, again: bool
    ) -> Page | Failure:
        key = ("http", url, address, cookies, again)
        return await self.network.once(key, lambda: self._get(url, host, address, port, cookies))

    async def _get(self, url: str, host: str, address: str, port: int, cookies: str) -> Page | Failure:
        place = self.network.route(host, address, port)
        if isinstance(place, Failure):
            return place
        scheme = url.partition(":")[0]
        if (line := self._lines.get((scheme, host, address, port))) is None:
            line = self._lines[scheme, host, address, port] = _Line(narrow=scheme == "http")
        async with self.network.slot("http", host, url):
            found = await self._transfer(url, address, place, line, cookies)
            if isinstance(found, Timeout) and found.phase is Phase.REQUEST:
                found = await self._transfer(
                    url, address, place, line, cookies
                )  # it queued inside libcurl; now it queues here
            return found

    async def _transfer(self, url: str, address: str, place: Endpoint, line: _Line, cookies: str) -> Page | Failure:
        async with line.places if line.narrow else contextlib.nullcontext():
            if line.dead.done():
                return replace(line.dead.result(), subject=url)
            limit_s = self.network.bounded_s(self.network.limits.operation_timeout_s)
            if limit_s <= 0:
                return OutOfTime(Phase.REQUEST, url, "the deadline of the run passed first")
            transfer = Transfer(url, address, place, self.network.limits, limit_s, share=not line.narrow)
            if cookies:
                transfer.curl.setopt(pycurl.COOKIE, cookies)
            self._multi = self._multi or CurlMulti(CONNECTIONS)
            performing = asyncio.ensure_future(self._multi.perform(transfer.curl))
            line.transfers.add(transfer)
            try:
                await asyncio.wait((performing, line.dead), return_when=asyncio.FIRST_COMPLETED)
                if not performing.done() and not transfer.sent:
                    return replace(line.dead.result(), subject=url)
                return line.learn(transfer, transfer.result(*await performing))
            finally:
                line.transfers.discard(transfer)
                performing.cancel()
                await asyncio.wait((performing,))
                transfer.curl.close()


class _Line:
    """What is known of the way to one host at one address and port.

    When the first GET cannot connect or shake hands, or is not answered at all, those that wait behind it have
    their answer too, and nobody tries again: one handshake is one look, and a dead host costs one timeout.
    """

    def __init__(self, *, narrow: bool) -> None:
        self.narrow = narrow
        """It speaks HTTP/1.1: a request holds a connection until it is answered."""
        self.places = asyncio.Semaphore(CONNECTIONS)
        self.transfers: set[Transfer] = set()
        self.answered = False
        self.dead: asyncio.Future[Failure] = asyncio.get_running_loop().create_future()

    def learn(self, transfer: Transfer, found: Page | Failure) -> Page | Failure:
        """Take note of what came of a transfer, and tell it in the light of the others."""
        if isinstance(found, Page):
            self.answered = True
            self.narrow = self.narrow or found.http_version != "2"
        elif transfer.sent:
            if isinstance(found, Timeout) and not self.answered:
                self._fail(found)
        elif self.dead.done():
            return replace(self.dead.result(), subject=found.subject)
        elif self.answered or any(other.sent for other in self.transfers):
            if isinstance(found, Timeout):
                self.narrow = True  # libcurl would have sent it along, had the other been on HTTP/2
                detail = f"the server was busy with other requests for {found.elapsed_s:.1f} s"
                return Timeout(Phase.REQUEST, found.subject, detail, found.elapsed_s)
        else:
            if isinstance(found, Timeout) and any(other.connected for other in self.transfers):
                found = replace(found, phase=Phase.TLS, detail="the handshake did not end in time")
            self._fail(found)
        return found

    def _fail(self, failure: Failure) -> None:
        if not self.dead.done():
            self.dead.set_result(failure)
