"""The checks on secrets: in the repository, in its history, in what browsers get."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from launchready.audit.secrets.findings import findings
from launchready.audit.secrets.scan import Found, Scan, Where, scan
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Phase, Refused

if TYPE_CHECKING:
    from launchready.probes.look import Look

LEAVE_S = 1.0
"""Before the run's deadline, reading stops, so that what was found is still reported."""
NAMED = 5
"""So many files that were not read are named one by one."""


async def scanned(look: Look) -> Scan | Failure:
    """The repository's credentials; read once in a run."""
    repository, settings = look.repository, look.portal.repository
    if repository is None or settings is None:  # the gate asks only where one is named
        return Refused(Phase.REQUEST, "", "no repository was named")

    network, listing = look.network, await repository.listing()

    def read() -> Scan | Failure:
        return scan(
            repository,
            listing,
            history=settings.history,
            ignore=settings.ignore,
            late=lambda: network.left_s <= LEAVE_S,
        )

    return await network.once("secrets", lambda: asyncio.to_thread(read))


@check(
    "secrets.repository",
    Stage.AUDIT,
    roadmap="A4 X4 M3",
    severity=Severity.BLOCKER,
    effort=20,
    reference="https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    needs="repository",
)
async def repository(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A password or key is written into the repository.

    Why: everybody who has ever had the code has the key: former freelancers, their laptops, their backups, whoever
    gets into the hosting account. Buyers' security questionnaires ask for exactly this, and bots try keys from public
    repositories within minutes.

    Fix: take the value out of the file and read it from the environment; then rotate it, because deleting it does not
    take it back. Each finding names the steps for the service it belongs to.

    Read are all files that git knows or would take, archives and SQLite files included: by the rules of an engine that
    knows the tokens of some 400 services, and by readers of the formats that hold credentials (`.env`, `.netrc`,
    `.pgpass`, `wp-config.php`, Terraform state, SQL dumps, logins saved by editors and FTP clients...). Placeholders,
    references to variables, examples, tests, lock files and libraries are left out. A line that has to stay says why:
    `launchready:allow because …` in a comment on it or above it. Nothing of the repository is executed, and no value
    is kept: the report shows its length and the beginning of its hash.
    """
    result = await scanned(look)
    if isinstance(result, Failure):
        yield NotChecked(_name(portal), str(result), "name the folder of the code in [repository] path")
        return
    for row in _rows(portal, look, result, (Where.TRACKED, Where.UNTRACKED, Where.FOLDER), f"{result.files} files"):
        yield row
    for row in not_read(result):
        yield row


@check(
    "secrets.history",
    Stage.AUDIT,
    roadmap="A4 X4 M3",
    severity=Severity.HIGH,
    effort=30,
    reference="https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository",
    needs="repository",
)
async def history(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A password or key is in the history of the repository.

    Why: a file that was deleted is still in every clone. One command brings it back, and the day the repository is
    handed to a buyer, a new developer or the public, so is the key.

    Fix: rotate it: then what is in the history opens nothing. Rewriting the history helps only before anybody else has
    a clone, and never instead of rotating.

    Every version of every file in every branch and tag is read, once each. What is still in the work tree counts
    there, and is given the age of its oldest commit.
    """
    result = await scanned(look)
    settings = portal.repository
    if isinstance(result, Failure):
        yield NotChecked(_name(portal), str(result), "name the folder of the code in [repository] path")
        return
    if result.history:
        unlock = "fetch all of it: git fetch --unshallow" if "shallow" in result.history else ""
        if settings and not settings.history:
            unlock = "take `history = false` out of [repository]"
        yield NotChecked(_name(portal), result.history, unlock)
    seen = f"{result.versions} older versions in {result.commits} commits"
    if not result.history or any(f.where is Where.HISTORY for f in result.found):
        for row in _rows(portal, look, result, (Where.HISTORY,), seen):
            yield row


@check(
    "secrets.build",
    Stage.AUDIT,
    roadmap="A4 X4 M3",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://vite.dev/guide/env-and-mode#env-variables",
    needs="repository",
)
async def build(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A secret key was built into the front end.

    Why: what is in the bundle is on every visitor's machine. A secret key there is not leaked some day; it is
    published with the next deploy.

    Fix: move the call that needs the key to the server, rotate the key, and build again. Variables with a public
    prefix (`NEXT_PUBLIC_`, `VITE_`) end up in the bundle by design: no secret may be called so.

    Read are the folders front-end builds land in (`dist`, `build`, `out`, `.next/static`...), also where git ignores
    them. Keys that are made to be public (publishable keys, restricted Google keys) are no blocker.
    """
    result = await scanned(look)
    if isinstance(result, Failure):
        yield NotChecked(_name(portal), str(result), "name the folder of the code in [repository] path")
        return
    for row in _rows(portal, look, result, (Where.BUILD,), "what builds have left on this disk"):
        yield row


@check(
    "secrets.served",
    Stage.AUDIT,
    roadmap="A4 X4 M3",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://owasp.org/www-project-top-ten/",
)
async def served(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The live site hands a secret key to every visitor.

    Why: the key is in a page or script that browsers download. Nobody needs to break in: it takes a look at the
    source, and there are programs that do nothing else.

    Fix: rotate the key now, move the call that needs it to the server, and deploy again.

    Read are the first pages of each host and their scripts from the same host, as they were read for the other
    checks. Only keys that show by their own form what they are count, and none that is public by design.
    """
    from launchready.audit.secrets.engine import engine
    from launchready.audit.secrets.judgement import credentials
    from launchready.audit.source_maps import scripts_of
    from launchready.probes.http import Page
    from launchready.probes.pages import first_pages, shown

    visits = await first_pages(look)
    pages = {visit.host.name: page for visit, page in reversed(list(shown(visits)))}
    for visit in visits:
        if isinstance(visit.end, Failure):
            yield NotChecked(visit.host.name, f"{visit.url} gave no answer: {visit.end}")
        elif visit.host.name not in pages:
            yield Passed(visit.host.name, "shows no page of its own")
    for host, page in pages.items():
        answers = await asyncio.gather(*map(look.http.get, scripts_of(page, host)))
        found: list[Found] = []
        bodies = [page, *(a for a in answers if isinstance(a, Page) and a.status == 200)]
        for body in bodies:
            # As a bundle is read: names mean nothing there, only the form of a token does.
            hits = await asyncio.to_thread(lambda b: engine().scan("bundle.min.js", b.body), body)
            for credential in credentials("bundle.min.js", body.body, hits):
                where = re.sub(r"[?#].*", "", body.url)
                found.append(Found(replace(credential, path=where), Where.BUILD))
        rows = list(findings(found, look.now, public=True))
        for row in rows:
            yield _served(row)
        for answer in answers:
            if isinstance(answer, Failure):
                yield NotChecked(host, f"a script could not be read: {answer}")
        if not rows:
            yield Passed(host, f"its first page and {len(bodies) - 1} scripts hold no secret key")


def rows_of(
    result: Scan, where: Iterable[Where], name: str, now: datetime, *, public: bool, seen: str
) -> Iterator[Row]:
    """What a scan says of some of the places credentials were in."""
    mine = [f for f in result.found if f.where in where and not f.credential.allowed]
    allowed = sum(f.where in where and bool(f.credential.allowed) for f in result.found)
    yield from findings(mine, now, public=public)
    if not mine:
        yield Passed(name, f"{seen} read" + (f"; {allowed} allowed where they stand" if allowed else ""))


def _rows(portal: Portal, look: Look, result: Scan, where: Iterable[Where], seen: str) -> Iterator[Row]:
    settings = portal.repository
    return rows_of(result, where, _name(portal), look.now, public=bool(settings and settings.public), seen=seen)


def not_read(result: Scan) -> list[NotChecked]:
    """What of the repository was not read, a few by name and the rest as a number."""
    rows = [NotChecked(path, why) for path, why in result.not_read[:NAMED]]
    if more := len(result.not_read) - NAMED:
        rows += [NotChecked("repository", f"{more} more files were not read")] if more > 0 else []
    return rows


def _name(portal: Portal) -> str:
    return portal.repository.path.rstrip("/").rpartition("/")[2] or "repository" if portal.repository else "repository"


def _served(row: Finding) -> Finding:
    return replace(row, problem=row.problem.replace(str(Where.BUILD), "in what the live site sends to every visitor"))
