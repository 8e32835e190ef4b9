"""Versions of languages: which places agree, which contradict each other, and which versions have ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

import pytest

from launchready.hardening import version_ranges as ranges
from launchready.hardening.dockerfile import image
from launchready.hardening.runtime_support import AS_OF, ENDS, end_of
from launchready.hardening.runtime_versions import of_image
from launchready.lab.source import with_source
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
Versions = Callable[[Mapping[str, str]], Awaitable[Outcome]]


@pytest.fixture
def versions(judge: Judge) -> Versions:
    async def run(files: Mapping[str, str]) -> Outcome:
        return await judge("parity.versions", with_source(files=files, ignored={}))

    return run


@pytest.mark.parametrize(
    ("read", "text", "inside", "outside"),
    [
        (ranges.python, ">=3.11,<3.14", "3.13.2", "3.14.0"),
        (ranges.python, "~=3.11", "3.14", "4.0"),
        (ranges.python, "~=3.11.2", "3.11.9", "3.12"),
        (ranges.python, "==3.12.*", "3.12.8", "3.13"),
        (ranges.python, "!=3.12.*", "3.13", "3.12.4"),
        (ranges.python, "^3.11", "3.99", "4.0"),
        (ranges.npm, "^20 || ^22", "22.5.0", "21.0.0"),
        (ranges.npm, "20.x", "20.9.1", "22.0.0"),
        (ranges.npm, ">= 18 < 23", "22.1.0", "23.0.0"),
        (ranges.npm, "18 - 20", "20.9.9", "21.0.0"),
        (ranges.npm, "~1.2.3", "1.2.9", "1.3.0"),
        (ranges.npm, "^0.2.3", "0.2.9", "0.3.0"),
        (ranges.npm, "<=20", "20.9.0", "21.0.0"),
        (ranges.composer, "^8.1|^9.0", "9.1.0", "10.0.0"),
        (ranges.composer, "~8.1", "8.4.0", "9.0.0"),
        (ranges.composer, "~8.1.0", "8.1.9", "8.2.0"),
        (ranges.composer, ">=8.1 <8.4", "8.3.0", "8.4.0"),
        (ranges.ruby, "~> 3.3", "3.9.0", "4.0.0"),
        (ranges.ruby, "~> 3.3.0", "3.3.9", "3.4.0"),
        (ranges.ruby, ">= 3.2, < 3.5", "3.4.1", "3.5.0"),
        (ranges.ruby, "3.3.1", "3.3.1", "3.3.2"),
        (ranges.line, "v22", "22.4.0", "23.0.0"),
        (ranges.at_least, "1.22", "1.25.0", "1.21.9"),
    ],
)
def test_ranges_of_each_ecosystem(read: Callable[[str], ranges.Range], text: str, inside: str, outside: str) -> None:
    admitted = read(text)

    assert admitted.admits(ranges.version(inside) or (0, 0, 0))
    assert not admitted.admits(ranges.version(outside) or (0, 0, 0))


@pytest.mark.parametrize("text", ["", "*", "latest", "x"])
def test_any_version_is_everything(text: str) -> None:
    assert ranges.npm(text) == ranges.EVERYTHING


@pytest.mark.parametrize("text", ["banana", "^", "1.2.3.4.5 - ", "||" * 500, "9" * 400, "workspace:*"])
def test_what_is_no_range_says_nothing(text: str) -> None:
    found = ranges.npm(text)

    assert found is None or not found.empty


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("python:3.12-slim", ("python", "3.12")),
        ("node:22.1.0-alpine3.20", ("node", "22.1.0")),
        ("cimg/ruby:3.3.1", ("ruby", "3.3.1")),
        ("golang:1.24-bookworm", ("go", "1.24")),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", ("python", "3.12")),
        ("dunglas/frankenphp:1-php8.3", ("php", "8.3")),
        ("gcr.io/distroless/nodejs22-debian12", ("node", "22")),
        ("python:slim", ("python", "")),
        ("nginx:1.27", None),
        ("postgres:16", None),
    ],
)
def test_what_an_image_holds(reference: str, expected: tuple[str, str] | None) -> None:
    assert of_image(image(reference)) == expected


async def test_a_contradiction_lists_every_place(versions: Versions) -> None:
    outcome = await versions(
        {
            ".python-version": "3.11\n",
            "pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.11"\n',
            "Dockerfile": "FROM python:3.12-slim\n",
        }
    )

    [finding] = outcome.findings
    assert (finding.subject, finding.severity) == ("Dockerfile:1", Severity.HIGH)
    assert finding.evidence.splitlines() == [
        "Dockerfile:1: 3.12",
        ".python-version:1: 3.11",
        "pyproject.toml:3: >=3.11",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {
            ".nvmrc": "lts/krypton\n",
            "Dockerfile": "FROM node:24-alpine\n",
            "package.json": '{"engines":{"node":">=22"}}',
        },
        {
            ".tool-versions": "python 3.13.1 3.12.4\n# x\n",
            "Dockerfile": "FROM python:3.12\n",
            "requirements.txt": "a==1\n",
        },
        {
            "go.mod": "module a\n\ngo 1.25\n\ntoolchain go1.27.1\n",
            "Dockerfile": "FROM golang:1.27 AS b\nFROM scratch\n",
        },
        {".ruby-version": "ruby-3.4.2\n", "Gemfile": 'ruby file: ".ruby-version"\n', "Dockerfile": "FROM ruby:3.4\n"},
        {"composer.json": '{"require":{"php":"^8.2"}}', "Dockerfile": "FROM php:8.4-fpm-alpine\n"},
        {"mise.toml": '[tools]\nnode = "24"\npython = ["3.13", "3.12"]\n', "package.json": "{}"},
        {"Dockerfile": "FROM python:3.12.1 AS a\nFROM python:3.12.8\nCOPY --from=a / /\n", "requirements.txt": ""},
        {"Dockerfile": "FROM python:3.12\n", "Dockerfile.dev": "FROM python:3.9\n", "requirements.txt": ""},
        {"Dockerfile": "FROM python:3.12\n", "docs/.python-version": "3.9\n", "requirements.txt": ""},
    ],
)
async def test_places_that_agree(versions: Versions, files: Mapping[str, str]) -> None:
    outcome = await versions(files)

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        ({"Gemfile": 'ruby "3.4.1"\n', "Dockerfile": "FROM ruby:3.4.5\n"}, "Dockerfile:1"),
        ({"go.mod": "module a\ngo 1.27\n", "Dockerfile": "FROM golang:1.26\n"}, "Dockerfile:1"),
        ({"composer.json": '{"require":{"php":"~8.3.0"}}', "Dockerfile": "FROM php:8.4-apache\n"}, "Dockerfile:1"),
        (
            {"poetry.lock": '[metadata]\npython-versions = "^3.13"\n', "Pipfile": "", "runtime.txt": "python-3.12.1"},
            "runtime.txt:1",
        ),
        (
            {"netlify.toml": '[build.environment]\nNODE_VERSION = "22"\n', ".nvmrc": "24", "package.json": "{}"},
            "netlify.toml:2",
        ),
        ({"app.yaml": "runtime: python312\n", "requirements.txt": "", ".python-version": "3.13"}, "app.yaml:1"),
    ],
)
async def test_places_that_do_not(versions: Versions, files: Mapping[str, str], subject: str) -> None:
    outcome = await versions(files)

    assert [f.subject for f in outcome.findings] == [subject]


_MATRIX = """\
jobs:
  test:
    strategy:
      matrix:
        python: {versions}
    steps:
      - uses: actions/setup-python@v5
        with:
          python-version: ${{{{ matrix.python }}}}
