"""Exposure: files, tools and error pages that should not be public, on every web host.

Every path is asked for once a host, all at once, beside one random path nobody can have made: what answers the same
way there is the host's way of saying "not found", whatever its status. What is looked for is in `exposure_paths.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from launchready.audit.exposure_paths import READ, SIGNS, Sign
from launchready.audit.exposure_traces import TRACES
from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure, Phase, Timeout
from launchready.probes.http import Page
from launchready.probes.look import Look
from launchready.probes.pages import first_pages, nobody_listens, same_host
from launchready.probes.surface import Host

SHUT = (401, 407)
"""Statuses that say: nothing here without signing in."""
TURNED_AWAY = (403, 429, 503)
"""Statuses of a firewall or a rate limit; also those of a host that is closed to us."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one host answered."""

    host: Host
    random: Page | Failure
    """The answer at a path nobody has made."""
    answers: dict[str, Page | Failure]
    """By path; empty when nothing is served there."""
    pages: tuple[Page, ...]
    """Where traces are looked for: the answer at the random path, its first pages, and what broke when asked."""
    blind: str = ""
    """Why the host could not be looked at at all."""
    nothing: str = ""
    """Why there is nothing to look for."""


@check(
    "exposure.secrets",
    Stage.AUDIT,
    roadmap="A4 A8",
    severity=Severity.BLOCKER,
    effort=60,
    reference="https://12factor.net/config",
)
async def secrets(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A file with passwords and keys can be read by everyone.

    Why: such files are asked for on every new site within hours. Whoever reads this one has your database, your mail
    service, your payment account; no launch can go ahead with it.

    Fix: take the file away, then change every password and key in it: it must count as read. Serve only the public
    folder of the project, and let the edge refuse paths that begin with a dot.

    Asked for are `.env` and its variants and `.aws/credentials` on every host. It is one only when it reads like one
    (lines of `NAME=value`), never by its status, and not when a random path gives the same. Only names of variables
    are quoted, with length and hash of their values. A blocker; a high risk when no name looks secret, or all are
    variables a build tool puts into the front end anyway (`VITE_`, `NEXT_PUBLIC_`).
    """
    async for row in _judge(look, "exposure.secrets"):
        yield row


@check(
    "exposure.repository",
    Stage.AUDIT,
    roadmap="A4 A8",
    severity=Severity.BLOCKER,
    effort=60,
    reference="https://git-scm.com/docs/gitrepository-layout",
)
async def repository(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The code's repository can be downloaded from the site.

    Why: from `.git` anybody rebuilds the whole source and its history, with every password that was ever in it.

    Fix: deploy a build, not the working copy; until then let the web server refuse `/.git`. Change the passwords and
    keys the history holds.

    Asked for are `/.git/HEAD`, `/.git/config`, `/.svn/wc.db` and `/.hg/requires`; each must be what these systems
    write. A blocker, whether or not the folder can be listed: the files have known names.
    """
    async for row in _judge(look, "exposure.repository"):
        yield row


@check(
    "exposure.backups",
    Stage.AUDIT,
    roadmap="A4 A8",
    severity=Severity.BLOCKER,
    effort=30,
    reference="https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"
    "02-Configuration_and_Deployment_Management_Testing/04-Review_Old_Backup_and_Unreferenced_Files_for_Sensitive_Information",
)
async def backups(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A backup or a database dump can be downloaded from the site.

    Why: it holds what the portal is there to protect: your clients' names, files and invoices, and the passwords of
    the systems behind it.

    Fix: move it to storage that is not public, then treat it as read: change the passwords in it, and ask a lawyer
    whether clients must be told. Let backups be written outside the public folder.

    Asked for are the usual names (`backup.zip`, `<domain>.zip`, `db.sql`, `db.sqlite3`, …). An archive must begin
    with its magic number, a dump like a dump. A ZIP file that holds nothing but pictures and papers passes: that is a
    press kit. A blocker.
    """
    async for row in _judge(look, "exposure.backups"):
        yield row


@check(
    "exposure.debug",
    Stage.AUDIT,
    roadmap="A3 A8",
    severity=Severity.HIGH,
    effort=20,
    reference="https://owasp.org/Top10/A05_2021-Security_Misconfiguration/",
)
async def debug(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A development or debugging tool answers on the public site.

    Why: these pages are made for developers: they show code, settings and other people's requests, and some run
    commands on the server for whoever opens them.

    Fix: start the application in production mode (the finding says how for the framework it saw) and keep its tools
    on a port that is not public.

    Looked for: phpinfo, Spring's actuator, Werkzeug's console, Go's pprof, Apache's server-status, Laravel's Ignition
    and Telescope, Rails' and Symfony's tools, Prometheus' measurements; and debug modes of Django, Laravel, Rails,
    Symfony, Flask, ASP.NET, Next.js and Vite in first pages and in the answer at a random path. A blocker where the
    tool gives away secrets or runs commands (an actuator with `env` or `heapdump`, Werkzeug's console, Telescope),
    a high risk where it shows code and settings, nice to fix for measurements. A heap dump is never fetched: the
    actuator's own list names it.
    """
    async for row in _judge(look, "exposure.debug"):
        yield row


@check(
    "exposure.traces",
    Stage.AUDIT,
    roadmap="A8 E4",
    severity=Severity.HIGH,
    effort=20,
    reference="https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html",
)
async def traces(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """Error pages show the inside of the program.

    Why: to a buyer it looks broken; to somebody who means harm it names files, libraries and sometimes values.

    Fix: show people a page of your own with a number they can tell you, and write the trace to the log.

    Looked at are first pages, the answer at a random path, and what broke (500 and above) at the paths that are asked
    for anyway; no error is provoked. Stack traces of Python, Node.js, Java, .NET, Go, Ruby and database errors count in
    errors (400 and above) only: on a page that works somebody may be writing about them. PHP's count on all pages.
    """
    async for row in _judge(look, "exposure.traces"):
        yield row


@check(
    "exposure.admin",
    Stage.AUDIT,
    roadmap="A8",
    severity=Severity.NICE,
    effort=30,
    reference="https://cwe.mitre.org/data/definitions/1188.html",
)
async def admin(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An administration panel can be reached by everyone.

    Why: it is the door to everything, and passwords are tried at it all day long.

    Fix: let only your own network, or an identity check of the edge (such as Cloudflare Access), reach the path;
    require a second factor.

    Looked for: Django's admin, WordPress, phpMyAdmin, Adminer, Sidekiq, by what their pages hold. A blocker when it
    is open without signing in; a high risk for database tools; nice to fix for a sign-in page of the application.
    """
    async for row in _judge(look, "exposure.admin"):
        yield row


@check(
    "exposure.listing",
    Stage.AUDIT,
    roadmap="A8",
    severity=Severity.HIGH,
    effort=10,
    reference="https://cwe.mitre.org/data/definitions/548.html",
)
async def listing(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """The web server lists all files in a folder.

    Why: files of clients are found by looking through the list, not by knowing their address.

    Fix: turn lists off in the web server, and serve uploads through the application so that it can ask who wants them.

    Looked at: `/`, `/uploads/`, `/media/`, `/backup/`, as Apache, nginx, IIS, Python, Django, Tomcat, Node and S3
    write their lists; and `.DS_Store`, which names files too (nice to fix).
    """
    async for row in _judge(look, "exposure.listing"):
        yield row


async def surveys(look: Look) -> tuple[Survey, ...]:
    """The survey of every host that is a web entry point; made once in a run."""

    async def ask() -> tuple[Survey, ...]:
        made = await asyncio.gather(*(_survey(look, host) for host in await look.hosts()))
        return tuple(s for s in made if s.host.named or not nobody_listens(s.random))

    return await look.network.once("exposure", ask)


async def _survey(look: Look, host: Host) -> Survey:
    random = await look.http.get(f"https://{host.name}/{unlikely_path(host.name)}")
    if isinstance(random, Failure):
        return Survey(host, random, {}, (), blind=f"it gave no answer: {random}")
    if leads_away(random, host.name):
        return Survey(host, random, {}, (), nothing=f"leads everything to {(random.location or '')[:120]}")
    if random.status in SHUT:
        return Survey(host, random, {}, (random,), nothing=f"answers {random.status}: nothing without signing in")
    portal = look.portal
    paths = list(dict.fromkeys(_filled(path, portal) for sign in SIGNS for path in sign.paths))
    visits, answers = await asyncio.gather(first_pages(look), _ask_all(look, host.name, paths))
    own = [p for v in visits if v.host == host and isinstance(p := v.end, Page)]
    broken = [p for p in answers.values() if isinstance(p, Page) and p.status >= 500]
    return Survey(host, random, answers, (random, *own, *broken), blind=_turned_away(random, answers))


async def _ask_all(look: Look, host: str, paths: Sequence[str]) -> dict[str, Page | Failure]:
    """Ask for every path; give up on what a host that stalls has not answered after twice the time of one look."""
    tasks = [asyncio.ensure_future(look.http.get(f"https://{host}{path}")) for path in paths]
    limit_s = 2 * look.network.limits.operation_timeout_s
    _, late = await asyncio.wait(tasks, timeout=look.network.bounded_s(limit_s))
    for task in late:
        task.cancel()
    no_answer = Timeout(Phase.ANSWER, host, f"no answer within {limit_s:g} s of asking for {len(paths)} paths")
    return {path: no_answer if task in late else task.result() for path, task in zip(paths, tasks, strict=True)}


async def _judge(look: Look, id: str) -> AsyncIterator[Row]:
    made = await surveys(look)
    if not made:
        yield NotChecked(look.portal.domain, "no host answers over HTTPS")
    found = [finding for survey in made for finding in _met(survey, id, look.portal)]
    for finding, hosts in _merged(found):
        also = f"\nthe same on {', '.join(hosts[1:])}" if len(hosts) > 1 else ""
        yield replace(finding, evidence=f"{finding.evidence}{also}")
    hit = {host for _, hosts in _merged(found) for host in hosts}
    for survey in made:
        name = survey.host.name
        if blind := survey.blind or _unanswered(survey, id, look.portal):
            yield NotChecked(name, blind, "let the address the audit runs from through, or run it from within")
        elif name not in hit:
            yield Passed(name, survey.nothing or f"{_asked(survey, id)} looked at")


def _met(survey: Survey, id: str, portal: Portal) -> Iterator[tuple[Finding, str]]:
    """Findings of one check on one host, each with what tells whether two hosts show the same."""
    keys: set[str] = set()
    for sign in (sign for sign in SIGNS if sign.check == id):
        for path in (_filled(path, portal) for path in sign.paths):
            page = survey.answers.get(path)
            key = sign.key or path
            if key in keys or not isinstance(page, Page) or not stands_out(sign, page, survey.random):
                continue
            severity = sign.weigh(page.body[:READ]) if sign.weigh else sign.severity
            if severity is not None:
                keys.add(key)
                yield _finding(survey.host.name, path, sign, page, severity, key), _print_of(page, key)
    if not keys or id == "exposure.debug":
        yield from _traces(survey, id, keys)


def _traces(survey: Survey, id: str, keys: set[str]) -> Iterator[tuple[Finding, str]]:
    host = survey.host.name
    for trace in (trace for trace in TRACES if trace.check == id):
        for page in survey.pages:
            if id == "exposure.traces" and _is_debug_page(page):
                continue  # the debug mode is the one thing to mend
            key = trace.key or "trace"
            if key in keys or (trace.on_errors_only and page.status < 400):
                continue
            if match := trace.body.search(page.body[:READ]):
                keys.add(key)
                says = trace.what if trace.key else f"answers show {trace.what}"
                seen = " ".join(match[0].decode("utf-8", "replace").split())[:120]
                finding = Finding(
                    host,
                    f"{host}: {says}.",
                    evidence=f"{page.url} → {page.status}: {seen}",
                    fix=trace.fix,
                    severity=trace.severity,
                    key=key,
                )
                yield finding, f"{key} {trace.what}"


def _is_debug_page(page: Page) -> bool:
    start = page.body[:READ]
    return any(trace.body.search(start) for trace in TRACES if trace.check == "exposure.debug")


def stands_out(sign: Sign, page: Page, random: Page | Failure) -> bool:
    """Whether an answer is what a sign describes, and not the host's way of saying "not found"."""
    if not sign.met(page):
        return False
    return not isinstance(random, Page) or not (sign.met(random) or alike(page, random))


def alike(one: Page, other: Page) -> bool:
    """Whether two answers are the same but for small things: the asked path in it, a time, a token."""
    if one.status != other.status:
        return False
    if one.body == other.body:
        return True
    first, second = _lines(one), _lines(other)
    return len(first & second) >= 0.9 * max(len(first), len(second), 1)


def leads_away(page: Page, host: str) -> bool:
    """Whether an answer leads to another host: nothing is served here."""
    return (to := page.location) is not None and not same_host(to, host)


def unlikely_path(host: str) -> str:
    """A path nobody has made, the same in every run."""
    return f"lr-{hashlib.sha256(host.encode()).hexdigest()[:12]}"


def _finding(host: str, path: str, sign: Sign, page: Page, severity: Severity, key: str) -> Finding:
    url = f"https://{host}{path}"
    quoted = sign.evidence(page.body[:READ]) if page.status == 200 else f"leads to {(page.location or '')[:120]}"
    return Finding(
        host,
        f"Everyone can open {url}: {sign.what}.",
        evidence=f"{url} → {page.status}, {len(page.body)} bytes{'+' if page.truncated else ''}: {quoted}",
        fix=sign.fix,
        severity=severity,
        key=key,
    )


def _merged(found: Sequence[tuple[Finding, str]]) -> list[tuple[Finding, list[str]]]:
    """Hosts that show the very same thing are one finding: they are served from one place."""
    merged: dict[str, tuple[Finding, list[str]]] = {}
    for finding, print_ in found:
        _, hosts = merged.setdefault(print_, (finding, []))
        hosts.append(finding.subject)
    return list(merged.values())


def _print_of(page: Page, key: str) -> str:
    return f"{key} {hashlib.sha256(page.body).hexdigest()}"


def _turned_away(random: Page, answers: dict[str, Page | Failure]) -> str:
    """Why the answers say nothing: a firewall is in the way."""
    pages = [page for page in answers.values() if isinstance(page, Page)]
    if random.status in TURNED_AWAY and all(page.status == random.status for page in pages):
        return f"it answers {random.status} to everything it is asked from here"
    return ""


def _unanswered(survey: Survey, id: str, portal: Portal) -> str:
    """Why a check did not see all of its paths: a limit was met, an answer did not come."""
    wanted = {_filled(path, portal) for sign in SIGNS if sign.check == id for path in sign.paths}
    asked = {path: answer for path, answer in survey.answers.items() if path in wanted}
    if limited := sum(isinstance(answer, Page) and answer.status == 429 for answer in asked.values()):
        return f"{limited} of {len(asked)} paths were answered 429 (too many requests)"
    failed = [(path, answer) for path, answer in asked.items() if isinstance(answer, Failure)]
    return f"{len(failed)} of {len(asked)} paths gave no answer: {failed[0][0]}: {failed[0][1]}" if failed else ""


def _asked(survey: Survey, id: str) -> str:
    paths = {path for sign in SIGNS if sign.check == id for path in sign.paths}
    pages = len(survey.pages) if any(trace.check == id for trace in TRACES) else 0
    parts = [f"{len(paths)} paths"] if paths else []
    return " and ".join([*parts, f"{pages} pages"] if pages else parts)


def _filled(path: str, portal: Portal) -> str:
    return path.format(domain=portal.domain, label=portal.domain.partition(".")[0])


def _lines(page: Page) -> set[bytes]:
    return set(page.body[:READ].splitlines())
