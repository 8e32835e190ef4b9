"""Every planted credential is found at its line; the same files with placeholders raise nothing."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from launchready.audit.secrets.engine import engine
from launchready.audit.secrets.judgement import Credential, credentials


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


corpus = _beside("corpus")
corpus.FILES.update(_beside("corpus_more").FILES)


def read(path: str, text: str | bytes) -> list[Credential]:
    data = text.encode() if isinstance(text, str) else text
    return credentials(path, data, engine().scan(path, data))


@pytest.mark.parametrize("seed", range(6))
def test_every_planted_line_is_found_and_no_other(seed: int) -> None:
    files, lines = corpus.planted(seed)
    found = {(path, one.line) for path, text in files.items() for one in read(path, text)}

    assert found == lines


@pytest.mark.parametrize(
    "word",
    ["changeme", "${SECRET}", "<your-password>", "your_api_key_here", "xxxxxxxxxxxxxxxx", "", "********",
     "{{ secret }}",
     "example", "$SECRET", "password", "os.environ", "REPLACE_ME", "todo", "null", "dummy-value", "test",
     "not-a-real-secret", "__SECRET__", "%SECRET%", "<%= ENV['X'] %>", "secret123", "insert-token-here", "...."],
)  # fmt: skip
def test_a_placeholder_is_no_secret(word: str) -> None:
    false = [(path, one.line) for path, text in corpus.placeholders(word).items() for one in read(path, text)]

    assert false == []


def test_no_value_is_in_what_is_said() -> None:
    files, _ = corpus.planted(3)
    for path, text in files.items():
        for one in read(path, text):
            said = repr((one.path, one.line, one.kind, one.service, one.name, one.evidence))
            strings = {
                m for m in re.findall(r"[^\s\"'<>=:,;]{9,}", text.split("\n")[one.line - 1]) if re.search(r"\d", m)
            }
            for secret in strings - {one.name, one.path}:
                assert secret not in said or secret in one.name, (path, one.line)


@pytest.mark.parametrize(
    "path",
    ["tests/fixtures/settings.py", "spec/config/database.yml", "docs/deploy.md", "examples/.env", "src/__tests__/a.js",
     "package-lock.json", "yarn.lock", "static/jquery.min.js", "vendor/lib/config.php", "node_modules/x/.env",
     ".env.example", "config/settings.py.dist", "app/test_settings.py", "README.md", "pkg/auth_test.go"],
)  # fmt: skip
def test_tests_examples_libraries_and_lock_files_are_silent(path: str) -> None:
    files, _ = corpus.planted(1)
    for name in ("web/.env", "portal/settings.py", "config/database.yml", "public/config.php"):
        text = re.sub(r"(?m)^.*(?:AKIA|sk_live_).*$", "", files[name])
        assert read(path, text) == []


def test_a_live_key_in_a_test_is_still_a_live_key() -> None:
    key = "sk_" + "live_" + "9bh9ei0ibdpp4kg2la0mceig"

    assert [one.service for one in read("tests/test_pay.py", f'KEY = "{key}"\n')] == ["stripe"]


CODE = """\
const password = document.getElementById("password").value;
const form = { password: "Password must be at least 12 characters", token: "csrf-token" };
password_field = "user_password"
secretName: "portal-database-credentials"
token_url = "https://login.brightside.co/oauth/token"
api_key_header = "X-Api-Key"
const key = `${prefix}:${token}`;
if (token == "Bearer") {}
public static final String PASSWORD_RESET = "password.reset.template";
auth_token: AuthToken = AuthToken.from_string(raw)
password = hashlib.sha256(b"x").hexdigest()
assert secret != "unexpected secret value"
integrity="sha512-HLxMCdfXDOJirs3vBZl/ZLoY+c7PfM4Ahr2Ad4YXh6d22T5ltbTXFFkpx9Tgb2vvmWFMbIc3LqN2ToNkZJvyYQ=="
"token_type": "bearer-token-type-v2"
"""


@pytest.mark.parametrize("path", ["src/app.js", "src/app.py", "src/App.java", "lib/app.rb", "src/app.php", "main.go"])
def test_code_that_only_speaks_of_passwords_is_silent(path: str) -> None:
    assert read(path, CODE) == []


def test_what_is_allowed_beside_it_carries_its_reason() -> None:
    value = "vT4kq9Lm2xRz7Pw1"
    (same,) = read("a.py", f'password = "{value}"  # launchready:allow because the sandbox resets every night\n')
    (above,) = read("a.py", f'# launchready: allow a public demo account\npassword = "{value}"\n')
    (none,) = read("a.py", f'password = "{value}"  # launchready:allow\n')

    assert (same.allowed, above.allowed, none.allowed) == (
        "because the sandbox resets every night", "a public demo account", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 5000, b"\xff\xfe" + "password = x".encode("utf-16-le"), b"\x80\x81\x82password='", b"{" * 100_000,
     b"- " * 50_000, b"<a " * 50_000, b"a: &a [*a, *a]\n" * 1000, b"password='" + b"\\" * 200_000,
     b"INSERT INTO users VALUES (" + b"(" * 100_000, b'"' * 100_000, b"x" * 3_000_000, b"://:@" * 40_000,
     b"password = " * 20_000, b"a:b@" * 50_000, b"mysql -px " * 40_000, b'"""\npassword = "Ab3kd9fk2l"\n' * 12_000,
     b"-----BEGIN RSA PRIVATE KEY-----" * 10_000, b'{"password":"Ab3kd9fk2l",' * 15_000],
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "a.json",
        "a.yml",
        "a.xml",
        "dump.sql",
        "config.php",
        ".netrc",
        "key.txt",
        "a.py",
        "a.csv",
        "fstab",
        "main.tf",
        "hosts",
        "ipsec.secrets",
        "a.txt",
    ],
)
def test_junk_is_read_without_a_fall_and_in_time(path: str, data: bytes) -> None:
    import time

    began = time.process_time()
    read(path, data)

    assert time.process_time() - began < 5


def test_a_token_that_is_used_as_a_name_is_not_said() -> None:
    key = "sk_" + "live_" + "7bh9ei0ibdpp4kg2la0mceig"
    for path, text in (
        ("tokens.json", f'{{"tokens": {{"{key}_token": "vT4kq9Lm2xRz7Pw1vT4kq9"}}}}'),
        (".netrc", "machine vT4kq9Lm2xRz7Pw1 login x password vT4kq9Lm2xRz7Pw2\n"),
    ):
        found = read(path, text)
        assert found
        for one in found:
            assert key not in one.evidence + one.name
            assert "vT4kq9Lm2xRz7Pw" not in one.evidence + one.name


def test_the_sources_of_accounts_are_no_passwords() -> None:
    assert read("etc/nsswitch.conf", "passwd:         files\nshadow:         files\n") == []
