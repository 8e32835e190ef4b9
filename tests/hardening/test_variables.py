"""The checks of variables on repositories of several kinds; the planted faults are in `lab/faults/variables.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from launchready import gate
from launchready.hardening.variables_dotenv import parse_dotenv
from launchready.hardening.variables_inventory import inventory
from launchready.hardening.variables_model import Inventory, Need
from launchready.hardening.variables_template import placeholder, render_template
from launchready.model import Outcome, Severity
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.network import Network

Files = Mapping[str, str | bytes]
Taken = Callable[..., Awaitable[Inventory]]
Found = Callable[..., Awaitable[dict[str, Outcome]]]


def _portal(folder: Path, files: Files, settings: Mapping[str, object]) -> Portal:
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return Portal.model_validate({"domain": "a.example", "repository": {"path": str(folder)}, **settings})


@pytest.fixture
def take(tmp_path: Path) -> Taken:
    """`await take({"a.py": "..."})`: the inventory of a folder of these files."""

    async def taken(files: Files, **settings: object) -> Inventory:
        portal = _portal(tmp_path, files, settings)
        found = await inventory(portal, Look(portal, Network(closed=True)))
        assert not isinstance(found, Failure)
        return found

    return taken


@pytest.fixture
def checked(tmp_path: Path) -> Found:
    """`await checked({"a.py": "..."}, environments={...})`: the outcomes of all checks of variables, by id."""

    async def run(files: Files, **settings: object) -> dict[str, Outcome]:
        portal = _portal(tmp_path, files, settings)
        look = Look(portal, Network(closed=True))
        report = await gate.run(portal, look, gate.select(["variables"]))
        assert not look.crashes, look.crashes[0]
        return {outcome.check.id: outcome for outcome in report.outcomes}

    return run


def holding(*names: str) -> dict[str, object]:
    return {"environments": {"production": {"variables": list(names)}}}


def subjects(outcome: Outcome) -> list[str]:
    return [finding.subject for finding in outcome.findings]


async def test_an_empty_folder_has_nothing_that_could_be_wrong(checked: Found) -> None:
    outcomes = await checked({})
    assert [id for id, outcome in outcomes.items() if outcome.findings or outcome.not_checked] == []


async def test_where_production_is_unknown_missing_is_not_checked(checked: Found) -> None:
    outcome = (await checked({"a.py": 'import os\nos.environ["API_TOKEN"]\n'}))["variables.missing"]
    assert outcome.findings == ()
    assert "API_TOKEN" in outcome.not_checked[0].reason
    assert "launchready.toml" in outcome.not_checked[0].unlock


async def test_fly_keeps_its_secrets_elsewhere_so_nothing_is_claimed(checked: Found) -> None:
    files = {"a.py": 'import os\nos.environ["API_TOKEN"]\nos.environ["PLACE"]\n', "fly.toml": '[env]\nPLACE = "x"\n'}
    outcome = (await checked(files))["variables.missing"]
    assert outcome.findings == ()
    assert [("API_TOKEN" in row.reason, "PLACE" in row.reason) for row in outcome.not_checked] == [(True, False)]


async def test_one_of_two_names_is_enough_in_production(checked: Found) -> None:
    files = {"a.js": "connect(process.env.DATABASE_URL || process.env.POSTGRES_URL)\n"}
    assert (await checked(files, **holding("POSTGRES_URL")))["variables.missing"].findings == ()


async def test_a_guard_elsewhere_excuses_a_reading_without_one(checked: Found) -> None:
    files = {"a.js": "if (process.env.CHAT_ID) load()\n", "b.js": "start(process.env.CHAT_ID)\n"}
    assert (await checked(files, **holding("OTHER")))["variables.missing"].findings == ()


@pytest.mark.parametrize(
    "path",
    ["tests/test_a.py", "conftest.py", "scripts/load.py", "settings/dev.py", "a_test.py", "docs/conf.py",
     "node_modules/x/a.py", "dist/a.py", "examples/a.py"],
)  # fmt: skip
async def test_only_what_runs_in_production_needs_variables(path: str, checked: Found) -> None:
    outcomes = await checked({path: 'import os\nos.environ["ONLY_HERE"]\n'}, **holding("OTHER"))
    assert outcomes["variables.missing"].findings == ()
    assert outcomes["variables.undocumented"].findings == ()


async def test_what_the_platform_provides_is_never_missing(checked: Found) -> None:
    code = (
        "x(process.env.NODE_ENV, process.env.PORT, process.env.VERCEL_URL, process.env.GITHUB_SHA, process.env.HOME)\n"
    )
    outcomes = await checked({"a.js": code, "b.rb": "ENV.fetch('RAILS_ENV')\n"}, **holding("OTHER"))
    assert outcomes["variables.missing"].findings == ()


async def test_error_tracking_that_is_not_set_is_nice_to_fix(checked: Found) -> None:
    outcome = (await checked({"a.js": "init({ dsn: process.env.SENTRY_DSN })\n"}, **holding("A")))["variables.missing"]
    assert [f.severity for f in outcome.findings] == [Severity.NICE]


async def test_another_described_environment_is_a_high_risk(checked: Found) -> None:
    environments = {"production": {"variables": ["API_TOKEN"]}, "staging": {"variables": ["OTHER"]}}
    outcome = (await checked({"a.py": 'import os\nos.environ["API_TOKEN"]\n'}, environments=environments))[
        "variables.missing"
    ]
    assert [(f.subject, f.severity, "Staging" in f.problem) for f in outcome.findings] == [
        ("API_TOKEN", Severity.HIGH, True)
    ]


async def test_a_placeholder_in_production_counts_as_missing(checked: Found) -> None:
    files = {
        "a.py": 'import os\nos.environ["API_SECRET"]\n',
        ".env.production": "API_SECRET=change-me\nDB_PASSWORD=u8Fq2z\n",
    }
    findings = (await checked(files))["variables.missing"].findings
    assert [f.subject for f in findings] == ["API_SECRET"]
    assert "placeholder" in findings[0].problem


async def test_an_environment_file_that_is_not_there_is_said(checked: Found) -> None:
    environments = {"production": {"env_file": ".env.production"}}
    outcome = (await checked({"a.py": 'import os\nos.environ["API_TOKEN"]\n'}, environments=environments))[
        "variables.missing"
    ]
    assert outcome.findings == ()
    assert {row.subject for row in outcome.not_checked} == {".env.production", "production"}


async def test_a_file_that_cannot_be_parsed_is_named_and_the_others_count(take: Taken) -> None:
    found = await take({"a.py": "import os\nos.environ[(:\n", "b.py": 'import os\nos.environ["HERE"]\n'})
    assert list(found.unread) == ["a.py"]
    assert found.variables["HERE"].need is Need.REQUIRED


async def test_binary_minified_and_huge_files_do_no_harm(take: Taken) -> None:
    files = {
        "a.py": b"\0\1\2import os",
        "b.js": "x=process.env.NO;" * 20_000,
        "c.js": "process.env.HUGE;\n" * 100_000,
        "generated.py": "x = 1\n" * 300_000,
        "latin.py": b'import os\n# \xe9\xe8\nos.environ["HERE"]\n',
        ".env": b"\xff\xfe\0A",
    }
    found = await take(files)
    assert [name for name, v in found.variables.items() if v.reads] == ["HERE"]
    assert list(found.unread) == ["c.js"]


async def test_yaml_bombs_and_wrong_types_do_no_harm(take: Taken) -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    files = {
        "docker-compose.yml": bomb,
        "render.yaml": "services: 3\nenvVarGroups: {}\n",
        "compose.prod.yml": "services:\n  web:\n    environment: [A=1, {x: y}, 3]\n    env_file: {path: /etc/passwd}\n",
        "fly.toml": "env = 3\n",
        "vercel.json": "[" * 100_000,
        "app.json": '{"env": [1]}',
        "netlify.toml": "context = 1\n",
        ".github/workflows/a.yml": "a: " + "{" * 3000,
    }
    await take(files)


async def test_names_asked_for_through_a_function_of_another_module(take: Taken) -> None:
    files = {
        "src/lib/env.ts": "export function need(name: string) {\n  const v = process.env[name];\n"
        "  if (!v) throw new Error(name);\n  return v;\n}\n",
        "src/pay.ts": 'import { need } from "./lib/env";\nconst key = need("PAY_KEY");\n',
        "src/other.ts": 'import { need } from "./elsewhere";\nneed("NOT_OURS");\n',
        "core/config.py": "import os\n\nclass Config:\n    def get(self, name, default=None):\n"
        "        return os.environ.get(name, default)\n",
        "core/env.py": "from environs import Env\nenv = Env()\n",
        "core/mail.py": 'from core.env import env\nHOST = env.str("MAIL_HOST", default="x")\nUSER = env("MAIL_USER")\n',
        "pkg/env/env.go": 'package env\n\nimport "os"\n\nfunc Must(key string) string {\n\tv := os.Getenv(key)\n'
        '\tif v == "" {\n\t\tpanic(key)\n\t}\n\treturn v\n}\n',
        "main.go": 'package main\n\nfunc main() {\n\tenv.Must("GO_KEY")\n}\n',
    }
    found = await take(files)
    assert {name: v.need for name, v in found.variables.items()} == {
        "PAY_KEY": Need.REQUIRED, "MAIL_HOST": Need.DEFAULT, "MAIL_USER": Need.REQUIRED, "GO_KEY": Need.REQUIRED,
    }  # fmt: skip


async def test_unused_is_not_said_of_what_any_file_mentions(checked: Found) -> None:
    files = {
        ".env.example": "IN_CADDY=1\nIN_JAVA=1\nFEATURE_X=1\nAWS_REGION=x\nGONE=1\n# MENTIONED=1\n",
        "Caddyfile": "root {$IN_CADDY}\n",
        "A.java": 'System.getenv("IN_JAVA");\n',
        "a.py": 'import os\nos.environ[f"FEATURE_{name}"]\n',
    }
    outcome = (await checked(files))["variables.unused"]
    assert subjects(outcome) == ["GONE", "MENTIONED"]


async def test_a_misspelt_name_is_recognised(checked: Found) -> None:
    files = {".env.example": "STRIPE_SECRET_KY=x\n", "a.py": 'import os\nos.environ["STRIPE_SECRET_KEY"]\n'}
    findings = (await checked(files))["variables.unused"].findings
    assert "STRIPE_SECRET_KEY is read and not set" in findings[0].problem


async def test_a_published_key_may_be_public_and_a_secret_may_not(checked: Found) -> None:
    fine = ("NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY", "NEXT_PUBLIC_SUPABASE_ANON_KEY", "NEXT_PUBLIC_FIREBASE_API_KEY",
            "NEXT_PUBLIC_SENTRY_DSN", "NEXT_PUBLIC_POSTHOG_KEY", "NEXT_PUBLIC_MAPBOX_TOKEN", "NEXT_PUBLIC_API_URL",
            "NEXT_PUBLIC_GOOGLE_MAPS_API_KEY", "NEXT_PUBLIC_RECAPTCHA_SITE_KEY", "NEXT_PUBLIC_PASSWORD_MIN_LENGTH",
            "NEXT_PUBLIC_TOKEN_URL", "NEXT_PUBLIC_ALGOLIA_SEARCH_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
            "NEXT_PUBLIC_AUTH0_CLIENT_ID", "NEXT_PUBLIC_SECRET_SANTA_ENABLED")  # fmt: skip
    bad = ("NEXT_PUBLIC_STRIPE_SECRET_KEY", "NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY", "NEXT_PUBLIC_OPENAI_API_KEY",
           "NEXT_PUBLIC_DATABASE_URL", "NEXT_PUBLIC_JWT_SECRET", "NEXT_PUBLIC_ADMIN_PASSWORD")  # fmt: skip
    code = "".join(f"x(process.env.{name});\n" for name in (*fine, *bad))
    findings = (await checked({"a.js": code}))["variables.exposed"].findings
    assert sorted(f.subject for f in findings) == sorted(bad)
    assert {f.severity for f in findings} == {Severity.BLOCKER}


async def test_a_secret_read_in_the_browser(checked: Found) -> None:
    files = {
        "app/pay.tsx": '"use client"\nexport const a = process.env.STRIPE_SECRET_KEY;\n',
        "app/server.tsx": "export const b = process.env.SENDGRID_API_KEY;\n",
    }
    assert subjects((await checked(files))["variables.exposed"]) == ["STRIPE_SECRET_KEY"]


async def test_no_value_of_a_secret_is_ever_shown(checked: Found) -> None:
    secret = "q7Vd2LxP9sTb4RnZ8wKf3HcY6mJg1AeU"
    files = {
        "a.py": f'import os\na = os.environ.get("LINK_SECRET", "{secret}")\nos.environ["OTHER_SECRET"]\n',
        ".env": f"OTHER_SECRET={secret}\n",
        ".env.production": f"OTHER_SECRET={secret}\n",
    }
    outcomes = await checked(files, environments={"production": {"env_file": ".env.production"}})
    said = repr([(row for row in o.findings) and (o.findings, o.passed, o.not_checked) for o in outcomes.values()])
    assert len(outcomes["variables.same_value"].findings) == 1
    assert len(outcomes["variables.development_only"].findings) == 1
    assert secret not in said


DJANGO = "INSTALLED_APPS = []\n"


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"site/settings.py": DJANGO + "DEBUG = True\n"}, ["site/settings.py:2"]),
        ({"site/settings.py": DJANGO + "DEBUG = False\n"}, []),
        ({"s/base.py": DJANGO + "DEBUG = True\n", "s/production.py": DJANGO + "DEBUG = False\n"}, []),
        ({"s/base.py": DJANGO + "DEBUG = False\n", "s/production.py": DJANGO + "DEBUG = True\n"},
         ["s/production.py:2"]),
        ({"settings/local.py": DJANGO + "DEBUG = True\n"}, []),
        ({"tests/settings.py": DJANGO + "DEBUG = True\n"}, []),
        ({"a.py": 'app = Flask("a")\nif __name__ == "__main__":\n    app.run(debug=True)\n'}, []),
        ({"a.py": "app = FastAPI(debug=True)\n"}, ["a.py:1"]),
        ({"a.py": "app.config['DEBUG'] = True\n"}, ["a.py:1"]),
        ({"wp-config.php": "<?php\ndefine( 'WP_DEBUG', true );\n"}, ["wp-config.php:2"]),
        ({"wp-config.php": "<?php\n// define('WP_DEBUG', true);\ndefine('WP_DEBUG', false);\n"}, []),
        ({"config/environments/production.rb": "  config.consider_all_requests_local = true\n"},
         ["config/environments/production.rb:1"]),
        ({"config/environments/development.rb": "  config.consider_all_requests_local = true\n"}, []),
        ({"main.go": "package main\n\nfunc main() {\n\tgin.SetMode(gin.DebugMode)\n}\n"}, ["main.go:4"]),
        ({"config/app.php": "<?php\nreturn ['debug' => (bool) env('APP_DEBUG', true)];\n"}, ["config/app.php:2"]),
        ({"config/app.php": "<?php\nreturn ['debug' => (bool) env('APP_DEBUG', false)];\n"}, []),
        ({"Procfile": "web: FLASK_DEBUG=1 gunicorn a:app\n"}, ["Procfile:1"]),
        ({"package.json": '{"scripts": {"start": "NODE_ENV=development node a.js"}}'}, ["package.json:1"]),
        ({"package.json": '{"scripts": {"start": "node a.js", "dev": "NODE_ENV=development x"}}'}, []),
        ({".env.production": "DEBUG=true\nAPI_SECRET=s8dF7h2k\n"}, [".env.production:1"]),
        ({".env.production": "DEBUG=express:*\n"}, []),
        ({".env.development": "DEBUG=true\n"}, []),
        ({"fly.toml": '[env]\n  FLASK_DEBUG = "1"\n'}, ["fly.toml:2"]),
        ({"docker-compose.yml": "services:\n  web:\n    environment:\n      DEBUG: 'true'\n"}, []),
        ({"compose.prod.yml": "services:\n  web:\n    environment:\n      - DEBUG=true\n"}, ["compose.prod.yml:4"]),
    ],
)  # fmt: skip
async def test_debug_modes(files: Files, places: list[str], checked: Found) -> None:
    assert subjects((await checked(files))["variables.debug"]) == places


async def test_the_template_documents_what_the_check_asks_for_and_keeps_what_was_there(take: Taken) -> None:
    before = "# Mine\nKEPT=5 # stays\n\n# Secret\nAPI_SECRET=q7Vd2LxP9sTb4RnZ8wKf\n"
    files = {
        ".env.example": before,
        "a.py": 'import os\nos.environ["KEPT"]\nos.environ["API_SECRET"]\nos.environ["DATABASE_URL"]\n'
        'os.environ.get("GREETING", "hello there")\nos.environ["PORT"]\n',
        "a.js": "x(import.meta.env.VITE_API_URL)\n",
    }
    found = await take(files)
    made = render_template(found, before)

    assert made.text.startswith("# Mine\nKEPT=5 # stays\n\n# Secret\nAPI_SECRET=change-me\n")
    assert made.hidden == ("API_SECRET",)
    values = {entry.name: entry.value for entry in parse_dotenv(made.text)[0]}
    assert values == {
        "KEPT": "5", "API_SECRET": "change-me", "DATABASE_URL": "postgres://user:password@localhost:5432/portal",
        "GREETING": "hello there", "VITE_API_URL": "https://portal.example.com",
    }  # fmt: skip
    assert render_template(found, made.text).text == made.text


@pytest.mark.parametrize(
    ("name", "default", "value"),
    [
        ("SECRET_KEY", "real-looking-default", "change-me"),
        ("REDIS_URL", "redis://:pw@h", "redis://localhost:6379/0"),
        ("STRIPE_SECRET_KEY", None, "sk_test_xxx"),
        ("PAGE_SIZE", "25", "25"),
        ("SMTP_PORT", None, "587"),
        ("SENTRY_DSN", None, ""),
        ("SOMETHING", None, "change-me"),
    ],
)
def test_placeholders_have_the_right_shape_and_are_nobodys(name: str, default: str | None, value: str) -> None:
    assert placeholder(name, default) == value


def test_every_check_names_the_rows_it_serves() -> None:
    checks = gate.select(["variables"])
    assert len(checks) == 8
    assert all(check.info.needs == "repository" and check.info.roadmap[0] in ("C1", "C7") for check in checks)


async def test_a_schema_that_is_given_the_variables_one_by_one(take: Taken) -> None:
    code = (
        "export const env = createEnv({\n  server: { A_KEY: z.string(), B_KEY: z.string().optional() },\n"
        "  runtimeEnv: { A_KEY: process.env.A_KEY, B_KEY: process.env.B_KEY },\n})\n"
    )
    found = await take({"env.mjs": code})
    assert {name: v.need for name, v in found.variables.items()} == {"A_KEY": Need.REQUIRED, "B_KEY": Need.DEFAULT}


async def test_what_fresh_frameworks_bring_along_is_no_finding(checked: Found) -> None:
    files = {
        "config/puma.rb": 'environment ENV.fetch("RAILS_ENV") { "development" }\nport ENV.fetch("PORT") { 3000 }\n',
        "config/database.php": "<?php\nreturn ['default' => env('DB_CONNECTION', 'sqlite'),\n"
        "'host' => env('DB_HOST', '127.0.0.1'),\n"
        "'redis' => env('REDIS_HOST', '127.0.0.1'), 'password' => env('REDIS_PASSWORD')];\n",
        ".env.example": "APP_KEY=\nBROADCAST_CONNECTION=log\n",
        "config/app.php": "<?php\nreturn ['key' => env('APP_KEY')];\n",
        "docker-compose.yml": "services:\n  db:\n    environment:\n      DB_PASS: ${DB_PASS:-postgres}\n",
    }
    outcomes = await checked(files, **holding("APP_KEY", "DB_HOST"))
    assert {id: subjects(o) for id, o in outcomes.items() if o.findings} == {}


async def test_an_application_registered_with_a_platform_is_the_portals_own(checked: Found) -> None:
    files = {"a.js": "x(process.env.GITHUB_CLIENT_SECRET!);\nx(process.env.GITHUB_SHA!);\n"}
    outcomes = await checked(files, **holding("OTHER"))
    assert subjects(outcomes["variables.missing"]) == ["GITHUB_CLIENT_SECRET"]


async def test_how_bad_an_absence_is_is_told_by_the_name_where_the_code_goes_on(checked: Found) -> None:
    code = 'import os\na = os.getenv("PAYMENT_API_KEY")\nb = os.getenv("GREETING")\nc = os.environ["TITLE"]\n'
    found = (await checked({"a.py": code}, **holding("OTHER")))["variables.missing"].findings
    assert {f.subject: f.severity for f in found} == {
        "PAYMENT_API_KEY": Severity.BLOCKER, "GREETING": Severity.HIGH, "TITLE": Severity.BLOCKER,
    }  # fmt: skip


async def test_a_compose_file_leads_nowhere_outside_of_the_repository(tmp_path: Path, take: Taken) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "x.env").write_text("STOLEN=1\n")
    (tmp_path / "link").symlink_to(outside)
    places = ("link/x.env", f"a/../../{outside.name}/x.env", str(outside / "x.env"))
    compose = "services:\n  web:\n    env_file:\n" + "".join(f"      - {place}\n" for place in places)
    found = await take({"compose.prod.yml": compose})
    assert "STOLEN" not in found.variables
    assert not found.environments["production"].complete


async def test_a_setting_that_is_tested_under_its_name_is_optional(checked: Found) -> None:
    files = {
        "config.py": 'import os\n\nclass Config:\n    SEARCH_URL = os.environ.get("SEARCH_URL")\n',
        "app.py": 'search = Search(app.config["SEARCH_URL"]) if app.config["SEARCH_URL"] else None\n',
    }
    assert (await checked(files, **holding("OTHER")))["variables.missing"].findings == ()


async def test_what_only_begins_like_a_setting_of_laravel_is_the_portals_own(checked: Found) -> None:
    code = '<?php return ["a" => env("HASHIDS_SALT"), "b" => env("AUTH0_CLIENT_SECRET"), "c" => env("MAIL_HOST")];'
    outcomes = await checked({"config/services.php": code, ".env.example": "APP_KEY=\n"})
    assert subjects(outcomes["variables.undocumented"]) == ["AUTH0_CLIENT_SECRET", "HASHIDS_SALT"]
    assert not outcomes["variables.unused"].findings  # the framework itself reads APP_KEY
