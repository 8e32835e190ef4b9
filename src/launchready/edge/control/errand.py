"""One errand to a zone: the doors opened, what is there looked at; in a thread, for octoDNS and the SDK wait."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from launchready.edge.control.cloudflare_door import BOTS, CloudflareZone
from launchready.edge.control.held import Barred, Entry, HeldRule, Present
from launchready.edge.control.plans import DDOS, PERMISSIONS, PHASES
from launchready.edge.control.records_door import CloudflareRecords, OtherRecords, RecordsDoor
from launchready.edge.control.wanted import zone_of
from launchready.edge.control.way import Way
from launchready.portal_edge import EdgeSettings

if TYPE_CHECKING:
    from launchready.probes.look import Look

T = TypeVar("T")
TOKENS = "https://dash.cloudflare.com/profile/api-tokens"
READ_SETTINGS = ("ssl", "min_tls_version", "tls_1_3", "always_use_https", "automatic_https_rewrites", "security_header")
"""What is read one by one once all at once is no longer offered."""


class Errand:
    """The doors to a zone. Methods are called in the thread, and raise Barred."""

    def __init__(self, way: Way, edge: EdgeSettings, zone: str, owned: frozenset[tuple[str, str, str]]) -> None:
        self.way, self.edge, self.zone, self._owned = way, edge, zone, owned
        self.cloudflare: CloudflareZone | None = None
        if edge.provider != "cloudflare":
            self.records: RecordsDoor = OtherRecords(way, edge.provider, dict(edge.options), zone)
            return
        token = os.environ.get(edge.token_env, "").strip()
        if not token:
            raise Barred(f"the environment variable {edge.token_env} holds no API token; make one at {TOKENS} with "
                         f"{', '.join(names())} for {zone}", denied=True)  # fmt: skip
        self.cloudflare = CloudflareZone(way, token, zone)
        self._find(self.cloudflare)
        self.records = CloudflareRecords(way, token, zone, self.cloudflare.id)

    def _find(self, door: CloudflareZone) -> None:
        try:
            door.find()
        except Barred as error:
            if not error.denied:
                raise
            state = door.token_state()
            if state == "active":
                if "sees no zone" in str(error):
                    raise
                raise Barred(lacking(["Zone Read"], self.edge.token_env, self.zone), denied=True) from None
            raise Barred(f"the token in {self.edge.token_env} is {state}; make one at {TOKENS} with "
                         f"{', '.join(names())} for {self.zone}", denied=True) from None  # fmt: skip

    def present(self) -> Present:
        """All there is. With a token that may not read all of it: Barred, naming every missing permission."""
        missing: list[str] = []

        def part(name: str, ask: Callable[[], T], otherwise: T) -> T:
            try:
                return ask()
            except Barred as error:
                if not error.denied:
                    raise
                if name != DDOS:  # on by default; who may not see it cannot have weakened it by this token
                    missing.append(f"{PERMISSIONS[name]} Write")
                return otherwise

        nothing: dict[str, Any] = {}
        entries: list[Entry] = part("records", self.records.entries, [])
        door = self.cloudflare
        if door is None:
            return Present(self.zone, "free", tuple(entries), marks=False, owned=self._owned)
        settings = dict(part("settings", lambda: door.settings(READ_SETTINGS), nothing))
        bots = part("bots", door.bots, nothing)
        settings |= {f"{BOTS}{key}": value for key, value in bots.items()}
        rules: dict[str, tuple[HeldRule, ...]] = {}
        for phase in PHASES:
            rules[phase] = part(phase, partial(door.rules, phase), ())
        if missing:
            raise Barred(lacking(missing, self.edge.token_env, self.zone), denied=True)
        return Present(self.zone, door.plan, tuple(entries), settings, rules, door.active, door.name_servers)

    def lacking_writes(self, parts: set[str]) -> str:
        """In words, the permissions to change `parts` that the token lacks; empty when it lacks none."""
        door = self.cloudflare
        if door is None:
            return ""
        by_name = {PERMISSIONS[part]: part for part in sorted(parts)}
        missing = [f"{name} Write" for name, part in by_name.items() if not door.may_write(part)]
        return lacking(missing, self.edge.token_env, self.zone) if missing else ""


def names() -> list[str]:
    """The permissions a token needs for everything, by Cloudflare's names."""
    return ["Zone Read", *dict.fromkeys(f"{name} Write" for name in PERMISSIONS.values())]


def lacking(missing: list[str], token_env: str, zone: str) -> str:
    """What a token lacks, and how to make one that does not."""
    named = ", ".join(dict.fromkeys(missing))
    return (
        f"the token in {token_env} lacks: {named}. At {TOKENS} edit it (Permissions: Zone, with Edit for Write) "
        f"and let its zone resources include {zone}"
    )


async def errand(
    look: Look, owned: frozenset[tuple[str, str, str]], work: Callable[[Errand], T], held: list[Errand] | None = None
) -> T:
    """Do `work` with the doors to the portal's zone, in a thread. Raises Barred.

    With `held` the errand is put there, for who wants to know how many requests it made.
    """
    portal = look.portal
    edge = portal.edge
    if edge is None:
        raise Barred("launchready.toml has no [edge] section")
    way = Way(look)

    def run() -> T:
        made = Errand(way, edge, zone_of(portal), owned)
        if held is not None:
            held.append(made)
        return work(made)

    try:
        return await asyncio.to_thread(run)
    except asyncio.CancelledError:
        way.stopped = True  # the thread ends after the request it is at, and notes how that went
        raise
    finally:
        with suppress(Exception):
            way.close()


def chosen(value: Any, wanted: Any) -> Any:
    """Of a value, the keys that are wanted, so that the two compare."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        return {key: chosen(value.get(key), inner) for key, inner in wanted.items()}
    return value
