from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from launchready.lab.authority import Authority
from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.platforms import HOSTS, PlatformApis
from launchready.lab.world import Account, Issuer, certificate
from launchready.portal import EnvironmentSettings
from launchready.probes.failures import Failure, Garbage, Refused, Timeout, TlsFailed, TooLarge, Unreachable
from launchready.probes.network import Limits
from launchready.probes.platform import VENDORS, Platforms
from launchready.probes.platform_session import Store

SECRET = "hunter2-never-shown"
TOKEN = "tok-0123456789abcdef-never-shown"
SERVICES = {
    "render": "srv-abc123",
    "fly": "portal-production",
    "heroku": "portal-production",
    "vercel": "acme/portal",
    "railway": "p-1/e-1/s-1",
    "github": "acme/portal",
}
EVERY = sorted(SERVICES)
Held = Callable[..., AbstractAsyncContextManager[tuple[Store, PlatformApis]]]


@pytest.fixture
def held(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Held:
    """`async with held("render", variables={…}) as (store, lab):` a store in a lab that holds them."""
    monkeypatch.setenv("LAB_TOKEN", TOKEN)

    @asynccontextmanager
    async def made(
        platform: str, *, limits: Limits | None = None, **fields: object
    ) -> AsyncIterator[tuple[Store, PlatformApis]]:
        fields = {"token": TOKEN, "variables": {"SECRET_KEY": SECRET, "DATABASE_URL": SECRET}, **fields}
        account = Account(platform, SERVICES[platform], **fields)  # type: ignore[arg-type]
        async with Lab(replace(healthy_world(), platforms=(account,)), authority=authority) as lab:
            look = lab.look(limits or Limits(lookup_timeout_s=1, operation_timeout_s=2, run_deadline_s=8))
            settings = EnvironmentSettings(platform=platform, service=SERVICES[platform], token_env="LAB_TOKEN")  # type: ignore[arg-type]
            store = look.platforms.store("production", settings)
            assert not isinstance(store, Failure), store
            try:
                yield store, lab.platforms
            finally:
                await look.close()

    return made


@pytest.mark.parametrize("platform", EVERY)
async def test_names_are_read_and_values_are_not(platform: str, held: Held) -> None:
    async with held(platform) as (store, _):
        names = await store.names()

    assert not isinstance(names, Failure)
    assert {"SECRET_KEY", "DATABASE_URL"} <= names
    assert SECRET not in repr(names)
    assert TOKEN not in repr(store)


@pytest.mark.parametrize("platform", ["render", "github"])
async def test_what_is_shared_with_the_service_counts(platform: str, held: Held) -> None:
    async with held(platform, shared={"SENTRY_DSN": SECRET}) as (store, _):
        names = await store.names()

    assert not isinstance(names, Failure)
    assert "SENTRY_DSN" in names


async def test_vercel_counts_the_environments_own_target_only(held: Held) -> None:
    async with held("vercel") as (store, _):
        assert "ONLY_IN_DEVELOPMENT" not in await store.names()  # type: ignore[operator]


async def test_a_project_token_of_railway_goes_by_its_own_header(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    async with held("railway", token=f"project:{TOKEN}") as (store, _):
        assert "SECRET_KEY" in await store.names()  # type: ignore[operator]


@pytest.mark.parametrize("platform", ["render", "github"])
async def test_every_page_is_read(platform: str, held: Held) -> None:
    many = {f"VARIABLE_{n}": SECRET for n in range(250)}
    async with held(platform, variables=many) as (store, _):
        names = await store.names()

    assert not isinstance(names, Failure)
    assert set(many) <= names


async def test_an_api_that_pages_forever_is_left(held: Held) -> None:
    async with held("render", trouble="endless") as (store, _):
        assert isinstance(await store.names(), TooLarge)


@pytest.mark.parametrize("platform", EVERY)
async def test_a_token_that_may_not_read_names_the_permission(platform: str, held: Held) -> None:
    async with held(platform, may_read=False) as (store, _):
        refusal = await store.names()

    assert isinstance(refusal, Refused)
    assert store.vendor.reads in str(refusal)
    assert "LAB_TOKEN" in str(refusal)
    assert TOKEN not in repr(refusal)


@pytest.mark.parametrize("platform", EVERY)
async def test_a_wrong_token_is_refused(platform: str, held: Held) -> None:
    async with held(platform, token="another") as (store, _):
        refusal = await store.names()

    assert isinstance(refusal, Refused)
    assert TOKEN not in repr(refusal)


@pytest.mark.parametrize("platform", EVERY)
@pytest.mark.parametrize("trouble", ["garbage", "html", "wrong schema"])
async def test_what_is_not_the_vendors_schema_is_garbage(platform: str, trouble: str, held: Held) -> None:
    async with held(platform, trouble=trouble) as (store, _):
        found = await store.names()
    # An object of any keys is a right answer of Heroku's.
    assert isinstance(found, Garbage) or (platform, trouble) == ("heroku", "wrong schema")


@pytest.mark.parametrize("platform", EVERY)
async def test_a_redirect_gets_no_token(platform: str, held: Held) -> None:
    async with held(platform, trouble="redirects") as (store, _):
        found = await store.names()

    assert isinstance(found, Refused)
    assert "redirects" in str(found)


@pytest.mark.parametrize("platform", EVERY)
async def test_a_limit_is_waited_for(platform: str, held: Held) -> None:
    async with held(platform, limited=1, retry_after="0") as (store, _):
        assert not isinstance(await store.names(), Failure)


async def test_a_limit_longer_than_the_run_is_told_of(held: Held) -> None:
    began = time.monotonic()
    async with held("fly", limited=9, retry_after="3600") as (store, _):
        found = await store.names()

    assert isinstance(found, Timeout)
    assert "3600 s" in str(found)
    assert time.monotonic() - began < 3


async def test_a_limit_without_a_time_is_told_of(held: Held) -> None:
    async with held("fly", limited=9, retry_after="") as (store, _):
        assert isinstance(await store.names(), Timeout)


async def test_a_limit_that_never_lifts_ends(held: Held) -> None:
    async with held("fly", limited=99, retry_after="0") as (store, _):
        assert isinstance(await store.names(), Timeout)


async def test_a_token_is_sent_over_verified_tls_only(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    from launchready.lab.platforms import with_platforms

    world = with_platforms(replace(healthy_world(), platforms=(Account("fly", "portal", token=TOKEN),)))
    world = certificate(HOSTS["fly"], issuer=Issuer.STRANGER)(world)
    async with Lab(world, authority=authority) as lab:
        look = lab.look()
        found = await look.platforms.names("production", _settings("fly", "portal"))
        await look.close()
        asked = [key for key in lab.counts if key[0] == "get"]

    assert isinstance(found, TlsFailed)
    assert asked == []


async def test_out_of_reach_is_a_failure(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    async with Lab(authority=authority) as lab:
        look = lab.look()
        assert isinstance(await look.platforms.names("production", _settings("heroku", "x")), Failure)
        await look.close()
    assert Unreachable


@pytest.mark.parametrize("platform", [p for p in EVERY if p != "github"])
async def test_a_variable_is_set_and_deleted(platform: str, held: Held) -> None:
    async with held(platform) as (store, lab):
        assert await store.put("NEW_KEY", SECRET, replace=False) is None
        assert lab.state(SERVICES[platform]).variables["NEW_KEY"] == SECRET
        assert await store.put("NEW_KEY", f"{SECRET}2", replace=True) is None
        assert "NEW_KEY" in await store.names()  # type: ignore[operator]
        assert await store.remove("NEW_KEY") is None
        assert "NEW_KEY" not in lab.state(SERVICES[platform]).variables
        assert await store.remove("NEW_KEY") is None


@pytest.mark.parametrize("platform", [p for p in EVERY if p != "github"])
async def test_a_token_that_may_not_write_names_the_permission(platform: str, held: Held) -> None:
    async with held(platform, may_write=False) as (store, _):
        refusal = await store.put("NEW_KEY", SECRET, replace=False)

    assert isinstance(refusal, Refused)
    assert store.vendor.writes in str(refusal)
    assert SECRET not in repr(refusal)


async def test_secrets_of_github_are_set_elsewhere(held: Held) -> None:
    async with held("github") as (store, _):
        refusal = await store.put("NEW_KEY", SECRET, replace=False)
    assert "gh secret set NEW_KEY --repo acme/portal" in str(refusal)


async def test_a_service_cannot_lead_to_another_path(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    account = Account("fly", "portal", token=TOKEN, variables={"A": "1"})
    async with Lab(replace(healthy_world(), platforms=(account,)), authority=authority) as lab:
        look = lab.look()
        for service in ("../apps/portal", "portal/secrets?x=", "..", "portal#", "portal\r\nX: y"):
            assert isinstance(await look.platforms.names("production", _settings("fly", service)), Failure), service
        await look.close()


def test_what_is_missing_in_the_file_or_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    platforms = Platforms(None, None)  # type: ignore[arg-type]
    monkeypatch.delenv("LAB_TOKEN", raising=False)
    for platform, (vendor, _) in VENDORS.items():
        without_service = platforms.store("production", EnvironmentSettings(platform=platform))  # type: ignore[arg-type]
        assert vendor.service in str(without_service)
        without_name = platforms.store("production", EnvironmentSettings(platform=platform, service="x"))  # type: ignore[arg-type]
        assert vendor.reads in str(without_name)
        assert "LAB_TOKEN is not set" in str(platforms.store("production", _settings(platform, "x")))
    monkeypatch.setenv("LAB_TOKEN", "a\r\nX-Injected: 1")
    refusal = platforms.store("production", _settings("fly", "x"))
    assert isinstance(refusal, Refused)
    assert "Injected" not in repr(refusal)


def test_the_lab_sends_values_along_where_the_vendor_does() -> None:
    from launchready.lab.edge_http import Request

    lab = PlatformApis((Account("heroku", "portal", {"A": SECRET}, token=TOKEN),))
    fields = {"authorization": f"Bearer {TOKEN}", "accept": "application/vnd.heroku+json; version=3"}
    answer = lab.handlers()["api.heroku.com"](Request("GET", "api.heroku.com", "/apps/portal/config-vars", fields))
    assert json.loads(answer.body) == {"A": SECRET}


def _settings(platform: str, service: str) -> EnvironmentSettings:
    return EnvironmentSettings(platform=platform, service=service, token_env="LAB_TOKEN")  # type: ignore[arg-type]
