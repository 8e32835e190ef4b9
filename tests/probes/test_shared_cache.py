"""What caches may do with an answer: as the standards have it, and as lenient as caches are with garbage."""

from __future__ import annotations

import pytest

from launchready.probes.page import Page
from launchready.probes.shared_cache import Keeping, announces_cache, came_from_cache, keeping, lifetime_s, varies_by

DATE = ("date", "Wed, 25 Nov 2026 09:00:00 GMT")


def answer(*headers: tuple[str, str], status: int = 200) -> Page:
    return Page("https://x.example/", status, headers, b"")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("no-store", Keeping.NEVER),
        ("private", Keeping.NEVER),
        ("private, max-age=600", Keeping.NEVER),
        ("no-cache", Keeping.NEVER),
        ('no-cache="Set-Cookie"', Keeping.NEVER),
        ("max-age=0, must-revalidate", Keeping.NEVER),
        ("public, max-age=0", Keeping.NEVER),
        ("s-maxage=0, max-age=600", Keeping.NEVER),
        ("max-age=600", Keeping.ALLOWED),
        ("MAX-AGE=600", Keeping.ALLOWED),
        ('max-age="600"', Keeping.ALLOWED),
        ("public", Keeping.ALLOWED),
        ("max-age=0, s-maxage=60", Keeping.ALLOWED),
        ("max-age=600, max-age=0", Keeping.ALLOWED),
        ("max-age=99999999999999999999999999", Keeping.ALLOWED),
        ("max-age=banana, , private=", Keeping.NEVER),
        ("max-age=banana", Keeping.NEVER),
        ("max-age=-1", Keeping.NEVER),
        ("", Keeping.SILENT),
        (",,;,", Keeping.SILENT),
        ("must-revalidate", Keeping.SILENT),
        ("privately-held", Keeping.SILENT),
        ("\x00" * 50, Keeping.SILENT),
    ],
)
def test_what_shared_caches_are_told(value: str, told: Keeping) -> None:
    assert keeping(answer(("cache-control", value))) is told


def test_without_a_word_the_status_decides() -> None:
    assert keeping(answer()) is Keeping.SILENT
    assert keeping(answer(status=302)) is Keeping.NEVER
    assert keeping(answer(("cache-control", "max-age=60"), status=302)) is Keeping.ALLOWED


@pytest.mark.parametrize(
    ("expires", "told"),
    [
        ("Wed, 25 Nov 2026 10:00:00 GMT", Keeping.ALLOWED),
        ("Wed, 25 Nov 2026 08:00:00 GMT", Keeping.NEVER),
        ("0", Keeping.NEVER),
        ("-1", Keeping.NEVER),
    ],
)
def test_expires_counts_where_there_is_no_max_age(expires: str, told: Keeping) -> None:
    assert keeping(answer(DATE, ("expires", expires))) is told
    assert keeping(answer(DATE, ("expires", expires), ("cache-control", "no-store"))) is Keeping.NEVER


def test_what_edges_alone_are_told_counts_too() -> None:
    private = ("cache-control", "private, no-store")

    assert keeping(answer(private, ("cdn-cache-control", "max-age=60"))) is Keeping.ALLOWED
    assert keeping(answer(private, ("surrogate-control", "max-age=60"))) is Keeping.ALLOWED
    assert keeping(answer(private, ("cdn-cache-control", "no-store"))) is Keeping.NEVER


def test_an_answer_that_varies_by_everything_is_never_used_again() -> None:
    assert keeping(answer(("cache-control", "public, max-age=60"), ("vary", "*"))) is Keeping.NEVER
    assert varies_by(answer(("vary", "Accept, cookie")), "Cookie")
    assert not varies_by(answer(("vary", "Accept-Encoding")), "Cookie")


@pytest.mark.parametrize(
    ("headers", "lasts_s"),
    [
        ([("cache-control", "max-age=60")], 60),
        ([("cache-control", "no-cache, max-age=60")], 0),
        ([("cache-control", "no-store")], 0),
        ([("cache-control", "s-maxage=60")], None),
        ([DATE, ("expires", "Wed, 25 Nov 2026 09:01:00 GMT")], 60),
        ([("cache-control", "max-age=60"), DATE, ("expires", "Wed, 25 Nov 2026 10:00:00 GMT")], 60),
        ([], None),
    ],
)
def test_for_how_long_a_browser_may_use_a_file(headers: list[tuple[str, str]], lasts_s: int | None) -> None:
    assert lifetime_s(answer(*headers)) == lasts_s


@pytest.mark.parametrize(
    ("header", "value", "hit"),
    [
        ("cf-cache-status", "HIT", True),
        ("cf-cache-status", "DYNAMIC", False),
        ("cf-cache-status", "MISS", False),
        ("cf-cache-status", "BYPASS", False),
        ("x-cache", "Hit from cloudfront", True),
        ("x-cache", "Miss from cloudfront", False),
        ("x-cache", "MISS, HIT", True),
        ("x-vercel-cache", "MISS", False),
        ("x-vercel-cache", "STALE", True),
        ("cache-status", "ExampleCache; hit; ttl=30", True),
        ("cache-status", "ExampleCache; fwd=uri-miss; stored", False),
        ("age", "12", True),
        ("age", "0", False),
        ("age", "-4", False),
        ("age", "banana", False),
    ],
)
def test_what_shows_that_a_cache_answered(header: str, value: str, hit: bool) -> None:
    assert bool(came_from_cache(answer((header, value)))) is hit


@pytest.mark.parametrize(
    ("header", "value", "worth"),
    [
        ("cf-cache-status", "MISS", True),
        ("cf-cache-status", "EXPIRED", True),
        ("cf-cache-status", "DYNAMIC", False),
        ("cf-cache-status", "BYPASS", False),
        ("x-cache", "Miss from cloudfront", True),
        ("age", "0", True),
        ("server", "cloudflare", False),
    ],
)
def test_a_cache_that_looked_for_an_answer_is_worth_a_second_look(header: str, value: str, worth: bool) -> None:
    assert announces_cache(answer((header, value))) is worth
