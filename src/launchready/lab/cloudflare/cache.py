"""What the edge keeps: which answers, for how long, what it says of them, as Cloudflare does by default and by rule.

Defaults from https://developers.cloudflare.com/cache/concepts/default-cache-behavior/ and
https://developers.cloudflare.com/cache/concepts/cache-control/. No revalidation, no Vary, no tiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from launchready.lab.cloudflare.origin import Fetched
from launchready.lab.edge_http import Request

EXTENSIONS = frozenset(
    """
    7z avi avif apk bin bmp bz2 class css csv doc docx dmg ejs eot eps exe flac gif gz ico iso jar jpg jpeg js mid midi
    mkv mp3 mp4 ogg otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx zip
    zst
    """.split()  # noqa: SIM905 - read as the list it is in the documentation
)
"""What is kept without a rule, by the end of its path."""
USUAL_S: Mapping[int, int] = {200: 7200, 206: 7200, 301: 7200, 302: 1200, 303: 1200, 404: 180, 410: 180}
"""How long, where the origin does not say."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What settings and rules want for one request."""

    eligible: bool
    override_s: int | None = None
    """For so long, whatever the origin says; a cookie is taken off then."""
    by_status: tuple[tuple[int, int, int], ...] = ()
    """(from status, to status, seconds; 0 or less: not)."""
    only_if_told: bool = False
    """Not kept unless the origin says how long (`bypass_by_default`)."""
    browser_s: int | None = None
    """`max-age` for the visitor; None: as the origin says, or the zone's setting."""
    respect_browser: bool = False
    bypassed: bool = False
    """A rule says not to keep it."""
    by_rule: bool = False
    """A rule, not its name, makes it one that may be kept."""


@dataclass
class Kept:
    """An answer in the cache."""

    answer: Fetched
    since_s: float
    until_s: float


@dataclass
class Cache:
    """The answers the edge keeps."""

    clock: Callable[[], float]
    kept: dict[tuple[str, str, str], Kept] = field(default_factory=dict)

    def found(self, key: tuple[str, str, str]) -> tuple[str, Kept | None]:
        """(`HIT`, `EXPIRED` or `MISS`, the answer when it is fresh)."""
        kept = self.kept.get(key)
        if kept is None:
            return "MISS", None
        return ("HIT", kept) if self.clock() < kept.until_s else ("EXPIRED", None)

    def purge(self, wanted: Mapping[str, Any]) -> None:
        """Forget what a request to purge names, by URL, host or the beginning of a URL without its scheme."""
        files = {one if isinstance(one, str) else one["url"] for one in wanted.get("files", ())}

        def named(scheme: str, host: str, target: str) -> bool:
            place = f"{host}{target}"
            begins = place.startswith(tuple(wanted.get("prefixes", ())) or ("\0",))
            return f"{scheme}://{place}" in files or host in wanted.get("hosts", ()) or begins

        for key in [k for k in self.kept if wanted.get("purge_everything") or named(*k)]:
            del self.kept[key]

    def keep(self, key: tuple[str, str, str], answer: Fetched, wish: Wish, asked: Request) -> Fetched | None:
        """Keep an answer when it may be; returns it as it was kept, None when it was not."""
        lifetime = lifetime_s(answer, wish, asked)
        if lifetime <= 0:
            return None
        if wish.override_s is not None:
            answer = replace(answer, headers=tuple(h for h in answer.headers if h[0].lower() != "set-cookie"))
        now = self.clock()
        self.kept[key] = Kept(answer, now, now + lifetime)
        return answer


