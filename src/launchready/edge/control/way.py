"""The way to a provider's API from the thread that speaks with it: our network, our roots, our deadline.

Both octoDNS (by `requests`) and the SDK (by `httpx`) go through one transport. It waits for a 429 as long as the
provider says and the run has time for, and repeats nothing else.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import certifi
import httpcore
import httpx

from launchready.edge.control.held import Barred
from launchready.probes.failures import Failure

if TYPE_CHECKING:
    from launchready.probes.look import Look

MOST_BYTES = 32 * 1024 * 1024
"""Of one answer: 5,000 records are about 3 MB."""
PATIENCE = 5
"""How often one request waits for a 429."""


class Way:
    """Made in the event loop, used in a thread."""

    def __init__(self, look: Look) -> None:
        self._look, self._loop = look, asyncio.get_running_loop()
        pem = look.network.ca_pem or Path(certifi.where()).read_bytes()
        context = ssl.create_default_context(cadata=pem.decode())
        timeout = httpx.Timeout(look.network.limits.operation_timeout_s)
        transport = httpx.HTTPTransport(verify=context, trust_env=False)
        transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Routed(self))
        self.stopped = False
        """Whether somebody told the run to end: no request is begun any more."""
        self.calls = 0
        """Requests made."""
        self._patient = _Patient(self, transport)
        self.http = httpx.Client(
            transport=self._patient, timeout=timeout, trust_env=False, headers={"Accept-Encoding": "identity"}
        )

    @property
    def closed(self) -> bool:
        """Whether nothing may be reached but what was named."""
        return self._look.network.closed or bool(self._look.network.detours)

    @property
    def left_s(self) -> float:
        """Seconds the run has left."""
        return self._look.network.left_s

    @property
    def step_s(self) -> float:
        """Seconds one request may take."""
        return self._look.network.bounded_s(self._look.network.limits.operation_timeout_s)

    def places(self, host: str, port: int) -> list[tuple[str, int]]:
        """Where to connect for a host and port. Raises httpcore.ConnectError."""
        asked = asyncio.run_coroutine_threadsafe(self._look.dns.addresses(host), self._loop)
        try:
            addresses = asked.result(self.step_s + 1)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} was not looked up in time") from None
        if isinstance(addresses, Failure):
            raise httpcore.ConnectError(f"{host}: {addresses}")
        routed = [self._look.network.route(host, address, port) for address in addresses]
        found = [(place.address, place.port) for place in routed if not isinstance(place, Failure)]
        if not found:
            why = next((str(place) for place in routed if isinstance(place, Failure)), "it has no address")
            raise httpcore.ConnectError(f"{host}: {why}")
        return found

    def session_adapter(self) -> Any:
        """What a `requests.Session` is to be mounted with."""
        import requests
        from requests.adapters import BaseAdapter

        way = self

        class Forwarding(BaseAdapter):
            def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
                body: Any = request.body.encode() if isinstance(request.body, str) else request.body
                try:
                    headers: Any = {**request.headers, "Accept-Encoding": "identity"}
                    answer = way.http.request(
                        str(request.method), str(request.url), content=body, headers=headers
                    )  # fmt: skip
                except httpx.TransportError as error:
                    raise requests.ConnectionError(str(error)) from None
                made = requests.Response()
                made.status_code, made._content, made.request = answer.status_code, answer.content, request
                made.url, made.reason = str(request.url), answer.reason_phrase
                made.headers.update(answer.headers)
                return made

            def close(self) -> None:
                return None

        return Forwarding()

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()


class _Routed(httpcore.SyncBackend):
    def __init__(self, way: Way) -> None:
        self._way = way

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        problem: Exception | None = None
        for address, to_port in self._way.places(host, port)[:3]:
            try:
                return super().connect_tcp(address, to_port, *args, **kwargs)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem or httpcore.ConnectError(f"{host} has no address")


class _Patient(httpx.BaseTransport):
    def __init__(self, way: Way, inner: httpx.HTTPTransport) -> None:
        self._way, self._inner = way, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._way.stopped:
            raise httpx.ConnectError("interrupted")
        if self._way.left_s <= 0:
            raise httpx.ConnectTimeout("the deadline of the run passed")
        for attempt in range(PATIENCE + 1):
            self._way.calls += 1
            response = self._whole(self._inner.handle_request(request))
            wait_s = _asked_to_wait(response)
            if wait_s is None or attempt == PATIENCE or wait_s + 1 > self._way.left_s:
                return response
            until = time.monotonic() + wait_s
            while time.monotonic() < until and not self._way.stopped:
                time.sleep(min(0.2, wait_s))
        raise AssertionError

    def _whole(self, response: httpx.Response) -> httpx.Response:
        until, parts, size = time.monotonic() + self._way.step_s, [], 0
        stream = cast(httpx.SyncByteStream, response.stream)
        try:
            for part in stream:
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise httpx.ReadError(f"the answer is larger than {MOST_BYTES} bytes")
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer did not end in time")
        finally:
            response.close()
        return httpx.Response(
            response.status_code, headers=response.headers, content=b"".join(parts), extensions=response.extensions
        )

    def close(self) -> None:
        self._inner.close()


def _asked_to_wait(response: httpx.Response) -> float | None:
    """Seconds a 429 asks to wait (RFC 9110 section 10.2.3); None when it does not say, or says a date."""
    said = response.headers.get("retry-after", "")
    return float(said) if response.status_code == 429 and said.isdigit() and len(said) < 6 else None


def barred(error: Exception, doing: str) -> Barred:
    """What an exception of the SDK, octoDNS, requests or httpx means, in words without secrets."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    name = type(error).__name__
    said = _first_message(error)
    if status in (401, 403) or name == "CloudflareAuthenticationError":
        return Barred(f"{doing}: the token was refused ({said})", denied=True)
    if status == 429 or name == "CloudflareRateLimitError":
        return Barred(f"{doing}: Cloudflare limits how often its API is asked (429), longer than this run may last; "
                      "wait five minutes")  # fmt: skip
    if isinstance(status, int) and status >= 500:
        return Barred(f"{doing}: the provider answered with an error of its own ({status})", unsure=True)
    if isinstance(status, int) or name == "CloudflareError":
        return Barred(f"{doing}: refused: {said}")
    if "Connect" in name and not isinstance(error.__cause__, httpx.ReadError):
        return Barred(f"{doing}: the provider could not be reached ({said})", unsure=True)
    return Barred(f"{doing}: no answer ({said})", unsure=True)


def _first_message(error: Exception) -> str:
    body = getattr(error, "body", None)
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        inner: Any = errors[0].get("error_chain") or ({},)
        more = inner[0].get("message", "") if isinstance(inner[0], dict) else ""
        return " ".join(f"{errors[0].get('message', '')} {more}".split())[:300]
    cause = error.__cause__ or error
    return " ".join(str(cause).split())[:300] or type(error).__name__
