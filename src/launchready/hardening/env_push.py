"""`env push`: moves variables from a local file into the platform's store, a step at a time, and takes them back.

Adds what is missing; what is there already stays, unless it is named to be replaced. Every step is in the journal
before it is done. The inverse of an added variable is to delete it; a replaced one has none, for its old value is
known to nobody: that is said before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from launchready import journal
from launchready.hardening.local_variables import given_by_files, left_out, local_variables
from launchready.journal import Journal
from launchready.portal import EnvironmentSettings
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.platform_session import Store, Vendor

ACTION = "env push"
Told = Callable[[str, str], None]
"""Called after each step: what was done, and to which variable."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do: names only."""

    environment: str
    vendor: Vendor
    service: str
    env_file: str
    add: tuple[str, ...]
    replace: tuple[str, ...]
    """Named by the user, and there already."""
    kept: tuple[str, ...]
    """There already, and not named: not touched."""
    unknown: tuple[str, ...] = ()
    """Named to be replaced, and not in the file."""
    left_out: tuple[str, ...] = ()
    """Not moved, for their values look like placeholders."""

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """(name, `add` or `replace`), in order."""
        return (*((name, "add") for name in self.add), *((name, "replace") for name in self.replace))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A push that was begun and did not end."""

    journal: Journal
    done: tuple[str, ...]
    begun: tuple[str, ...]
    """Steps that were begun and not seen to end: the variable may be there or not."""
    left: tuple[str, ...]


async def plan_push(
    look: Look, environment: str, settings: EnvironmentSettings, overwrite: Iterable[str], root: Path
) -> Plan | Failure:
    """Compare file and store. Writes nothing.

    What an interrupted push had begun to add is ours: it is added again rather than kept.
    """
    store = look.platforms.store(environment, settings)
    if isinstance(store, Failure):
        return store
    held = await local_variables(look, settings)
    if isinstance(held, Failure):
        return held
    stored = await store.names()
    if isinstance(stored, Failure):
        return stored
    wanted = frozenset(overwrite)
    unsure = set(pending.begun) if (pending := unfinished(root, environment)) else set()
    given = await given_by_files(look, settings)
    names = [name for name in held if name not in given]
    return Plan(
        environment,
        store.vendor,
        settings.service,
        settings.env_file,
        add=tuple(n for n in names if n not in stored or n in unsure - wanted),
        replace=tuple(n for n in names if n in stored and n in wanted),
        kept=tuple(n for n in names if n in stored and n not in wanted and n not in unsure),
        unknown=tuple(sorted(wanted - set(held))),
        left_out=await left_out(look, settings),
    )


async def push(look: Look, plan: Plan, settings: EnvironmentSettings, root: Path, told: Told) -> Failure | None:
    """Carry out a plan that was shown. Stops at the first failure; the journal then says how far it came.

    The store is listed once more before the first step, so that what somebody added meanwhile is not replaced, and
    after the last, to see that all of it is there.
    """
    store, held = look.platforms.store(plan.environment, settings), await local_variables(look, settings)
    if isinstance(store, Failure):
        return store
    if isinstance(held, Failure):
        return held
    pending = unfinished(root, plan.environment)
    unsure = set(pending.begun) if pending else set()
    before = await store.names()
    if isinstance(before, Failure):
        return before
    book = pending.journal if pending else _begun(plan, root)
    for name, do in plan.steps:
        if do == "add" and name in before and name not in unsure:
            told("kept, for somebody added it meanwhile", name)
            continue
        # Names only: the value goes from the file to the store and nowhere else.
        book.note("intent", name=name, do=do, inverse="delete" if do == "add" else "none")
        failure = await store.put(name, held[name], replace=do == "replace" or name in before)
        if failure:
            book.note("failed", name=name, reason=str(failure)[:300])
            return failure
        book.note("done", name=name)
        told("added" if do == "add" else "replaced", name)
    return await _verified(store, plan, book, told)


async def undo(
    look: Look, environment: str, settings: EnvironmentSettings, root: Path, told: Told
) -> tuple[str, ...] | Failure:
    """Delete what the last push added, the last one first; the names that could not be taken back (replaced ones)."""
    book = journal.latest(root, ACTION, environment)
    store = look.platforms.store(environment, settings)
    if isinstance(store, Failure):
        return store
    if book is None:
        return ()
    stored = await store.names()
    if isinstance(stored, Failure):
        return stored
    taken_back = {entry.get("name") for entry in book.entries() if entry["what"] == "deleted"}
    for name in reversed(added(book)):
        if name in taken_back or name not in stored:
            continue
        if failure := await store.remove(name):
            book.note("failed", name=name, reason=str(failure)[:300])
            return failure
        book.note("deleted", name=name)
        told("deleted", name)
    book.note("undone")
    return replaced(book)


def unfinished(root: Path, environment: str) -> Unfinished | None:
    """The last push of an environment, where it did not end."""
    book = journal.latest(root, ACTION, environment)
    if book is None or not book.open:
        return None
    entries = book.entries()
    done = {str(entry.get("name")) for entry in entries if entry["what"] == "done"}
    begun = [str(e.get("name")) for e in entries if e["what"] == "intent" and e.get("do") == "add"]
    planned = [str(name) for e in entries[:1] for key in ("add", "replace") for name in e.get(key, ())]
    left = tuple(name for name in planned if name not in done)
    return Unfinished(book, tuple(done), tuple(n for n in dict.fromkeys(begun) if n not in done), left)


def added(book: Journal) -> tuple[str, ...]:
    """What a push added or had begun to add, in order."""
    entries = book.entries()
    return tuple(dict.fromkeys(str(e["name"]) for e in entries if e["what"] == "intent" and e.get("do") == "add"))


def replaced(book: Journal) -> tuple[str, ...]:
    """What a push replaced: nobody knows the value that was there."""
    entries = book.entries()
    return tuple(dict.fromkeys(str(e["name"]) for e in entries if e["what"] == "intent" and e.get("do") == "replace"))


def _begun(plan: Plan, root: Path) -> Journal:
    return journal.begin(
        root, ACTION, plan.environment,
        platform=plan.vendor.name, service=plan.service, add=list(plan.add), replace=list(plan.replace),
    )  # fmt: skip


async def _verified(store: Store, plan: Plan, book: Journal, told: Told) -> Failure | None:
    after = await store.names()
    if isinstance(after, Failure):
        return after
    missing = [name for name, _ in plan.steps if name not in after]
    if missing:
        from launchready.probes.failures import Garbage, Phase

        book.note("failed", name=missing[0], reason="not in the store afterwards")
        detail = f"{plan.vendor.name} took {', '.join(missing[:5])} and does not list it"
        return Garbage(Phase.ANSWER, plan.service, detail)
    book.note("ended")
    told("verified", f"{len(plan.steps)} names are in the store of {plan.vendor.name}")
    return None
