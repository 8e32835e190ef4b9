from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from launchready.lab.faults.deployment import _LIVE, _TEST, _local, _url, _variables
from launchready.lab.source import files, ignored, with_source
from launchready.lab.world import both
from launchready.model import Outcome, Status

Judge = Callable[..., Awaitable[Outcome]]
CHECK = "environments.separated"


async def test_passwords_are_not_told(judge: Judge) -> None:
    (finding,) = (await judge(CHECK, _local(_url("hunter2-a"), _url("hunter2-b")))).findings
    assert "db.brightside.example/portal" in finding.evidence
    assert "hunter2" not in repr(finding)


async def test_keys_are_told_by_their_beginning_only(judge: Judge) -> None:
    (finding,) = (await judge(CHECK, _local("", f"STRIPE_SECRET_KEY={_LIVE}\n"))).findings
    assert "sk_live_…" in finding.evidence
    assert _LIVE not in repr(finding)


async def test_production_with_a_test_key_cannot_be_paid(judge: Judge) -> None:
    (finding,) = (await judge(CHECK, _local(f"STRIPE_SECRET_KEY={_TEST} # for now\n", ""))).findings
    assert "nobody can pay" in finding.problem


@pytest.mark.parametrize(
    ("production", "staging"),
    [
        ("DATABASE_URL=postgres://a:b@localhost/portal", "DATABASE_URL=postgres://a:b@localhost/portal"),
        ("DATABASE_URL=postgres://a:b@db:5432/portal", "DATABASE_URL=postgres://a:b@db:5432/portal"),
        ("DATABASE_URL=postgres://a:b@10.0.0.7/portal", "DATABASE_URL=postgres://a:c@10.0.0.7/portal"),
        ("DATABASE_URL=postgres://a:b@h.test.io:5432/p", "DATABASE_URL=postgres://a:b@h.test.io:6543/p"),
        (
            "DATABASE_URL=postgres://postgres.aaa:b@aws-0-eu.pooler.supabase.com/postgres",
            "DATABASE_URL=postgres://postgres.bbb:b@aws-0-eu.pooler.supabase.com/postgres",
        ),
        ("REDIS_URL=redis://h.cloud.io/0", "REDIS_URL=redis://h.cloud.io/0"),
        ("S3_BUCKET=Not A Bucket", "S3_BUCKET=Not A Bucket"),
        ("BUCKET_REGION=eu-central-1", "BUCKET_REGION=eu-central-1"),
        ("STRIPE_SECRET_KEY=sk_test_xxx", "STRIPE_SECRET_KEY=sk_live_xxx"),
        ("DATABASE_URL=postgres://[::bad", "DATABASE_URL=postgres://[::bad"),
        ("", ""),
    ],
)
async def test_what_looks_alike_and_is_apart(production: str, staging: str, judge: Judge) -> None:
    assert (await judge(CHECK, _local(production, staging))).findings == ()


@pytest.mark.parametrize(
    ("production", "staging"),
    [
        (
            "DATABASE_URL=postgres://a:b@ep-x.eu.aws.neon.tech/portal",
            "DATABASE_URL=postgresql://c:d@ep-x-pooler.eu.aws.neon.tech:5432/portal?sslmode=require",
        ),
        ("DB_HOST=db.acme.io\nDB_NAME=portal", "PGHOST=db.acme.io\nPGDATABASE=portal"),
        ("DATABASE_URL=mysql+pymysql://a:b@db.acme.io/portal", "DATABASE_URL=mysql://c:d@db.acme.io:3306/portal"),
    ],
)
async def test_one_database_under_two_names(production: str, staging: str, judge: Judge) -> None:
    assert len((await judge(CHECK, _local(production, staging))).findings) == 1


async def test_development_on_productions_database_counts_unless_another_check_says_so(judge: Judge) -> None:
    here = {"production": {"env_file": ".env.production"}, "development": {"env_file": ".env"}}
    other = both(files(environments=here), ignored({".env.production": _url("one"), ".env": _url("another")}))
    same = both(files(environments=here), ignored({".env.production": _url("one"), ".env": _url("one")}))
    assert (await judge(CHECK, other)).status is Status.FOUND
    assert (await judge(CHECK, same)).findings == ()


async def test_files_are_known_by_their_names(judge: Judge) -> None:
    change = ignored({".env.prod.local": _url("a"), "deploy/.env.staging": _url("b"), ".env.production.example": "A=1"})
    (finding,) = (await judge(CHECK, change)).findings
    assert finding.subject == "deploy/.env.staging"


async def test_a_file_that_serves_two_environments_counts_for_both(judge: Judge) -> None:
    both_use = {"env_file": ".env", "variables": _variables()}
    change = both(
        files(environments={"production": both_use, "development": both_use, "staging": {"env_file": ".env.staging"}}),
        ignored({".env": _url("one"), ".env.staging": _url("other")}),
    )
    (finding,) = (await judge(CHECK, change)).findings
    assert (finding.subject, finding.problem) == (".env.staging", "staging uses the database of production.")


async def test_one_environment_has_nothing_to_be_apart_from(judge: Judge) -> None:
    assert (await judge(CHECK, with_source())).status is Status.PASSED


async def test_what_is_not_known_is_not_checked(judge: Judge) -> None:
    change = files(environments={"production": {"variables": ["A"]}, "staging": {"variables": ["A"]}})
    outcome = await judge(CHECK, change)
    assert outcome.status is Status.NOT_CHECKED
    assert "env_file" in outcome.not_checked[0].unlock


async def test_a_file_that_cannot_be_read_is_not_checked(judge: Judge) -> None:
    outcome = await judge(CHECK, ignored({".env.production": b"\0binary", ".env.staging": _url("x")}))
    assert outcome.status is Status.NOT_CHECKED


async def test_an_empty_repository_is_right(judge: Judge) -> None:
    assert (await judge(CHECK, with_source(files={}, git=False))).findings == ()
