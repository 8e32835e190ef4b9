"""A request as libcurl takes it, and its answer as libcurl tells it: method, body, headers, phases."""

from __future__ import annotations

import pycurl

from launchready.measurement import Phases
from launchready.performance.words import Request
from launchready.probes.page import Phases as Ends

ACCEPT = ("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")


def set_method(curl: pycurl.Curl, request: Request) -> None:
    """Set method and body; what an earlier request of the handle left is undone."""
    curl.unsetopt(pycurl.CUSTOMREQUEST)
    curl.setopt(pycurl.NOBODY, 0)
    if request.method in ("GET", "HEAD") and not request.body:
        curl.setopt(pycurl.HTTPGET, 1)
        curl.setopt(pycurl.NOBODY, int(request.method == "HEAD"))
        return
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.POSTFIELDSIZE_LARGE, len(request.body))
    curl.setopt(pycurl.POSTFIELDS, request.body)  # COPYPOSTFIELDS of pycurl takes no NUL, and files have some
    if request.method != "POST":
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def header_lines(headers: tuple[tuple[str, str], ...]) -> list[bytes]:
    """As libcurl takes them. What a browser would not send by itself (`Expect`, a form's type) is taken out."""
    named = {name.lower() for name, _ in headers}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in headers]
    if ACCEPT[0] not in named:
        lines.append(f"{ACCEPT[0]}: {ACCEPT[1]}")
    lines += [f"{name}:" for name in ("Expect", "Content-Type") if name.lower() not in named]
    return [line.replace("\r", " ").replace("\n", " ").encode("utf-8") for line in lines]


def phases_of(curl: pycurl.Curl, fresh: bool, lookup_s: float) -> tuple[Phases, Ends]:
    """How long each phase took. The time in which the request is sent counts as waiting."""
    get = curl.getinfo
    first, total = get(pycurl.STARTTRANSFER_TIME_T) / 1e6, get(pycurl.TOTAL_TIME_T) / 1e6
    if not fresh:
        return Phases(0.0, 0.0, 0.0, first, max(0.0, total - first)), Ends(0.0, 0.0, first, total)
    connect, tls = get(pycurl.CONNECT_TIME_T) / 1e6, get(pycurl.APPCONNECT_TIME_T) / 1e6
    ready = max(connect, tls)
    phases = Phases(lookup_s, connect, ready - connect, max(0.0, first - ready), max(0.0, total - first))
    return phases, Ends(connect, tls, first, total)


def headers_of(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Of the final answer: nothing of a 1xx before it, no trailers (RFC 9110 section 6.5), folded lines joined."""
    pairs: list[tuple[str, str]] = []
    ended = True
    for line in lines:
        if ended:
            if line.startswith(b"HTTP/"):
                pairs, ended = [], False
        elif line in (b"\r\n", b"\n"):
            ended = True
        elif line[:1] in b" \t" and pairs:
            pairs[-1] = pairs[-1][0], f"{pairs[-1][1]} {_decoded(line).strip()}"
        else:
            name, colon, value = _decoded(line).partition(":")
            if colon:
                pairs.append((name.strip().lower(), value.strip()))
    return tuple(pairs)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
