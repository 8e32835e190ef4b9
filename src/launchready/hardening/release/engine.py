"""The one path of a release: build, migrate, release, verify, and back by itself when what is live does not hold.

Every step is in the journal before and after it is done, so that after a crash the state is known and the same word,
or `rollback`, leads to a good one. Knows no platform (`Adapter`) and judges nothing (`Prove`): a release is good when
the proof says so. Plans are shown and confirmed by who calls this.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launchready import journal
from launchready.hardening.release.hidden import Hidden, hidden
from launchready.hardening.release.history import DEPLOY, ROLLBACK, Unfinished, fields, unfinished
from launchready.hardening.release.words import Adapter, Failed, Release, Told
from launchready.journal import Journal


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen of a release that is live."""

    holds: bool
    lines: tuple[str, ...] = ()
    """What does not hold, or what was looked at, a sentence each."""
    seen: bool = True
    """Whether anything could be looked at."""


Prove = Callable[[Release, Told], Awaitable[Proof]]


@dataclass(frozen=True)
class Place:
    """Where releases go, and how they are proved."""

    adapter: Adapter
    environment: str
    root: Path
    """The folder of `launchready.toml`: the journals are there."""
    prove: Prove
    path: dict[str, Any]
    """What a journal must hold to replay the release: settings, and names of what it needs."""

    @property
    def hidden(self) -> Hidden:
        """What must not be seen: what the adapter gives to commands, or at least this process's own secrets."""
        found = getattr(self.adapter, "hidden", None)
        return found if isinstance(found, Hidden) else hidden({})


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended."""

    action: str
    wanted: Release
    live: Release | None
    """What visitors get now, as far as is known."""
    failed: Failed | None = None
    proof: Proof | None = None
    went_back: bool = False
    """Whether it was rolled back by itself."""
    back_proof: Proof | None = None
    seconds: float = 0.0
    switch_s: float = 0.0
    """From the order to make it live until it was."""

    @property
    def well(self) -> bool:
        """Whether what was wanted is live and holds."""
        return self.failed is None and not self.went_back


class Busy(Exception):
    """Another deploy holds the lock; the text says which."""


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold the environment's lock. Raises Busy, OSError."""
    folder = place.root / journal.FOLDER.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = getattr(place.adapter, "lock", None)
    name = "".join(char if char.isalnum() else "-" for char in place.environment)
    with contextlib.ExitStack() as stack:
        for path in (folder / f"deploy-{name}.lock", *([own] if isinstance(own, Path) else [])):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                who = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
                raise Busy(f"another deploy of {place.environment} is under way ({who or 'unknown'})") from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
        yield


async def deploy(place: Place, release: Release, before: Release | None, told: Told, **more: object) -> Result:
    """Bring a release to visitors; goes on where a crashed one of the same id was. The lock is held by who calls.

    Raises OSError where the journal cannot be written: nothing was begun that it does not know of.
    """
    began = time.monotonic()
    told = place.hidden.told(told)
    pending = unfinished(place.root, place.environment)
    resumed = pending is not None and pending.action == DEPLOY and pending.release.id == release.id
    if pending and resumed:
        book, before = pending.journal, pending.before
        book.note("resumed")
    else:
        if pending:
            pending.journal.note("ended", result="left", by=release.id)
        book = journal.begin(
            place.root, DEPLOY, place.environment,
            adapter=place.adapter.name, release=fields(release), before=fields(before), path=place.path, **more,
        )  # fmt: skip

    def result(**changes: Any) -> Result:
        return replace(Result(DEPLOY, release, before, seconds=round(time.monotonic() - began, 2)), **changes)

    built = await _step(book, "build", lambda: place.adapter.build(release, told), place)
    if isinstance(built, Failed):
        return await _stopped(place, book, built, result)
    release = built or release
    failed = await _step(book, "migrate", lambda: place.adapter.migrate(release, told), place)
    if isinstance(failed, Failed):
        return await _stopped(place, book, failed, result)
    switching = time.monotonic()
    failed = await _step(book, "release", lambda: place.adapter.release(release, told), place)
    if isinstance(failed, Failed):
        return await _stopped(place, book, failed, result)
    switch_s = round(time.monotonic() - switching, 2)
    book.note("live", version=release.version, release=fields(release))
    proof = await _proved(place, book, release, told)
    if proof.holds:
        book.note("ended", result="live")
        if tidy := getattr(place.adapter, "tidy", None):
            await tidy(release, before, told)
        return result(wanted=release, live=release, proof=proof, switch_s=switch_s)
    told(f"{release.version} does not hold: {'; '.join(proof.lines[:3])}")
    if before is None or before.id == release.id:
        what = "it does not hold, and there is no earlier release to go back to"
        book.note("ended", result="does not hold")
        return result(wanted=release, live=release, proof=proof, failed=Failed("verify", what, "Mend it and deploy."))
    told(f"rolling back to {before.version}")
    failed = await _back(place, book, release, before, told)
    if failed:
        return await _stopped(place, book, failed, result, live=release, proof=proof)
    await _discard(place, release)
    back_proof = await _proved(place, book, before, told, "verify again")
    book.note("ended", result="rolled back", holds=back_proof.holds)
    return result(wanted=release, live=before, proof=proof, went_back=True, back_proof=back_proof, switch_s=switch_s)


