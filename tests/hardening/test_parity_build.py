"""Build steps, base images and architecture: what is needed, what is run, and for which machine."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from launchready.hardening.dockerfile import image
from launchready.hardening.parity_images import looseness
from launchready.lab.source import with_source
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]

_FRONT = '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"6"}}'
_SERVES = "FROM nginx:1.27\nCOPY . /usr/share/nginx/html\n"
_BUILDS = "FROM node:24 AS b\nRUN npm run build\nFROM nginx:1.27\nCOPY --from=b /d /d\n"
_MIGRATES = {"app/migrations/0001_initial.py": "", "requirements.txt": "django==5.2\n", "manage.py": ""}


async def _found(judge: Judge, check: str, files: Mapping[str, str]) -> Outcome:
    return await judge(check, with_source(files=files, ignored={}))


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": _FRONT, "Dockerfile": _BUILDS},
        {
            "package.json": _FRONT,
            "Dockerfile": _SERVES,
            ".github/workflows/d.yml": "jobs: {a: {steps: [{run: npm run build}]}}",
        },
        {"package.json": _FRONT, "vercel.json": "{}"},
        {"package.json": _FRONT, "Procfile": "web: node x\n"},
        {"package.json": _FRONT, "Dockerfile": _SERVES, "dist/index.html": "<html>"},
        {"package.json": _FRONT, "Dockerfile": _SERVES, "deploy.sh": "pnpm build\nrsync x y\n"},
        {
            "package.json": _FRONT.replace("{", '{"private":true,', 1),
            "render.yaml": "services: [{buildCommand: yarn build}]",
        },
        {"package.json": '{"scripts":{"build":"vite build","postinstall":"npm run build"}}', "Dockerfile": _SERVES},
        {"package.json": '{"scripts":{"build":"echo nothing"}}', "Dockerfile": _SERVES},
        {
            "package.json": _FRONT,
            "Dockerfile": "FROM node:24\nRUN make assets\n",
            "Makefile": "assets:\n\tnpx vite build\n",
        },
    ],
)
async def test_a_front_end_that_is_built(judge: Judge, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, "parity.build_step", files)

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": _FRONT, "Dockerfile": _SERVES},
        {"package.json": _FRONT, "render.yaml": "services: [{buildCommand: npm ci}]"},
        {"package.json": _FRONT, "Dockerfile": _SERVES, "Makefile": "all:\n\tnpm run build\n"},
        {"package.json": _FRONT, "Dockerfile": _SERVES, "Dockerfile.dev": _BUILDS},
    ],
)
async def test_a_front_end_that_nothing_builds(judge: Judge, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, "parity.build_step", files)

    assert [f.severity for f in outcome.findings] == [Severity.HIGH]


async def test_without_any_word_on_deployment_nothing_is_claimed(judge: Judge) -> None:
    outcome = await _found(judge, "parity.build_step", {"package.json": _FRONT, **_MIGRATES})

    assert outcome.findings == ()
    assert len(outcome.not_checked) == 2


@pytest.mark.parametrize(
    "files",
    [
        {"Procfile": "release: python manage.py migrate --noinput\nweb: gunicorn x\n"},
        {"fly.toml": '[deploy]\nrelease_command = "python manage.py migrate"\n'},
        {"Dockerfile": "FROM a:1\nCMD python manage.py migrate && gunicorn x\n"},
        {"Dockerfile": "FROM a:1\nENTRYPOINT ./entrypoint.sh\n", "entrypoint.sh": "python manage.py migrate\n"},
        {
            "Dockerfile": "FROM a:1\n",
            ".github/workflows/deploy.yml": "jobs: {a: {steps: [{run: ssh x manage.py migrate}]}}",
        },
        {"Dockerfile": "FROM a:1\n", "Makefile": "deploy:\n\tpython manage.py migrate\n"},
        {"Dockerfile": "FROM a:1\n", "app/start.py": 'call_command("migrate")\n'},
        {"Dockerfile": "FROM a:1\n", "docker-compose.prod.yml": "services: {m: {command: python manage.py migrate}}"},
    ],
)
async def test_migrations_that_are_run(judge: Judge, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, "parity.build_step", {**_MIGRATES, **files})

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    "files",
    [
        {"Procfile": "web: gunicorn x\n"},
        {"Dockerfile": "FROM a:1\nRUN python manage.py migrate\nCMD gunicorn x\n"},
        {
            "Dockerfile": "FROM a:1\n",
            ".github/workflows/test.yml": "jobs: {a: {steps: [{run: python manage.py migrate}]}}",
        },
        {"Dockerfile": "FROM a:1\n", "bin/setup": "python manage.py migrate\n"},
        {"Dockerfile": "FROM a:1\nCMD python manage.py makemigrations\n"},
    ],
)
async def test_migrations_that_nothing_runs(judge: Judge, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, "parity.build_step", {**_MIGRATES, **files})

    assert [(f.subject, f.severity) for f in outcome.findings] == [("app/migrations", Severity.HIGH)]


@pytest.mark.parametrize(
    ("path", "manifest", "command"),
    [
        ("migrations/versions/ab12_init.py", {"requirements.txt": "alembic==1\n"}, "alembic upgrade head"),
        ("db/migrate/20240101000000_init.rb", {"Gemfile": ""}, "bin/rails db:migrate"),
        ("database/migrations/2024_01_01_000000_a.php", {"composer.json": "{}"}, "php artisan migrate --force"),
        ("prisma/migrations/2024_init/migration.sql", {"package.json": "{}"}, "npx prisma migrate deploy"),
        ("drizzle/0000_init.sql", {"package.json": '{"dependencies":{"drizzle-orm":"1"}}'}, "npx drizzle-kit migrate"),
        (
            "migrations/20240101000000_init.js",
            {"package.json": '{"dependencies":{"knex":"3"}}'},
            "npx knex migrate:latest",
        ),
        ("db/migrations/000001_init.up.sql", {"go.mod": "module m\n"}, "migrate -path db -database x up"),
    ],
)
async def test_migrations_of_other_frameworks(
    judge: Judge, path: str, manifest: Mapping[str, str], command: str
) -> None:
    alone = await _found(judge, "parity.build_step", {path: "", **manifest, "Procfile": "web: x\n"})
    run = await _found(judge, "parity.build_step", {path: "", **manifest, "Procfile": f"web: x\nrelease: {command}\n"})

    assert [f.severity for f in alone.findings] == [Severity.HIGH]
    assert run.status is Status.PASSED, run


async def test_static_files_that_nobody_collects(judge: Judge) -> None:
    files = {"portal/settings.py": 'STATIC_ROOT = "static"\n', "Dockerfile": "FROM a:1\nCMD gunicorn x\n"}
    bare = await _found(judge, "parity.build_step", files)
    done = await _found(
        judge,
        "parity.build_step",
        {**files, "Dockerfile": "FROM a:1\nRUN SECRET_KEY=x python manage.py collectstatic\n"},
    )

    assert [f.subject for f in bare.findings] == ["portal/settings.py:1"]
    assert done.status is Status.PASSED


@pytest.mark.parametrize(
    ("reference", "severity"),
    [
        ("node", Severity.HIGH),
        ("node:latest", Severity.HIGH),
        ("node:alpine", Severity.HIGH),
        ("node:lts-slim", Severity.HIGH),
        ("python:slim-bookworm", Severity.HIGH),
        ("nginx:alpine3.20", Severity.HIGH),
        ("debian:stable", Severity.HIGH),
        ("ghcr.io/team/base", Severity.HIGH),
        ("localhost:5000/base", Severity.HIGH),
        ("python:3", Severity.NICE),
        ("php:8-fpm", Severity.NICE),
        ("golang:1-alpine", Severity.NICE),
        ("node:22", None),
        ("nginx:1-alpine", None),
        ("python:3.12", None),
        ("node:latest@sha256:ff", None),
        ("debian:bookworm-slim", None),
        ("ubuntu:24.04", None),
        ("gcr.io/distroless/static-debian12", None),
        ("gcr.io/distroless/python3-debian12:nonroot", None),
        ("alpine:3.20", None),
        ("ghcr.io/team/base:2024-11-01", None),
    ],
)
def test_how_loose_an_image_is(reference: str, severity: Severity | None) -> None:
    found = looseness(image(reference))

    assert (found[0] if found else None) is severity


async def test_each_image_of_production_is_told_once(judge: Judge) -> None:
    outcome = await _found(
        judge,
        "parity.base_image",
        {
            "Dockerfile": "ARG TAG=latest\nFROM node:${TAG} AS build\nFROM build AS more\nFROM b AS other\n"
            "FROM scratch\n"
            "COPY --from=more /a /a\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /uv\nCOPY --from=0 /b /b\n",
            "Dockerfile.dev": "FROM node\n",
        },
    )

    assert [(f.subject, f.severity) for f in outcome.findings] == [
        ("Dockerfile:2", Severity.HIGH),
        ("Dockerfile:5", Severity.NICE),
    ]


async def test_an_image_that_only_the_builder_knows_is_not_checked(judge: Judge) -> None:
    outcome = await _found(judge, "parity.base_image", {"Dockerfile": "ARG BASE\nFROM $BASE\n"})

    assert [row.subject for row in outcome.not_checked] == ["Dockerfile:2"]


@pytest.mark.parametrize("content", ["", "\0", "# nothing\n", "RUN x\n"])
async def test_a_dockerfile_that_builds_nothing_is_not_checked(judge: Judge, content: str) -> None:
    outcome = await _found(judge, "parity.base_image", {"Dockerfile": content, "README": "x"})

    assert outcome.status is Status.NOT_CHECKED


_ARM_JOB = """\
jobs:
  image:
    runs-on: {runner}
    steps:
      - uses: docker/build-push-action@v6
        with: {settings}
