from __future__ import annotations

import pytest

from launchready.hardening.variables_deployment import (
    read_actions,
    read_compose,
    read_dockerfile,
    read_prisma,
    read_shell,
)
from launchready.hardening.variables_go import read_go
from launchready.hardening.variables_javascript import read_javascript
from launchready.hardening.variables_model import Facts, Need
from launchready.hardening.variables_php import read_php
from launchready.hardening.variables_python import read_python
from launchready.hardening.variables_ruby import read_ruby

REQUIRED, EMPTY, OPTIONAL, DEFAULT = Need.REQUIRED, Need.EMPTY, Need.OPTIONAL, Need.DEFAULT


def needs(facts: Facts) -> dict[str, Need]:
    return {found.name: found.need for found in facts.found}


PYTHON = [
    ('import os\na = os.environ["A"]', REQUIRED),
    ('import os as system\na = system.environ["A"]', REQUIRED),
    ('from os import environ as e\na = e["A"]', REQUIRED),
    ('from os import getenv\na = getenv("A")', EMPTY),
    ('import os\na = os.environ.get("A")', EMPTY),
    ('import os\na = os.environ.get("A", None)', EMPTY),
    ('import os\na = os.environ.get("A", "x")', DEFAULT),
    ('import os\na = os.environ.setdefault("A", "x")', DEFAULT),
    ('import os\na = os.environ.get("A") or "x"', DEFAULT),
    ('import os\na = os.getenv("A").split(",")', REQUIRED),
    ('import os\na = int(os.getenv("A"))', REQUIRED),
    ('import os\na = bool(os.getenv("A"))', OPTIONAL),
    ('import os\nif os.environ.get("A"):\n    pass', OPTIONAL),
    ('import os\nif "A" in os.environ:\n    pass', OPTIONAL),
    ('import os\nif "A" not in os.environ:\n    raise SystemExit(1)', REQUIRED),
    ('import os\na = os.environ.get("A")\nif not a:\n    raise ValueError("A")', REQUIRED),
    ('import os\na = os.environ.get("A")\nif a:\n    print(a)', OPTIONAL),
    ('import os\nif (a := os.getenv("A")) is not None:\n    print(a)', OPTIONAL),
    ('import os\ntry:\n    a = os.environ["A"]\nexcept KeyError:\n    a = None', OPTIONAL),
    ('import os\ntry:\n    a = os.environ["A"]\nexcept KeyError:\n    raise RuntimeError from None', REQUIRED),
    ('import os\nNAME = "A"\na = os.environ[NAME]', REQUIRED),
    ('import os\nfor name in ("A", "B"):\n    os.environ[name]', REQUIRED),
    ('import os\na = os.getenv("A")\na = a or None\na = a', DEFAULT),
    ('from decouple import config\na = config("A")', REQUIRED),
    ('from decouple import config\na = config("A", default=True, cast=bool)', DEFAULT),
    ('from environs import Env\nenv = Env()\na = env.str("A")', REQUIRED),
    ('from environs import Env\nenv = Env()\na = env("A", "x")', DEFAULT),
    ("import environ\nenv = environ.Env(A=(bool, False))\na = env('A')", DEFAULT),
    ("import environ\nenv = environ.Env(A=bool)\na = env('A')", REQUIRED),
    (
        "from starlette.config import Config\nconfig = Config('.env')\na = config('A', cast=bool, default=False)",
        DEFAULT,
    ),
    ("from starlette.config import Config\nconfig = Config('.env')\na = config('A')", REQUIRED),
]


@pytest.mark.parametrize(("source", "need"), PYTHON)
def test_what_python_needs(source: str, need: Need) -> None:
    assert needs(read_python(source))["A"] is need


def test_prefixes_of_environs_are_put_before_the_name() -> None:
    source = 'from environs import Env\nenv = Env()\nwith env.prefixed("MAIL_"):\n    a = env.str("HOST")\n'
    assert needs(read_python(source)) == {"MAIL_HOST": REQUIRED}


def test_django_environ_has_names_of_its_own() -> None:
    assert needs(read_python("import environ\nenv = environ.Env()\ndatabase = env.db()")) == {"DATABASE_URL": REQUIRED}


