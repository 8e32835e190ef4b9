"""The reference portal, released on a host of the lab: gunicorn on PostgreSQL, with people who click meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launchready import journal
from launchready.hardening.release import engine, gates, history, keeper_call, rehearsal
from launchready.hardening.release.adapters import make
from launchready.hardening.release.plan import path_of
from launchready.hardening.release.processes import spare_port
from launchready.hardening.release.replay import Script, replay, script
from launchready.hardening.release.sources import Source, identify, new_release
from launchready.hardening.release.traffic import Traffic
from launchready.hardening.release.words import Failed
from launchready.lab.live_portal import missing
from launchready.lab.release_host import ReleaseHost, release_host
from launchready.portal import Portal
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs {missing()}")


@pytest.fixture
async def portal_host() -> AsyncIterator[ReleaseHost]:
    folder = Path(tempfile.mkdtemp(prefix="lr-"))  # short: the path of a database's socket may have 103 bytes
    try:
        async with release_host(folder) as host:
            yield host
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def look(portal: Portal) -> Look:
    return Look(portal, Network(Limits(run_deadline_s=300)))


def place_of(host: ReleaseHost) -> engine.Place:
    adapter = make(host.portal, look(host.portal), host.folder)
    assert not isinstance(adapter, Failed)
    path = path_of(host.portal, host.folder)
    return engine.Place(adapter, "production", host.folder, gates.prove_by_checks(host.portal, look), path)


def source_of(host: ReleaseHost) -> Source:
    source = identify(host.source)
    assert isinstance(source, Source)
    return source


async def test_nobody_notices_a_rehearsal_and_its_journal_makes_it_again_elsewhere(portal_host: ReleaseHost) -> None:
    host, lines = portal_host, list[str]()
    traffic = Traffic(Network(), (f"{host.url}/account/login",))
    ended = await rehearsal.rehearse(place_of(host), source_of(host), traffic, lines.append)

    assert ended.well, (ended, lines)
    assert [part.name for part in ended.parts] == ["deploy", "roll back", "deploy again"]
    assert ended.traffic.failed == 0, ended.traffic
    assert ended.traffic.downtime_s == 0
    assert ended.traffic.requests >= 100
    told = history.rehearsed(host.folder, "production")
    assert told
    assert (told.well, told.failed_requests, told.requests) == (True, 0, ended.traffic.requests)

    # A second host that has nothing but the variables: the journal and the repository bring the rest.
    book = journal.latest(host.folder, "deploy", "production")
    assert book
    other = host.folder / "other"
    port = spare_port()
    bare = script(book, other, f"127.0.0.1:{port}")
    assert isinstance(bare, Script)
    [lacks] = bare.lacks
    assert "SECRET_KEY" in lacks
    assert "DATABASE_URL" in lacks
    refused = await replay(host.portal, bare, lines.append)
    assert isinstance(refused, Failed)
    other.mkdir()
    (other / ".env").write_text((host.root / ".env").read_text())
    try:
        whole = script(book, other, f"127.0.0.1:{port}")
        assert isinstance(whole, Script)
        made = await replay(host.portal, whole, lines.append)
        assert isinstance(made, engine.Result)
        assert made.well, (made, lines)
        assert made.wanted.commit == ended.live.commit if ended.live else False
    finally:
        await keeper_call.stop(other)


async def test_the_database_goes_away_during_migrate_and_the_old_version_serves(portal_host: ReleaseHost) -> None:
    host, lines = portal_host, list[str]()
    place = place_of(host)
    first = await engine.deploy(place, new_release(source_of(host)), None, lines.append)
    assert first.well, (first, lines)
    migration = host.source / "outbox" / "migrations" / "0099_cut.py"
    before = sorted(p.stem for p in migration.parent.glob("0*.py") if p != migration)[-1]
    migration.write_text(
        "import os\nfrom django.db import connection, migrations\n\n\n"
        "def cut(apps, editor):\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute('CREATE TABLE half_done (id int)')\n"
        "        cursor.execute('SELECT pg_terminate_backend(pg_backend_pid())')\n\n\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('outbox', '{before}')]\n"
        "    operations = [migrations.RunPython(cut, migrations.RunPython.noop)]\n"
    )
    host.commit("Cut off in the middle")
    release = new_release(source_of(host))
    result = await engine.deploy(place, release, first.wanted, lines.append)

    assert result.failed
    assert result.failed.step == "migrate"
    assert "terminating connection" in result.failed.output
    assert "postgresql://" not in result.failed.output
    assert result.live
    assert result.live.id == first.wanted.id
    proof = await place.prove(first.wanted, lines.append)
    assert proof.holds
    migration.write_text(migration.read_text().replace("        cursor.execute('SELECT pg_terminate", "        # ('"))
    host.commit("Mended")
    again = await engine.deploy(place, new_release(source_of(host)), first.wanted, lines.append)
    assert again.well, again
