"""URLs as routes, and as they may be kept."""

from __future__ import annotations

import time

import pytest

from launchready.performance.routes import route_of, shown_url


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("", "/"),
        ("/invoices/17", "/invoices/{id}"),
        ("/invoices/17.pdf", "/invoices/{id}.pdf"),
        ("/api/v1/users/42/orders?page=2&sort=a", "/api/v1/users/{id}/orders?page=&sort="),
        ("/a?sort=a&page=2", "/a?page=&sort="),
        ("/u/4f1c2d3e-1111-4222-8333-123456789abc", "/u/{id}"),
        ("/files/01ARZ3NDEKTSV4RRFFQ69G5FAV/raw", "/files/{id}/raw"),
        ("/reset/Mjk/abc123-9f8e7d6c5b4a39281706f5e4d3c2b1a0/", "/reset/Mjk/{id}/"),
        ("/people/ada%40client.example/", "/people/{id}/"),
        ("/order-4711", "/order-{id}"),
        ("/INV-2024-0117", "/INV-{id}"),
        ("/how-we-did-100-things-in-2024", "/{id}"),
        ("/2024/05/17/title", "/{id}/{id}/{id}/title"),
        ("/static/app.3f9a1c22.js", "/static/app.{id}.js"),
        ("/@ada", "/@{id}"),
        ("/c/65f1a2b3c4d5e6f708192a3b", "/c/{id}"),
        ("/watch/dQw4w9WgXcQ", "/watch/{id}"),
        # what people name stays
        ("/account/password-reset-confirmation/", "/account/password-reset-confirmation/"),
        ("/oauth2/authorize", "/oauth2/authorize"),
        ("/reports/q3", "/reports/q3"),
        ("/step-2", "/step-2"),
        ("/facade/decade", "/facade/decade"),
        ("/two-factor", "/two-factor"),
        ("/internationalization-settings", "/internationalization-settings"),
    ],
)
def test_what_a_machine_made_is_an_id_and_what_a_person_wrote_stays(target: str, route: str) -> None:
    assert route_of("get", f"https://client.example{target}") == f"GET {route}"


@pytest.mark.parametrize("one", ["/invoices/17", "/files/9f8e7d6c5b4a", "/in/cus_NffrFeUfNV2Hib?a=1"])
def test_two_requests_of_one_endpoint_have_one_route(one: str) -> None:
    other = one.replace("17", "18").replace("9f8e7d6c5b4a", "5b4a9f8e7d60").replace("Nff", "9xQ").replace("a=1", "a=2")
    assert one != other
    assert route_of("GET", f"https://x.example{one}") == route_of("GET", f"https://x.example{other}")


def test_a_kept_url_holds_no_value_no_user_and_no_token() -> None:
    url = "https://ada:pw@x.example:8443/reset/abc123-9f8e7d6c5b4a3928/a@b.example/17?token=abc&page=#part"
    assert shown_url(url) == "https://x.example:8443/reset/{id}/{id}/17?page=&token="


@pytest.mark.parametrize("url", ["http://[", "", "x" * 200_000, "/" * 200_000, "http://x/" + "a-1" * 70_000])
def test_no_url_takes_long_or_breaks(url: str) -> None:
    began = time.perf_counter()
    assert len(route_of("GET", url)) <= 200
    assert len(shown_url(url)) <= 2_000
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/static/portal.5f2b0c19a7d3.css", "/static/portal.{id}.css"),
        ("/assets/index-DiwrgTda0aB3xZ91.js", "/assets/index-{id}.js"),
        ("/assets/application-0123456789abcdef0123456789abcdef.min.js", "/assets/application-{id}.min.js"),
        ("/files/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123456", "/files/{id}"),
        ("/reset/c2VjcmV0LXRva2VuLTEyMzQ1", "/reset/{id}"),
        ("/x/A1b2C3d4E5f6G7h8I9j0K1.5f2b0c19a7d3.css", "/x/{id}"),
    ],
)
def test_a_file_of_a_build_is_shown_by_its_name_and_a_token_is_not(path: str, shown: str) -> None:
    assert shown_url(f"https://x.example{path}") == f"https://x.example{shown}"
