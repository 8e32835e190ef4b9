"""The edge in front of the zone's proxied hosts: each phase in Cloudflare's order, on the settings of this moment.

HTTPS and redirects, firewall, cache, origin, response headers, compression. Rules of phases it does not act out
(configuration, origin, custom errors, bulk redirects) are kept by the API and change nothing here.
Order: https://developers.cloudflare.com/ruleset-engine/reference/phases-list/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from launchready.lab.cloudflare import cache as caching
from launchready.lab.cloudflare.finish import compressed, with_headers, with_hsts, with_https_links
from launchready.lab.cloudflare.firewall import Firewall, matches, page
from launchready.lab.cloudflare.language import parse
from launchready.lab.cloudflare.origin import Fetched, Unreached, Way, fetch
from launchready.lab.cloudflare.records import Record
from launchready.lab.cloudflare.state import EDGE, CloudflareState
from launchready.lab.edge_http import Request
from launchready.lab.world import Certificate, Response, Route, Site

_ROUTES = (Route("*", Response(404)),)


class Proxy:
    """The edge of one zone."""

    addresses: tuple[str, ...] = EDGE

    def __init__(self, state: CloudflareState, ca_pem: bytes) -> None:
        self.state, self.ca_pem = state, ca_pem
        self.firewall = Firewall(state)
        self.cache = caching.Cache(lambda: state.clock())
        state.on_purge.append(self.cache.purge)
        self.way = Way({}, ca_pem)
        self.answers: Counter[str] = Counter()
        """Requests by `cf-cache-status`."""
        self._number = 0

    def lead_to(self, ports: Mapping[tuple[str, int | None], tuple[str, int]]) -> None:
        """Say where on loopback the origins listen, by address and port."""
        self.way = Way(ports, self.ca_pem)

    @property
    def alone(self) -> bool:
        """Whether the zone's own servers let nobody else in."""
        return self.state.account.closed_origin

    def holds(self, host: str) -> bool:
        """Whether a host is of the zone."""
        return host == self.state.zone_name or host.endswith(f".{self.state.zone_name}")

    def site(self, host: str) -> Site | None:
        """How a host's TLS is to be: Universal SSL is for the zone and names one label below; None: no certificate."""
        zone, settings = self.state.zone_name, self.state.settings
        if host != zone and host.partition(".")[2] != zone:
            return None
        oldest = settings["min_tls_version"]
        newest = "1.2" if settings["tls_1_3"] == "off" and oldest != "1.3" else "1.3"
        return Site(
            zone,
            EDGE,
            _ROUTES,
            _ROUTES,
            certificate=Certificate((zone, f"*.{zone}")),
            oldest_tls=oldest,
            newest_tls=newest,
            h2=settings["http2"] == "on",
        )

    async def answer(self, scheme: str, asked: Request) -> Response:
        """What a visitor gets."""
        self._number += 1
        response = await self._answered(scheme, asked)
        if scheme == "https":
            response = with_hsts(response, self.state.settings["security_header"]["strict_transport_security"])
        ray = ("CF-RAY", f"{self._number:016x}-LAB")
        return replace(response, headers=(*response.headers, ("Server", "cloudflare"), ray))

    async def _answered(self, scheme: str, asked: Request) -> Response:
        host = asked.host.lower().partition(":")[0]
        records = self.state.proxied(host) if self.holds(host) else []
        if not records:
            return page(409, "1001", asked)
        if moved := self._scheme_changed(scheme, host, asked):
            return moved
        fields = self._fields(scheme, host, asked)
        if moved := self._redirected(fields):
            return moved
        asked = self._rewritten(asked, fields)
        fields = self._fields(scheme, host, asked)
        if refused := self.firewall.verdict(asked, fields):
            return refused
        return await self._served(scheme, host, asked, fields, records)

    def _scheme_changed(self, scheme: str, host: str, asked: Request) -> Response | None:
        if scheme == "http" and self.state.settings["always_use_https"] == "on":
            return Response(301, (("Location", f"https://{host}{asked.target}"),), b"")
        if scheme == "https" and self.state.settings["ssl"] == "off":
            return Response(301, (("Location", f"http://{host}{asked.target}"),), b"")
        return None

    def _redirected(self, fields: Mapping[str, Any]) -> Response | None:
        for rule in self.state.rules("http_request_dynamic_redirect"):
            if not matches(rule, fields):
                continue
            value = rule["action_parameters"]["from_value"]
            target = _written(value["target_url"], fields)
            query = fields["http.request.uri.query"]
            if value.get("preserve_query_string") and query:
                target += ("&" if "?" in target else "?") + query
            return Response(value.get("status_code", 301), (("Location", target),), b"")
        return None

    def _rewritten(self, asked: Request, fields: Mapping[str, Any]) -> Request:
        """With the URL that transform rules make, and the headers of late ones."""
        for rule in self.state.rules("http_request_transform"):
            if matches(rule, fields):
                uri = rule["action_parameters"].get("uri", {})
                path, _, query = asked.target.partition("?")
                path = _written(uri["path"], fields) if "path" in uri else path
                query = _written(uri["query"], fields) if "query" in uri else query
                asked = replace(asked, target=path + (f"?{query}" if query else ""))
        headers = dict(asked.fields)
        for rule in self.state.rules("http_request_late_transform"):
            if matches(rule, fields):
                for name, change in rule["action_parameters"].get("headers", {}).items():
                    if change["operation"] == "remove":
                        headers.pop(name.lower(), None)
                    else:
                        headers[name.lower()] = _written(change, fields)
        return replace(asked, fields=headers)

    async def _served(
        self, scheme: str, host: str, asked: Request, fields: Mapping[str, Any], records: list[Record]
    ) -> Response:
        settings = self.state.settings
        rules = [r.get("action_parameters") or {} for r in self._matching("http_request_cache_settings", fields)]
        path = fields["http.request.uri.path"]
        wish = caching.wish(rules, path, asked.method, settings["development_mode"] == "on")
        key = (scheme, host, asked.target)
        status, kept = self.cache.found(key) if wish.eligible else ("BYPASS" if wish.bypassed else "DYNAMIC", None)
        extra: tuple[tuple[str, str], ...] = ()
        if kept is not None:
            answer = kept.answer
            extra = (("Age", str(int(self.state.clock() - kept.since_s))),)
        else:
            try:
                wanted = caching.asked_whole(asked) if wish.eligible else asked
                answer = await fetch(self.state, self.way, records, scheme, self._forwarded(scheme, wanted))
            except Unreached as error:
                return page(error.status, error.code, asked)
            if wish.eligible:
                held = self.cache.keep(key, answer, wish, asked)
                status, answer = (caching.unkept(answer, wish), answer) if held is None else (status, held)
        if status in ("HIT", "MISS", "EXPIRED"):
            answer = caching.for_browser(answer, wish, settings["browser_cache_ttl"])
        if wish.eligible and caching.unchanged(answer, asked):
            answer = replace(answer, status=304, body=b"")
        self.answers[status] += 1
        return self._finished(scheme, answer, asked, fields, (("CF-Cache-Status", status), *extra))

    def _finished(
        self,
        scheme: str,
        answer: Fetched,
        asked: Request,
        fields: Mapping[str, Any],
        said: tuple[tuple[str, str], ...],
    ) -> Response:
        settings = self.state.settings
        held = {name.lower(): (value,) for name, value in answer.headers}
        media = held.get("content-type", ("",))[0].partition(";")[0]
        after = {
            **fields,
            "http.response.code": answer.status,
            "http.response.headers": held,
            "http.response.content_type.media_type": media,
        }
        if scheme == "https" and settings["automatic_https_rewrites"] == "on":
            answer = with_https_links(answer, lambda host: self.holds(host) and bool(self.state.proxied(host)))
        headers = [pair for pair in answer.headers if pair[0].lower() != "server"]
        for rule in self._matching("http_response_headers_transform", after):
            changes = rule["action_parameters"].get("headers", {})
            headers = with_headers(headers, {n: (c["operation"], _written(c, after)) for n, c in changes.items()})
        answer = replace(answer, headers=tuple(headers))
        wanted = [r["action_parameters"]["algorithms"] for r in self._matching("http_response_compression", after)]
        answer = compressed(answer, asked, brotli_on=settings["brotli"] == "on", rule=wanted[-1] if wanted else None)
        return Response(answer.status, (*answer.headers, *said), answer.body)

    def _matching(self, phase: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [rule for rule in self.state.rules(phase) if matches(rule, fields)]

    def _forwarded(self, scheme: str, asked: Request) -> Request:
        """The request as the origin sees it (https://developers.cloudflare.com/fundamentals/reference/http-headers/)."""
        before = asked.fields.get("x-forwarded-for")
        fields = {
            **asked.fields,
            "accept-encoding": "identity",
            "cf-connecting-ip": self.state.visitor,
            "cf-ray": f"{self._number:016x}-LAB",
            "cf-visitor": f'{{"scheme":"{scheme}"}}',
            "cdn-loop": "cloudflare; loops=1",
            "x-forwarded-for": f"{before}, {self.state.visitor}" if before else self.state.visitor,
            "x-forwarded-proto": scheme,
        }
        return replace(asked, fields=fields)

    def _fields(self, scheme: str, host: str, asked: Request) -> dict[str, Any]:
        path, _, query = asked.target.partition("?")
        cookie = asked.fields.get("cookie", "")
        cookies: dict[str, list[str]] = {}
        for pair in cookie.split("; ") if cookie else ():
            cookies.setdefault(pair.partition("=")[0], []).append(pair.partition("=")[2])
        last = path.rpartition("/")[2]
        whole = f"{scheme}://{host}{asked.target}"
        return {
            "cf.edge.server_port": 443 if scheme == "https" else 80,
            "cf.zone.name": self.state.zone_name,
            "http.cookie": cookie,
            "http.host": host,
            "http.referer": asked.fields.get("referer", ""),
            "http.request.body.size": len(asked.body),
            "http.request.cookies": cookies,
            "http.request.full_uri": whole,
            "http.request.headers": {name: (value,) for name, value in asked.fields.items()},
            "http.request.method": asked.method,
            "http.request.uri": asked.target,
            "http.request.uri.args": parse_qs(urlsplit(asked.target).query, keep_blank_values=True),
            "http.request.uri.path": path,
            "http.request.uri.path.extension": last.rpartition(".")[2].lower() if "." in last else "",
            "http.request.uri.query": query,
            "http.request.version": "HTTP/1.1",
            "http.user_agent": asked.fields.get("user-agent", ""),
            "http.x_forwarded_for": asked.fields.get("x-forwarded-for", ""),
            "ip.src": self.state.visitor,
            "ip.geoip.country": "DE",
            "ip.src.country": "DE",
            "raw.http.request.full_uri": whole,
            "raw.http.request.uri": asked.target,
            "raw.http.request.uri.path": path,
            "ssl": scheme == "https",
        }


def _written(value: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """A static value, or what its expression makes."""
    if "expression" not in value:
        return str(value.get("value", ""))
    return str(parse(value["expression"], "value", response="http.response.code" in fields).value(fields))
