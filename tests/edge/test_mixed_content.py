"""Mixed content: what is loaded in clear counts, what only looks like it does not."""

from __future__ import annotations

import pytest

from launchready.edge.mixed_content import in_clear, is_loopback, loads_of_markup, upgrades
from launchready.lab.faults.pages import APP, CDN, NOT_LOADED, UPGRADED, WWW, csp, page, style, with_body, with_head
from launchready.lab.healthy import DOMAIN, HTML, SECURITY_HEADERS
from launchready.lab.world import Response, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page
from launchready.probes.markup import elements


def found(markup: str) -> list[tuple[str, bool]]:
    return [(load.url, load.active) for load in loads_of_markup(elements(markup), upgraded=False)]


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="http://x/a.js">',
        '<script type="module" src="http://x/a.js">',
        '<link rel="stylesheet" href="http://x/a.css">',
        '<link rel="preload" as="font" href="http://x/a.woff2">',
        '<link rel="modulepreload" href="http://x/a.js">',
        '<iframe src="http://x/">',
        '<iframe srcdoc="&lt;script src=http://x/a.js&gt;">',
        '<object data="http://x/a.swf">',
        '<embed src="http://x/a.swf">',
        '<form action="http://x/">',
        '<button formaction="http://x/">',
        '<base href="http://x/">',
        '<svg><use href="http://x/icons.svg#a">',
        '<style>@import "http://x/a.css";</style>',
        "<style>@font-face{src:url(http://x/a.woff)}</style>",
        '<meta http-equiv="refresh" content="0; url=http://x/">',
        '<script src=" \nht\ttp://x/a.js">',
        '<script src="HTTP:\\\\x/a.js">',
    ],
)
def test_what_could_change_the_page_is_active(markup: str) -> None:
    assert [active for _, active in found(markup)] == [True]


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="http://x/a.png">',
        '<img srcset="/a.png 1x, http://x/b.png 2x">',
        '<picture><source srcset="http://x/a.webp"></picture>',
        '<video src="http://x/a.mp4">',
        '<video poster="http://x/a.jpg">',
        '<audio><source src="http://x/a.mp3"></audio>',
        '<input type="image" src="http://x/a.png">',
        '<link rel="icon" href="http://x/a.ico">',
        '<link rel="preload" as="image" href="http://x/a.png">',
        '<svg><image xlink:href="http://x/a.png">',
        '<p style="background:url(http://x/a.png)">',
        "<style>a{background:url('http://x/a.png')}</style>",
        '<table background="http://x/a.gif">',
    ],
)
def test_pictures_sound_and_video_are_passive(markup: str) -> None:
    assert [active for _, active in found(markup)] == [False]


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="http://x/">',
        '<area href="http://x/">',
        '<link rel="canonical" href="http://x/">',
        '<link rel="alternate stylesheet" href="http://x/a.css">',
        '<link rel="dns-prefetch preconnect" href="http://x/">',
        '<meta property="og:image" content="http://x/a.png">',
        '<meta http-equiv="refresh" content="60">',
        '<input type="text" src="http://x/a.png" value="http://x/">',
        '<script src="//x/a.js">',
        '<script src="/a.js?from=http://x/">',
        '<script type="text/template" src="http://x/a">',
        '<img data-src="http://x/a.png" alt="http://x/">',
        '<blockquote cite="http://x/">',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<div itemtype="http://schema.org/Person">',
        '<p style="color:red">http://x/</p>',
        "<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E\">",
    ],
)
def test_what_is_not_loaded_does_not_count(markup: str) -> None:
    assert found(markup) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:3000/a.js", True),
        ("//localhost/a.js", True),
        ("https://127.0.0.1:8000/", True),
        ("http://[::1]/", True),
        ("http://app.localhost/", True),
        ("http://localhost.example/", False),
        ("http://127.example/", False),
        ("http://[/", False),
        ("/localhost", False),
    ],
)
def test_the_visitors_own_machine_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_https_and_relative_addresses_are_not_in_clear() -> None:
    assert not any(map(in_clear, ("https://x/", "/a", "", "//x/", "httpx://a", "data:,http://x")))


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("content-security-policy", "upgrade-insecure-requests"),), "", True),
        ((("content-security-policy", "default-src 'self', Upgrade-Insecure-Requests;"),), "", True),
        ((("content-security-policy-report-only", "upgrade-insecure-requests"),), "", False),
        ((), '<meta http-equiv="Content-Security-Policy" content="upgrade-insecure-requests">', True),
        ((("content-security-policy", "block-all-mixed-content"),), "", False),
    ],
)
def test_a_policy_that_upgrades_is_recognised(headers: tuple, body: str, expected: bool) -> None:
    kind = ("content-type", "text/html")

    assert upgrades(Page("https://x.example/", 200, (kind, *headers), body.encode())) is expected


