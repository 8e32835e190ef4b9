"""Ctrl-C in the middle of an apply: the step at hand ends, the rest is left, and the next apply goes on."""

from __future__ import annotations

import signal
from typing import Any

from launchready.journal import Journal
from launchready.lab.healthy import DOMAIN

SLOW = """
import time
from launchready.edge.control import applying
carry_out = applying.carry_out
def slow(*words):
    settled = carry_out(*words)
    print("MADE", flush=True)
    time.sleep(1)
    return settled
applying.carry_out = slow
from launchready.cli.main import run
run()
"""


async def test_an_interrupted_apply_ends_after_the_step_at_hand(place: Any) -> None:
    async with place() as it:
        before = it.held()
        process = await it.start("apply", "--yes", "--no-checks", program=SLOW)
        assert process.stdout
        while b"MADE" not in (line := await process.stdout.readline()):
            assert line, (await process.communicate())[1]
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

        assert process.returncode == 130, (out, err)
        assert b"Traceback" not in err
        assert it.zone.writes == 1
        told = [entry["what"] for entry in Journal(it.journals[-1]).entries()]
        assert told == ["begun", "intent", "done"]
        resumed = await it.run("apply", "--yes", "--no-checks")
        assert resumed.code == 0, resumed
        assert len(it.journals) == 1, "it went on in the same journal"
        assert (await it.run("undo", "--yes")).code == 0
        assert it.held() == before


async def test_a_dearer_plan_gets_what_it_has(place: Any) -> None:
    toml = f'domain = "{DOMAIN}"\n[edge]\n[edge.limits]\nperiod_s = 60\n'
    async with place(toml=toml, plan="pro") as it:
        ran = await it.run("apply", "--yes", "--no-checks")
        assert ran.code == 0, ran
        rules = it.zone.rules("http_ratelimit")
        assert rules[0]["ratelimit"]["period"] == 60
        assert "http.host" in rules[0]["expression"]
        assert (await it.run("plan")).code == 0