"""


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        ({"Dockerfile": "FROM --platform=linux/arm64 a:1\n", "fly.toml": ""}, "Dockerfile:1"),
        ({"Dockerfile": "FROM arm64v8/python:3.12\n", "render.yaml": ""}, "Dockerfile:1"),
        (
            {"docker-compose.prod.yml": "services:\n  web:\n    platform: linux/arm64\n", "fly.toml": ""},
            "docker-compose.prod.yml:3",
        ),
        (
            {
                "Dockerfile": "FROM a:1\n", "fly.toml": "",
                ".github/workflows/i.yml": _ARM_JOB.format(runner="ubuntu-24.04-arm", settings="{push: true}"),
            },
            ".github/workflows/i.yml:3",
        ),
        ({"Gemfile.lock": "PLATFORMS\n  arm64-darwin-23\n  x86_64-darwin-22\n\nDEPENDENCIES\n"}, "Gemfile.lock:1"),
        ({"requirements.txt": "a==1\npyobjc-core==10.3\n"}, "requirements.txt:2"),
        ({"requirements.txt": "numpy @ file:///Users/me/wheels/numpy.whl\n"}, "requirements.txt:1"),
    ],
)  # fmt: skip
async def test_what_is_for_another_machine(judge: Judge, files: Mapping[str, str], subject: str) -> None:
    outcome = await _found(judge, "parity.architecture", files)

    assert [(f.subject, f.severity) for f in outcome.findings] == [(subject, Severity.HIGH)]


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile": "FROM --platform=linux/amd64 a:1\n", "fly.toml": ""},
        {"Dockerfile": "FROM --platform=$BUILDPLATFORM a:1 AS b\nFROM a:1\nCOPY --from=b / /\n", "fly.toml": ""},
        {"Dockerfile": "FROM --platform=linux/arm64 a:1 AS b\nFROM a:1\nCOPY --from=b / /\n", "fly.toml": ""},
        {
            "Dockerfile": "FROM a:1\n", "fly.toml": "",
            ".github/workflows/i.yml": _ARM_JOB.format(runner="ubuntu-24.04-arm", settings="{push: false}"),
        },
        {
            "Dockerfile": "FROM a:1\n", "fly.toml": "",
            ".github/workflows/i.yml": _ARM_JOB.format(
                runner="ubuntu-24.04-arm", settings="{push: true, platforms: 'linux/amd64,linux/arm64'}"
            ),
        },
        {"Gemfile.lock": "PLATFORMS\n  arm64-darwin-23\n  ruby\n"},
        {"Gemfile.lock": "PLATFORMS\n  arm64-darwin\n  x86_64-linux-gnu\n"},
        {"requirements.txt": 'pywin32==306 ; sys_platform == "win32"\n'},
        {"Dockerfile.dev": "FROM --platform=linux/arm64 a:1\n", "fly.toml": ""},
    ],
)  # fmt: skip
async def test_what_runs_everywhere_it_must(judge: Judge, files: Mapping[str, str]) -> None:
    outcome = await _found(judge, "parity.architecture", files)

    assert outcome.status is Status.PASSED, outcome


async def test_arm_on_a_server_nobody_named_is_not_checked(judge: Judge) -> None:
    outcome = await _found(judge, "parity.architecture", {"Dockerfile": "FROM --platform=linux/arm64 a:1\n"})

    assert outcome.findings == ()
    assert [row.subject for row in outcome.not_checked] == ["Dockerfile:1"]


async def test_a_package_without_its_linux_binary_is_told_by_name(judge: Judge) -> None:
    entry = {"optionalDependencies": {f"@esbuild/{s}": "1" for s in ("darwin-arm64", "linux-x64", "win32-x64")}}
    lock = {"node_modules/esbuild": entry, "node_modules/@esbuild/darwin-arm64": {}, "node_modules/fsevents": {}}
    outcome = await _found(judge, "parity.architecture", {"package-lock.json": json.dumps({"packages": lock})})

    assert [f.key for f in outcome.findings] == ["esbuild"]
    assert "macOS" in outcome.findings[0].problem


@pytest.mark.parametrize(
    "files",
    [
        {
            "package.json": json.dumps({"scripts": {"start": "yarn " + "--a " * 100_000}}),
            "Procfile": "web: npm start\n",
        },
        {"requirements.txt": "x" + " " * 1_000_000 + "y", "app.py": ""},
        {"Makefile": "a" * 1_000_000, "Dockerfile": "FROM a:1\nRUN make a --" + "--a=b " * 100_000},
        {"main.tf": 'provider "aws" {\n' * 50_000},
        {"pyproject.toml": "a." * 200_000 + "b=1\n"},
        {"render.yaml": "a: [" + "{a: 1}, " * 40_000 + "]"},
    ],
)
async def test_files_made_to_keep_a_reader_busy_do_not(judge: Judge, files: Mapping[str, str]) -> None:
    began = time.monotonic()
    for check in ("parity.build_step", "parity.versions", "parity.lock_file", "overbuilt.regions"):
        await _found(judge, check, files)

    assert time.monotonic() - began < 20
