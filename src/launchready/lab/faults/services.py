"""Planted mistakes of third-party services: a key that is refused, a test key in production, no key at all."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.faults.secrets import made
from launchready.lab.faults.variables import LISTED
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, Fault, World, both
from launchready.model import Severity

DEPLOY = {
    "deploy": {
        "adapter": "commands",
        "release": ["deploy-it $RELEASE_COMMIT"],
        "roll_back": ["deploy-it $RELEASE_TO_COMMIT"],
        "database_env": "",
    }
}
FILE = ".env.production"


def stripe(mode: str, seed: str = "services") -> str:
    """A key of that mode: `live` or `test`."""
    return f"sk_{mode}_{made(f'{seed} {mode}', 28)}"


def keyed(held: str, *taken: str) -> Change:
    """Production with a Stripe key in its file, and what Stripe takes."""
    environments = {"production": {"variables": LISTED, "env_file": FILE}}

    def keys(world: World) -> World:
        return replace(world, keys=taken or ("none",))

    return both(files(environments=environments), ignored({FILE: f"STRIPE_SECRET_KEY={held}\n", **rehearsal(2)}), keys)


def _fault(name: str, says: str, change: Change, twin: Change, also: tuple[str, ...] = ()) -> Fault:
    return Fault(
        f"service-{name}",
        says,
        "connections.services",
        Severity.BLOCKER,
        change,
        subject="STRIPE_SECRET_KEY",
        also=also,
        twin=twin,
        settings=DEPLOY,
    )


FAULTS = (
    _fault(
        "key-refused",
        "The payment provider does not take the key of production",
        keyed(stripe("live", "revoked"), stripe("live")),
        keyed(stripe("live"), stripe("live")),
    ),
    _fault(
        "test-key",
        "Production has the payment provider's test key, so no money arrives",
        keyed(stripe("test"), stripe("test")),
        keyed(stripe("live"), f"{stripe('live')} 403"),  # few rights, and real
        ("environments.separated",),
    ),
    _fault(
        "key-of-another",
        "The payment key is none: somebody pasted another service's",
        keyed(f"SG.{made('services sendgrid', 22)}", stripe("live")),
        keyed(stripe("live"), f"{stripe('live')} 500"),  # the provider has a bad day: not checked
    ),
)
"""What must be found, and what looks alike and is right."""
