"""Lock files of every manager: there, fresh, alone, committed; and how requirements are pinned without one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

import pytest

from launchready.hardening.dependencies import Wanted, python_name, requirement
from launchready.hardening.lockfiles import composer_hash, satisfied
from launchready.lab.source import with_source
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
Locks = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def locks(judge: Judge) -> Locks:
    async def run(files: Mapping[str, str], **changes: object) -> Outcome:
        return await judge("parity.lock_file", with_source(files=files, **{"ignored": {}, **changes}))

    return run


def _npm(**packages: str) -> str:
    entries = {f"node_modules/{name}": {"version": version} for name, version in packages.items()}
    return json.dumps({"lockfileVersion": 3, "packages": {"": {}, **entries}})


_YARN = '# yarn lockfile v1\n\n\nleft@^1.0.0, left@^1.2.0:\n  version "1.3.0"\n\nright@~2.0.0:\n  version "2.0.1"\n'
_BERRY = '"left@npm:^1.2.0":\n  version: 1.3.0\n\n"right@npm:~2.0.0":\n  version: 2.0.1\n'
_BUN = """\
{"lockfileVersion": 1,
 "workspaces": {"": {"dependencies": {"left": "^1.2.0",}, "devDependencies": {"right": "~2.0.0"}}},
 "packages": {"left": ["left@1.3.0", "", {}, "sha512-x"],}, // by bun
}
"""
_NPM_1 = '{"lockfileVersion":1,"dependencies":{"left":{"version":"1.2.0"},"right":{"version":"2.0.0"}}}'
_PACKAGE = '{"private":true,"dependencies":{"left":"^1.2.0"},"devDependencies":{"right":"~2.0.0"}}'
_PNPM = """\
lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      left: {specifier: ^1.2.0, version: 1.3.0}
    devDependencies:
      right: {specifier: ~2.0.0, version: 2.0.1(left@1.3.0)}
packages:
  'left@1.3.0': {}
"""
_POETRY = """\
[tool.poetry]
name = "x"
package-mode = false
[tool.poetry.dependencies]
python = "^3.12"
Django = "^5.2"
Some_Thing = {version = "*", markers = "sys_platform == 'win32'"}
[tool.poetry.group.dev.dependencies]
pytest = ">=8"
"""
_GEMFILE = """\
source "https://rubygems.org"
gem "rails", "~> 7.1"
gem 'pg', '>= 1.5', '< 2'
gem "mine", path: "../mine"
group :development do
  gem "debug" # for us
end
if ENV["X"]
  gem "oj"
end
gem "windows", install_if: -> { false }
"""
_GEMS = """\
GEM
  remote: https://rubygems.org/
  specs:
    debug (1.9.2)
    pg (1.5.9-x86_64-linux)
    rails (7.1.5)
      actionpack (= 7.1.5)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  debug
  mine!
  pg (>= 1.5, < 2)
  rails (~> 7.1)
