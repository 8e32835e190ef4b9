"""The reference portal, live on PostgreSQL behind the lab's edge: its real login form, version and worker verified."""

from __future__ import annotations

import asyncio

import pytest

from launchready.hardening import verify_run
from launchready.lab.demo import repaired_world
from launchready.lab.lab import Lab
from launchready.lab.live_portal import PASSWORD, Deployment, LivePortal, missing
from launchready.lab.prototype import HOST
from launchready.model import Outcome

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
ACCOUNTS = """
import django; django.setup()
from accounts.models import User
people = User.objects.filter(is_active=True, role="client").order_by("pk")
print(people[0].email, people[1].email)
people.filter(pk=people[1].pk).update(two_factor=True)
people[1].totpdevice_set.create(name="app", confirmed=True)
"""
WORK_ONCE = "import django; django.setup()\nfrom outbox.heartbeat import beat; beat()"
SETTINGS = {
    "url": f"https://{HOST}/",
    "browser": False,
    "within_s": 1.0,
    "login": {"path": "/account/login/", "user_env": "PORTAL_USER", "password_env": "PORTAL_PASSWORD"},
    "version": {"path": "/readyz", "json_path": "version"},
    "worker": {"path": "/readyz", "json_path": "worker"},
    "release": "v1.4.0",
}


async def test_a_release_of_the_reference_portal_is_verified(authority, monkeypatch) -> None:
    live = LivePortal(Deployment(clients=3, invoices=20, environment=(("RELEASE_VERSION", "v1.4.0"),)))
    async with Lab(repaired_world(runs=True), authority=authority, live=live) as lab:
        plain, careful = (await asyncio.to_thread(live.manage, ACCOUNTS)).split()[-2:]

        async def verified(user: str, password: str = PASSWORD, **changes: object) -> dict[str, Outcome]:
            monkeypatch.setenv("PORTAL_USER", user)
            monkeypatch.setenv("PORTAL_PASSWORD", password)
            look = lab.look(verify={**SETTINGS, **changes})
            report = await verify_run.run(look.portal, look)
            assert not look.crashes, look.crashes[0]
            return {outcome.check.id: outcome for outcome in report.outcomes}

        without_worker = await verified(plain)
        await asyncio.to_thread(live.manage, WORK_ONCE)
        right = await verified(plain)
        refused = await verified(plain, "hunter2 hunter2")
        second = await verified(careful, release="v1.5.0")

    assert "worker is missing" in without_worker["verify.worker"].findings[0].problem
    assert [outcome.check.id for outcome in right.values() if not outcome.passed] == []
    assert "PORTAL_USER is refused" in refused["verify.login"].findings[0].problem
    assert "hunter2" not in repr(refused)
    assert "second factor" in second["verify.login"].not_checked[0].reason
    assert "'v1.4.0', and 'v1.5.0' was released" in second["verify.version"].findings[0].problem