def test_pydantic_settings_by_prefix_alias_and_default() -> None:
    source = """
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_")
class Settings(Base):
    host: str
    debug: bool = False
    token: str = Field(validation_alias=AliasChoices("TOKEN", "OLD_TOKEN"))
    size: int = Field(default=3, alias="PAGE")
    note: str | None = None
    _private: str = ""
"""
    facts = read_python(source)
    assert needs(facts) == {
        "APP_HOST": REQUIRED, "APP_DEBUG": DEFAULT, "TOKEN": REQUIRED, "PAGE": DEFAULT, "APP_NOTE": DEFAULT,
    }  # fmt: skip
    assert next(f for f in facts.found if f.name == "TOKEN").others == ("OLD_TOKEN",)


def test_a_computed_name_is_dynamic_and_never_guessed() -> None:
    facts = read_python('import os\nos.environ[f"FEATURE_{name}"]\nos.getenv(name)')
    assert facts.found == []
    assert [d.prefix for d in facts.dynamic] == ["FEATURE_", ""]


def test_one_of_two_names_suffices() -> None:
    found = read_python('import os\na = os.getenv("A") or os.getenv("B")').found
    assert {f.name: f.others for f in found} == {"A": ("B",), "B": ("A",)}


def test_setting_a_variable_is_no_reading() -> None:
    assert read_python('import os\nos.environ["A"] = "1"\ndel os.environ["A"]').found == []


@pytest.mark.parametrize("source", ["def (:", "print 'old'", "(" * 5000, "\0", "x = " + "-" * 50_000 + "1"])
def test_python_that_cannot_be_parsed_says_so(source: str) -> None:
    assert "not Python" in read_python(source).trouble


JAVASCRIPT = [
    ("const a = process.env.A", EMPTY),
    ('const a = process.env["A"]', EMPTY),
    ('const a = process.env.A || "x"', DEFAULT),
    ('const a = process.env.A ?? "x"', DEFAULT),
    ('const { A = "x" } = process.env', DEFAULT),
    ("const { A } = process.env\nif (!A) { throw new Error('A') }", REQUIRED),
    ("const { A: local } = process.env\nstart(local)", EMPTY),
    ("const a = process.env.A!", REQUIRED),
    ("if (!process.env.A) throw new Error()", REQUIRED),
    ("if (!process.env.A) process.exit(1)", REQUIRED),
    ("if (process.env.A) start()", OPTIONAL),
    ("const a = process.env.A === 'true'", OPTIONAL),
    ("const a = !!process.env.A", OPTIONAL),
    ("const a = process.env.A ? 1 : 2", OPTIONAL),
    ("const a = process.env.A?.split(',')", OPTIONAL),
    ("const a = process.env.A.split(',')", REQUIRED),
    ("const a = process.env.A && start(process.env.A)", OPTIONAL),
    ("const a = import.meta.env.A", EMPTY),
    ("const a = Deno.env.get('A')", EMPTY),
    ("const a = Bun.env.A ?? 'x'", DEFAULT),
    ("const e = process.env; const a = e.A", EMPTY),
    ("import { env } from 'node:process'; const a = env.A", EMPTY),
    ("import { A } from '$env/static/private'", REQUIRED),
    ("import { env } from '$env/dynamic/private'; const a = env.A", EMPTY),
    ("assert(process.env.A, 'A')", REQUIRED),
    ("for (const name of ['A', 'B']) { if (!process.env[name]) throw new Error(name) }", REQUIRED),
    ("const names = ['A'] as const; names.forEach((n) => { if (!process.env[n]) throw 1 })", REQUIRED),
    ("export const env = z.object({ A: z.string() }).parse(process.env)", REQUIRED),
    ("export const env = z.object({ A: z.string().optional() }).parse(process.env)", DEFAULT),
    ("export const env = cleanEnv(process.env, { A: str() })", REQUIRED),
    ("const url = `https://${process.env.A}/`", EMPTY),
    ("'A' in process.env", OPTIONAL),
    ("process.env.A ||= 'x'", DEFAULT),
    ("const a = process.env.A || process.env.B || (windows ? `${process.env.C}/x` : 'vi')", DEFAULT),
    ("const a = options.a || process.env.A", OPTIONAL),
]


@pytest.mark.parametrize(("source", "need"), JAVASCRIPT)
def test_what_javascript_needs(source: str, need: Need) -> None:
    assert need in [f.need for f in read_javascript("a.ts", source).found if f.name == "A"]


