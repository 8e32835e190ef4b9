"""Source maps are found by what they hold; missing ones, pages in their place and maps of libraries are not."""

from __future__ import annotations

import pytest

from launchready.audit.source_maps import map_of, read_map, scripts_of
from launchready.lab.faults.exposure import JSON, SCRIPT, WWW, serves, source_map
from launchready.lab.healthy import HTML, PAGE
from launchready.lab.world import Response, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page

URL = "https://www.brightside.example/static/site.js"


def script(body: str, *headers: tuple[str, str]) -> Page:
    return Page(URL, 200, (("content-type", "text/javascript"), *headers), body.encode())


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (script("a\n//# sourceMappingURL=site.js.map\n"), f"{URL}.map"),
        (script("a\n//@ sourceMappingURL=/maps/a.map"), "https://www.brightside.example/maps/a.map"),
        (script("a", ("sourcemap", "b.map")), "https://www.brightside.example/static/b.map"),
        (script("a"), ""),
        (script('var s = "//# sourceMappingURL=" + x'), ""),
        (script("//# sourceMappingURL="), ""),
        (script("//# sourceMappingURL=http://[/"), ""),
    ],
)
def test_the_map_a_script_names(page: Page, expected: str) -> None:
    named = map_of(page)

    assert named == expected or (not expected and not named.startswith("https://www"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PAGE, "text/html"),
        ("{}", "application/json"),
        ('{"version":2,"sources":["a"]}', "application/json"),
        ('["version":3]', "application/json"),
        ("", "application/json"),
    ],
)
def test_what_is_no_map_is_none(body: str, kind: str) -> None:
    assert read_map(Page(URL, 200, (("content-type", kind),), body.encode())) is None


def test_the_beginning_of_a_large_map_is_enough() -> None:
    body = source_map("../src/a.ts", 'b\\"c.ts')[:60].encode()

    assert read_map(Page(URL, 200, (), body, truncated=True)).sources[0] == "../src/a.ts"


def test_only_scripts_of_the_same_host_are_read_and_six_at_most() -> None:
    tags = "".join(f'<script src="/{i}.js"></script>' for i in range(9))
    body = f'<script src="https://cdn.example/a.js"></script>{tags}'.encode()
    page = Page("https://x.example/", 200, (("content-type", "text/html"),), body)

    assert scripts_of(page, "x.example") == [f"https://x.example/{i}.js" for i in range(6)]


async def test_a_published_map_is_nice_to_fix_and_names_its_sources(judge) -> None:
    (finding,) = (
        await judge("exposure.sourcemaps", serves(WWW, "/static/site.js.map", source_map("../src/login.ts"), JSON))
    ).findings

    assert (finding.subject, finding.severity) == (WWW, Severity.NICE)
    assert "../src/login.ts" in finding.evidence


async def test_a_map_inside_the_script_is_found(judge) -> None:
    inline = "x\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozfQ=="

    assert len((await judge("exposure.sourcemaps", serves(WWW, "/static/site.js", inline, SCRIPT))).findings) == 1


@pytest.mark.parametrize(
    "change",
    [
        serves(WWW, "/static/site.js", "x\n//# sourceMappingURL=site.js.map", SCRIPT),
        both(
            serves(WWW, "/static/site.js", "x\n//# sourceMappingURL=site.js.map", SCRIPT),
            serves(WWW, "/static/site.js.map", PAGE, HTML),
        ),
        serves(WWW, "/static/site.js", "x\n//# sourceMappingURL=https://maps.mailer.example/site.js.map", SCRIPT),
        serves(
            WWW, "/static/site.js.map", source_map("webpack://x/./node_modules/a.js", "webpack://x/webpack/b"), JSON
        ),
    ],
    ids=["missing", "a page", "elsewhere", "packages only"],
)
async def test_a_map_that_gives_nothing_away_passes(judge, change) -> None:
    assert (await judge("exposure.sourcemaps", change)).status is Status.PASSED


async def test_a_script_that_does_not_come_is_not_checked(judge) -> None:
    outcome = await judge("exposure.sourcemaps", route(WWW, "/static/site.js", Response(trouble=Trouble.CLOSES)))

    assert "site.js" in outcome.not_checked[0].reason


async def test_a_host_that_does_not_answer_is_not_checked(judge) -> None:
    assert (await judge("exposure.sourcemaps", site(WWW, trouble=Trouble.CLOSES))).status is Status.NOT_CHECKED
