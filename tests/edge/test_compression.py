"""Text is compressed where it is worth it; the rest is none of this check's business."""

from __future__ import annotations

import gzip

import pytest

from launchready.edge.compression import sent_plain
from launchready.lab.faults.edge import API, WWW
from launchready.lab.healthy import SECURITY_HEADERS
from launchready.lab.world import Response, route
from launchready.model import Severity
from launchready.probes.page import Page

LONG = b"word " * 1000
JSON = ("Content-Type", "application/json")


def answer(kind: str, body: bytes = LONG, *headers: tuple[str, str]) -> Page:
    return Page("https://x.example/", 200, (("content-type", kind), *headers), body)


@pytest.mark.parametrize(
    "kind",
    ["text/html; charset=utf-8", "TEXT/CSS", "application/javascript", "application/json", "image/svg+xml", "text/x"],
)
def test_long_text_that_comes_as_it_is_is_found(kind: str) -> None:
    assert sent_plain(answer(kind))
    assert sent_plain(answer(kind, LONG, ("content-encoding", "identity")))
    assert not sent_plain(answer(kind, LONG, ("content-encoding", "BR")))
    assert not sent_plain(answer(kind, b"short"))


@pytest.mark.parametrize("kind", ["image/png", "font/woff2", "application/zip", "application/pdf", "", "garbage"])
def test_other_types_are_passed_over(kind: str) -> None:
    assert not sent_plain(answer(kind))


async def test_json_is_looked_at(judge) -> None:
    body = '{"invoices":[' + ",".join(["1234567"] * 500) + "]}"

    (finding,) = (
        await judge("edge.compression", route(API, "/", Response(200, (JSON, *SECURITY_HEADERS), body)))
    ).findings

    assert (finding.subject, finding.severity) == (API, Severity.NICE)
    packed = Response(200, (JSON, *SECURITY_HEADERS, ("Content-Encoding", "gzip")), gzip.compress(body.encode()))
    assert (await judge("edge.compression", route(API, "/", packed))).findings == ()


async def test_one_finding_a_host_names_the_answers(judge) -> None:
    change = route(
        WWW, "/static/site.css", Response(200, (("Content-Type", "text/css"), *SECURITY_HEADERS), "a{b:c}" * 400)
    )

    (finding,) = (await judge("edge.compression", change)).findings

    assert f"https://{WWW}/static/site.css: 2,400 bytes of text/css" in finding.evidence