async def test_pages_that_load_nothing_in_clear_pass(judge) -> None:
    for check in ("http.mixed.active", "http.mixed.passive"):
        assert (await judge(check)).status is Status.PASSED
        assert (await judge(check, page(NOT_LOADED))).status is Status.PASSED


async def test_a_script_in_clear_is_high_and_the_paste_is_its_encrypted_address(judge) -> None:
    (finding,) = (await judge("http.mixed.active", page(with_body(f'<script src="{CDN}/chat.js"></script>')))).findings

    assert (finding.subject, finding.severity) == (WWW, Severity.HIGH)
    assert finding.paste == "https://cdn.mailer.example/chat.js"


async def test_header_and_page_of_many_pages_are_one_finding(judge) -> None:
    change = both(
        page(with_body(f'<script src="{CDN}/a.js"></script>')),
        page(with_body(f'<script src="{CDN}/a.js"></script><img src={CDN}/b.png>'), path="/pricing"),
    )

    outcome = await judge("http.mixed.active", change, pages=("/", "/pricing"))

    assert len(outcome.findings) == 1
    assert outcome.findings[0].evidence.count("a.js") == 1


async def test_a_style_sheet_imported_by_a_style_sheet_is_read(judge) -> None:
    css = (("Content-Type", "text/css"), *SECURITY_HEADERS)
    change = both(
        style('@import "more.css";'),
        route(WWW, "/static/more.css", Response(200, css, f"a{{background:url({CDN}/a.png)}}")),
    )

    (finding,) = (await judge("http.mixed.passive", change)).findings

    assert "more.css" in finding.evidence


async def test_a_page_that_is_upgraded_passes_and_says_so(judge) -> None:
    change = both(page(with_head(f'<link rel=stylesheet href="{CDN}/a.css">')), csp(WWW, UPGRADED))

    outcome = await judge("http.mixed.active", change)

    assert outcome.status is Status.PASSED
    assert any("1 addresses upgraded" in row.detail for row in outcome.passed)


async def test_upgrading_does_not_help_an_address_of_localhost(judge) -> None:
    change = both(page(with_body("<img src=http://localhost:3000/a.png>")), csp(WWW, UPGRADED))

    (finding,) = (await judge("http.mixed.active", change)).findings

    assert finding.key == "localhost"
    assert (await judge("http.mixed.passive", change)).findings == ()


async def test_a_page_behind_a_redirect_on_the_same_host_is_read(judge) -> None:
    change = both(
        route(APP, "/", Response(302, (("Location", "/login"), *SECURITY_HEADERS))),
        page(f'<form action="http://{APP}/login">', host=APP, path="/login"),
    )

    (finding,) = (await judge("http.mixed.active", change)).findings

    assert finding.subject == APP


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.CLOSES, Trouble.GARBAGE])
async def test_a_named_host_that_does_not_answer_is_not_checked(judge, trouble: Trouble) -> None:
    outcome = await judge("http.mixed.active", site(WWW, trouble=trouble))

    assert outcome.status is Status.NOT_CHECKED
    assert [row.subject for row in outcome.not_checked] == [WWW]


async def test_a_style_sheet_that_does_not_come_is_not_checked(judge) -> None:
    outcome = await judge("http.mixed.active", route(WWW, "/static/site.css", Response(trouble=Trouble.CLOSES)))

    assert "site.css" in outcome.not_checked[0].reason


async def test_a_redirect_loop_is_not_checked(judge) -> None:
    outcome = await judge("http.mixed.active", route(WWW, "/", Response(302, (("Location", "/"),))))

    assert "without end" in outcome.not_checked[0].reason


async def test_control_characters_and_bad_bytes_are_read_past(judge) -> None:
    body = b'\xff\xfe\x00<script src="http://x.example/\x1b[2Ja.js">\x80</script>'

    outcome = await judge("http.mixed.active", route(WWW, "/", Response(200, (HTML, *SECURITY_HEADERS), body)))

    assert [f.subject for f in outcome.findings] == [WWW]


async def test_json_is_no_page(judge) -> None:
    outcome = await judge("http.mixed.active")

    assert any(row.subject == f"api.{DOMAIN}" and "no page" in row.detail for row in outcome.passed)
