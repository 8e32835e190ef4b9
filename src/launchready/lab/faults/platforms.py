"""Planted mistakes of secret storage: variables that a local file holds and the platform's store does not."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.platforms import TOKEN_ENV
from launchready.lab.source import files, ignored
from launchready.lab.world import Account, Change, Fault, World, both
from launchready.model import Severity

_NAMES = (
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "STRIPE_SECRET_KEY",
    "VITE_API_URL",
)
"""What the healthy portal needs."""
_FILE = ".env.production"
_LOCAL = "ALLOWED_HOSTS=brightside.example\nEMAIL_HOST=smtp.postmarkapp.com\nVITE_API_URL=https://app.brightside.example/api\n"
_SERVICES = {"render": "srv-lab1", "fly": "portal-production", "vercel": "brightside/portal"}


def stored(platform: str, *left_out: str, file: str = _LOCAL, **account: object) -> Change:
    """Production at a platform whose store holds all names but some, beside a local file."""
    service = _SERVICES[platform]

    def change(world: World) -> World:
        variables = {name: "in-the-store-only" for name in _NAMES if name not in left_out}
        held = Account(platform, service, variables, **account)  # type: ignore[arg-type]
        return replace(world, platforms=(*world.platforms, held))

    settings = {
        "env_file": _FILE,
        "variables": list(_NAMES),
        "platform": platform,
        "service": service,
        "token_env": TOKEN_ENV,
    }
    return both(files(environments={"production": settings}), ignored({_FILE: file}), change)


FAULTS = (
    Fault(
        "storage-address-only-local",
        "The address of the API is in a local file and not in Render's store",
        "secrets.storage",
        Severity.NICE,
        stored("render", "VITE_API_URL"),
        subject=_FILE,
        twin=stored("render"),
    ),
    Fault(
        "storage-mail-only-local",
        "Two variables of production never left somebody's disk for Fly.io",
        "secrets.storage",
        Severity.NICE,
        stored("fly", "EMAIL_HOST", "ALLOWED_HOSTS"),
        subject=_FILE,
        twin=stored("fly", limited=1),
    ),
    Fault(
        "storage-secret-only-local",
        "The key that signs sessions is in a local file and not in Vercel's store",
        "secrets.storage",
        Severity.HIGH,
        stored("vercel", "SECRET_KEY", file=f"{_LOCAL}SECRET_KEY=kept-on-a-laptop-by-mistake-4711\n"),
        subject=_FILE,
        twin=stored("vercel", "DATABASE_URL", file=_LOCAL),
    ),
)
"""What must be found, and what looks alike and is right."""