async def roll_back(place: Place, to: Release, before: Release | None, told: Told) -> Result:
    """Make an earlier release live again, and prove it. The lock is held by who calls. Raises OSError."""
    began = time.monotonic()
    told = place.hidden.told(told)
    pending = unfinished(place.root, place.environment)
    if pending:
        pending.journal.note("ended", result="rolled back by hand", by=to.id)
    left = _left(pending, before, to)
    book = journal.begin(
        place.root, ROLLBACK, place.environment,
        adapter=place.adapter.name, release=fields(to), before=fields(before), left=fields(left), path=place.path,
    )  # fmt: skip

    def result(**changes: Any) -> Result:
        return replace(Result(ROLLBACK, to, before, seconds=round(time.monotonic() - began, 2)), **changes)

    failed = await _back(place, book, left, to, told)
    if failed:
        return await _stopped(place, book, failed, result)
    switch_s = round(time.monotonic() - began, 2)
    proof = await _proved(place, book, to, told)
    book.note("ended", result="live", holds=proof.holds)
    lost = None if proof.holds else Failed("verify", f"{to.version} is live again and does not hold")
    return result(live=to, proof=proof, failed=lost, switch_s=switch_s)


def _left(pending: Unfinished | None, before: Release | None, to: Release) -> Release | None:
    """Whose migrations are taken back: the release that was cut off, or that a rollback that was cut off had left."""
    if pending and pending.action == DEPLOY and pending.release.id != to.id:
        return pending.release
    if pending and pending.action == ROLLBACK and pending.left and pending.left.id != to.id:
        return pending.left
    return before


async def _back(place: Place, book: Journal, left: Release | None, to: Release, told: Told) -> Failed | None:
    failed = await _step(book, "roll back", lambda: place.adapter.roll_back(to, told), place)
    if isinstance(failed, Failed):
        return failed
    book.note("live", version=to.version, release=fields(to))
    undo = getattr(place.adapter, "undo_migrations", None)
    if undo and place.path.get("settings", {}).get("undo_migrations") and left and left.id > to.id:
        # After the switch: while they are taken back nobody is served by the code that needs them.
        undone = await _step(book, "undo migrations", lambda: undo(left, told), place)
        if isinstance(undone, Failed):
            return replace(undone, what=f"{to.version} is live again, but its migrations stay: {undone.what}")
    return None


async def _step(book: Journal, step: str, work: Callable[[], Awaitable[Any]], place: Place) -> Any:
    book.note("intent", step=step)
    came = await work()
    if isinstance(came, Failed):
        came = place.hidden.failed(came)
        book.note("failed", step=step, reason=came.what[:500], unsure=came.unsure)
        return came
    book.note("done", step=step, **({"reference": came.reference} if isinstance(came, Release) else {}))
    return came


async def _proved(place: Place, book: Journal, release: Release, told: Told, step: str = "verify") -> Proof:
    book.note("intent", step=step)
    proof = await place.prove(release, told)
    quiet = place.hidden
    proof = replace(proof, lines=tuple(quiet.text(line)[:300] for line in proof.lines[:20]))
    book.note("done" if proof.holds else "failed", step=step, seen=proof.seen, lines=list(proof.lines))
    return proof


async def _stopped(place: Place, book: Journal, failed: Failed, result: Callable[..., Result], **more: Any) -> Result:
    """A step that failed: what is live is asked, not guessed; the journal stays open where nobody can say."""
    live = await place.adapter.current()
    if isinstance(live, Failed):
        live = more.get("live")
    ended = result(failed=failed, **{**more, "live": live})
    if failed.unsure:
        return ended
    if failed.step in ("build", "migrate", "release") and (live is None or live.id != ended.wanted.id):
        await _discard(place, ended.wanted)
    book.note("ended", result="failed", step=failed.step, live=fields(live))
    return ended


async def _discard(place: Place, release: Release) -> None:
    if discard := getattr(place.adapter, "discard", None):
        await discard(release)
