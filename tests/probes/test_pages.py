"""First pages: redirects within a host are followed, hosts nobody listens on are left out."""

from __future__ import annotations

import pytest

from launchready.lab.healthy import DOMAIN, LOGIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Change, Response, Trouble, both, route, site
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.network import Limits
from launchready.probes.pages import Visit, first_pages, has_password_field, is_html, same_host

WWW, APP = f"www.{DOMAIN}", f"app.{DOMAIN}"


async def visited(authority, change: Change | None = None, **settings: object) -> dict[str, Visit]:
    world = change(healthy_world()) if change else healthy_world()
    async with Lab(world, authority=authority) as lab:
        look = lab.look(Limits(connect_timeout_s=1.0, operation_timeout_s=1.0), **settings)
        visits = await first_pages(look)
        assert await first_pages(look) is visits
        await look.close()
    return {visit.url: visit for visit in visits}


async def test_every_page_of_every_web_host_is_visited_and_a_mail_host_is_not(authority) -> None:
    visits = await visited(authority, pages=("/", "pricing"))

    assert f"https://{WWW}/pricing" in visits
    assert f"https://mail.{DOMAIN}/" not in visits
    assert len(visits) == 2 * len({visit.host.name for visit in visits.values()})


async def test_a_host_that_leads_elsewhere_shows_no_page(authority) -> None:
    visit = (await visited(authority))[f"https://{DOMAIN}/"]

    assert (visit.end, visit.leads_to) == (None, f"https://{WWW}/")


async def test_redirects_within_the_host_are_followed(authority) -> None:
    change = both(
        route(APP, "/", Response(302, (("Location", "/a#top"),))),
        route(APP, "/a", Response(303, (("Location", "login"),))),
        route(APP, "/login", Response(200, (("Content-Type", "text/html"),), LOGIN)),
    )

    visit = (await visited(authority, change))[f"https://{APP}/"]

    assert isinstance(visit.end, Page)
    assert [page.status for page in visit.hops] == [302, 303, 200]
    assert has_password_field(visit.end)


@pytest.mark.parametrize("to", ["/", "http://[", f"http://{APP}/"])
async def test_a_redirect_that_goes_nowhere_ends(authority, to: str) -> None:
    visit = (await visited(authority, route(APP, "/", Response(302, (("Location", to),)))))[f"https://{APP}/"]

    assert isinstance(visit.end, Failure | None) or visit.end.status == 302


async def test_a_found_host_in_trouble_is_kept_with_its_failure(authority) -> None:
    visit = (await visited(authority, site(APP, trouble=Trouble.CLOSES)))[f"https://{APP}/"]

    assert isinstance(visit.end, Failure)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", True),
        ("https://a.example:443/", True),
        ("https://A.example/", True),
        ("http://a.example/", False),
        ("https://a.example:8443/", False),
        ("https://b.example/", False),
        ("https://a.example:x/", False),
    ],
)
def test_the_same_host(url: str, expected: bool) -> None:
    assert same_host(url, "a.example") is expected


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"", True),
        ("application/xhtml+xml", b"", True),
        ("application/json", b"<html>", False),
        ("", b"\n<!DOCTYPE HTML>", True),
        ("", b"{}", False),
    ],
)
def test_what_is_a_page(kind: str, body: bytes, expected: bool) -> None:
    headers = (("content-type", kind),) if kind else ()

    assert is_html(Page("https://a.example/", 200, headers, body)) is expected