def wish(rules: list[dict[str, Any]], path: str, method: str, development: bool) -> Wish:
    """What is wanted for a path; `rules` are the parameters of the cache rules that fit, in order: the last wins."""
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    eligible = "." in path.rpartition("/")[2] and (extension in EXTENSIONS or path == "/robots.txt")
    wanted = Wish(eligible)
    for rule in rules:
        if "cache" in rule:
            wanted = replace(wanted, eligible=rule["cache"], bypassed=not rule["cache"], by_rule=rule["cache"])
        if edge := rule.get("edge_ttl"):
            override = edge.get("default") if edge["mode"] == "override_origin" else None
            by_status = tuple(_range(one) for one in edge.get("status_code_ttl", ()))
            wanted = replace(
                wanted, override_s=override, by_status=by_status, only_if_told=edge["mode"] == "bypass_by_default"
            )
        if browser := rule.get("browser_ttl"):
            own = {"override_origin": browser.get("default", 0), "bypass": 0}.get(browser["mode"])
            wanted = replace(wanted, browser_s=own, respect_browser=browser["mode"] == "respect_origin")
    if method not in ("GET", "HEAD") or development:
        wanted = replace(wanted, eligible=False)
    return wanted


def unkept(answer: Fetched, wish: Wish) -> str:
    """What is said of an eligible answer that was not kept: with a cookie and a rule `MISS`, else `BYPASS`.

    https://developers.cloudflare.com/cache/concepts/cache-behavior/
    """
    cookie = any(name.lower() == "set-cookie" for name, _ in answer.headers)
    return "MISS" if wish.by_rule and cookie else "BYPASS"


def lifetime_s(answer: Fetched, wish: Wish, asked: Request) -> int:
    """How long an answer to an eligible request is kept, seconds; 0: not at all."""
    for low, high, seconds in wish.by_status:
        if low <= answer.status <= high:
            return seconds
    if wish.override_s is not None:
        return wish.override_s if answer.status < 500 else 0
    said = directives(answer)
    names = {name.lower() for name, _ in answer.headers}
    if "set-cookie" in names or said.keys() & {"private", "no-store", "no-cache"}:
        return 0
    if "authorization" in asked.fields and not said.keys() & {"public", "must-revalidate", "s-maxage"}:
        return 0
    for name in ("s-maxage", "max-age"):
        if said.get(name, "").isdigit():
            return int(said[name])
    return 0 if wish.only_if_told else USUAL_S.get(answer.status, 0)


def directives(answer: Fetched) -> dict[str, str]:
    """The directives of an answer's Cache-Control (RFC 9111 section 5.2)."""
    whole = ",".join(value for name, value in answer.headers if name.lower() == "cache-control")
    pairs = (part.strip().lower().partition("=") for part in whole.split(",") if part.strip())
    return {name: value.strip('"') for name, _, value in pairs}


def asked_whole(asked: Request) -> Request:
    """The request for a whole answer that may be kept: a GET with no conditions and no range."""
    conditions = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "range", "if-range")
    return replace(asked, method="GET", fields={n: v for n, v in asked.fields.items() if n not in conditions})


def unchanged(answer: Fetched, asked: Request) -> bool:
    """Whether the visitor has the answer already (RFC 9110 section 13.1.2, weakly compared)."""
    tags = {tag.strip().removeprefix("W/") for tag in asked.fields.get("if-none-match", "").split(",")}
    own = next((v.removeprefix("W/") for n, v in answer.headers if n.lower() == "etag"), "")
    return answer.status == 200 and own != "" and bool(tags & {own, "*"})


def for_browser(answer: Fetched, wish: Wish, zone_s: int) -> Fetched:
    """An answer that was kept, with the `max-age` its visitor is to see (0 for `zone_s`: as the origin says)."""
    least = wish.browser_s if wish.browser_s is not None else zone_s
    if wish.respect_browser or (wish.browser_s is None and zone_s == 0):
        return answer
    told = directives(answer).get("max-age", "")
    if wish.browser_s is None and told.isdigit() and int(told) >= least:
        return answer
    control = next((value for name, value in answer.headers if name.lower() == "cache-control"), "")
    control = re.sub(r"max-age=\d+", f"max-age={least}", control) if "max-age" in control else f"max-age={least}"
    kept = tuple(pair for pair in answer.headers if pair[0].lower() not in ("cache-control", "expires"))
    return replace(answer, headers=(*kept, ("Cache-Control", control)))


def _range(one: Mapping[str, Any]) -> tuple[int, int, int]:
    if "status_code" in one:
        return one["status_code"], one["status_code"], one["value"]
    between = one.get("status_code_range", {})
    return between.get("from", 0), between.get("to", 999), one["value"]
