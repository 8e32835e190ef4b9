"""How fast the lab's portals are for a buyer: the flows of `launchready perf`, and who walks them.

The prototype is measured in this process, before it is audited; the healthy portal by the command a founder types.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launchready.lab.lab import Lab
from launchready.lab.live_portal import DATABASE_ENV, PASSWORD
from launchready.measurement import Measurement
from launchready.performance.words import Told

CLIENT_ENV, OWNER_ENV, PASSWORD_ENV = "LR_CLIENT", "LR_USER", "LR_PASSWORD"
OWNER = "owner@studio.example"
PROTOTYPE_S = 12.0
"""Enough to be sure of what is far above its target."""
_EMAIL = "SELECT email FROM accounts_user WHERE role = 'client' ORDER BY id LIMIT 1"


def performance(url: str, database_env: str, budget_s: float) -> dict[str, Any]:
    """`[performance]` for a portal of the lab: the login and the dashboard of a client."""
    return {
        "url": url,
        "database_env": database_env,
        "budget_s": budget_s,
        "browser": False,
        "login": {"path": "/account/login/"},
        "users": {
            "client": {"user_env": CLIENT_ENV, "password_env": PASSWORD_ENV},
            "owner": {"user_env": OWNER_ENV, "password_env": PASSWORD_ENV},
        },
        "flows": [
            {"name": "login", "user": "client", "steps": [{"name": "log in", "login": {"path": "/account/login/"}}]},
            {"name": "dashboard", "user": "client", "steps": [{"name": "dashboard", "path": "/"}]},
        ],
    }


def of_the_owner() -> list[dict[str, Any]]:
    """More flows, for a portal that is too slow to be walked often: the largest account, and the whole list."""
    return [
        {"name": "agency", "user": "owner", "per_minute": 20, "steps": [{"name": "agency's dashboard", "path": "/"}]},
        {"name": "invoices", "user": "client", "per_minute": 1, "steps": [{"name": "invoices", "path": "/invoices/"}]},
    ]


def know_accounts(database_url: str) -> None:
    """Leave the accounts in the environment, as a founder would; the client's is one that the seed has made."""
    import psycopg

    with psycopg.connect(database_url) as connection:
        row = connection.execute(_EMAIL).fetchone()
    os.environ.update({CLIENT_ENV: row[0] if row else "", OWNER_ENV: OWNER, PASSWORD_ENV: PASSWORD})


async def measured(lab: Lab, told: Told, root: Path, **settings: object) -> Measurement:
    """Measure the portal that runs in the lab."""
    from launchready.performance.run import Wanted, measure

    assert lab.live is not None
    know_accounts(lab.live.database_url)
    keys = performance(f"https://app.{lab.world.domain}", DATABASE_ENV, PROTOTYPE_S)
    keys["flows"] += of_the_owner()
    look = lab.look(performance=keys | settings, owned=["app"])
    try:
        return await measure(look, Wanted(browser=False, root=root), told)
    finally:
        await look.close()
