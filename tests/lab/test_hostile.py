"""A hostile world costs the run nothing but the look it spoils: it ends in time, says so, and carries on elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import pytest

from launchready.lab.healthy import DOMAIN
from launchready.lab.world import (
    Change,
    Response,
    Trouble,
    both,
    certificate,
    mail_server,
    name_server,
    records,
    resolver,
    route,
    site,
)
from launchready.model import Report, Status
from launchready.probes.network import Limits

Audit = Callable[..., Awaitable[Report]]

LIMITS = Limits(
    lookup_timeout_s=1.5, connect_timeout_s=1.5, operation_timeout_s=2.0, run_deadline_s=25.0, body_bytes=256 * 1024
)
APP, WWW, MX = f"app.{DOMAIN}", f"www.{DOMAIN}", f"mail.{DOMAIN}"
EVIL = 'ESMTP \x1b[2J\x1b]0;owned\x07 <script>alert(1)</script> "><img src=x onerror=alert(1)>'


@dataclass(frozen=True)
class Hostile:
    says: str
    change: Change
    affected: tuple[str, ...]
    """Patterns of the checks that may end otherwise than in the healthy world."""
    must_say: tuple[str, ...] = ()
    """Checks that must have ended as not checked or found, with a reason."""


WEB = (
    "http.*", "edge.*", "exposure.*", "secrets.served", "tls.*", "dns.ipv6", "dns.subdomains", "dns.dangling",
    "mail.mtasts", "performance.blocking_scripts",
)  # fmt: skip
HOSTILE = [
    Hostile(
        "a site that never answers",
        site(APP, trouble=Trouble.SILENT),
        WEB,
        ("tls.certificate.trust", "edge.caching.private"),
    ),
    Hostile("a site that drips a byte a second", site(APP, trouble=Trouble.DRIPS), WEB),
    Hostile("a site that is no TLS", site(APP, trouble=Trouble.TLS_GARBAGE), WEB),
    Hostile("a site that sends garbage", site(APP, trouble=Trouble.GARBAGE), WEB),
    Hostile("a site that closes at once", site(APP, trouble=Trouble.CLOSES), WEB),
    *(
        Hostile(f"a page that {trouble.value}", route(APP, "/", Response(trouble=trouble)), WEB, ("http.mixed.active",))
        for trouble in (Trouble.SILENT, Trouble.DRIPS, Trouble.ENDLESS_HEADERS)
    ),
    *(
        Hostile(f"a page that {trouble.value}", route(APP, "/", Response(trouble=trouble)), WEB)
        for trouble in (Trouble.HUGE_BODY, Trouble.GZIP_BOMB, Trouble.BROTLI_BOMB)
    ),
    Hostile(
        "a redirect loop across hosts",
        both(
            route(APP, "/", Response(302, (("Location", f"https://api.{DOMAIN}/"),))),
            route(f"api.{DOMAIN}", "/", Response(302, (("Location", f"https://{APP}/"),))),
        ),
        WEB,
        ("http.loop",),
    ),
    Hostile("a certificate with 10,000 names", certificate(APP, extra_names=10_000), WEB),
    Hostile("a root certificate with 10,000 names", certificate(DOMAIN, extra_names=10_000), WEB),
    Hostile(
        "an answer that loops by CNAME",
        records(DOMAIN, drop=("www A", "www AAAA"), add=("www 300 CNAME loop", "loop 300 CNAME www")),
        (*WEB, "dns.*"),
        ("dns.records.cname",),
    ),
    Hostile(
        "64 KB of TXT",
        records(DOMAIN, add=tuple(f'@ 300 TXT "{number:04} {"x" * 240}"' for number in range(250))),
        ("mail.*", "dns.*"),
    ),
    Hostile("a region that never answers", resolver("Virginia", trouble=Trouble.SILENT), ("dns.*",)),
    Hostile("a region that forges", resolver("Virginia", trouble=Trouble.WRONG_ID), ("dns.*",)),
    Hostile("a region that truncates", resolver("Virginia", trouble=Trouble.TRUNCATES), ("dns.*",)),
    Hostile("a region that sends garbage", resolver("Virginia", trouble=Trouble.GARBAGE), ("dns.*",)),
    Hostile("a name server that forges", name_server(f"ns2.{DOMAIN}", trouble=Trouble.WRONG_ID), ("dns.*",)),
    Hostile("a name server that sends garbage", name_server(f"ns2.{DOMAIN}", trouble=Trouble.GARBAGE), ("dns.*",)),
    Hostile(
        "an SPF record that includes itself",
        records(DOMAIN, drop=("@ TXT",), add=(f'@ 300 TXT "v=spf1 include:{DOMAIN} -all"',)),
        ("mail.*",),
    ),
    Hostile("a mail server with a hostile banner", mail_server(MX, banner=EVIL), ("mail.*",)),
    Hostile("a mail server that never answers", mail_server(MX, trouble=Trouble.SILENT), ("mail.*",)),
    Hostile("a mail server that drips", mail_server(MX, trouble=Trouble.DRIPS), ("mail.*",)),
    Hostile("a mail server that sends garbage", mail_server(MX, trouble=Trouble.GARBAGE), ("mail.*",)),
    Hostile(
        "an escape and a tag in a header",
        route(WWW, "/", Response(200, (("Server", EVIL[6:]), ("Content-Type", "text/html")), "<p>hello")),
        ("http.*", "exposure.*"),
    ),
]


@pytest.fixture(scope="module")
def healthy_statuses() -> dict[str, Status]:
    return {}


@pytest.mark.parametrize("hostile", HOSTILE, ids=[h.says for h in HOSTILE])
async def test_a_hostile_world_spoils_only_the_looks_it_touches(
    hostile: Hostile, audit: Audit, healthy_statuses: dict[str, Status]
) -> None:
    if not healthy_statuses:
        healthy = await audit(limits=LIMITS)
        healthy_statuses.update({o.check.id: o.status for o in healthy.outcomes})

    report = await audit(hostile.change, limits=LIMITS)

    assert report.elapsed_s < LIMITS.run_deadline_s + 1
    others = [o for o in report.outcomes if not any(fnmatchcase(o.check.id, p) for p in hostile.affected)]
    assert others
    assert {o.check.id: o.status for o in others} == {o.check.id: healthy_statuses[o.check.id] for o in others}
    for outcome in report.outcomes:
        if outcome.check.id in hostile.must_say:
            assert outcome.status is not Status.PASSED
        assert all(row.reason for row in outcome.not_checked)
    raw = rendered(report)
    assert "\x1b" not in raw["terminal"]
    assert "<script>alert" not in raw["html"]
    assert "<img src=x" not in raw["html"]
    assert not any("\x1b" in text or "\x07" in text for text in raw.values())


async def test_with_nothing_to_reach_every_check_says_that_it_could_not_look(audit: Audit) -> None:
    def emptied(world):  # type: ignore[no-untyped-def]
        return replace(world, name_servers=(), resolvers=world.resolvers, sites=(), mail_servers=(), zones=())

    report = await audit(emptied, limits=LIMITS)

    assert report.verdict != "ready"
    assert not [o.check.id for o in report.outcomes if o.status is Status.PASSED and not o.passed]


def rendered(report: Report) -> dict[str, str]:
    import io

    from rich.console import Console

    from launchready.report import html, json_report, junit, markdown, sarif, terminal

    console = Console(file=io.StringIO(), width=100, no_color=True)
    terminal.render(report, console)
    return {
        "terminal": console.file.getvalue(),  # type: ignore[attr-defined]
        "html": html.render(report),
        "json": json_report.render(report),
        "sarif": sarif.render(report),
        "junit": junit.render(report),
        "markdown": markdown.render(report),
    }
