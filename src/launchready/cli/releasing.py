"""What `deploy`, `rollback` and `rehearse` share: the portal, where it is released to, and how it is told. No logic."""

from __future__ import annotations

import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launchready.cli import options
from launchready.cli.stop import Exit, Stop

if TYPE_CHECKING:
    from launchready.cli.reach import Reach
    from launchready.hardening.release.engine import Place, Proof, Result
    from launchready.hardening.release.history import Unfinished
    from launchready.hardening.release.words import Adapter, Failed, Release
    from launchready.portal import Portal
    from launchready.probes.look import Look


@dataclass(frozen=True)
class Ground:
    """What a command line is about."""

    portal: Portal
    root: Path
    reach: Reach
    quiet: bool

    @property
    def environment(self) -> str:
        """What is deployed to."""
        return self.portal.deploy.environment if self.portal.deploy else "production"

    def look(self, portal: Portal | None = None) -> Look:
        """Fresh eyes."""
        from launchready.cli.reach import look_at

        return look_at(portal or self.portal, self.reach)

    def adapter(self, look: Look) -> Adapter:
        """The way to deploy. Raises Stop."""
        from launchready.hardening.release.adapters import make

        made = make(self.portal, look, self.root)
        if _failed(made):
            raise Stop(sentence(made))  # type: ignore[arg-type]
        return made  # type: ignore[return-value]

    def place(self, adapter: Adapter) -> Place:
        """Where releases go, proved by the verify checks."""
        from launchready.hardening.release.engine import Place
        from launchready.hardening.release.gates import prove_by_checks
        from launchready.hardening.release.plan import path_of

        prove = prove_by_checks(self.portal, lambda portal: self.look(portal))
        return Place(adapter, self.environment, self.root, prove, path_of(self.portal, self.root))

    def told(self, line: str) -> None:
        """Say what is happening."""
        from launchready.report.text import clean

        with suppress(OSError):  # who listened has gone, as a lost terminal; a release must not stop half-way for it
            say(f"  {clean(line)}", quiet=self.quiet)


def ground(
    config: Path | None,
    resolver: list[str] | None,
    connect_to: list[str] | None,
    closed: bool,
    ca_file: Path | None,
    timeout: float,
    deadline: float,
    quiet: bool,
) -> Ground:
    """Read the file and the options. Raises Stop."""
    from launchready.cli.portal_choice import choose_portal
    from launchready.cli.reach import Reach
    from launchready.portal import RepositorySettings

    portal = choose_portal(None, config)
    root = (config or Path(options.FILE_NAME)).absolute().parent
    if portal.deploy is None:
        raise Stop("launchready.toml has no section [deploy]; it says how the portal is released")
    if portal.repository is None:  # for the checks that read the source and the journals
        source = str(root / portal.deploy.source)
        portal = portal.model_copy(update={"repository": RepositorySettings(path=source)})
    reach = Reach(tuple(resolver or ()), tuple(connect_to or ()), closed, ca_file, timeout, deadline, discover=False)
    return Ground(portal, root, reach, quiet)


