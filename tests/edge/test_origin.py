"""Ways around the edge: addresses the records tell, asked for the portal, few and once."""

from __future__ import annotations

import pytest
from tests.conftest import QUICK

from launchready import gate
from launchready.edge.origin_addresses import MOST, same_portal, spf_addresses, title
from launchready.lab.faults.edge import APP, ELSEWHERE, HALF, REFUSED, WWW, a_record, moved, served_at
from launchready.lab.healthy import DOMAIN, EDGE, HTML, LOGIN, MAIL, ORIGIN, SECURITY_HEADERS, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, Route, Trouble, both, records, route, site
from launchready.model import Severity, Status
from launchready.probes.page import Page

DIRECT = a_record("direct", ORIGIN[0])


def page(body: str, status: int = 200, *headers: tuple[str, str]) -> Page:
    return Page("https://x.example/", status, (("content-type", "text/html"), *headers), body.encode())


def test_one_page_with_another_token_is_the_same() -> None:
    words = " ".join(f"word{n}" for n in range(40))
    one, other = (f"<title>Sign in</title><p>{words}<input value={token}>" for token in ("a1b2c3", "d4e5f6"))

    assert same_portal(page(one), page(other))


@pytest.mark.parametrize(
    "found",
    [
        page("<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>"),
        page("<title>Sign in</title><p>to the control panel of this server"),
        page(LOGIN, 403),
        page(LOGIN, 503),
        page(""),
        Page("https://x.example/", 301, (("location", "https://other.example/"),), b""),
    ],
)
def test_another_page_is_not_the_portal(found: Page) -> None:
    assert not same_portal(page(LOGIN), found)


def test_a_redirect_to_the_same_place_is_the_portal_and_one_elsewhere_is_not() -> None:
    def to(url: str) -> Page:
        return Page("https://x.example/", 302, (("location", url),), b"")

    assert same_portal(to("/account/login/?next=/"), to("https://x.example/account/login/"))
    assert not same_portal(to("/account/login/"), to("https://x.example/setup"))
    assert not same_portal(to("https://["), to("https://["))


def test_two_errors_and_two_refusals_prove_nothing() -> None:
    assert not same_portal(page("<h1>Not found", 404), page("<h1>Not found", 404))


def test_single_addresses_of_an_spf_record_are_read_and_blocks_are_not() -> None:
    record = (
        "v=spf1 a mx ip4:192.0.2.1 +ip4:192.0.2.2/32 ip4:192.0.2.0/24 ip6:2001:db8::1 ip4:banana -ip4:192.0.2.9 ~all"
    )

    assert list(spf_addresses(record)) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert title(page("<title>\n Client  portal\n</title>")) == "Client portal"


async def test_a_server_that_answers_past_the_edge_is_found_with_firewall_rules(judge) -> None:
    (finding,) = (await judge("edge.origin", both(DIRECT, served_at(ORIGIN[0])))).findings

    assert (finding.subject, finding.severity) == (APP, Severity.HIGH)
    assert ORIGIN[0] in finding.problem
    assert f"direct.{DOMAIN} A" in finding.evidence
    assert "ufw allow proto tcp from 173.245.48.0/20 to any port 80,443" in finding.paste


@pytest.mark.parametrize("secure", [REFUSED, ELSEWHERE, (Route("*", Response(302, (("Location", "/setup"),))),)])
async def test_a_server_that_shows_something_else_is_right(judge, secure: tuple[Route, ...]) -> None:
    outcome = await judge("edge.origin", both(DIRECT, served_at(ORIGIN[0], secure=secure)))

    assert outcome.status is Status.PASSED
    assert ORIGIN[0] in outcome.passed[0].detail


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.GARBAGE, Trouble.CLOSES, Trouble.TLS_GARBAGE])
async def test_a_server_that_does_not_answer_is_right(judge, trouble: Trouble) -> None:
    assert (await judge("edge.origin", both(DIRECT, served_at(ORIGIN[0], trouble=trouble)))).findings == ()


async def test_a_server_that_takes_connections_and_is_too_slow_was_not_looked_at(judge) -> None:
    outcome = await judge("edge.origin", both(DIRECT, served_at(ORIGIN[0], trouble=Trouble.SILENT)))

    assert outcome.status is Status.NOT_CHECKED
    assert "did not answer in time" in outcome.not_checked[0].reason


async def test_an_edge_of_somebody_else_is_no_server(judge) -> None:
    bunny = (Route("*", Response(200, (HTML, *SECURITY_HEADERS, ("Server", "BunnyCDN-DE1-1082")), LOGIN)),)

    assert (await judge("edge.origin", both(DIRECT, served_at(ORIGIN[0], secure=bunny)))).findings == ()


