"""`launchready verify` as a pipeline runs it: exit codes, JUnit, journal, alert, and no browser left on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from launchready import journal
from launchready.lab.alerts import AlertReceiver
from launchready.probes import browser

WWW, APP = "https://www.brightside.example/", "https://app.brightside.example/"
QUICK = ("--within", "0.3")


@pytest.fixture
def described(tmp_path: Path):
    """`described(toml)`: a `launchready.toml` in the directory commands run in."""

    def write(text: str) -> Path:
        path = tmp_path / "launchready.toml"
        path.write_text(f'domain = "brightside.example"\n{text}')
        return path

    return write


def verify_section(*lines: str, url: str = WWW) -> str:
    return "\n".join(["[verify]", f'url = "{url}"', "browser = false", *lines, ""])


def told(folder: Path) -> list[dict[str, object]]:
    book = journal.latest(folder, "verify", "brightside.example")
    assert book is not None
    return book.entries()


def test_a_release_that_is_right_exits_with_0_and_is_in_the_journal(run, healthy, described, tmp_path) -> None:
    described(verify_section('pages = [{ path = "/", text = "Onboarding" }]'))

    ran = run("verify", *healthy)

    assert ran.code == 0, ran
    assert "verified" in ran.out
    assert [entry["what"] for entry in told(tmp_path)] == ["begun", "checked", "ended"]
    assert told(tmp_path)[-1]["verdict"] == "ready"


def test_a_release_that_is_wrong_exits_with_1_and_is_a_failure_in_junit(run, healthy, described, tmp_path) -> None:
    described(verify_section('pages = [{ path = "/", text = "Onboarding" }, { path = "/invoices" }]'))

    ran = run("verify", *QUICK, *healthy, "-o", "junit.xml", "--json")

    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert ran.code == 1
    assert json.loads(ran.out)["verdict"] == "not ready"
    assert (root.get("tests"), root.get("failures")) == ("1", "1")
    assert "answers 404 instead of 200" in root.find(".//failure").get("message")
    assert "problems" in next(entry for entry in told(tmp_path) if entry["what"] == "checked")


def test_what_could_not_be_looked_at_exits_with_3(run, healthy, described, monkeypatch) -> None:
    monkeypatch.setenv(browser.PATH_ENV, "/nowhere")
    described(verify_section().replace("browser = false\n", ""))

    ran = run("verify", *healthy)

    assert ran.code == 3
    assert "not verified as a whole" in ran.out
    assert "apt-get install chromium" in ran.out


def test_without_a_file_the_address_is_enough(run, healthy) -> None:
    ran = run("verify", "--url", WWW, *healthy)

    assert ran.code == (3 if browser.missing() else 0), ran


def test_without_a_section_the_first_page_is_looked_at(run, healthy, described) -> None:
    described("")

    ran = run("verify", *healthy)

    assert "verify.pages  https://brightside.example/: 200" in ran.out


def test_a_version_asked_for_where_nobody_says_one_is_unproven(run, healthy, described) -> None:
    described(verify_section())

    ran = run("verify", "--release", "v1.4.0", *healthy)

    assert ran.code == 3
    assert "[verify.version]" in ran.out


def test_the_version_that_was_last_made_live_is_expected(run, healthy, described, tmp_path) -> None:
    described(verify_section("[verify.version]", 'path = "/"', 'header = "X-Version"'))
    for action, version in (("deploy", "v1.3.0"), ("deploy", "v1.5.0"), ("rollback", "v1.4.0")):
        book = journal.begin(tmp_path, action, "production")
        book.note("live", version=version, release={"id": version, "version": version})

    ran = run("verify", *QUICK, *healthy)

    assert ran.code == 1
    assert told(tmp_path)[0]["version"] == "v1.4.0"


def test_a_journal_that_cannot_be_written_does_not_hide_the_answer(run, healthy, described, tmp_path) -> None:
    described(verify_section())
    (tmp_path / ".launchready").write_text("in the way")

    ran = run("verify", *healthy)

    assert ran.code == 0
    assert "journal could not be written" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--alert",), "names no [[alerts.routes]]"), (("-o", "x.pdf"), "does not name a format")],
)
def test_what_cannot_be_done_is_said_before_anything_is_looked_at(run, described, words, says) -> None:
    described(verify_section())

    ran = run("verify", *words)

    assert ran.code == 2
    assert says in ran.err


@pytest.fixture
def receiver() -> Iterator[AlertReceiver]:
    """A receiver of alerts on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    one = AlertReceiver()
    asyncio.run_coroutine_threadsafe(one.__aenter__(), loop).result()
    try:
        yield one
    finally:
        asyncio.run_coroutine_threadsafe(one.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


ROUTES = """
[[alerts.routes]]
name = "ops"
url_env = "OPS_ALERTS"
[[alerts.routes]]
name = "owner"
url_env = "OWNER_ALERTS"
"""


def test_a_failure_goes_out_as_an_alert_and_each_delivery_is_recorded(
    run, healthy, described, tmp_path, monkeypatch, receiver
) -> None:
    monkeypatch.setenv("OPS_ALERTS", receiver.webhook)
    monkeypatch.delenv("OWNER_ALERTS", raising=False)
    described(verify_section('pages = [{ path = "/invoices" }]') + ROUTES)

    ran = run("verify", *QUICK, *healthy)

    (alert,) = receiver.received
    assert ran.code == 1
    assert "brightside.example failed its verification" in alert.subject
    assert "verify.pages: https://www.brightside.example/invoices answers 404" in alert.text
    assert "launchready rollback" in alert.text
    assert "the alert was not delivered to owner: the variable OWNER_ALERTS is not set here" in ran.err
    records = [entry for entry in told(tmp_path) if entry["what"] == "alerted"]
    assert [(entry["route"], entry["ok"]) for entry in records] == [("ops", True), ("owner", False)]
    assert "lab-secret-part" not in ran.out + ran.err + json.dumps(told(tmp_path))


@pytest.mark.parametrize(("page", "words"), [('{ path = "/" }', ()), ('{ path = "/invoices" }', ("--no-alert",))])
def test_nobody_is_told_of_what_is_right_or_where_nobody_wants_it(
    run, healthy, described, monkeypatch, receiver, page, words
) -> None:
    monkeypatch.setenv("OPS_ALERTS", receiver.webhook)
    described(verify_section(f"pages = [{page}]") + ROUTES)

    run("verify", *QUICK, *healthy, *words)

    assert receiver.received == []


@pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
def test_ctrl_c_ends_the_browser_too(healthy, described, tmp_path) -> None:
    described(verify_section('pages = [{ path = "/nothing" }, { path = "/" }]').replace("browser = false\n", ""))
    command = [sys.executable, "-m", "launchready.cli.main", "verify", *healthy]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # where the browser's profile is, by which it is known
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as verifying:
        _wait(lambda: _of_profile(tmp_path))
        os.killpg(verifying.pid, signal.SIGINT)  # as a terminal does
        code = verifying.wait(20)
        said = verifying.stderr.read() if verifying.stderr else ""

    assert code == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    _wait(lambda: not _of_profile(tmp_path))


def _of_profile(folder: Path) -> list[int]:
    """Processes that name the folder on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"user-data-dir={folder}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _wait(until) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)
