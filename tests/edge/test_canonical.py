"""One canonical URL: where root and www end, and whether links survive the way."""

from __future__ import annotations

from launchready.edge.routes import host_of, origin, rule, target
from launchready.lab.healthy import DOMAIN, HTML, LOGIN, PAGE, SECURITY_HEADERS, STRAY
from launchready.lab.world import Response, Trouble, both, records, route, site
from launchready.model import Severity, Status

WWW, APP = f"www.{DOMAIN}", f"app.{DOMAIN}"
SHOWN = Response(200, (HTML, *SECURITY_HEADERS), PAGE)
SIGN_IN = Response(200, (HTML, *SECURITY_HEADERS), LOGIN)


def to(url: str, status: int = 301) -> Response:
    return Response(status, (("Location", url), SECURITY_HEADERS[0]))


async def test_the_healthy_domain_ends_at_www_by_every_way_in(judge) -> None:
    outcome = await judge("http.canonical")

    assert outcome.status is Status.PASSED
    assert outcome.passed[0].detail == f"every way in ends at https://{WWW}"


async def test_root_and_www_with_a_portal_each_are_high_with_a_rule_for_the_other(judge) -> None:
    (finding,) = (await judge("http.canonical", route(DOMAIN, "/", SHOWN))).findings

    assert (finding.subject, finding.severity, finding.key) == (DOMAIN, Severity.HIGH, "several")
    assert "return 301 https://" in finding.paste


async def test_the_owner_says_which_address_is_the_canonical_one(judge) -> None:
    canonical = f"https://{DOMAIN}"

    (finding,) = (await judge("http.canonical", canonical=canonical)).findings

    assert finding.key == "other"
    assert f"server_name {WWW};" in finding.paste
    assert f"return 301 {canonical}$request_uri" in finding.paste


async def test_a_portal_on_a_host_of_its_own_is_one_address(judge) -> None:
    change = both(route(DOMAIN, "*", to(f"https://{APP}{{target}}")), route(WWW, "/", to(f"https://{APP}/")))

    assert (await judge("http.canonical", change)).findings == ()
    assert (await judge("http.canonical", change, canonical=f"https://{APP}/")).findings == ()


async def test_a_language_and_a_sign_in_behind_the_canonical_host_are_fine(judge) -> None:
    change = both(route(WWW, "/", to("/en/", 302)), route(WWW, "/en/", to("/en/login", 302)))

    assert (await judge("http.canonical", both(change, route(WWW, "/en/login", SIGN_IN)))).findings == ()


async def test_without_www_the_root_is_the_one_address(judge) -> None:
    change = both(records(DOMAIN, drop=("www A", "www AAAA")), route(DOMAIN, "*", SHOWN))

    assert (await judge("http.canonical", change)).status is Status.PASSED


async def test_a_missing_front_page_behind_one_way_is_high_and_behind_all_a_blocker(judge) -> None:
    (one,) = (await judge("http.canonical", route(DOMAIN, "/", to(f"https://{WWW}/home")))).findings
    (every,) = (await judge("http.canonical", route(WWW, "/", Response(404)))).findings

    assert (one.key, one.severity) == ("error", Severity.HIGH)
    assert (every.key, every.severity) == ("error", Severity.BLOCKER)


async def test_a_bot_check_is_no_failure(judge) -> None:
    change = route(WWW, "/", Response(503, (("CF-Mitigated", "challenge"),), "Just a moment"))

    assert (await judge("http.canonical", change)).status is Status.PASSED


async def test_a_silent_www_is_not_checked(judge) -> None:
    outcome = await judge("http.canonical", site(WWW, trouble=Trouble.SILENT))

    assert outcome.status is Status.NOT_CHECKED
    assert all(row.reason for row in outcome.not_checked)


async def test_an_address_nobody_reaches_is_not_checked(judge) -> None:
    change = records(DOMAIN, drop=("www A", "www AAAA"), add=(f"www 300 A {STRAY[0]}",))

    assert (await judge("http.canonical", change)).status is Status.NOT_CHECKED


async def test_a_page_with_and_without_a_slash_is_nice_to_fix(judge) -> None:
    change = both(route(WWW, "/login", SIGN_IN), route(WWW, "/login/", SIGN_IN))

    (finding,) = (await judge("http.canonical", change, pages=("/login",))).findings

    assert (finding.severity, finding.key, finding.subject) == (Severity.NICE, "slash", f"https://{WWW}/login")


async def test_a_page_that_names_its_canonical_url_may_answer_twice(judge) -> None:
    named = Response(200, (HTML, *SECURITY_HEADERS), f'<link rel="canonical" href="https://{WWW}/login">')
    change = both(route(WWW, "/login", named), route(WWW, "/login/", named))

    assert (await judge("http.canonical", change, pages=("/login",))).findings == ()


async def test_path_and_query_are_kept_on_the_healthy_domain(judge) -> None:
    assert (await judge("http.path_kept")).status is Status.PASSED


async def test_a_redirect_that_forgets_the_path_is_told_once_with_the_rule(judge) -> None:
    (finding,) = (await judge("http.path_kept", route(DOMAIN, "*", to(f"https://{WWW}/")))).findings

    assert (finding.subject, finding.severity) == (f"https://{DOMAIN}", Severity.HIGH)
    assert f"redir https://{WWW}{{uri}} permanent" in finding.paste


async def test_a_redirect_that_forgets_only_the_query_is_found(judge) -> None:
    change = route(DOMAIN, "*", to(f"https://{DOMAIN}{{path}}"), plain=True)

    (finding,) = (await judge("http.path_kept", change)).findings

    assert finding.subject == f"http://{DOMAIN}"


async def test_a_prefix_or_a_slash_more_keeps_the_path(judge) -> None:
    change = both(
        route(DOMAIN, "*", to(f"https://{WWW}/en{{target}}")),
        route(WWW, "*", to(f"https://{WWW}{{path}}/?kept=yes"), plain=True),
    )

    assert (await judge("http.path_kept", change)).findings == ()


async def test_a_sign_in_on_another_host_carries_the_path_in_its_own_way(judge) -> None:
    change = route(WWW, "*", to(f"https://sign-in.{DOMAIN}/?state=1", 302))

    assert (await judge("http.path_kept", change)).findings == ()


async def test_a_root_that_redirects_its_front_page_only_is_found(judge) -> None:
    change = both(route(DOMAIN, "*", Response(404)), route(DOMAIN, "/", to(f"https://{WWW}/")))

    (finding,) = (await judge("http.path_kept", change)).findings

    assert (finding.subject, finding.key) == (f"https://{DOMAIN}", "front-only")


async def test_a_root_in_trouble_leaves_the_path_unknown(judge) -> None:
    outcome = await judge("http.path_kept", site(DOMAIN, plain_trouble=Trouble.GARBAGE))

    assert outcome.status is Status.NOT_CHECKED


def test_parts_of_urls_are_read_however_strange() -> None:
    assert host_of("https://WWW.Example.com.:8443/a") == "www.example.com"
    assert host_of("example.com") == "example.com"
    assert host_of("http://[nonsense") == ""
    assert origin("https://Example.com?x") == "https://example.com"
    assert target("https://example.com/a?b#c") == "/a?b#c"
    assert target("https://example.com") == "/"


def test_a_rule_for_plain_http_leaves_https_alone() -> None:
    assert "443" not in rule("a.example", "a.example")
    assert "listen 443 ssl" in rule("a.example", "b.example")
