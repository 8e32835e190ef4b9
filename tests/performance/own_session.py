"""A session for these tests until the engine's is there."""

from __future__ import annotations

from urllib.parse import urlsplit

import pycurl

from launchready.measurement import Phases
from launchready.performance.words import Reply, Request
from launchready.probes.curl_multi import CurlMulti
from launchready.probes.failures import Failure
from launchready.probes.network import Endpoint, Limits
from launchready.probes.transfer import Transfer


class OwnSession:
    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.multi = CurlMulti(6)
        self.share = pycurl.CurlShare()
        self.share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_COOKIE)

    async def ask(self, request: Request) -> Reply | Failure:
        parts = urlsplit(request.url)
        transfer = Transfer(
            request.url, "127.0.0.1", Endpoint("127.0.0.1", parts.port or 80), self.limits,
            self.limits.operation_timeout_s, share=False,
        )  # fmt: skip
        curl = transfer.curl
        curl.setopt(pycurl.SHARE, self.share)
        curl.setopt(pycurl.COOKIEFILE, "")
        curl.setopt(pycurl.HTTPHEADER, [f"{n}: {v}" for n, v in request.headers] + ["Expect:"])
        if request.body:
            curl.setopt(pycurl.POSTFIELDS, request.body)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        code, message = await self.multi.perform(curl)
        found = transfer.result(code, message)
        curl.close()
        if isinstance(found, Failure):
            return found
        return Reply(request, found, Phases(), 0, 0, True)

    def close(self) -> None:
        self.multi.close()
