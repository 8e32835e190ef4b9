"""What the adapters of hosting platforms share: whom they ask, how they wait, and what a lost answer means.

A platform does its work after it has answered, so every word ends in watching: bounded by the run's deadline and by
`command_timeout_s`, told line by line, patient with reads that fail. A change whose answer was lost is looked for
before anything is said of it. Nothing here knows a vendor.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from launchready.hardening.release.shell import run
from launchready.hardening.release.words import Failed, Told
from launchready.portal import Portal
from launchready.portal_deploy import DeploySettings
from launchready.probes.failures import Failure, OutOfTime, Phase
from launchready.probes.look import Look
from launchready.probes.network import Network
from launchready.probes.platform_session import Session, Vendor

T = TypeVar("T")
PAUSE_S = 4.0
"""Between two looks at what is under way."""
PATIENCE = 5
"""Looks in a row that may fail before the watching ends."""
READ_BACKS = 3
"""Looks for a change whose answer was lost."""
GIT_S = 10.0
_ID = re.compile(r"[\w.:@/+-]{1,200}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at something under way shows."""

    words: str
    """Where it is, in plain English, told when it changes."""
    ended: bool = False
    failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """One service at one platform, as `[deploy]` names it."""

    session: Session
    network: Network
    settings: DeploySettings
    source: Path
    pause_s: float = PAUSE_S

    @property
    def name(self) -> str:
        """The vendor's name."""
        return self.session.vendor.name

    async def watch(
        self, step: str, read: Callable[[], Awaitable[Sight | Failure]], told: Told, limit_s: float | None = None
    ) -> Failed | None:
        """Look until it ended or failed, within `limit_s` (else `command_timeout_s`) and the run's deadline.

        What did not end in time is `unsure`: the platform goes on by itself, and the same release asked again finds it.
        """
        began_s = self.network.now_s
        most_s = self.settings.command_timeout_s if limit_s is None else limit_s
        last, misses = "", 0
        while True:
            sight = await read()
            if isinstance(sight, Failure):
                misses += 1
                if misses >= PATIENCE or status_of(sight) in (401, 403):
                    return Failed(step, f"{self.name} cannot be asked how it goes: {sight}", AGAIN, unsure=True)
                told(f"{self.name} could not be asked ({sight}); asked again")
            else:
                misses = 0
                if sight.words != last:
                    told(f"{self.name}: {sight.words}")
                    last = sight.words
                if sight.failed or sight.ended:
                    return sight.failed
            left_s = min(self.network.left_s, began_s + most_s - self.network.now_s)
            if left_s <= self.pause_s:
                seen = f"was still at: {last}" if last else "could not be asked"
                return Failed(step, f"{self.name} {seen}, when the time for it was over", AGAIN, unsure=True)
            await asyncio.sleep(self.pause_s)

    async def settle(
        self, step: str, failure: Failure, find: Callable[[], Awaitable[T | Failure | None]], told: Told
    ) -> T | Failed:
        """What a change came to whose answer is a failure: found made all the same, or Failed.

        `unsure` where nobody can say: the platform may still act on what it was sent.
        """
        if not_made(failure):
            return self.failed(step, failure)
        told(f"{self.name} gave no usable answer ({failure}); looking whether it was done all the same")
        found: T | Failure | None = None
        for number in range(READ_BACKS):
            if number:
                await asyncio.sleep(min(self.pause_s, self.network.left_s))
            found = await find()
            if found is not None and not isinstance(found, Failure):
                told(f"{self.name} has it: going on from there")
                return found
        unsure = isinstance(found, Failure) or status_of(failure) is None
        what = f"{self.name} gave no usable answer: {failure}"
        return Failed(step, f"{what}; what was asked for is not to be seen there", AGAIN, unsure=unsure)

    def failed(self, step: str, failure: Failure, then: str = "", *, unsure: bool = False) -> Failed:
        """A failure as the end of a step, with what a person does about it."""
        status = status_of(failure)
        if not then and status in (401, 403):
            then = f"Give {self.session.token_env} {self.session.vendor.writes}."
        return Failed(step, str(failure), then or AGAIN, unsure=unsure)

    def not_of_its_schema(self, step: str, what: str) -> Failed:
        """An answer that does not follow the published schema."""
        return Failed(step, f"{self.name} did not answer with {what}", f"Look at {self.name}'s status page.")


