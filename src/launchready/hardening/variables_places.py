"""What a path tells of a file: whose code it is, which program reads it, which environment an env file belongs to."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from launchready.hardening.variables_model import Scope
from launchready.hardening.variables_platforms import role

_OTHERS_WORDS = (
    "node_modules bower_components vendor vendors third_party third-party site-packages .venv venv virtualenv "
    "__pycache__ .git .yarn .pnpm-store jspm_packages Pods .terraform .gradle .bundle"
)
_OTHERS = frozenset(_OTHERS_WORDS.split())
_BUILT_WORDS = (
    "dist build out .next .nuxt .output .svelte-kit .astro .vercel .netlify .turbo .cache coverage htmlcov "
    "staticfiles _site .parcel-cache storybook-static target tmp log logs"
)
_BUILT = frozenset(_BUILT_WORDS.split())
_TESTS_WORDS = (
    "test tests testing __tests__ spec specs e2e cypress playwright fixtures fixture testdata mocks __mocks__ "
    "stubs features"
)
_TESTS = frozenset(_TESTS_WORDS.split())
_TOOLS_WORDS = (
    "scripts script tools tooling hack examples example samples sample docs doc documentation benchmark "
    "benchmarks bench .devcontainer .husky .vscode .idea stories .storybook templates_dev notebooks demo demos "
    "devtools contrib seeds generators .claude .cursor"
)
_TOOLS = frozenset(_TOOLS_WORDS.split())
_TEST_NAME = re.compile(
    r"(?:^|[._-])(?:test|tests|spec|e2e|stories|story|cy|mock|fixture)s?[._]|^test_|_test\.\w+$|_spec\.rb$|conftest\.py$|"
    r"(?:^|/)(?:jest|vitest|playwright|cypress|karma|wdio|codecept|protractor|phpunit|noxfile|tox)\b[\w.]*$|Test\.php$",
)
_TOOL_NAME = re.compile(
    r"^(?:noxfile|tasks|fabfile|dangerfile|Rakefile|gulpfile|Gruntfile|drizzle\.config|eslint|\.eslintrc|prettier|"
    r"commitlint|lint-staged|release\.config|codegen|orval|graphql\.config|tailwind\.config|postcss\.config|setup)\b"
)
_EXAMPLE_WORDS = "example examples sample template tpl dist default defaults ex schema skeleton"
_EXAMPLE = frozenset(_EXAMPLE_WORDS.split())
_CODE = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".astro", ".rb",
         ".rake", ".ru", ".php", ".go")  # fmt: skip
_NO_ENV_FILE = (".sh", ".md", ".mako", ".yml", ".yaml", ".json", ".toml", ".vault", ".keys", ".enc", ".gpg", ".age")


def is_others(path: str) -> bool:
    """Whether it is other people's code, a build, or minified."""
    parts = PurePosixPath(path).parts[:-1]
    return bool(_OTHERS & set(parts) or _BUILT & set(parts)) or bool(
        re.search(r"[.-](?:min|bundle|umd|prod\.min)\.[cm]?js$", path)
    )


def scope_of(path: str) -> Scope:
    """Which programs a file belongs to. `settings/dev.py` is development's, `deploy.sh` nobody's in production."""
    parts, name = PurePosixPath(path).parts[:-1], PurePosixPath(path).name
    if parts[:1] == (".github",) or name in (".gitlab-ci.yml", "Jenkinsfile") or parts[:1] == (".circleci",):
        return Scope.CI
    if _TESTS & set(parts) or _TEST_NAME.search(name):
        return Scope.TEST
    if _TOOLS & set(parts) or _TOOL_NAME.match(name) or name.endswith((".ipynb", ".d.ts")):
        return Scope.TOOLING
    if re.match(r"(?:docker-)?compose\b", name):
        return Scope.RUNTIME if role(name.removeprefix("docker-")) == "production" else Scope.DEVELOPMENT
    configures = {"settings", "config", "environments", "conf", "env"} & {*parts, *re.split(r"[._-]", name)}
    stem = name.partition(".")[0]
    if configures and (kind := role(re.sub(r"settings|config", "", stem))) in ("development", "test"):
        return Scope.TEST if kind == "test" else Scope.DEVELOPMENT
    return Scope.RUNTIME


def is_code(path: str) -> bool:
    """Whether it is a source file of a language that is read."""
    return path.endswith(_CODE)


def is_env_file(path: str) -> bool:
    """Whether it is an environment file, or the example of one: `.env`, `.env.local`, `prod.env`, `env.example`."""
    name = PurePosixPath(path).name
    named = re.fullmatch(r"\.env|\.?env[._-][\w.-]+|[\w-]+\.env(?:\.\w+)?|\.dev\.vars(?:\.\w+)?", name)
    return bool(named) and not name.endswith((*_CODE, *_NO_ENV_FILE))


def is_example(path: str) -> bool:
    """Whether an environment file only documents."""
    return bool(_EXAMPLE & set(re.split(r"[^a-z]+", PurePosixPath(path).name.lower())))


def environment_of(path: str) -> str:
    """The environment an environment file is for, by its name; `.env` and `.env.local` are a developer's."""
    return role(PurePosixPath(path).name) or "development"
