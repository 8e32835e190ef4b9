"""The reference portal on PostgreSQL behind the lab's edge: log in, dashboard, an invoice, an upload, the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from launchready.lab import demo
from launchready.lab.authority import Authority
from launchready.lab.lab import Lab
from launchready.lab.live_portal import PASSWORD, Deployment, LivePortal, missing
from launchready.performance.flows import Saving, exchanges, flows_of, ground_of, walk
from launchready.performance.session import open_sessions

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PERFORMANCE = {
    "users": {
        "owner": {"user_env": "LAB_OWNER", "password_env": "LAB_OWNER_PASSWORD"},
        "forgetful": {"user_env": "LAB_OWNER", "password_env": "LAB_WRONG_PASSWORD"},
    },
    "flows": [
        {
            "name": "work", "user": "owner", "changes": True,
            "steps": [
                {"login": {"path": "/account/login/"}},
                {"name": "dashboard", "path": "/", "text": "Dashboard"},
                {
                    "name": "invoices", "path": "/invoices/",
                    "keep": {"invoice": {"css": "main a[href^='/invoices/']:not([href*=new])", "attribute": "href"}},
                },
                {"name": "invoice", "path": "{invoice}"},
                {
                    "name": "form", "path": "/files/upload/",
                    "keep": {"company": {"css": "select[name=company] option:nth-child(2)", "attribute": "value"}},
                },
                {
                    "name": "upload", "path": "/files/upload/", "form": {"company": "{company}"},
                    "upload": {"field": "upload", "size_kb": 300, "name": "contract {unique}.pdf"},
                },
                {"name": "API", "path": "/api/v1/invoices", "keep": {"id": {"json_path": "invoices.0.id"}}},
            ],
        },
        {
            "name": "no company", "user": "owner", "changes": True,
            "steps": [
                {"login": {"path": "/account/login/"}},
                {"path": "/files/upload/"},
                {"name": "upload", "path": "/files/upload/", "upload": {"field": "upload", "size_kb": 10}},
            ],
        },
        {"name": "wrong", "user": "forgetful", "steps": [{"login": {"path": "/account/login/"}}]},
    ],
}  # fmt: skip
ENVIRON = {"LAB_OWNER": "owner@studio.example", "LAB_OWNER_PASSWORD": PASSWORD, "LAB_WRONG_PASSWORD": "wrong"}


async def test_a_buyers_way_through_the_real_portal(tmp_path: Path) -> None:
    world = demo.repaired_world(runs=True)
    async with Lab(world, authority=Authority(), live=LivePortal(Deployment(clients=2, invoices=30))) as lab:
        portal = lab.portal(performance=PERFORMANCE, canonical=f"https://app.{lab.world.domain}/", hosts=["app"])
        look, ground, saving = lab.look(), ground_of(portal), Saving(tmp_path / "saved", tmp_path)
        async with open_sessions(look.network, look.dns) as sessions:
            work, unfilled, wrong = [
                await walk(flow, sessions.new(), ground, saving=saving, environ=ENVIRON) for flow in flows_of(portal)
            ]
    assert work.trouble is None
    kept = exchanges(work)
    assert [(e.step, e.status) for e in kept] == [
        ("login page", 200), ("login", 302), ("login", 200), ("dashboard", 200), ("invoices", 200), ("invoice", 200),
        ("form", 200), ("upload", 302), ("upload", 200), ("API", 200),
    ]  # fmt: skip
    assert [e.route for e in kept][5] == "GET /invoices/{id}/"
    assert kept[7].sent > 300 * 1024
    assert kept[9].facts.kind == "json"
    assert [e.signed_in for e in kept] == [False, False] + [True] * 8

    assert unfilled.trouble
    assert unfilled.trouble.reason.startswith("422 came, not 200 to 299; it shows: 'This field is required.")
    assert unfilled.trouble.unlock == "the form wants company to be filled in: name it in `form`"
    assert wrong.trouble
    assert "it says: 'E-mail and password do not match." in wrong.trouble.reason
    assert wrong.final
    texts = [path.read_text() for path in (tmp_path / "saved").iterdir()]
    assert len(texts) == 2
    for secret in ENVIRON.values():
        assert not any(secret in text for text in texts)
