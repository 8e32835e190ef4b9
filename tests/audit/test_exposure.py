"""What should not be public is found by what it holds; soft 404s, SPAs and articles about it are not it."""

from __future__ import annotations

import time

import pytest

from launchready.audit import exposure_evidence as evidence
from launchready.audit.exposure import alike
from launchready.audit.exposure_paths import SIGNS
from launchready.audit.exposure_traces import TRACES
from launchready.lab import exposure_bodies as bodies
from launchready.lab.faults.exposure import (
    BLOG,
    EVERYTHING_IS_JSON,
    EVERYTHING_IS_TEXT,
    JSON,
    SOFT_404,
    SPA,
    serves,
    unknown,
    zipped,
)
from launchready.lab.faults.pages import API, APP, STAGING, WWW
from launchready.lab.healthy import DOMAIN, HTML, PAGE, SECURITY_HEADERS
from launchready.lab.world import Response, Route, Trouble, both, route, site
from launchready.model import Severity, Status
from launchready.probes.http import Page

CHECKS = sorted({sign.check for sign in SIGNS} | {trace.check for trace in TRACES})


def test_at_most_forty_paths_are_asked_for_on_a_host() -> None:
    assert len({path for sign in SIGNS for path in sign.paths if path != "/"}) <= 40


@pytest.mark.parametrize("check", CHECKS)
async def test_the_healthy_domain_passes(judge, check: str) -> None:
    assert (await judge(check)).status is Status.PASSED


@pytest.mark.parametrize("check", CHECKS)
async def test_hosts_that_answer_200_for_everything_raise_nothing(judge, check: str) -> None:
    change = both(SOFT_404, SPA, EVERYTHING_IS_JSON, EVERYTHING_IS_TEXT, BLOG)

    assert (await judge(check, change)).status is Status.PASSED


async def test_a_host_that_answers_the_same_settings_for_everything_raises_nothing(judge) -> None:
    assert (await judge("exposure.secrets", unknown(API, 200, bodies.DOTENV))).findings == ()


async def test_a_file_behind_a_soft_404_is_found(judge) -> None:
    (finding,) = (await judge("exposure.secrets", both(SOFT_404, serves(WWW, "/.env", bodies.DOTENV)))).findings

    assert (finding.subject, finding.severity) == (WWW, Severity.BLOCKER)


async def test_secrets_are_never_quoted(judge) -> None:
    change = both(
        serves(APP, "/.env", bodies.DOTENV),
        serves(API, "/.aws/credentials", bodies.AWS),
        serves(WWW, "/.git/config", bodies.GIT_CONFIG),
        serves(WWW, "/wp-config.php.bak", bodies.WP_CONFIG),
    )
    seen = ""
    for check in ("exposure.secrets", "exposure.repository", "exposure.backups"):
        seen += repr((await judge(check, change)).findings)

    secret = ("correct-horse", "battery", "c2l4dGVlbi", "AKIAEXAMPLE", "made/up/", "glpat", "made-up-for-the-lab")
    assert [word for word in secret if word in seen] == []
    assert "DATABASE_URL=…(" in seen
    assert "git.mailer.example/brightside/portal.git" in seen


async def test_one_folder_behind_two_hosts_is_one_finding(judge) -> None:
    (finding,) = (
        await judge("exposure.secrets", both(*(serves(h, "/.env", bodies.DOTENV) for h in (WWW, APP))))
    ).findings

    assert finding.subject == WWW
    assert f"the same on {APP}" in finding.evidence


async def test_head_and_config_of_one_repository_are_one_finding(judge) -> None:
    change = both(serves(WWW, "/.git/HEAD", "ref: refs/heads/main\n"), serves(WWW, "/.git/config", bodies.GIT_CONFIG))

    assert [f.key for f in (await judge("exposure.repository", change)).findings] == ["git"]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_a_file_that_is_refused_is_not_exposed(judge, status: int) -> None:
    assert (await judge("exposure.secrets", serves(APP, "/.env", bodies.DOTENV, status=status))).findings == ()


async def test_a_debug_page_that_shows_a_trace_is_one_finding(judge) -> None:
    change = unknown(APP, 500, bodies.WERKZEUG_DEBUGGER)

    (finding,) = (await judge("exposure.debug", change)).findings

    assert finding.severity is Severity.BLOCKER
    assert (await judge("exposure.traces", change)).findings == ()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (bodies.EXPRESS_404, "Node.js"),
        (bodies.TOMCAT_500, "Java"),
        ('<pre>Traceback (most recent call last):\n  File "/srv/app.py", line 3, in run\nKeyError</pre>', "Python"),
        ("goroutine 1 [running]:\nmain.main()", "Go"),
        ("app/models/a.rb:3:in `x'\nlib/b.rb:9:in `y'\n", "Ruby"),
        ("   at Portal.Web.Show(Int32 id) in C:\\src\\Show.cs:line 12", ".NET"),
        ("SQLSTATE[42S02]: Base table or view not found: select * from clients", "database"),
        ("<br />\n<b>Fatal error</b>: Uncaught Error in <b>/var/www/a.php</b> on line <b>3</b>", "PHP"),
    ],
)
async def test_traces_of_every_language_are_found_in_errors(judge, body: str, says: str) -> None:
    (finding,) = (await judge("exposure.traces", unknown(APP, 500, body))).findings

    assert says in finding.problem


