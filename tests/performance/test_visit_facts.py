"""What a real browser adds to the facts of answers: headers of files, and fields of JSON that its page never shows."""

from __future__ import annotations

import json

import pytest
from tests.probes.timed_site import OWN, Timed, TimedSite

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import records
from launchready.measurement import Visit
from launchready.performance.bodies import facts_of
from launchready.performance.saved import kept_headers
from launchready.probes import browser
from launchready.probes.browser_visit import visit_in
from launchready.probes.network import Limits

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
ROWS = [
    {"number": f"INV-{n}", "town": f"Town{n} by the Sea", "memo": f"Remark{n} for our eyes alone " * 9}
    for n in range(12)
]
PAGES = {
    "/": Timed("<!doctype html><div id=list>Loading</div><script src=/app.js></script>"),
    "/app.js": Timed(
        "fetch('/api/invoices').then(a => a.json()).then(rows => { document.getElementById('list').innerHTML ="
        " rows.map(r => `<p>${r.number} ${r.town}</p>`).join('') })",
        "text/javascript",
        headers=(("Cache-Control", "no-store"), ("Set-Cookie", "sid=secret-of-ada; Path=/; Secure")),
    ),
    "/api/invoices": Timed(json.dumps(ROWS), "application/json", headers=(("Cache-Control", "private"),)),
}


async def test_a_browser_tells_the_fields_that_its_page_never_shows() -> None:
    authority = Authority()
    world = records(DOMAIN, add=("timed 300 A 192.88.99.90",))(healthy_world())
    async with Lab(world, authority=authority) as lab, TimedSite(authority, PAGES) as timed:
        look = lab.look(Limits(run_deadline_s=60))
        look.network.detours += timed.detours
        look.network.__post_init__()
        said = Visit("dashboard", "open", "ada", f"https://{OWN}/", "GET /", None, None, None, None)
        try:
            async with look.browser.profile(said.url) as profile:
                seen = await visit_in(
                    look.browser, profile, said, own_hosts=(DOMAIN,),
                    kept_of=lambda answer, shown: (kept_headers(answer), facts_of(answer, shown=shown)),
                )  # fmt: skip
        finally:
            await look.close()

    assert isinstance(seen, Visit), seen
    call = next(one for one in seen.resources if one.kind == "fetch")
    script = next(one for one in seen.resources if one.kind == "script")
    assert call.facts is not None
    (rows,) = call.facts.lists
    assert (rows.rows, rows.fields, rows.unshown) == (12, ("number", "town", "memo"), ("memo",))
    assert dict(call.headers)["cache-control"] == "private"
    assert dict(script.headers)["cache-control"] == "no-store"
    assert script.facts is None
    assert "secret-of-ada" not in repr(seen)