@contextmanager
def held(place: Place) -> Iterator[None]:
    """Hold the lock, or stop."""
    from launchready.hardening.release.engine import Busy, locked

    try:
        with locked(place):
            yield
    except Busy as busy:
        raise Stop(f"{busy}; nothing was changed") from None


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it; Ctrl-C, a pipeline's end (SIGTERM) or a lost terminal (SIGHUP) leave the journal open and say what to do.

    They end the command that is under way too: one that went on by itself would meet the next deploy.
    """
    import asyncio
    import signal

    async def ended_in_order() -> Any:
        # By the loop, not by SIGINT: where a shell has put the command into the background, that is ignored.
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if task and signal.getsignal(number) is signal.SIG_DFL:
                loop.add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(ended_in_order())
    except (KeyboardInterrupt, asyncio.CancelledError):
        again = "`launchready deploy --status` says how far it came; `deploy` goes on, `rollback` goes back"
        raise Stop(f"interrupted; {again}", Exit.INTERRUPTED) from None
    except OSError as error:
        again = "`launchready deploy --status` says how far it came"
        raise Stop(f"the journal could not be written: {error.strerror or error}; stopped. {again}") from None


def say(words: str, *, quiet: bool = False) -> None:
    """Print a line."""
    if not quiet:
        print(words, flush=True)


def named(release: Release | None) -> str:
    """A release in words."""
    from launchready.report.text import clean

    if release is None:
        return "nothing"
    commit = f", commit {release.commit[:7]}" if release.commit and release.commit[:7] not in release.version else ""
    return clean(f"{release.version} ({release.id}{commit})")


def sentence(failed: Failed) -> str:
    """A failure, and the next step."""
    from launchready.report.text import clean

    words = clean(failed.what).rstrip(".")
    return f"{words}. {clean(failed.then)}" if failed.then else f"{words}."


def show_result(result: Result, *, quiet: bool) -> int:
    """How it ended, and what to do; the exit code."""
    from launchready.report.text import clean

    if result.failed:
        _show_output(result.failed)
        warn(f"{result.failed.step}: {sentence(result.failed)}")
        _show_proof(result.proof)
        unsure = "it cannot be told for sure; `launchready deploy --status` asks again"
        say(f"Live now: {unsure if result.failed.unsure else named(result.live)}")
        return Exit.FOUND
    if result.went_back:
        _show_proof(result.proof)
        warn(f"{named(result.wanted)} did not hold and was rolled back by itself")
        holds = "verified" if _holds(result.back_proof) else "which does not hold either"
        say(f"Live now: {named(result.live)}, {holds}")
        if not _holds(result.back_proof):
            _show_proof(result.back_proof)
        return Exit.FOUND
    for line in result.proof.lines if result.proof else ():
        say(f"  {clean(line)}", quiet=quiet)
    say(f"Live now: {named(result.live)}, verified, in {result.seconds:.1f} s")
    return Exit.READY


def as_tree(result: Result) -> dict[str, Any]:
    """A result as JSON."""
    from dataclasses import asdict

    return {**asdict(result), "well": result.well}


def show_interrupted(pending: Unfinished, live: Release | None, *, quiet: bool) -> None:
    """What a crash left."""
    what = "going back to" if pending.action == "rollback" else "the deploy of"
    step = f"while it did: {pending.step}" if pending.step not in pending.done else f"after: {pending.step}"
    say(f"Interrupted: {what} {named(pending.release)} ended {step}, at {pending.at}.", quiet=quiet)
    say(f"Live now: {named(live)}.", quiet=quiet)


async def alert(at: Ground, result: Result) -> None:
    """Tell who is to be told, when a release or a rollback did not hold; a delivery that fails changes nothing."""
    if result.well:
        return
    what = "rollback to" if result.action == "rollback" else "release of"
    words = sentence(result.failed) if result.failed else "it did not hold and was rolled back"
    await send_alert(at, f"the {what} {result.wanted.version} failed", words, result.live)


async def send_alert(at: Ground, what: str, words: str, live: Release | None) -> None:
    """Send to every route, and say what became of it. Never raises."""
    from launchready.hardening import alerts

    look = at.look()
    try:
        subject, text = f"{at.portal.domain}: {what}", f"{words}\nLive now: {named(live)}\n"
        for delivery in await alerts.send(at.portal, look.network, subject, text):
            sent = "was told" if delivery.ok else f"was not told: {delivery.reason}"
            warn(f"route {delivery.route} {sent}")
    except Exception as error:  # whatever it is, the release's own end must be told
        warn(f"the alert could not be sent ({type(error).__name__})")
    finally:
        await look.close()


def warn(words: str) -> None:
    """To standard error."""
    print(f"launchready: {words}", file=sys.stderr, flush=True)


def _show_proof(proof: Proof | None) -> None:
    from launchready.report.text import clean

    for line in proof.lines if proof and not proof.holds else ():
        say(f"  ✗ {clean(line)}")


def _show_output(failed: Failed) -> None:
    from launchready.report.text import clean

    for line in failed.output.splitlines()[-20:]:
        say(f"    {clean(line)}")


def _holds(proof: Proof | None) -> bool:
    return proof is not None and proof.holds


def _failed(value: object) -> bool:
    from launchready.hardening.release.words import Failed

    return isinstance(value, Failed)