async def test_a_trace_at_a_path_that_breaks_the_program_is_found(judge) -> None:
    trace = 'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in media\nFileNotFoundError'

    (finding,) = (await judge("exposure.traces", route(APP, "/media/", Response(500, (HTML,), trace)))).findings
    assert "/media/" in finding.evidence
    assert (await judge("exposure.traces", route(APP, "/media/", Response(404, (HTML,), trace)))).findings == ()


async def test_an_open_admin_is_a_blocker_and_its_sign_in_page_is_not(judge) -> None:
    (found,) = (await judge("exposure.admin", serves(APP, "/admin/", bodies.DJANGO_ADMIN, HTML))).findings
    sign_in = '<title>Log in | Django site admin</title><form id="login-form">'
    (seen,) = (await judge("exposure.admin", serves(APP, "/admin/", sign_in, HTML))).findings

    assert (found.severity, seen.severity) == (Severity.BLOCKER, Severity.NICE)


async def test_a_host_that_leads_everything_elsewhere_is_asked_once(audit) -> None:
    report = await audit(checks=["exposure.secrets"])

    assert any(row.subject == DOMAIN and "leads everything" in row.detail for row in report.outcomes[0].passed)


async def test_a_host_that_asks_for_a_password_passes(judge) -> None:
    change = site(STAGING, secure=(Route("*", Response(401, (("WWW-Authenticate", "Basic"),))),))

    outcome = await judge("exposure.secrets", change)

    assert any(row.subject == STAGING and "401" in row.detail for row in outcome.passed)


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_a_firewall_that_turns_everything_away_is_not_checked(judge, status: int) -> None:
    outcome = await judge("exposure.secrets", site(APP, secure=(Route("*", Response(status, (HTML,), "no")),)))

    assert [(row.subject, str(status) in row.reason) for row in outcome.not_checked] == [(APP, True)]


async def test_a_limit_met_half_way_is_not_checked_only_where_it_was_met(judge) -> None:
    change = route(APP, "/.env.local", Response(429, (HTML,), "slow down"))

    assert "429" in (await judge("exposure.secrets", change)).not_checked[0].reason
    assert (await judge("exposure.backups", change)).status is Status.PASSED


async def test_one_path_that_never_answers_is_not_checked_and_the_others_are(judge) -> None:
    change = both(route(APP, "/.env.bak", Response(trouble=Trouble.SILENT)), serves(APP, "/.env", bodies.DOTENV))

    outcome = await judge("exposure.secrets", change)

    assert [f.subject for f in outcome.findings] == [APP]
    assert "/.env.bak" in outcome.not_checked[0].reason


@pytest.mark.parametrize("trouble", [Trouble.SILENT, Trouble.CLOSES, Trouble.GARBAGE, Trouble.TLS_GARBAGE])
async def test_a_host_in_trouble_is_not_checked(judge, trouble: Trouble) -> None:
    outcome = await judge("exposure.backups", site(WWW, trouble=trouble))

    assert [row.subject for row in outcome.not_checked] == [WWW]


async def test_a_huge_backup_is_found_by_its_beginning(judge) -> None:
    body = zipped("a.php") + b"\x00" * 400_000

    (finding,) = (await judge("exposure.backups", serves(WWW, "/backup.zip", body))).findings

    assert "bytes+" in finding.evidence


def answer(body: bytes, status: int = 200) -> Page:
    return Page("https://x.example/x", status, (), body)