@pytest.mark.parametrize(
    "source",
    ["// process.env.A", "/* process.env.A */", "const a = 'process.env.A'", "const a = `process.env.A`",
     "process.env.A = '1'", "delete process.env.A", "import.meta.env.DEV"],
)  # fmt: skip
def test_what_is_no_reading_in_javascript(source: str) -> None:
    assert read_javascript("a.ts", source).found == []


def test_a_component_is_read_in_its_script_with_its_own_lines() -> None:
    source = "<template>\n  <p>process.env.NO</p>\n</template>\n<script>\nconst a = import.meta.env.VITE_A\n</script>\n"
    facts = read_javascript("a.vue", source)
    assert [(f.name, f.line) for f in facts.found] == [("VITE_A", 5)]
    assert facts.client


def test_jsx_and_tsx_are_read() -> None:
    source = "export const A = () => <a href={process.env.NEXT_PUBLIC_URL}>{`x`}</a>\n"
    for path in ("a.jsx", "a.tsx", "a.js"):
        assert needs(read_javascript(path, source)) == {"NEXT_PUBLIC_URL": EMPTY}


def test_what_a_build_configuration_copies_into_the_pages() -> None:
    next_config = "module.exports = { env: { KEY: process.env.STRIPE_SECRET } }"
    assert [f.name for f in read_javascript("next.config.js", next_config).inlined] == ["STRIPE_SECRET"]
    plugin = "plugins: [new webpack.DefinePlugin({ 'process.env.KEY': JSON.stringify(process.env.KEY) })]"
    assert [f.name for f in read_javascript("webpack.config.js", f"x = {{ {plugin} }}").inlined] == ["KEY"]
    server = "export default { server: { proxy: process.env.PROXY_SECRET } }"
    assert read_javascript("vite.config.ts", server).inlined == []


def test_deeply_nested_javascript_neither_fails_nor_takes_long() -> None:
    assert read_javascript("a.js", "[" * 50_000).trouble
    nested = "(" * 20_000 + "process.env.A" + ")" * 20_000
    assert needs(read_javascript("a.js", nested)) == {"A": EMPTY}


RUBY = [
    ('ENV["A"]', EMPTY),
    ('ENV["A"] || "x"', DEFAULT),
    ('ENV.fetch("A")', REQUIRED),
    ('ENV.fetch("A", "x")', DEFAULT),
    ('ENV.fetch("A", nil)', OPTIONAL),
    ('ENV.fetch("A") { 5 }', DEFAULT),
    ('ENV.fetch("A") { raise "A" }', REQUIRED),
    ('x if ENV["A"].present?', OPTIONAL),
    ('raise "A" unless ENV["A"]', REQUIRED),
    ('raise "A" if ENV["A"].blank?', REQUIRED),
    ('a = ENV["A"] || raise("A")', REQUIRED),
    ('a = ENV["A"] == "1"', OPTIONAL),
    ('a = ENV["A"].split(",")', REQUIRED),
    ('ENV["A"] ||= "x"', DEFAULT),
    ("a = \"#{ENV['A']}/x\"", EMPTY),
    ('ENV.key?("A")', OPTIONAL),
]


@pytest.mark.parametrize(("source", "need"), RUBY)
def test_what_ruby_needs(source: str, need: Need) -> None:
    assert needs(read_ruby("a.rb", source)) == {"A": need}


def test_ruby_in_yaml_is_read_between_its_marks() -> None:
    source = "production:\n  url: <%= ENV['A'] %>\n  pool: <%= ENV.fetch('B') { 5 } %>\n  # ENV['C'] <%# ENV['D'] %>\n"
    facts = read_ruby("config/database.yml", source)
    assert [(f.name, f.line, f.need) for f in facts.found] == [("A", 2, EMPTY), ("B", 3, DEFAULT)]


def test_what_is_no_reading_in_ruby() -> None:
    assert read_ruby("a.rb", "# ENV['A']\ns = 'ENV[\"A\"]'\nENV['A'] = '1'\n").found == []


PHP = [
    ("env('A')", EMPTY),
    ("env('A', 'x')", DEFAULT),
    ("env('A', null)", OPTIONAL),
    ("getenv('A')", EMPTY),
    ("getenv('A') ?: 'x'", DEFAULT),
    ("$_ENV['A'] ?? 'x'", DEFAULT),
    ("$_ENV['A'] ?? throw new E()", REQUIRED),
    ("$_SERVER['A']", EMPTY),
    ("isset($_ENV['A'])", OPTIONAL),
    ("Env::getOrFail('A')", REQUIRED),
]