AGAIN = "The same word again goes on from what the platform has."


def platform(portal: Portal, look: Look, source: Path, vendor: Vendor) -> Platform | Failed:
    """The service that `[deploy] environment` names, with the permissions that deploys need in `vendor`."""
    settings = portal.deploy
    if settings is None:
        return Failed("preflight", "launchready.toml has no section [deploy]", "Write one; see `launchready init`.")
    environment, place = settings.environment, f"[environments.{settings.environment}]"
    chosen = portal.environments.get(environment)
    if chosen is None or chosen.platform != settings.adapter:
        said = "is missing" if chosen is None else f"says platform = {chosen.platform!r}"
        then = f'Write {place} with platform = "{settings.adapter}", service and token_env.'
        return Failed("preflight", f"{place} {said}, and adapter {settings.adapter} deploys to it", then)
    store = look.platforms.store(environment, chosen)
    if isinstance(store, Failure):
        return Failed("preflight", store.detail, f"The token must be {vendor.writes}.")
    return Platform(replace(store.session, vendor=vendor), look.network, settings, source)


def status_of(failure: Failure) -> int | None:
    """The HTTP status a failure tells of; None where no answer came."""
    found = re.search(r"(?:\(|answered )(\d{3})\b", failure.detail)
    return int(found[1]) if found else None


def not_made(failure: Failure) -> bool:
    """Whether what was asked for was certainly not done: it did not arrive, or was refused."""
    if failure.phase in (Phase.LOOKUP, Phase.CONNECT, Phase.TLS) or isinstance(failure, OutOfTime):
        return True
    status = status_of(failure)
    return status is not None and 300 <= status < 500


def named(document: Any, *keys: str) -> str:
    """An id or a word below those keys; empty where it is none: what came is never trusted to be a text."""
    found = below(document, *keys)
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def commit_in(document: Any, *keys: str) -> str:
    """A commit's hash below those keys, or nothing."""
    found = below(document, *keys)
    return found.lower() if isinstance(found, str) and _COMMIT.fullmatch(found) else ""


def below(document: Any, *keys: str) -> Any:
    """What lies below those keys; None where anything on the way is no object."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def objects(document: Any) -> list[dict[str, Any]] | None:
    """A list of objects; None when it is anything else."""
    whole = isinstance(document, list) and all(isinstance(item, dict) for item in document)
    return document if whole else None


def moment(said: Any) -> datetime | None:
    """A time as RFC 3339 text or as milliseconds since 1970; None when it is neither."""
    try:
        if isinstance(said, str):
            found = datetime.fromisoformat(said)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        if isinstance(said, int | float):
            return datetime.fromtimestamp(said / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def release_id(at: datetime | None, commit: str) -> str:
    """The id of a release that was not made here: its time and the beginning of its commit."""
    when = (at or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    return f"{when:%Y%m%dT%H%M%SZ}-{commit[:7] or 'unknown'}"


async def version_of(commit: str, source: Path) -> str:
    """What the source calls a commit (`git describe`), else its beginning: platforms keep the hash alone."""
    try:
        code, lines = await run(["git", "describe", "--tags", "--always", commit], source, {}, None, GIT_S)
    except OSError:
        return commit[:7]
    return lines[-1] if code == 0 and lines and _ID.fullmatch(lines[-1]) else commit[:7]


async def warn_if_unpushed(commit: str, source: Path, told: Told) -> None:
    """Tell of a commit that no branch of a remote is known to hold: the platform builds what it can fetch.

    No failure: it may have been pushed from elsewhere since this clone last fetched.
    """
    try:
        code, there = await run(["git", "branch", "--remotes", "--contains", commit], source, {}, None, GIT_S)
        _, remotes = await run(["git", "remote"], source, {}, None, GIT_S)
    except OSError:
        return
    if code == 0 and not any(map(str.strip, there)) and remotes:
        told(f"commit {commit[:7]} is on no branch of a remote that this clone knows: push it, or it cannot be built")


def began(id: str) -> datetime | None:
    """When a release was begun, by its id."""
    try:
        return datetime.strptime(id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
