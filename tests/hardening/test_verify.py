"""What is looked at after a release: pages, login, version and worker; found, right, and everything in between."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from launchready.hardening.verify_patience import address
from launchready.hardening.verify_release import same_version
from launchready.lab.authority import Authority
from launchready.lab.edge_http import Request
from launchready.lab.faults import verify as planted
from launchready.lab.faults.verify import APP, LOGIN, REFUSED, VERSION, WORKER, WWW, login, page, ready, to_home
from launchready.lab.healthy import DOMAIN, HTML, PAGE, SECURITY_HEADERS, healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import Response, Trouble, both, certificate, route, site
from launchready.model import NotChecked, Severity, Status
from launchready.portal import Portal

TROUBLES = [Trouble.SILENT, Trouble.GARBAGE, Trouble.CLOSES, Trouble.ENDLESS_HEADERS, Trouble.GZIP_BOMB]


def pages(*wanted: dict[str, object], **more: object) -> dict[str, object]:
    return planted.settings(pages=list(wanted), within_s=0.4, **more)


def html(body: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, (HTML, *SECURITY_HEADERS, *headers), body)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_page_that_gives_no_proper_answer_is_found_in_time(judge, trouble: Trouble) -> None:
    began = time.monotonic()

    outcome = await judge("verify.pages", route(WWW, "/invoices", Response(trouble=trouble)),
                          **pages({"path": "/invoices", "text": "Invoices"}))  # fmt: skip

    assert outcome.status is Status.FOUND
    assert time.monotonic() - began < 8


async def test_a_host_nobody_listens_at_is_found(judge) -> None:
    outcome = await judge("verify.pages", site(WWW, secure=(), plain=()), **pages({"path": "/"}))

    assert "gives no answer" in outcome.findings[0].problem


async def test_a_name_without_an_address_is_found(judge) -> None:
    outcome = await judge("verify.pages", None, **planted.settings(url=f"https://nowhere.{DOMAIN}/", within_s=0.3))

    assert outcome.status is Status.FOUND


async def test_a_portal_out_of_reach_of_the_network_is_not_checked(judge) -> None:
    outcome = await judge("verify.pages", None, **planted.settings(url="https://192.0.2.77/", within_s=0.3))

    assert outcome.status is Status.NOT_CHECKED


async def test_a_page_behind_the_login_is_told_as_that(judge) -> None:
    change = both(route(WWW, "/files", Response(302, (("Location", f"https://{APP}/"),))))

    outcome = await judge("verify.pages", change, **pages({"path": "/files"}))
    named = await judge("verify.pages", change, **pages({"path": "/files", "text": "Your files"}))
    expected = await judge("verify.pages", change, **pages({"path": "/files", "status": 302}))

    assert f"leads to the login at https://{APP}/" in outcome.not_checked[0].reason
    assert f"leads to the login at https://{APP}/ instead" in named.findings[0].problem
    assert expected.status is Status.PASSED


async def test_a_first_page_that_is_the_login_is_right(judge) -> None:
    outcome = await judge("verify.pages", page("", path="/x"), **pages({"path": "/"}, url=f"https://{APP}/"))

    assert outcome.status is Status.PASSED


async def test_a_circle_of_redirects_is_found(judge) -> None:
    change = both(route(WWW, "/a", Response(302, (("Location", "/b"),))),
                  route(WWW, "/b", Response(302, (("Location", "/a"),))))  # fmt: skip

    outcome = await judge("verify.pages", change, **pages({"path": "/a"}))

    assert "redirects without end" in outcome.findings[0].problem


async def test_an_edge_that_asks_for_a_person_is_not_the_portals_fault(judge) -> None:
    change = route(WWW, "/invoices", html("<h1>Just a moment</h1>", 403, ("cf-mitigated", "challenge")))

    outcome = await judge("verify.pages", change, **pages({"path": "/invoices"}))

    assert outcome.status is Status.NOT_CHECKED
    assert "edge" in outcome.not_checked[0].reason


async def test_text_in_a_script_is_not_what_a_visitor_sees_unless_it_is_the_answer(judge) -> None:
    outcome = await judge(
        "verify.pages", page("<p>Tom &amp; Ada</p>"), **pages({"path": "/invoices", "text": "Tom & Ada"})
    )

    assert outcome.status is Status.PASSED


class Slow:
    """A site that answers wrongly so many times first."""

    def __init__(self, wrong: int, first: Response, then: Response) -> None:
        self.wrong, self.first, self.then, self.asked = wrong, first, then, 0

    def answer(self, asked: Request) -> Response:
        self.asked += 1
        return self.first if self.asked <= self.wrong else self.then


async def judged_at(authority: Authority, handler, check: str, settings: dict[str, object], host: str = WWW):
    """One check where a program answers for a host of the healthy world."""
    from launchready import gate
    from launchready.lab import edge

    async with Lab(healthy_world(), authority=authority) as lab:
        servers = next(one for one in lab._services if isinstance(one, edge.Edge))
        servers.handlers = {**servers.handlers, host: handler}
        look = lab.look(**settings)
        report = await gate.run(look.portal, look, [gate.catalogue()[check]])
    assert not look.crashes, look.crashes[0]
    return report.outcomes[0]


async def test_a_limit_of_requests_alone_says_nothing_of_the_release(authority) -> None:
    limited = Slow(10**6, html("<h1>Too many</h1>", 429), html(PAGE))

    outcome = await judged_at(authority, limited.answer, "verify.pages", planted.settings(within_s=0.5))

    assert outcome.status is Status.NOT_CHECKED
    assert "429" in outcome.not_checked[0].reason


async def test_what_was_seen_before_a_limit_of_requests_counts(authority) -> None:
    broken = Slow(2, html("<h1>Error</h1>", 500), html("<h1>Too many</h1>", 429))

    outcome = await judged_at(authority, broken.answer, "verify.pages", planted.settings(within_s=3.0))

    assert "500" in outcome.findings[0].problem


async def test_a_page_is_looked_at_until_it_is_right_and_not_once_more(authority) -> None:
    slow = Slow(3, html("<h1>Starting</h1>", 503), html(PAGE))

    outcome = await judged_at(authority, slow.answer, "verify.pages", planted.settings(within_s=20.0))

    assert outcome.status is Status.PASSED
    assert slow.asked == 4


async def test_time_that_is_over_ends_it_and_says_how_often_it_was_looked_at(authority) -> None:
    slow = Slow(10_000, html("", 503), html(PAGE))

    outcome = await judged_at(authority, slow.answer, "verify.pages", planted.settings(within_s=1.2))

    assert "looked at 3 times" in outcome.findings[0].evidence
    assert slow.asked == 3


class Account:
    """A login that knows one account, gives out a token once, and counts what is tried."""

    def __init__(self, answer_to_wrong: Response | None = None, after: Response | None = None, broken: int = 0) -> None:
        self.tries: list[dict[str, str]] = []
        self.wrong = answer_to_wrong or html(REFUSED)
        self.after = after
        self.broken = broken

    def answer(self, asked: Request) -> Response:
        from urllib.parse import parse_qsl

        cookies = asked.fields.get("cookie", "")
        if asked.method == "POST":
            sent = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
            self.tries.append(sent)
            if len(self.tries) <= self.broken:
                return html("<h1>Bad gateway</h1>", 502)
            if sent.get("token") != "t0k&n" or "csrf=c" not in cookies or not asked.fields.get("referer"):
                return html("<h1>Forbidden</h1>", 403)
            right = (sent["email"], sent["password"]) == ("ada@x.example", "pass w0rd&")
            return (self.after or to_home(("Set-Cookie", "two=2; Path=/; Secure"))) if right else self.wrong
        if asked.target == "/home":
            inside = "sessionid=" in cookies
            return html("<h1>Log out</h1>") if inside else Response(302, (("Location", "/"),))
        if asked.target == "/code":
            return html('<form method=post><input name="otp" autocomplete="one-time-code"></form>')
        form = LOGIN.replace("<button", f"{TOKEN}<button")
        return html(form, 200, ("Set-Cookie", "csrf=c; Path=/; Secure; HttpOnly"))


TOKEN = '<input type="hidden" name="token" value="t0k&amp;n">'
LOGIN_SETTINGS = planted.settings(
    url=f"https://{APP}/",
    login={"path": "/", "user_env": "VERIFY_USER", "password_env": "VERIFY_PASSWORD", "text": "Log out"},
    within_s=3.0,
)
WITHOUT_TEXT = planted.settings(
    url=f"https://{APP}/",
    login={"path": "/", "user_env": "VERIFY_USER", "password_env": "VERIFY_PASSWORD"},
    within_s=1.0,
)


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("VERIFY_USER", "ada@x.example")
    monkeypatch.setenv("VERIFY_PASSWORD", "pass w0rd&")


async def log_in(authority, account: Account, settings=LOGIN_SETTINGS):
    return await judged_at(authority, account.answer, "verify.login", settings, APP)


@pytest.mark.parametrize("settings", [LOGIN_SETTINGS, WITHOUT_TEXT])
async def test_a_login_with_token_and_cookies_works(authority, account, settings) -> None:
    who = Account()

    outcome = await log_in(authority, who, settings)

    assert outcome.status is Status.PASSED, outcome
    assert who.tries == [{"token": "t0k&n", "email": "ada@x.example", "password": "pass w0rd&"}]


async def test_a_wrong_password_is_tried_once_and_told_as_that(authority, account, monkeypatch) -> None:
    monkeypatch.setenv("VERIFY_PASSWORD", "hunter2")
    who = Account()

    outcome = await log_in(authority, who)

    assert "VERIFY_USER is refused" in outcome.findings[0].problem
    assert len(who.tries) == 1
    assert "hunter2" not in repr(outcome)
    assert "ada@x.example" not in repr(outcome)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (html("<h1>Server Error</h1>", 500), "ends with an error: 500"),
        (Response(302, (("Location", "/"),)), "leads back to the login"),
        (Response(302, (("Location", "/home"),)), "leads back to the login"),  # without the cookie
        (html("<h1>Forbidden</h1>", 403), "refused as such (403)"),
        (html("<h1>Page Expired</h1>", 419), "refused as such (419)"),
        (html("<h1>Somewhere</h1>"), "does not show 'Log out'"),
        (html("<h1>Gone</h1>", 404), "answers 404"),
        (Response(trouble=Trouble.CLOSES), "no answer came"),
    ],
)
async def test_a_login_that_ends_badly_is_told_apart(authority, account, after: Response, says: str) -> None:
    outcome = await log_in(authority, Account(after=after))

    assert says in outcome.findings[0].problem
    assert outcome.findings[0].severity is Severity.BLOCKER


async def test_redirects_without_end_after_a_login_are_told(authority, account) -> None:
    class Circle(Account):
        def answer(self, asked: Request) -> Response:
            if asked.target in ("/a", "/b"):
                return Response(302, (("Location", "/b" if asked.target == "/a" else "/a"),))
            return super().answer(asked)

    outcome = await log_in(authority, Circle(after=Response(302, (("Location", "/a"),))))

    assert "redirects without end" in outcome.findings[0].problem


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (Response(302, (("Location", "/code"),)), "second factor"),
        (html("<h1>Too many</h1>", 429), "limits attempts"),
        (Response(307, (("Location", f"https://{WWW}/in"),)), "another host"),
    ],
)
async def test_what_a_login_cannot_be_judged_by_is_not_checked_or_found(authority, account, after, says) -> None:
    outcome = await log_in(authority, Account(after=after))

    assert says in repr(outcome.not_checked or outcome.findings)


async def test_a_portal_that_is_still_starting_when_the_form_is_sent_gets_a_second_chance(authority, account) -> None:
    who = Account(broken=1)

    outcome = await log_in(authority, who)

    assert outcome.status is Status.PASSED
    assert len(who.tries) == 2


async def test_a_refused_account_is_not_tried_again_while_time_is_left(authority, account, monkeypatch) -> None:
    monkeypatch.setenv("VERIFY_PASSWORD", "hunter2")
    who = Account(answer_to_wrong=html("<h1>Unauthorized</h1>", 401))

    outcome = await log_in(authority, who)

    assert outcome.status is Status.FOUND
    assert len(who.tries) == 1


async def test_no_account_here_is_not_checked_and_names_the_variables(judge, monkeypatch) -> None:
    monkeypatch.delenv("VERIFY_USER", raising=False)
    monkeypatch.delenv("VERIFY_PASSWORD", raising=False)

    outcome = await judge("verify.login", login(to_home()), **LOGIN_SETTINGS)

    assert "VERIFY_USER and VERIFY_PASSWORD are not set" in outcome.not_checked[0].reason


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (certificate(APP, until_days=-1), "no password is sent"),
        (page("<h1>Portal</h1><script src='/static/app.js'></script>", host=APP, path="/"), "scripts draw it"),
        (
            page(LOGIN.replace('action="/login"', 'action="https://id.example/in"'), host=APP, path="/"),
            "kept for the portal",
        ),
    ],
)
async def test_a_password_goes_nowhere_it_should_not(judge, account, change, says: str) -> None:
    outcome = await judge("verify.login", change, **WITHOUT_TEXT)

    assert [type(row) for row in outcome.not_checked] == [NotChecked]
    assert says in outcome.not_checked[0].reason


async def test_a_form_that_puts_the_password_into_the_address_is_found_and_not_sent(judge, account) -> None:
    change = page(LOGIN.replace('method="post"', 'method="get"'), host=APP, path="/")

    outcome = await judge("verify.login", change, **WITHOUT_TEXT)

    assert "into the address" in outcome.findings[0].problem


@pytest.mark.parametrize("change", [page("<h1>Hello</h1>", host=APP, path="/"), page("", 503, host=APP, path="/")])
async def test_a_login_page_that_is_none_is_found(judge, account, change) -> None:
    assert (await judge("verify.login", change, **WITHOUT_TEXT)).status is Status.FOUND


async def test_a_login_over_plain_http_is_not_tried(judge, account) -> None:
    settings = planted.settings(
        url=f"http://{APP}/", login={"path": "/", "user_env": "VERIFY_USER", "password_env": "VERIFY_PASSWORD"}
    )

    outcome = await judge("verify.login", None, **settings)

    assert "without encryption" in outcome.not_checked[0].reason


@pytest.mark.parametrize(
    ("served", "released", "same"),
    [
        ("1.4.0", "v1.4.0", True),
        ("1f2e3d4", "1f2e3d4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e", True),
        ("v1.4.0-3-g1f2e3d4", "1f2e3d4a5b", True),
        ("1F2E3D4", "1f2e3d4", True),
        ("v1.4.0-3-g1f2e3d4-dirty", "v1.4.0-3-g1f2e3d4", True),
        ("1.4.0", "1.4.1", False),
        ("1.4", "1.4.0", False),
        ("1f2e3d", "1f2e3d4", False),
        ("1f2e3d4", "1f2e3d5", False),
        ("", "", False),
    ],
)
def test_which_names_are_of_one_version(served: str, released: str, same: bool) -> None:
    assert same_version(served, released) is same
    assert same_version(released, served) is same


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ('{"status": "ready"}', "version is missing"),
        ("<h1>Not found</h1>", "version is missing"),
        ('{"version": {"major": 1}}', "version is missing"),
        ('{"version": ""}', "version is missing"),
        ("[" * 100_000, "version is missing"),
        ('{"version": "v1.3.9"}', "'v1.4.0' was released"),
    ],
)
async def test_a_version_that_is_missing_or_another_is_found(judge, answer: str, says: str) -> None:
    assert says in (await judge("verify.version", ready(answer), **VERSION)).findings[0].problem


async def test_a_readiness_page_that_is_not_ready_still_says_its_version(judge) -> None:
    outcome = await judge("verify.version", ready('{"version": "v1.4.0"}', 503), **VERSION)

    assert outcome.status is Status.PASSED


async def test_a_version_in_a_header(judge) -> None:
    settings = planted.settings(version={"path": "/", "header": "X-Version"}, release="1f2e3d4")
    change = route(WWW, "/", html(PAGE, 200, ("X-Version", "1f2e3d4a")))

    assert (await judge("verify.version", change, **settings)).status is Status.PASSED


async def test_without_anybody_who_says_what_was_released_the_version_is_not_checked(judge) -> None:
    settings = planted.settings(url=f"https://{APP}/", version={"path": "/readyz", "json_path": "version"})

    outcome = await judge("verify.version", ready('{"version": "v1"}'), **settings)

    assert "--release" in outcome.not_checked[0].unlock


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("check", "settings"), [("verify.version", VERSION), ("verify.worker", WORKER)])
async def test_a_page_that_gives_no_proper_answer_says_nothing(judge, check, settings, trouble) -> None:
    outcome = await judge(check, route(APP, "/readyz", Response(trouble=trouble)), **settings)

    assert outcome.status is Status.FOUND


def at(ago_s: float) -> float:
    return datetime.now(UTC).timestamp() - ago_s


@pytest.mark.parametrize(
    ("worker", "right"),
    [
        ("true", True), ('"ok"', True), ('"OK"', True), ("{epoch}", True), ('"2999-01-01T00:00:00Z"', False),
        ("false", False), ("null", False), ('"dead"', False), ("0", False), ("[]", False), ("1e400", False),
        ('"2026-01-01T00:00:00"', False),
    ],
)  # fmt: skip
async def test_what_a_portal_says_of_its_worker(judge, worker: str, right: bool) -> None:
    answer = '{"worker": %s}' % worker.replace("{epoch}", str(at(5)))  # noqa: UP031

    outcome = await judge("verify.worker", ready(answer), **WORKER)

    assert outcome.status is (Status.PASSED if right else Status.FOUND)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("true", Status.PASSED),
        ("echo password=hunter2 >&2; exit 3", Status.FOUND),
        ("no-such-program-here", Status.NOT_CHECKED),
    ],
)
async def test_a_command_says_whether_the_worker_lives(judge, command: str, status: Status) -> None:
    outcome = await judge("verify.worker", None, **planted.settings(worker={"command": command}, within_s=0.2))

    assert outcome.status is status
    assert "hunter2" not in repr(outcome)


async def test_a_command_that_never_ends_is_ended(judge, monkeypatch, tmp_path) -> None:
    from launchready.hardening import verify_release

    monkeypatch.setattr(verify_release, "COMMAND_S", 0.5)
    mark = tmp_path / "pid"
    settings = planted.settings(worker={"command": f"echo $$ > {mark}; sleep 60"}, within_s=0.2)

    outcome = await judge("verify.worker", None, **settings)

    assert "took more than" in outcome.findings[0].problem
    await asyncio.sleep(0.1)
    assert not _lives(int(mark.read_text()))


@pytest.mark.parametrize("check", ["verify.login", "verify.version", "verify.worker"])
async def test_what_is_not_described_is_not_checked(judge, check: str) -> None:
    outcome = await judge(check, None, **planted.settings())

    assert outcome.status is Status.NOT_CHECKED
    assert "[verify" in outcome.not_checked[0].unlock


@pytest.mark.parametrize(
    ("settings", "path", "leads_to"),
    [
        ({}, "/", "https://brightside.example/"),
        ({"canonical": "https://www.brightside.example/"}, "/a?b=c", "https://www.brightside.example/a?b=c"),
        ({"verify": {"url": "https://x.example/portal"}}, "/in", "https://x.example/portal/in"),
        ({"verify": {"url": "x.example"}}, "in", "https://x.example/in"),
        ({}, "https://other.example/x", "https://other.example/x"),
    ],
)
def test_where_a_path_is(settings, path: str, leads_to: str) -> None:
    assert address(Portal.model_validate({"domain": DOMAIN, **settings}), path) == leads_to


def _lives(pid: int) -> bool:
    import os

    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