def sign_of(path: str) -> object:
    return next(sign for sign in SIGNS if path in sign.paths)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/.env", b"# only a comment\n"),
        ("/.env", b"<!doctype html>\nA=1\n"),
        ("/.env", b"Not found: A=1"),
        ("/.env", b'{"A":1}'),
        ("/.env", b""),
        ("/.git/HEAD", b"ref: refs/heads/main is where you look for ...\nmore words"),
        ("/.git/HEAD", b"main"),
        ("/.git/config", b"Use [core] in your config"),
        ("/.hg/requires", b"store of ours\n"),
        ("/backup.zip", b"PK"),
        ("/backup.zip", b"<html>PK\x03\x04"),
        ("/db.sql", b"SELECT 1"),
        ("/db.sql", b"<!-- x --><html>-- dump CREATE TABLE"),
        ("/db.sqlite3", b"SQLite"),
        ("/actuator", b'{"status":"UP"}'),
        ("/actuator", b'<p>{"_links":{"self":1}}'),
        ("/metrics", b"# Metrics\n\nWhat we measure"),
        ("/console", b"<title>Console</title>"),
        ("/phpmyadmin/", b"<title>How to secure phpMyAdmin</title>"),
        ("/uploads/", b"<h1>Index of topics</h1>"),
        ("/.aws/credentials", b"aws_access_key_id"),
    ],
)
def test_what_only_resembles_a_sign_is_not_it(path: str, body: bytes) -> None:
    assert not sign_of(path).met(answer(body))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/.env", b"\xef\xbb\xbf# c\r\n\r\nAPP_KEY = x\r\n"),
        ("/.env", b"export A_B='x y'"),
        ("/.git/HEAD", b"0123456789abcdef0123456789abcdef01234567\n"),
        ("/.hg/requires", b"dotencode\nfncache\ngeneraldelta\nrevlogv1\nsparserevlog\nstore\n"),
        ("/backup.tar.gz", b"\x1f\x8b\x08\x00\x00"),
        ("/backup.tar.gz", b"site/".ljust(257, b"\0") + b"ustar\x0000"),
        ("/db.sql", b"/*!40101 SET NAMES utf8 */;\nINSERT INTO `a` VALUES (1);"),
        ("/dump.sql", b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (b);"),
        ("/uploads/", b'<title>www - /uploads/</title><A HREF="/">[To Parent Directory]</A>'),
        ("/uploads/", b"<title>Directory listing for /uploads/</title>"),
        ("/uploads/", b"<title>Index of ./</title>"),  # Django's static.serve at its root
        ("/telescope", bodies.TELESCOPE.encode()),
        ("/_profiler/", b"<html><title>Symfony Profiler</title>"),
        ("/debug/pprof/", b"<html><head><title>/debug/pprof/</title></head>Types of profiles available:"),
        ("/sidekiq", b"<title>[42] Sidekiq</title><a>Retries</a>"),
        ("/wp-login.php", b'<form name="loginform" id="loginform"><input name="wp-submit">'),
    ],
)
def test_the_real_thing_is_recognised_however_it_is_written(path: str, body: bytes) -> None:
    assert sign_of(path).met(answer(body))


@pytest.mark.parametrize(
    "piece",
    [
        b"<title>Site administration</title>",
        b"at a.b(c.java:1) ",
        b"\n",
        b"a.b.",
        b"<br>at /",
        b'{"_links":{"self"',
        b'File "',
        b"# HELP a ",
        b"A=1\n",
        b"<b>Warning</b>: ",
        b"[HttpException",
    ],
)
def test_every_pattern_is_quick_on_any_body(piece: bytes) -> None:
    page, began = answer((piece * 65536)[:65536], 500), time.process_time()

    for pattern in [p for s in SIGNS for p in (s.body, s.beside) if p] + [t.body for t in TRACES]:
        pattern.search(page.body)

    assert time.process_time() - began < 1.5


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        (bodies.actuator("health", "info"), None),
        (bodies.actuator("health", "loggers"), Severity.HIGH),
        (bodies.actuator("env"), Severity.BLOCKER),
        (bodies.actuator_env("******"), Severity.HIGH),
        (bodies.actuator_env("hunter2"), Severity.BLOCKER),
        ('{"_links":{"self":' + "[" * 5000, None),
    ],
)
def test_an_actuator_is_weighed_by_what_it_offers(body: str, severity: Severity | None) -> None:
    assert evidence.spring_endpoints.severity(body.encode()) is severity


def test_an_archive_of_pictures_and_papers_is_a_press_kit() -> None:
    assert evidence.archive_of.harmless(zipped("kit/", "kit/logo.svg", "kit/brand.PDF"))
    assert not evidence.archive_of.harmless(zipped("kit/logo.svg", "kit/.env"))
    assert not evidence.archive_of.harmless(b"\x1f\x8b\x08")


def test_pages_that_differ_in_a_token_are_alike() -> None:
    page = PAGE.encode()
    lines = b"\n".join(b"<p>line %d</p>" % i for i in range(20))

    assert alike(answer(page), answer(page))
    assert alike(answer(lines + b"\n<i>/a</i>"), answer(lines + b"\n<i>/b</i>"))
    assert not alike(answer(lines), answer(lines, 404))
    assert not alike(answer(b"A=1"), answer(page))


async def test_findings_keep_their_headers_and_json_of_an_api_is_read(judge) -> None:
    change = route(API, "/actuator/env", Response(200, (JSON, *SECURITY_HEADERS), bodies.actuator_env("x")))

    (finding,) = (await judge("exposure.debug", change)).findings

    assert (finding.subject, finding.severity) == (API, Severity.BLOCKER)
