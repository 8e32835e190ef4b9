from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from launchready.lab.faults.platforms import stored
from launchready.lab.platforms import TOKEN_ENV
from launchready.lab.source import files, ignored, with_source
from launchready.lab.world import Account, Change, both
from launchready.model import NotChecked, Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
CHECK = "secrets.storage"
FILE = ".env.production"


def beside(text: str | bytes, **production: object) -> Change:
    """A local file, and what launchready.toml says of production."""
    return both(files(environments={"production": {"env_file": FILE, **production}}), ignored({FILE: text}))


def only(outcome: Outcome) -> NotChecked:
    assert outcome.status is Status.NOT_CHECKED, outcome
    (row,) = outcome.not_checked
    return row


async def test_names_are_told_and_values_are_not(judge: Judge) -> None:
    change = stored("render", "SECRET_KEY", file="SECRET_KEY=hunter2-is-the-value\nALLOWED_HOSTS=a.example\n")
    (finding,) = (await judge(CHECK, change)).findings

    assert finding.severity is Severity.HIGH
    assert finding.evidence == "SECRET_KEY"
    assert finding.paste == "launchready env push production"
    assert "hunter2" not in repr(finding)
    assert "in-the-store-only" not in repr(finding)


async def test_what_a_group_of_render_shares_is_in_the_store(judge: Judge) -> None:
    outcome = await judge(CHECK, stored("render", "VITE_API_URL", shared={"VITE_API_URL": "x"}))
    assert outcome.status is Status.PASSED


async def test_what_fly_toml_sets_is_not_missing(judge: Judge) -> None:
    fly = 'app = "portal-production"\n[env]\nEMAIL_HOST = "smtp.postmarkapp.com"\n'
    change = stored("fly", "EMAIL_HOST")
    with_file = both(change, lambda world: files({"fly.toml": fly})(world))
    assert (await judge(CHECK, change)).status is Status.FOUND
    outcome = await judge(CHECK, lambda world: _keeping(change(world), with_file(world)))
    assert outcome.status is Status.PASSED


def _keeping(first, second):  # type: ignore[no-untyped-def]
    """The files of the second world, all else of the first."""
    from dataclasses import replace

    return replace(first, source=replace(first.source, files=second.source.files))


async def test_placeholders_and_what_platforms_provide_do_not_count(judge: Judge) -> None:
    text = "SECRET_KEY=change-me\nPORT=8000\nNODE_ENV=production\nEMPTY=\nSTRIPE_SECRET_KEY=${STRIPE}\n"
    assert (await judge(CHECK, stored("render", "SECRET_KEY", "STRIPE_SECRET_KEY", file=text))).status is Status.PASSED


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({"may_read": False}, "API key of a member"),
        ({"token": "another"}, "does not accept the token"),
        ({"trouble": "garbage"}, "did not answer with JSON"),
        ({"trouble": "endless"}, "more than 40 pages"),
        ({"trouble": "redirects"}, "redirects"),
        ({"limited": 99, "retry_after": "3600"}, "asks to wait 3600 s"),
    ],
)
async def test_a_store_that_cannot_be_read_is_not_checked(account: dict[str, object], says: str, judge: Judge) -> None:
    row = only(await judge(CHECK, stored("render", **account)))
    assert says in f"{row.reason} {row.unlock}"
    assert row.unlock


async def test_without_a_token_the_variable_is_named(judge: Judge) -> None:
    change = beside("A_KEY=q7Vd2LxP9sTb\n", platform="heroku", service="portal", token_env="NOT_SET_ANYWHERE")
    row = only(await judge(CHECK, change))
    assert "NOT_SET_ANYWHERE is not set" in row.reason
    assert "read-protected" in row.unlock


async def test_a_file_without_a_platform_is_not_checked(judge: Judge) -> None:
    row = only(await judge(CHECK, beside("A_KEY=q7Vd2LxP9sTb\n")))
    assert "platform" in row.reason
    assert "[environments.production]" in row.unlock


async def test_no_local_file_is_right(judge: Judge) -> None:
    assert (await judge(CHECK, files(environments={"production": {"variables": ["A"]}}))).status is Status.PASSED


async def test_a_file_that_is_not_here_is_right(judge: Judge) -> None:
    change = files(environments={"production": {"env_file": ".env.elsewhere", "platform": "fly", "service": "x"}})
    assert (await judge(CHECK, change)).status is Status.PASSED


async def test_development_keeps_its_file(judge: Judge) -> None:
    change = both(files(environments={"development": {"env_file": ".env"}}), ignored({".env": "A_KEY=q7Vd2LxP9sTb\n"}))
    assert (await judge(CHECK, change)).status is Status.PASSED


async def test_without_a_repository_the_file_cannot_be_found(judge: Judge) -> None:
    row = only(await judge(CHECK, environments={"production": {"env_file": FILE}}))
    assert "--repo" in row.unlock


@pytest.mark.parametrize("text", [b"\0\1\2binary", b"x" * 3_000_000])
async def test_a_file_that_cannot_be_read_is_not_checked(text: bytes, judge: Judge) -> None:
    change = beside(text, platform="fly", service="x", token_env=TOKEN_ENV)
    assert only(await judge(CHECK, change)).reason


async def test_an_empty_file_is_right(judge: Judge) -> None:
    assert (await judge(CHECK, beside(""))).status is Status.PASSED


NEEDED = ("SECRET_KEY", "DATABASE_URL", "STRIPE_SECRET_KEY")


def kept(platform: str, service: str, *left_out: str, **account: object) -> Change:
    """Production of which launchready.toml says only which store holds it."""
    settings = {"platform": platform, "service": service, "token_env": TOKEN_ENV}
    variables = {name: "in-the-store" for name in NEEDED if name not in left_out}
    held = Account(platform, service, variables, **account)  # type: ignore[arg-type]
    code = "import os\n" + "".join(f'{name} = os.environ["{name}"]\n' for name in NEEDED)
    there = with_source(files={"settings.py": code}, ignored={}, settings={"environments": {"production": settings}})
    return both(there, lambda world: replace(world, platforms=(*world.platforms, held)))


async def test_a_variable_in_the_store_is_not_missing(judge: Judge) -> None:
    outcome = await judge("variables.missing", kept("render", "srv-lab1"))
    assert outcome.status is Status.PASSED, outcome


async def test_a_variable_that_neither_store_nor_file_holds_is_missing(judge: Judge) -> None:
    outcome = await judge("variables.missing", kept("render", "srv-lab1", "STRIPE_SECRET_KEY"))
    (finding,) = outcome.findings
    assert finding.subject == "STRIPE_SECRET_KEY"
    assert "the store of Render" in finding.evidence


@pytest.mark.parametrize(
    ("platform", "service", "account", "says"),
    [
        ("render", "srv-lab1", {"may_read": False}, "its store could not be read"),
        ("render", "srv-lab1", {"token": "another"}, "does not accept the token"),
        ("vercel", "brightside/portal", {}, "what a team of Vercel shares"),
        ("github", "brightside/portal", {}, "may not hold what it runs with"),
    ],
)
async def test_a_store_that_does_not_tell_all_leaves_it_open(
    platform: str, service: str, account: dict[str, object], says: str, judge: Judge
) -> None:
    outcome = await judge("variables.missing", kept(platform, service, "STRIPE_SECRET_KEY", **account))
    assert not outcome.findings
    assert any(says in row.reason and row.unlock for row in outcome.not_checked), outcome