"""
_FRESH = {
    "npm": {"package.json": _PACKAGE, "package-lock.json": _npm(left="1.9.0", right="2.0.7")},
    "npm, version 1": {"package.json": _PACKAGE, "package-lock.json": _NPM_1},
    "yarn": {"package.json": _PACKAGE, "yarn.lock": _YARN},
    "yarn berry": {"package.json": _PACKAGE, "yarn.lock": f"__metadata:\n  version: 8\n\n{_BERRY}"},
    "pnpm": {"package.json": _PACKAGE, "pnpm-lock.yaml": _PNPM},
    "bun": {"package.json": _PACKAGE, "bun.lock": _BUN},
    "poetry": {
        "pyproject.toml": _POETRY,
        "poetry.lock": '[[package]]\nname = "django"\nversion = "5.2.1"\n[[package]]\nname = "pytest"\nversion = "8"\n',
    },
    "uv": {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["Django>=5.2,<6", "x[dev]"]\n',
        "uv.lock": 'version = 1\n[[package]]\nname = "django"\nversion = "5.2.1"\n',
    },
    "pipenv": {
        "Pipfile": '[packages]\ndjango = "~=5.2"\n',
        "Pipfile.lock": '{"_meta":{},"default":{"django":{"version":"==5.2.9"}}}',
    },
    "bundler": {"Gemfile": _GEMFILE, "Gemfile.lock": _GEMS},
    "composer": {
        "composer.json": '{"type":"project","require":{"php":"^8.2","ext-pdo":"*","a/b":"^2.1"}}',
        "composer.lock": '{"packages":[{"name":"a/b","version":"v2.4.1"}]}',
    },
    "go": {
        "go.mod": "module m\nrequire (\n\ta.example/x v1.2.3\n\tb.example/y v0.1.0 // new\n)\n"
        "require c.example/z v1.0.0\nreplace c.example/z => ../z\n",
        "go.sum": "a.example/x v1.2.3 h1:x=\na.example/x v1.2.3/go.mod h1:x=\nb.example/y v0.1.0/go.mod h1:x=\n",
    },
}
_STALE = {
    "npm": ("package-lock.json", _npm(left="1.1.0", right="2.0.7"), "left"),
    "yarn": (
        "yarn.lock",
        '# yarn lockfile v1\n\n\nleft@^1.0.0:\n  version "1.3.0"\n\nright@~2.0.0:\n  version "2.0.1"\n',
        "left",
    ),
    "pnpm": ("pnpm-lock.yaml", _PNPM.replace("specifier: ^1.2.0", "specifier: ^1.1.0"), "left"),
    "poetry": (
        "poetry.lock",
        '[[package]]\nname = "django"\nversion = "4.2.9"\n[[package]]\nname = "pytest"\nversion = "8"\n',
        "django",
    ),
    "uv": ("uv.lock", 'version = 1\n[[package]]\nname = "flask"\nversion = "5.2.1"\n', "django"),
    "pipenv": ("Pipfile.lock", '{"_meta":{},"default":{"django":{"version":"==4.2"}}}', "django"),
    "bundler": ("Gemfile.lock", _GEMS.replace("rails (7.1.5)", "rails (7.0.8)"), "rails"),
    "composer": ("composer.lock", '{"packages":[{"name":"a/b","version":"1.9.0"}]}', "a/b"),
    "go": ("go.sum", "a.example/x v1.2.3/go.mod h1:x=\n", "b.example/y"),
}


@pytest.mark.parametrize("manager", _FRESH)
async def test_a_fresh_lock_file_passes(locks: Locks, manager: str) -> None:
    outcome = await locks(_FRESH[manager])

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize("manager", _STALE)
async def test_a_stale_lock_file_is_told_with_what_is_not_in_it(locks: Locks, manager: str) -> None:
    path, content, name = _STALE[manager]
    outcome = await locks({**_FRESH[manager], path: content})

    [finding] = outcome.findings
    assert (finding.subject, finding.severity) == (path, Severity.HIGH)
    assert name in finding.evidence.splitlines()[0]


@pytest.mark.parametrize("manager", [name for name in _FRESH if name != "npm, version 1"])
async def test_no_lock_file_is_a_high_risk(locks: Locks, manager: str) -> None:
    names = ("lock", "sum", "lockb")
    files = {p: t for p, t in _FRESH[manager].items() if not any(n in p.lower() for n in names)}
    outcome = await locks(files)

    assert [(f.key, f.severity) for f in outcome.findings] == [("absent", Severity.HIGH)]


async def test_an_ignored_lock_file_is_told_as_that(locks: Locks) -> None:
    outcome = await locks(
        {"package.json": _PACKAGE, ".gitignore": "package-lock.json\n"},
        ignored={"package-lock.json": _npm(left="1.3.0")},
    )

    assert [(f.key, f.subject) for f in outcome.findings] == [("ignored", "package.json")]


async def test_rivals_are_told_once(locks: Locks) -> None:
    outcome = await locks({**_FRESH["npm"], **_FRESH["yarn"], **_FRESH["pnpm"]})

    assert [f.key for f in outcome.findings] == ["rivals"]
    assert "npm, Yarn and pnpm" in outcome.findings[0].problem


async def test_members_of_a_workspace_share_the_lock_file_of_its_root(locks: Locks) -> None:
    lock = {
        "packages/web": {"name": "web"},
        "node_modules/left": {"version": "1.3.0"},
        "packages/web/node_modules/right": {"version": "2.0.1"},
        "node_modules/web": {"link": True},
    }
    files = {
        "package.json": '{"private":true,"workspaces":["packages/*"]}',
        "packages/web/package.json": _PACKAGE,
        "package-lock.json": json.dumps({"packages": lock}),
    }

    assert (await locks(files)).status is Status.PASSED
    files.pop("package-lock.json")
    assert [f.subject for f in (await locks(files)).findings] == ["package.json"]


async def test_what_is_overridden_or_comes_from_elsewhere_is_not_compared(locks: Locks) -> None:
    outcome = await locks(
        {
            "package.json": '{"private":true,"dependencies":{"left":"^9.0.0","tool":"github:a/b","old":"npm:left@^1"},'
            '"overrides":{"left":"1.3.0"}}',
            "package-lock.json": _npm(left="1.3.0", tool="0.0.1", old="1.3.0"),
        }
    )

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[build-system]\nrequires=["hatchling"]\n[project]\nname="x"\ndependencies=["a>=1"]\n'},
        {"package.json": '{"name":"x","version":"1.0.0","main":"x.js","dependencies":{"a":"^1"}}'},
        {"Gemfile": 'gemspec\ngem "rake"\n', "x.gemspec": ""},
        {"composer.json": '{"name":"a/b","autoload":{},"require":{"c/d":"^1"}}'},
        {"go.mod": "module m\n"},
        {"tests/fixtures/package.json": _PACKAGE},
        {"package.json": '{"private":true}'},
    ],
)
async def test_libraries_and_projects_without_dependencies_need_no_lock_file(
    locks: Locks, files: Mapping[str, str]
) -> None:
    outcome = await locks(files)

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("django==5.2.1\n# c\n--index-url https://x.example\n-e .\ngunicorn === 23.0.0 ; python_version > '3'\n", None),
        ("django==5.2.1 \\\n    --hash=sha256:ab\n", None),
        ("lib @ https://x.example/lib-1.0.zip\ngit+https://github.com/a/b@v1.0#egg=b\n", None),
        ("-r base.txt\n", None),
        ("-c constraints.txt\ndjango\n", None),
        ("django>=5.2\ngunicorn~=23.0\n", Severity.NICE),
        ("django==5.*\n", Severity.NICE),
        ("git+https://github.com/a/b#egg=b\n", Severity.NICE),
        ("django\ngunicorn>=23\n", Severity.HIGH),
    ],
)
async def test_how_requirements_are_pinned(locks: Locks, text: str, severity: Severity | None) -> None:
    outcome = await locks(
        {"requirements.txt": text, "base.txt": "flask==3.1.0\n", "constraints.txt": "django==5.2.1\n", "app.py": ""}
    )

    assert [f.severity for f in outcome.findings] == ([severity] if severity else []), outcome
    assert outcome.status is not Status.NOT_CHECKED


async def test_requirements_for_development_are_not_judged(locks: Locks) -> None:
    outcome = await locks(
        {"requirements.txt": "a==1\n", "requirements-dev.txt": "pytest\n", "dev/requirements.txt": "x\n"}
    )

    assert outcome.findings == ()


async def test_compiled_requirements_are_held_to_their_source(locks: Locks) -> None:
    outcome = await locks({"requirements.in": "django\nstripe\n", "requirements.txt": "django==5.2.1\n", "app.py": ""})

    assert [(f.key, "stripe" in f.evidence) for f in outcome.findings] == [("stale", True)]


async def test_composer_warns_where_only_the_hash_differs(locks: Locks) -> None:
    manifest = {"type": "project", "require": {"a/b": "^1.0"}, "extra": {}}
    lock = {"packages": [{"name": "a/b", "version": "1.4.0"}], "content-hash": composer_hash(manifest)}
    files = {"composer.json": json.dumps(manifest), "composer.lock": json.dumps(lock)}
    fresh = await locks(files)
    late = await locks({**files, "composer.json": json.dumps({**manifest, "extra": {"x": 1}})})

    assert fresh.status is Status.PASSED
    assert [(f.key, f.severity) for f in late.findings] == [("hash", Severity.NICE)]


def test_the_hash_of_composer_is_composers_own() -> None:
    # An empty composer.json, and one without a key that counts: md5 of PHP's `[]`, as Composer 2 writes it
    # (https://github.com/composer/composer/issues/12521).
    assert composer_hash({"description": "system", "autoload": {"psr-4": {}}}) == "d751713988987e9331980363e24189ce"


@pytest.mark.parametrize(
    ("text", "name", "spec"),
    [
        ("Django >= 5 , < 6", "django", ">= 5 , < 6"),
        ("psycopg[binary,pool]==3.2.4", "psycopg", "==3.2.4"),
        ("a.b_c (>=1)", "a-b-c", ">=1"),
        ("x==1 --hash=sha256:00", "x", "==1"),
    ],
)
def test_requirements_of_pep_508(text: str, name: str, spec: str) -> None:
    one = requirement(text, "f:1")

    assert one is not None
    assert (one.name, one.spec) == (name, spec)


@pytest.mark.parametrize("text", ["./local", "/tmp/x.whl", "lib.whl", ""])
def test_paths_are_no_requirements(text: str) -> None:
    assert requirement(text, "f:1") is None


@pytest.mark.parametrize(
    ("spec", "version", "fits"),
    [
        ("^1.0.0-beta.1", "1.0.0-beta.2", True),
        ("latest", "3.0.0", True),
        ("^2", "1.9.9", False),
        ("1.x || 2.x", "2.3.4", True),
    ],
)
def test_whether_a_locked_version_is_in_the_range(spec: str, version: str, fits: bool) -> None:
    assert satisfied("node", "npm", Wanted("a", spec, "f:1"), {version}) is fits


def test_names_of_python_distributions_are_compared_as_pep_503_says() -> None:
    assert python_name("Zope.Interface_x--y") == "zope-interface-x-y"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("package-lock.json", "{"),
        ("package-lock.json", "[]"),
        ("package-lock.json", '{"packages":' * 5000),
        ("package-lock.json", "\0\0"),
        ("pnpm-lock.yaml", "importers: [\n"),
        ("bun.lock", "{{"),
    ],
)
async def test_a_lock_file_that_cannot_be_read_is_not_checked(locks: Locks, path: str, content: str) -> None:
    outcome = await locks({"package.json": _PACKAGE, path: content})

    assert outcome.findings == ()
    assert [row.subject for row in outcome.not_checked] == [path]


async def test_a_binary_lock_file_counts_as_there(locks: Locks) -> None:
    outcome = await locks({"package.json": _PACKAGE, "bun.lockb": "\0binary"})

    assert outcome.status is Status.PASSED


async def test_requirements_that_include_themselves_end(locks: Locks) -> None:
    outcome = await locks({"requirements.txt": "-r requirements.txt\n-r missing.txt\na==1\n", "app.py": ""})

    assert outcome.findings == ()
