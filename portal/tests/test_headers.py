"""What browsers and caches are told, and Django's own deployment check."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from tests.addresses import all_addresses
from tests.world import logged_in

PORTAL = Path(__file__).parent.parent


@pytest.mark.parametrize("path", ["/", "/account/login/", "/nowhere", "/invoices/", "/api/v1/invoices", "/healthz"])
def test_every_answer_carries_the_headers(world, path):
    answer = logged_in(world.owner).get(path, follow=True)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


def test_pages_have_no_inline_script_style_or_foreign_address(world):
    browser = logged_in(world.owner)
    for address in all_addresses():
        answer = browser.get(address.of(world.ours))
        if "html" not in answer.headers.get("Content-Type", ""):
            continue
        page = answer.content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page), address
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", page), address


def test_cookies_are_kept_from_scripts_and_other_sites(client, world):
    client.post("/account/login/", {"username": world.owner.email, "password": "a long password of the tests"})
    for name in ("session", "csrf"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


@pytest.mark.parametrize(
    "address",
    [address for address in all_addresses() if "login" not in address.name],
    ids=lambda address: address.name or address.pattern,
)
def test_no_form_is_taken_without_its_token(world, address):
    browser = logged_in(world.owner, enforce_csrf_checks=True)
    assert browser.post(address.of(world.ours)).status_code in (403, 405)


def test_the_login_form_needs_its_token_too(db):
    sent = {"username": "a@b.example", "password": "x"}
    answer = Client(enforce_csrf_checks=True).post("/account/login/", sent)
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


@pytest.fixture
def https():
    """The portal under an environment of production, asked in a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "y8#kPq2!vXw9_zRt4uLm6@nBc1$dEf3gHj5^aSo7iKlTyUeWqM",
        "PORTAL_URL": "https://portal.studio.example",
        "DATABASE_URL": "sqlite:///var/tests-https.sqlite3",
        "EMAIL_URL": "console:",
        "DEFAULT_FROM_EMAIL": "portal@studio.example",
        "TRUSTED_PROXIES": "1",
        "DEBUG": "false",
    }

    def run(*command):
        return subprocess.run(
            [sys.executable, *command], cwd=PORTAL, env=environment, capture_output=True, text=True, timeout=120
        )

    return run


def test_djangos_deployment_check_is_content(https):
    done = https("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stdout + done.stderr


def test_over_https_cookies_are_bound_to_the_host_and_hsts_is_sent(https):
    done = https(
        "-c",
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal_site.settings'\n"
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "settings.STORAGES['staticfiles'] = {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}\n"
        "from django.test import Client\n"
        "host = {'Host': 'portal.studio.example'}\n"
        "plain = Client().get('/account/login/', headers=host)\n"
        "print(plain.status_code, plain.headers['Location'])\n"
        "answer = Client().get('/account/login/', headers=host | {'X-Forwarded-Proto': 'https'})\n"
        "print(answer.status_code, answer.headers['Strict-Transport-Security'])\n"
        "print(answer.cookies.output())\n"
        "print(Client().get('/healthz', headers=host).status_code)\n",
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert lines[0] == "301 https://portal.studio.example/account/login/", done.stderr
    assert lines[1] == "200 max-age=31536000"
    assert "__Host-csrf=" in lines[2]
    assert re.search(r"Path=/; .*Secure", lines[2])
    assert lines[3] == "200"


def test_static_files_are_hashed_immutable_and_compressed(tmp_path, settings, db):
    backend = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    with override_settings(
        STATIC_ROOT=tmp_path,
        STORAGES=settings.STORAGES | {"staticfiles": backend},
        WHITENOISE_AUTOREFRESH=False,
        WHITENOISE_USE_FINDERS=False,
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        browser = Client()
        page = browser.get("/account/login/").content.decode()
        links = re.findall(r"/static/[\w./-]+\.(?:css|js|svg)", page)
        assert len(set(links)) >= 4
        for link in links:
            assert re.search(r"\.[0-9a-f]{12}\.", link)
            answer = browser.get(link, headers={"Accept-Encoding": "gzip"})
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert "max-age=315360000" in answer.headers["Cache-Control"]
        style = next(link for link in links if link.endswith(".css"))
        assert browser.get(style, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"


def test_pages_are_compressed_and_downloads_are_not(world):
    browser = logged_in(world.ours.client)
    accept = {"Accept-Encoding": "gzip"}
    assert browser.get("/invoices/", headers=accept).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in browser.get(f"/files/{world.ours.file.pk}/", headers=accept).headers


@pytest.mark.parametrize("path", ["/admin/", "/.env", "/.git/config", "/debug/", "/static/../portal_site/settings.py"])
def test_there_is_nothing_at_the_usual_addresses(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()
    assert "urlconf" not in answer.content.decode().lower()