"""


@pytest.mark.parametrize(
    ("tested", "found"), [('["3.11", "3.12"]', 0), ('["3.13", "3.14"]', 1), ("[3.10]", 1), ("${{ fromJson(x) }}", 0)]
)
async def test_tests_agree_when_one_of_them_runs_what_production_runs(
    versions: Versions, tested: str, found: int
) -> None:
    outcome = await versions(
        {
            "Dockerfile": "FROM python:3.12\n",
            "requirements.txt": "",
            ".github/workflows/test.yml": _MATRIX.format(versions=tested),
        }
    )

    assert len(outcome.findings) == found
    assert (tested == "[3.10]") == any("unquoted 3.10" in f.evidence for f in outcome.findings)


async def test_two_projects_of_one_language_may_differ(versions: Versions) -> None:
    outcome = await versions(
        {
            "api/requirements.txt": "", "api/Dockerfile": "FROM python:3.13\n",
            "jobs/requirements.txt": "", "jobs/Dockerfile": "FROM python:3.12\n",
        }
    )  # fmt: skip

    assert outcome.findings == ()
    assert [row.subject for row in outcome.passed] == ["Python in api", "Python in jobs"]


async def test_a_version_past_its_end_is_told_with_its_date(versions: Versions) -> None:
    outcome = await versions({"package.json": '{"dependencies":{"a":"1"}}', ".node-version": "v16.20.2\n"})

    [finding] = outcome.findings
    assert "2023-09-11" in finding.problem
    assert finding.reference == "https://endoflife.date/nodejs"


async def test_a_development_machine_on_an_old_version_is_a_contradiction_not_an_end(versions: Versions) -> None:
    outcome = await versions({"requirements.txt": "", ".python-version": "3.8", "Dockerfile": "FROM python:3.13\n"})

    assert [f.key for f in outcome.findings] == ["python differs"]


async def test_no_version_anywhere_is_nice_to_fix(versions: Versions) -> None:
    outcome = await versions({"requirements.txt": "django==5\n", "app.py": ""})

    assert [(f.subject, f.severity) for f in outcome.findings] == [("requirements.txt", Severity.NICE)]


async def test_a_folder_with_tools_only_needs_no_version(versions: Versions) -> None:
    outcome = await versions({"package.json": '{"devDependencies":{"prettier":"3"}}'})

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("package.json", "{"),
        ("package.json", "[" * 100_000),
        ("pyproject.toml", "[project\n"),
        ("render.yaml", "a: &a [*a]\n"),
        ("render.yaml", "a: !!python/object/apply:os.system [x]\n: :"),
        ("mise.toml", "tools = 3\nx"),
        ("composer.json", "[1]"),
    ],
)
async def test_what_cannot_be_read_is_named_and_the_rest_counts(versions: Versions, path: str, content: str) -> None:
    outcome = await versions({path: content, ".python-version": "3.13\n", "requirements.txt": ""})

    assert path in [row.subject for row in outcome.not_checked]
    assert any(row.subject == "Python" for row in outcome.passed)


async def test_aliases_that_stand_for_gigabytes_are_refused(versions: Versions) -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    outcome = await versions({"render.yaml": laughs, "requirements.txt": "", ".python-version": "3.13"})

    assert [(row.subject, "aliases" in row.reason) for row in outcome.not_checked] == [("render.yaml", True)]


async def test_an_empty_folder_is_not_checked(judge: Judge) -> None:
    outcome = await judge("parity.versions", with_source(files={}, git=False, ignored={}))

    assert outcome.status is Status.NOT_CHECKED


def test_the_table_of_support_is_in_order_and_not_from_the_future() -> None:
    for language, table in ENDS.items():
        lines = list(table)
        assert lines == sorted(lines), language
        assert table[lines[0]] < AS_OF


def test_a_line_older_than_the_table_ended_with_its_first() -> None:
    assert end_of("node", (0,)) == date(2019, 12, 31)
    assert end_of("go", (1, 99)) is None