async def test_without_an_edge_there_is_nothing_to_get_around(judge) -> None:
    outcome = await judge("edge.origin", both(moved(DOMAIN), moved(WWW), moved(APP)))

    assert outcome.status is Status.NOT_CHECKED
    assert "no known edge" in outcome.not_checked[0].reason


async def test_without_a_known_address_nothing_was_checked(judge) -> None:
    change = both(records(DOMAIN, drop=("@ MX", "mail A", "mail AAAA")))

    outcome = await judge("edge.origin", change)

    assert outcome.status is Status.NOT_CHECKED
    assert "[edge]" in outcome.not_checked[0].unlock


async def test_a_record_that_leads_to_the_edge_tells_nothing(judge) -> None:
    assert (await judge("edge.leaks", both(a_record("ftp", EDGE[0]), served_at(ORIGIN[0])))).findings == ()


async def test_a_wildcard_makes_no_candidates(judge) -> None:
    change = both(records(DOMAIN, drop=("@ MX", "mail A", "mail AAAA"), add=(f"* 300 A {ORIGIN[0]}",)))

    assert (await judge("edge.origin", change)).status is Status.NOT_CHECKED


async def test_few_addresses_are_asked_however_many_there_are(authority) -> None:
    labels = ("direct", "origin", "ftp", "cpanel", "dev", "old", "server", "webmail")
    change = both(*(a_record(label, f"192.88.99.{100 + n}") for n, label in enumerate(labels)))
    async with Lab(change(healthy_world()), authority=authority) as lab:
        look = lab.look(QUICK)
        report = await gate.run(look.portal, look, gate.select(["edge.origin", "edge.leaks"]))

    asked = {row.detail for outcome in report.outcomes for row in outcome.passed if "no page" in row.detail}
    assert asked
    assert all(detail.count(",") == MOST - 1 for detail in asked)


async def test_a_record_that_leads_to_the_server_is_found_where_it_answers(judge) -> None:
    (finding,) = (await judge("edge.leaks", both(DIRECT, served_at(ORIGIN[0])))).findings

    assert (finding.subject, finding.severity) == (f"direct.{DOMAIN}", Severity.HIGH)


async def test_a_record_that_leads_to_a_closed_server_is_nice_to_fix_where_it_is_named(judge) -> None:
    settings = {"edge": {"origin": [ORIGIN[0]]}}

    (finding,) = (await judge("edge.leaks", DIRECT, **settings)).findings
    assert (finding.severity, "lets nobody in" in finding.problem) == (Severity.NICE, True)
    # Without the name nobody knows whose address it is.
    assert (await judge("edge.leaks", DIRECT)).findings == ()


async def test_the_mail_servers_address_leaks_where_the_portal_answers_there(judge) -> None:
    (finding,) = (await judge("edge.leaks", served_at(*MAIL))).findings

    assert finding.subject == f"mail.{DOMAIN}"
    assert all(f"mail.{DOMAIN} MX → {address}" in finding.evidence for address in MAIL)


async def test_an_edge_that_shows_no_page_leaves_nothing_to_compare_with(judge) -> None:
    challenge = Response(403, (HTML, *SECURITY_HEADERS), "<title>Just a moment...</title>")
    change = both(DIRECT, served_at(ORIGIN[0]), *(route(host, "/", challenge) for host in (WWW, APP)))

    reachable = await judge("edge.origin", both(change, route(DOMAIN, "*", challenge)), hosts=("app",))
    leaks = await judge("edge.leaks", both(change, route(DOMAIN, "*", challenge)), hosts=("app",))

    assert reachable.status is Status.NOT_CHECKED
    assert leaks.status is Status.NOT_CHECKED


async def test_an_address_of_half_a_host_is_tried(judge) -> None:
    (finding,) = (await judge("edge.origin", HALF)).findings

    assert ORIGIN[1] in finding.problem


async def test_what_people_sign_in_at_is_asked_for_first(judge) -> None:
    outcome = await judge("edge.origin", both(DIRECT, route(APP, "/", Response(200, (HTML, *SECURITY_HEADERS), LOGIN))))

    assert outcome.passed[0].subject == APP


async def test_a_site_that_is_gone_is_no_reason_to_ask(judge) -> None:
    outcome = await judge("edge.origin", both(DIRECT, site(APP, trouble=Trouble.SILENT)), hosts=("app",))

    assert APP not in {row.subject for row in outcome.passed}