@pytest.mark.parametrize(("source", "need"), PHP)
def test_what_php_needs(source: str, need: Need) -> None:
    assert needs(read_php("a.php", f"<?php\n$x = {source};\n")) == {"A": need}


def test_what_is_no_reading_in_php() -> None:
    source = "<?php\n// env('A')\n$a = $_SERVER['HTTP_HOST'];\n$b = \"env('B')\";\n$_ENV['C'] = 1;\n"
    assert read_php("a.php", source).found == []


def test_drivers_of_a_fresh_laravel_are_optional_and_the_portals_own_are_not() -> None:
    source = (
        "<?php\nreturn ['key' => env('AWS_ACCESS_KEY_ID'), 'own' => env('PORTAL_API_SECRET'), 'app' => env('APP_KEY')];"
    )
    assert needs(read_php("config/services.php", source)) == {
        "AWS_ACCESS_KEY_ID": OPTIONAL, "PORTAL_API_SECRET": EMPTY, "APP_KEY": EMPTY,
    }  # fmt: skip


GO = [
    ('a := os.Getenv("A"); use(a)', EMPTY),
    ('a := os.Getenv("A")\nif a == "" {\n log.Fatal("A")\n}', REQUIRED),
    ('a := os.Getenv("A")\nif a == "" {\n a = "x"\n}', OPTIONAL),
    ('if a, ok := os.LookupEnv("A"); ok {\n use(a)\n}', OPTIONAL),
    ('a, ok := os.LookupEnv("A")\nif !ok {\n panic("A")\n}', REQUIRED),
    ('if os.Getenv("A") == "" {\n panic("A")\n}', REQUIRED),
]


@pytest.mark.parametrize(("source", "need"), GO)
def test_what_go_needs(source: str, need: Need) -> None:
    assert needs(read_go("a.go", f"package main\n\nfunc main() {{\n{source}\n}}\n")) == {"A": need}


def test_struct_tags_of_go() -> None:
    source = (
        "package main\n\ntype C struct {\n"
        '\tA string `env:"A,required"`\n\tB int `env:"B" envDefault:"3"`\n\tC string `json:"c" env:"C"`\n'
        '\tD string `env:"D, default=4"`\n\tE string `env:"E" env-required:"true"`\n}\n'
    )
    assert needs(read_go("a.go", source)) == {"A": REQUIRED, "B": DEFAULT, "C": OPTIONAL, "D": DEFAULT, "E": REQUIRED}


def test_deployment_files() -> None:
    dockerfile = 'FROM a\nARG TOKEN\nENV HOME_DIR=/x\nCMD serve "$HOME_DIR" "${MODE:-fast}"\n'
    assert needs(read_dockerfile(dockerfile)) == {"TOKEN": OPTIONAL, "MODE": DEFAULT}
    shell = "set -eu\nOWN=1\necho $OWN ${AA:?no AA} ${BB:-x} $CC '$DD' # $EE\n"
    assert needs(read_shell(shell)) == {"AA": REQUIRED, "BB": DEFAULT, "CC": OPTIONAL}
    compose = "services:\n  web:\n    image: a:${TAG:-1}\n    environment:\n      AA: ${AA:?}\n      BB:\n      CC: x\n"
    assert needs(read_compose(compose)) == {"TAG": DEFAULT, "AA": REQUIRED, "BB": OPTIONAL}
    actions = "env:\n  # ${{ secrets.NO }}\n  K: ${{ secrets.KEY }}${{ vars.PLACE }}${{ secrets.GITHUB_TOKEN }}\n"
    assert set(needs(read_actions(actions))) == {"KEY", "PLACE"}
    assert needs(read_prisma('url = env("DATABASE_URL") // env("NO")')) == {"DATABASE_URL": REQUIRED}


def test_knobs_of_a_build_are_no_variables_of_the_portal() -> None:
    dockerfile = (
        "ARG REGISTRY=docker.io\nARG BASE\nFROM $REGISTRY/python:3.13\nARG BASE\nARG REGISTRY\nARG GIT_SHA\nARG UID\n"
        "ARG DATABASE_URL=sqlite:///build-only\nARG NEXT_PUBLIC_API_URL\n"
    )
    assert needs(read_dockerfile(dockerfile)) == {"NEXT_PUBLIC_API_URL": OPTIONAL}
