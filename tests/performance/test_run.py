"""A measurement from beginning to end, on a small portal that answers: what is asked, told, kept, and left alone."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.performance.portals import ENVIRON, NAME, PASSWORD, Answer, Asked, Portal, page, running

from launchready.lab.measured import healthy
from launchready.measurement import Line, Measurement, Phases
from launchready.model import Finding, NotChecked, Passed
from launchready.performance import judged, kept, run, slower_than_before
from launchready.performance.run import Refused, Wanted, measure, plan_of
from launchready.performance.statistics import distribution
from launchready.performance.times import Times, Way
from launchready.performance.words import FlowRun, Reply, Request, StepRun
from launchready.portal import Portal as Described
from launchready.portal_performance import Flow
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network
from launchready.probes.page import Page

LOGIN = {"name": "login", "user": "ada", "steps": [{"name": "log in", "login": {"path": "/login/"}}]}
BOARD = {"name": "board", "user": "ada", "steps": [{"name": "dashboard", "path": "/dashboard/", "text": "Invoices"}]}
FIRST = {"name": "first", "steps": [{"name": "welcome", "path": "/"}]}
LINE = {"name": "near", "down_mbps": 500, "up_mbps": 500, "rtt_ms": 1}


@pytest.fixture
async def portal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Portal]:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    async with running() as started:
        yield started


def described(
    portal: Portal, *flows: dict[str, Any], owned: tuple[str, ...] = ("127.0.0.1",), **more: Any
) -> Described:
    settings = {
        "url": portal.url, "flows": flows, "login": {"path": "/login/"}, "broadband": LINE, "budget_s": 30,
        "users": {"ada": {"user_env": "ADA_USER", "password_env": "ADA_PASSWORD"}}, **more,
    }  # fmt: skip
    return Described.model_validate({"domain": "portal.example", "owned": owned, "performance": settings})


async def taken(described: Described, tmp_path: Path, **wanted: Any) -> Measurement:
    look = Look(described)
    try:
        return await measure(look, Wanted(**{"browser": False, "root": tmp_path, **wanted}), lambda line: None)
    finally:
        await look.close()


async def test_flows_are_walked_until_their_intervals_decide(portal: Portal, tmp_path: Path) -> None:
    found = await taken(described(portal, LOGIN, BOARD, FIRST), tmp_path)

    assert found.way == "relay"
    assert found.untold == ()
    assert {times.step for times in found.steps} == {"log in page", "log in", "dashboard", "welcome"}
    for times in found.steps:
        assert times.seen
        assert times.seen.n >= 90
        assert times.seen.p95.high_s is not None
        assert times.cold_s is not None
        assert times.server
        assert times.server.p50.value_s < times.seen.p50.value_s
    assert found.requests == len(portal.asked)
    assert len(portal.of("POST", "/login/")) < 120, "one login for the board, the others of the login's own flow"
    text = kept.written(found)
    assert NAME not in text
    assert PASSWORD not in text
    assert not any(session in text for session in portal.sessions)


async def test_a_host_nobody_calls_theirs_is_walked_once_and_not_loaded(portal: Portal, tmp_path: Path) -> None:
    found = await taken(described(portal, FIRST, owned=()), tmp_path)

    assert len(portal.of("GET", "/")) == 1
    assert found.steps == ()
    [untold] = found.untold
    assert "not named as yours" in untold.reason
    assert 'owned = ["127.0.0.1"]' in untold.unlock
    assert [exchange.route for exchange in found.exchanges] == ["GET /"]


async def test_no_account_is_compared_and_nothing_repeated_on_a_host_nobody_calls_theirs(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_DB", "postgresql://nobody@127.0.0.1:1/none")
    users = {name: {"user_env": "ADA_USER", "password_env": "ADA_PASSWORD"} for name in ("ada", "bob")}
    settings = {"users": users, "small": "ada", "large": "bob", "database_env": "PORTAL_DB", "traces": "127.0.0.1:0"}
    found = await taken(described(portal, BOARD, owned=(), **settings), tmp_path)

    assert len(portal.of("GET", "/dashboard/")) == 2, "where the login led, and the walk"
    assert {one.part for one in found.untold if "not named as yours" in one.reason} == {"times", "growth", "queries"}


async def test_accounts_are_compared_no_further_when_the_portal_breaks(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(_asked: object) -> Answer:
        return page("Invoices") if len(portal.of("GET", "/dashboard/")) <= 10 else Answer(500, "out of order")

    portal.answers["GET /dashboard/"] = breaking
    users = {name: {"user_env": "ADA_USER", "password_env": "ADA_PASSWORD"} for name in ("ada", "bob")}
    found = await taken(described(portal, BOARD, users=users, small="ada", large="bob", budget_requests=5), tmp_path)

    assert len(portal.of("GET", "/dashboard/")) == 11
    assert [one.part for one in found.untold] == ["growth"]
    assert "500" in found.untold[0].reason


async def test_a_smoke_test_cuts_what_is_under_way_and_leaves_time_to_judge(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(_asked: object) -> Answer:
        return page("in") if len(portal.of("GET", "/")) <= 3 else Answer(breaks="silent")

    portal.answers["GET /"] = stuck
    monkeypatch.setattr(run, "SMOKE_ENDS_S", 1.5)
    look = Look(described(portal, FIRST))
    try:
        found = await measure(look, Wanted(smoke=True, root=tmp_path), lambda line: None)
    finally:
        await look.close()

    assert found.elapsed_s < 8, "a request alone may take ten seconds"
    assert "the deadline of the run passed" in found.untold[0].reason, "not that nobody answered in time"
    assert look.network.left_s > 25


async def test_a_rate_costs_no_more_time_than_the_budget(portal: Portal, tmp_path: Path) -> None:
    portal.answers["GET /"] = lambda _asked: (time.sleep(0.03), page("late"))[1]
    told: list[str] = []
    look = Look(described(portal, FIRST, budget_s=4))
    try:
        found = await measure(look, Wanted(browser=False, root=tmp_path, rate_per_s=5.0), told.append)
    finally:
        await look.close()

    assert {times.pace for times in found.steps} == {"two", "arrivals"}
    assert {line.split(" of ")[-1].removesuffix(" is spent") for line in told if " of " in line} == {"2 s"}, (
        "each gets half of four seconds"
    )


async def test_visitors_who_pile_up_do_not_use_up_this_machines_files(portal: Portal, tmp_path: Path) -> None:
    def stuck(_asked: object) -> Answer:
        return page("in") if len(portal.of("GET", "/")) <= 95 else Answer(breaks="silent")

    portal.answers["GET /"] = stuck
    look = Look(described(portal, FIRST), Network(Limits(operation_timeout_s=1)))
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 150, usual[1]))
    try:
        found = await measure(look, Wanted(browser=False, root=tmp_path, rate_per_s=150.0), lambda line: None)
    finally:
        await look.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)

    assert any("the load stopped itself" in one.reason for one in found.untold)


async def test_the_first_answer_of_all_is_kept_where_a_login_got_it(portal: Portal, tmp_path: Path) -> None:
    def asleep(asked: Asked) -> Answer:
        if len(portal.asked) == 1:
            time.sleep(0.3)
        return portal._get_login(asked)

    portal.answers["GET /login/"] = asleep
    found = await taken(described(portal, BOARD, target_s=0.2, budget_requests=5), tmp_path)

    assert found.first_route == "GET /login/"
    assert found.first_s
    assert found.first_s >= 0.3
    assert found.first_again_s is not None
    assert len(portal.of("GET", "/login/")) == 2, "once more, to see whether it is always so"
    assert found.requests == len(portal.asked)


async def test_a_login_is_repeated_without_what_comes_after_it(portal: Portal, tmp_path: Path) -> None:
    steps = [*LOGIN["steps"], {"path": "/files/"}]
    flow = {"name": "in", "user": "ada", "steps": steps, "changes": False}
    await taken(described(portal, flow, traces="127.0.0.1:0", budget_requests=8), tmp_path)

    marked = [number for number, asked in enumerate(portal.asked) if "traceparent" in asked.headers]
    after = [asked for asked in portal.asked[marked[0] :] if asked.path == "/files/"]
    assert len(portal.of("POST", "/login/")) >= 8
    assert after
    assert all("traceparent" in asked.headers for asked in after), "or its queries count as the login's"


async def test_a_flow_that_is_limited_is_left_alone_and_the_others_go_on(portal: Portal, tmp_path: Path) -> None:
    def limited(_asked: object) -> Answer:
        return page("in") if len(portal.of("GET", "/limited")) <= 5 else Answer(429, "slowly", (("Retry-After", "60"),))

    portal.answers["GET /limited"] = limited
    flow = {"name": "limited", "steps": [{"path": "/limited"}]}
    found = await taken(described(portal, flow, FIRST), tmp_path)

    assert len(portal.of("GET", "/limited")) <= 8
    told = [one for one in found.untold if one.flow == "limited"]
    assert any("429" in one.reason and "per_minute" in one.unlock for one in told)
    assert next(times for times in found.steps if times.flow == "first").needs == 0


async def test_a_portal_that_breaks_stops_the_load(portal: Portal, tmp_path: Path) -> None:
    def breaking(_asked: object) -> Answer:
        return page("in") if len(portal.of("GET", "/breaks")) <= 3 else Answer(500, "out of order")

    portal.answers["GET /breaks"] = breaking
    found = await taken(described(portal, {"name": "breaks", "steps": [{"path": "/breaks"}]}), tmp_path)

    assert len(portal.asked) < 20
    [stopped] = [one for one in found.untold if "the load stopped itself" in one.reason]
    assert "3 walks in a row failed" in stopped.reason
    assert "its log" in stopped.unlock, "walking more seldom mends no error"


async def test_a_refused_login_is_tried_once_for_all_flows(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADA_PASSWORD", "not hers")
    found = await taken(described(portal, LOGIN, BOARD), tmp_path)

    assert len(portal.of("POST", "/login/")) == 1
    assert {one.flow for one in found.untold} == {"login", "board"}
    assert "not hers" not in kept.written(found)
    saved = next(one.saved for one in found.untold if one.saved)
    assert NAME not in (tmp_path / saved).read_text()


async def test_the_budget_of_requests_is_kept(portal: Portal, tmp_path: Path) -> None:
    found = await taken(described(portal, FIRST, budget_requests=20), tmp_path)

    assert len(portal.asked) <= 22
    [times] = found.steps
    assert times.needs > 0
    report = await judged.run(_look(described(portal, FIRST), found))
    [outcome] = [o for o in report.outcomes if o.check.id == "performance.p95"]
    assert f"it needs {times.needs} more" in outcome.not_checked[0].unlock


async def test_what_is_surely_too_slow_is_a_finding(portal: Portal, tmp_path: Path) -> None:
    portal.answers["GET /"] = lambda _asked: (time.sleep(0.03), page("late"))[1]
    slow = described(portal, FIRST, target_s=0.02, budget_s=4)
    report = await judged.run(_look(slow, await taken(slow, tmp_path)))

    [finding] = [f for f in report.findings if f.check == "performance.p95"]
    assert finding.subject == "first: welcome"


async def test_two_accounts_are_walked_beside_each_other(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = {name: {"user_env": "ADA_USER", "password_env": "ADA_PASSWORD"} for name in ("ada", "bob")}
    found = await taken(described(portal, BOARD, users=users, small="ada", large="bob", budget_requests=5), tmp_path)

    assert {times.user for times in found.steps if times.pace == "account"} == {"ada", "bob"}


@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "https://nowhere.invalid"])
async def test_a_portal_that_cannot_be_reached_is_refused_at_once(where: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be reached"):
        await taken(described(Portal(), FIRST, url=where), tmp_path)


async def test_what_the_file_does_not_name_is_told(portal: Portal, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are first"):
        await taken(described(portal, FIRST), tmp_path, flows=("frist",))
    with pytest.raises(ValueError, match="did you mean 'business'"):
        await taken(described(portal, FIRST, broadband="busines"), tmp_path)
    assert portal.asked == []


async def test_missing_variables_and_a_taken_port_leave_the_rest_measured(portal: Portal, tmp_path: Path) -> None:
    taken_port = f"127.0.0.1:{portal.port}"
    found = await taken(
        described(portal, FIRST, database_env="NOT_SET_HERE", traces=taken_port, budget_requests=5), tmp_path
    )

    assert found.steps
    assert {(one.part, "NOT_SET_HERE" in one.reason) for one in found.untold} == {("queries", True), ("traces", False)}


async def test_arrivals_are_a_pace_of_their_own(portal: Portal, tmp_path: Path) -> None:
    found = await taken(described(portal, FIRST, budget_requests=130), tmp_path, rate_per_s=40.0)

    paces = {times.pace: times for times in found.steps}
    assert set(paces) == {"two", "arrivals"}
    assert paces["arrivals"].rate_per_s == 40.0
    assert paces["arrivals"].seen


def test_a_plan_says_what_would_be_asked_and_asks_nothing() -> None:
    lines = "\n".join(plan_of(described(Portal(port=1), LOGIN, FIRST), Wanted()))
    assert "login as ada" in lines
    assert "welcome" in lines
    assert "Under load are put: 127.0.0.1" in lines


def _look(described: Described, found: Measurement) -> Look:
    return Look(described, measured=found)


def test_a_measurement_is_kept_whole_and_read_again(tmp_path: Path) -> None:
    one = healthy(datetime.now(UTC))
    path = kept.keep(tmp_path, one)

    assert kept.read(path) == one
    assert (tmp_path / ".launchready" / ".gitignore").read_text() == "*\n"
    path.write_text(path.read_text()[:500])
    with pytest.raises(ValueError, match="not a measurement"):
        kept.read(path)
    assert slower_than_before_or_none(tmp_path) is None


def slower_than_before_or_none(root: Path) -> Measurement | None:
    try:
        return slower_than_before.earlier(root, "2")
    except ValueError:
        return None


def test_only_the_last_measurements_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 3)
    began = datetime.now(UTC)
    for number in range(5):
        kept.keep(tmp_path, healthy(began + timedelta(seconds=number)))
    assert len(kept.paths(tmp_path)) == 3
    assert kept.read(kept.paths(tmp_path)[-1]).at == began + timedelta(seconds=4)


def test_saved_answers_go_with_their_measurement_and_so_does_what_a_killed_run_left(tmp_path: Path) -> None:
    folder = tmp_path / kept.FOLDER
    old = ["20200101T000000000000Z/01-a.txt", "20200102T000000000000Z.part"]
    young = ["20300101T000000000000Z/01-a.txt", "20300102T000000000000Z.part"]
    for name in (*old, *young):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    for name in old:
        os.utime(folder / Path(name).parts[0], (0, 0))
    one = healthy(datetime.now(UTC))
    (folder / f"{one.at:%Y%m%dT%H%M%S%fZ}").mkdir()
    os.utime(folder / f"{one.at:%Y%m%dT%H%M%S%fZ}", (0, 0))
    kept.keep(tmp_path, one)

    assert [name for name in (*old, *young) if (folder / name).exists()] == young
    assert (folder / f"{one.at:%Y%m%dT%H%M%S%fZ}").is_dir()


def test_a_load_goes_on_while_a_step_that_was_settled_came_back_to_its_target() -> None:
    def run_of(seconds: float) -> FlowRun:
        reply = Reply(Request("http://a/"), Page("http://a/", 200, (), b""), Phases(wait_s=seconds), 1, 1, True)
        return FlowRun("first", "", (StepRun("welcome", (reply,)),))

    times = Times(Flow.model_validate(FIRST), Way(Line("none", 0, 0, 0, ""), "none", 0.0), 2.0)
    for _ in range(100):
        times.take(run_of(1.0))
    assert times.settled
    for _ in range(5):
        times.take(run_of(3.0))
    assert times.kept()[0].needs > 0
    assert not times.settled, "or the load ends, and the step is said to need more"
    for _ in range(200):
        times.take(run_of(1.0))
    assert times.settled
    assert times.kept()[0].needs == 0


async def test_of_a_few_slow_walks_no_more_is_said_than_is_sure(portal: Portal) -> None:
    whole = healthy(datetime.now(UTC))
    few = replace(whole.steps[0], seen=distribution([2.41, 3.1, 3.2, 3.46]), target_s=2.0)
    report = await judged.run(_look(described(portal, FIRST), replace(whole, steps=(few,))))

    [finding] = [f for f in report.findings if f.check == "performance.p95"]
    assert "3.20 s or more in one case of twenty" in finding.problem
    assert "p95 3.46 s (3.20 to ?)" in finding.evidence


async def test_a_slower_release_is_found_beside_the_one_before(tmp_path: Path) -> None:
    now = datetime.now(UTC)

    def of(release: str, seconds: float, at: datetime) -> Measurement:
        seen = distribution([seconds * (1 + (i % 17) / 40) for i in range(120)])
        whole = healthy(at)
        steps = tuple(replace(times, seen=seen) for times in whole.steps[:1])
        return replace(whole, release=release, steps=steps)

    kept.keep(tmp_path, of("1", 0.2, now - timedelta(hours=2)))
    file = Described.model_validate(
        {"domain": "portal.example", "repository": {"path": str(tmp_path)}, "performance": {}}
    )
    rows = {}
    for name, seconds in (("slower", 0.3), ("same", 0.2)):
        look = Look(file, measured=of("2", seconds, now))
        rows[name] = [row async for row in slower_than_before.regression(file, look)]
    assert isinstance(rows["slower"][0], Finding)
    assert "slower by" in rows["slower"][0].problem
    assert "release 1" in rows["slower"][0].problem
    assert isinstance(rows["same"][0], Passed)
    alone = [row async for row in slower_than_before.regression(file, Look(file, measured=of("1", 0.2, now)))]
    assert isinstance(alone[0], NotChecked)
