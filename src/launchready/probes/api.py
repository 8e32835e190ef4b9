"""Requests to a vendor's JSON API with a token: verified TLS, bounded, no redirect followed, the token in no message.

Unlike `http.py`, which looks at strangers' pages without trusting them, what is sent here is secret: the certificate
must be right, and the answer must come from the host that was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pycurl

from launchready.probes.curl_multi import CurlMulti
from launchready.probes.dns import Dns
from launchready.probes.failures import Failure, Garbage, NoAddress, OutOfTime, Phase, Refused, Timeout, TooLarge
from launchready.probes.network import Network
from launchready.probes.page import Page
from launchready.probes.transfer import Transfer

MOST_ADDRESSES = 3
MOST_TRIES = 3
"""Of one request that is told to come back later."""
LONGEST_WAIT_S = 20.0
"""Of one such pause; who asks for more is told of, not waited for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an API answered."""

    status: int
    document: Any = field(repr=False)
    """The JSON body; None where there was none. May hold values of secrets: read names out of it, keep nothing else."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")


class Api:
    """JSON requests for one run; connections are kept until `close`."""

    def __init__(self, network: Network, dns: Dns) -> None:
        self.network = network
        self.dns = dns
        self._multi: CurlMulti | None = None

    async def ask(self, method: str, url: str, headers: Mapping[str, str], body: object = None) -> Reply | Failure:
        """One request; `url` names it in failures, so nothing secret may be in it.

        A 429 or 503 with a time to come back is waited for within the run's deadline. A redirect is Refused: the token
        is for the host that was asked. An answer that is no JSON is Garbage when it says that all went well.
        """
        for _ in range(MOST_TRIES):
            page = await self._send(method, url, headers, body)
            if isinstance(page, Failure) or page.status not in (429, 503):
                break
            wait_s = _asked_to_wait_s(page)
            if wait_s is None or wait_s > min(LONGEST_WAIT_S, self.network.left_s - 1):
                when = f" and asks to wait {wait_s:.0f} s" if wait_s is not None else ""
                reason = "limits how often it may be asked" if page.status == 429 else "is not available"
                return Timeout(Phase.ANSWER, url, f"{_host(url)} {reason} ({page.status}){when}")
            await asyncio.sleep(wait_s)
        else:
            return Timeout(Phase.ANSWER, url, f"{_host(url)} limits how often it may be asked (429)")
        return page if isinstance(page, Failure) else _reply(page, url)

    async def exchange(
        self, method: str, url: str, content: bytes | None = None, *, limit_s: float | None = None
    ) -> Page | Failure:
        """One exchange of bytes that carries no token, such as an upload to an address that is itself signed.

        `limit_s` takes the place of the operation's timeout; the run's deadline holds all the same. No failure quotes
        more of `url` than its host.
        """
        page = await self._send(method, url, {"Content-Type": ""} if content is not None else {}, content, limit_s)
        if isinstance(page, Failure):
            return replace(page, subject=_host(url))
        return page

    async def close(self) -> None:
        """Close connections."""
        if self._multi:
            self._multi.close()
            self._multi = None

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: object, limit_s: float | None = None
    ) -> Page | Failure:
        host = _host(url)
        addresses = await self.dns.addresses(host)
        if isinstance(addresses, Failure):
            return addresses
        found: Page | Failure = NoAddress(Phase.LOOKUP, host, f"{host} has no address")
        for address in addresses[:MOST_ADDRESSES]:
            found = await self._transfer(method, url, address, headers, body, limit_s)
            if not (isinstance(found, Failure) and found.phase is Phase.CONNECT):
                break
        return found

    async def _transfer(
        self, method: str, url: str, address: str, headers: Mapping[str, str], body: object, longest_s: float | None
    ) -> Page | Failure:
        host = _host(url)
        place = self.network.route(host, address, 443)
        if isinstance(place, Failure):
            return place
        limit_s = self.network.bounded_s(longest_s or self.network.limits.operation_timeout_s)
        if limit_s <= 0:
            return OutOfTime(Phase.REQUEST, url, "the deadline of the run passed first")
        transfer = Transfer(url, address, place, self.network.limits, limit_s, share=True)
        transfer.trust_only_the_right(self.network.ca_pem)
        sent = {"Accept": "application/json", **headers}
        if isinstance(body, bytes):
            transfer.curl.setopt(pycurl.POSTFIELDS, body)
        elif body is not None:
            sent["Content-Type"] = "application/json"
            transfer.curl.setopt(pycurl.POSTFIELDS, json.dumps(body).encode())
        transfer.curl.setopt(pycurl.CUSTOMREQUEST, method)
        transfer.curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".rstrip() for name, value in sent.items()])
        self._multi = self._multi or CurlMulti(4)
        async with self.network.slot("api", host, f"{method} {url.partition('?')[0]}"):
            try:
                return transfer.result(*await self._multi.perform(transfer.curl))
            finally:
                transfer.curl.close()


def _reply(page: Page, url: str) -> Reply | Failure:
    if page.redirects:
        return Refused(Phase.ANSWER, url, f"{_host(url)} redirects ({page.status}); a token is not taken elsewhere")
    if page.truncated:
        return TooLarge(Phase.ANSWER, url, f"{_host(url)} answered more than is read")
    document = None
    if page.body.strip():
        try:
            document = json.loads(page.body)
        except (ValueError, RecursionError):
            if page.status < 400:
                return Garbage(Phase.ANSWER, url, f"{_host(url)} did not answer with JSON")
    return Reply(page.status, document, page.headers)


def _asked_to_wait_s(page: Page) -> float | None:
    """Seconds by `Retry-After` (RFC 9110 section 10.2.3), else by a header of rate limits, as seconds or as a time."""
    now = time.time()
    if after := page.header("retry-after"):
        if after.strip().isdigit():
            return float(after)
        with contextlib.suppress(ValueError, TypeError):
            return max(0.0, parsedate_to_datetime(after).timestamp() - now)
    if page.status == 429:
        for name in ("ratelimit-reset", "x-ratelimit-reset"):
            text = page.header(name) or ""
            if text.strip().isdigit():
                number = float(text)
                return max(0.0, number - now) if number > 1e9 else number
    return None


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
