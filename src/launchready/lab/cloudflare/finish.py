"""The last steps at the edge: headers by rule, HSTS by setting, links made HTTPS, and compression."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import brotli

from launchready.lab.cloudflare.origin import Fetched
from launchready.lab.edge_http import Request
from launchready.lab.world import Response

COMPRESSIBLE = re.compile(
    r"text/(html|richtext|plain|css|x-script|x-component|x-java-source|x-markdown|javascript|js|xml|calendar)"
    r"|application/(javascript|x-javascript|json|manifest\+json|wasm|xml|rss\+xml|atom\+xml|vnd\.api\+json)"
    r"|image/(svg\+xml|x-icon|bmp)|font/(otf|ttf)"
)
"""Types that are compressed (https://developers.cloudflare.com/speed/optimization/content/compression/)."""
LEAST_BYTES = {"gzip": 48, "br": 50}


def with_headers(headers: list[tuple[str, str]], changes: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers after a rule's changes: `set`, `add` or `remove`, by name."""
    for name, (operation, value) in changes.items():
        if operation != "add":
            headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        if operation != "remove":
            headers = [*headers, (name, value)]
    return headers


def with_hsts(response: Response, wanted: Mapping[str, Any]) -> Response:
    """An answer over HTTPS with the zone's own Strict-Transport-Security (RFC 6797), when that is on."""
    if not wanted.get("enabled"):
        return response
    policy = f"max-age={int(wanted.get('max_age', 0))}"
    policy += "; includeSubDomains" if wanted.get("include_subdomains") else ""
    policy += "; preload" if wanted.get("preload") else ""
    changes = {"Strict-Transport-Security": ("set", policy)}
    if wanted.get("nosniff"):
        changes["X-Content-Type-Options"] = ("set", "nosniff")
    return replace(response, headers=tuple(with_headers(list(response.headers), changes)))


def with_https_links(answer: Fetched, secure: Callable[[str], bool]) -> Fetched:
    """A page whose links to hosts known to speak HTTPS use it."""
    if not _type(answer).startswith("text/html") or _has(answer, "content-encoding"):
        return answer

    def changed(match: re.Match[bytes]) -> bytes:
        return match[1] + b"https://" + match[2] if secure(match[2].decode("ascii", "replace").lower()) else match[0]

    return replace(
        answer, body=re.sub(rb"""((?:src|href|action)=["']?)http://([a-zA-Z0-9.-]+)""", changed, answer.body)
    )


def compressed(answer: Fetched, asked: Request, *, brotli_on: bool, rule: list[dict[str, str]] | None) -> Fetched:
    """An answer in the best coding its visitor takes; `rule` are a compression rule's algorithms, best first."""
    if _has(answer, "content-encoding") or "no-transform" in _said(answer) or asked.method == "HEAD":
        return answer
    if rule is None and not COMPRESSIBLE.match(_type(answer)):
        return answer
    accepted = {part.strip().partition(";")[0] for part in asked.fields.get("accept-encoding", "").split(",")}
    usual = (["br"] if brotli_on else []) + ["gzip"]
    names = {"brotli": ["br"], "gzip": ["gzip"], "none": ["none"], "zstd": [], "auto": usual, "default": usual}
    order = [coding for one in rule for coding in names.get(one["name"], [])] if rule is not None else usual
    for coding in order:
        if coding == "none":
            return answer
        if coding in accepted and len(answer.body) >= LEAST_BYTES[coding]:
            body = brotli.compress(answer.body, quality=4) if coding == "br" else gzip.compress(answer.body, 6)
            headers = tuple(_weak(pair) for pair in answer.headers)
            vary = (("Content-Encoding", coding), ("Vary", "accept-encoding"))
            return replace(answer, headers=(*headers, *vary), body=body)
    return answer


def _weak(pair: tuple[str, str]) -> tuple[str, str]:
    return (pair[0], f"W/{pair[1]}") if pair[0].lower() == "etag" and not pair[1].startswith("W/") else pair


def _has(answer: Fetched, wanted: str) -> bool:
    return any(name.lower() == wanted for name, _ in answer.headers)


def _said(answer: Fetched) -> str:
    return " ".join(value for name, value in answer.headers if name.lower() == "cache-control")


def _type(answer: Fetched) -> str:
    return next((value.lower() for name, value in answer.headers if name.lower() == "content-type"), "")
