"""`launchready perf` and `launchready flows` as they are typed: exit codes, what is printed, what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import pytest
from tests.performance.portals import ENVIRON, NAME, PASSWORD, Answer, Portal, running

from launchready.cli.stop import Exit
from launchready.report.json_schema import schema

FILE = """
domain = "portal.example"
owned = ["127.0.0.1"]
[performance]
url = "{url}"
login = {{ path = "/login/" }}
budget_s = 20
broadband = {{ down_mbps = 500, up_mbps = 500, rtt_ms = 1 }}
[performance.users.ada]
user_env = "ADA_USER"
password_env = "ADA_PASSWORD"
[[performance.flows]]
name = "board"
user = "ada"
steps = [{{ name = "dashboard", path = "/dashboard/" }}]
"""


class Typed:
    def __init__(self, folder: Path, portal: Portal) -> None:
        self.folder, self.portal = folder, portal
        self.describe(FILE.format(url=portal.url))

    def describe(self, text: str) -> None:
        (self.folder / "launchready.toml").write_text(text)

    async def __call__(self, *words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from launchready.cli.main import run; run()", *words, cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **ENVIRON, "COLUMNS": "200", "NO_COLOR": "1"},
        )  # fmt: skip
        out, err = (stream.decode() for stream in await process.communicate())
        assert PASSWORD not in out + err
        assert NAME not in out + err
        assert "Traceback" not in err, err
        return process.returncode or 0, out, err


@pytest.fixture
async def typed(tmp_path: Path) -> AsyncIterator[Typed]:
    async with running() as portal:
        yield Typed(tmp_path, portal)


async def test_a_fast_portal_ends_with_0_and_a_measurement_that_check_judges_later(typed: Typed) -> None:
    code, out, err = await typed("perf", "--no-browser", "-o", "perf.html", "-o", "perf.xml")

    assert code == Exit.READY, (out, err)
    assert "fast enough" in out
    assert "dashboard" in out
    assert "walking board" in err
    assert "Speed of the core flows" in (typed.folder / "perf.html").read_text()
    assert "performance.p95" in (typed.folder / "perf.xml").read_text()
    [kept] = (typed.folder / ".launchready" / "performance").glob("*.json")
    assert PASSWORD not in kept.read_text()

    code, out, _ = await typed("check", "--check", "performance.p95", "--json")
    [judged] = json.loads(out)["checks"]
    assert judged["status"] == "passed"


async def test_a_budget_that_is_too_small_ends_with_3_and_says_what_is_missing(typed: Typed) -> None:
    code, out, _ = await typed("perf", "--no-browser", "--requests", "20", "--json")

    assert code == Exit.UNPROVEN
    told = json.loads(out)
    jsonschema.validate(told, schema())
    [step] = told["performance"]["steps"]
    assert step["needs"] > 0
    assert told["performance"]["line"]["way"] == "relay"


async def test_a_slow_step_ends_with_1_and_the_smoke_test_finds_it_too(typed: Typed) -> None:
    import time

    def late(_asked: object) -> Answer:
        time.sleep(0.03)
        return Answer(200, "<h1>late</h1>")

    typed.portal.answers["GET /dashboard/"] = late
    typed.describe(FILE.format(url=typed.portal.url).replace("budget_s = 20", "budget_s = 4\ntarget_s = 0.02"))
    code, out, _ = await typed("perf", "--smoke")

    assert code == Exit.FOUND
    assert "dashboard takes a buyer" in out
    assert "[high risk] performance.p95" in out
    assert "no page was opened" not in out, "nobody asked for a browser"
    assert "The times alone" in out


async def test_a_baseline_that_is_not_there_is_said_before_anything_is_asked(typed: Typed) -> None:
    code, _, err = await typed("perf", "--no-browser", "--baseline")

    assert code == Exit.UNUSABLE
    assert "run `launchready perf` first" in err
    assert typed.portal.asked == []


async def test_the_same_release_measured_twice_is_no_change(typed: Typed) -> None:
    await typed("perf", "--no-browser", "--quiet")
    code, out, err = await typed("perf", "--no-browser", "--baseline", "--quiet", "--json")

    assert code == Exit.READY, err
    regression = next(one for one in json.loads(out)["checks"] if one["id"] == "performance.regression")
    assert regression["status"] in ("passed", "not checked"), "chance may leave it open, never call it slower"


async def test_plans_and_lines_ask_nothing(typed: Typed) -> None:
    code, out, _ = await typed("perf", "--plan")
    assert code == Exit.READY
    assert "board as ada" in out
    assert "five minutes at most" in out
    code, out, _ = await typed("perf", "--lines")
    assert code == Exit.READY
    assert "business" in out
    assert typed.portal.asked == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--flow", "bored"), "there is no such flow; there are board"),
        (("--line", "busines"), "did you mean 'business'"),
        (("--url", "http://127.0.0.1:9/"), "cannot be reached"),
    ],
)
async def test_a_wrong_word_ends_with_2_and_a_sentence(typed: Typed, words: tuple[str, ...], says: str) -> None:
    code, _, err = await typed("perf", "--no-browser", *words)

    assert code == Exit.UNUSABLE
    assert says in err
    assert not (typed.folder / ".launchready" / "performance").exists()


async def test_flows_are_listed_and_one_is_added_from_a_har_file(typed: Typed) -> None:
    entry = {
        "startedDateTime": "2026-01-01",
        "request": {"method": "GET", "url": f"{typed.portal.url}/invoices/17/", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"mimeType": "text/html"}},
    }
    (typed.folder / "a.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    code, out, _ = await typed("flows", "import", "a.har", "--name", "invoice")
    assert code == Exit.READY
    assert 'path = "/invoices/17/"' in out
    code, out, _ = await typed("flows", "import", "a.har", "--name", "invoice", "--write")
    assert code == Exit.READY
    code, out, _ = await typed("flows", "list")
    assert "invoice\n  GET /invoices/17/" in out
    code, _, err = await typed("flows", "import", "a.har", "--name", "invoice", "--write")
    assert code == Exit.UNUSABLE
    assert "there is a flow 'invoice' already" in err


async def test_ctrl_c_ends_with_130_and_leaves_nothing_half_written(typed: Typed) -> None:
    walked = asyncio.Event()

    def dashboard(_asked: object) -> Answer:
        if len(typed.portal.of("GET", "/dashboard/")) == 5:
            walked.set()
        return Answer(200, "<h1>Invoices</h1>")

    typed.portal.answers["GET /dashboard/"] = dashboard
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from launchready.cli.main import run; run()", "perf", "--no-browser", cwd=typed.folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **ENVIRON},
    )  # fmt: skip
    await asyncio.wait_for(walked.wait(), 30)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()

    assert process.returncode == Exit.INTERRUPTED
    assert "interrupted; nothing was kept" in err.decode()
    assert "Traceback" not in err.decode()
    assert [path for path in (typed.folder / ".launchready").rglob("*") if path.is_file()] == []


async def test_a_place_that_cannot_be_written_to_costs_the_keeping_and_nothing_else(typed: Typed) -> None:
    (typed.folder / ".launchready").write_text("in the way")
    code, out, err = await typed("perf", "--no-browser", "--requests", "20")

    assert code == Exit.UNPROVEN
    assert "the measurement could not be kept: Not a directory" in err
    assert "dashboard" in out
