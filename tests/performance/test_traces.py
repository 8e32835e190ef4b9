"""What traces tell: of a real Django portal with OpenTelemetry's own instrumentation, and of spans that come broken."""

from __future__ import annotations

import asyncio
import os
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from launchready.performance.statement_text import normalised
from launchready.performance.traces import Asked, traceparent, traces_of, whole
from launchready.probes.otlp import OtlpReceiver
from launchready.probes.otlp_spans import Kind, Span, batch_of

NODE = Path(__file__).parent / "node_trace.json"
MS = 1_000_000
TRACE = "a" * 32
DASHBOARD = Asked(TRACE, "dashboard", "dashboard", "owner", "GET /")


@asynccontextmanager
async def portal(receiver: OtlpReceiver, folder: Path, **environment: str) -> AsyncIterator[str]:
    """The traced portal; yields its address."""
    answers = await asyncio.start_server(_answer_slowly, "127.0.0.1", 0)
    outside = f"http://127.0.0.1:{answers.sockets[0].getsockname()[1]}"
    variables = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OUTSIDE": outside, **environment}
    command = (sys.executable, str(Path(__file__).with_name("traced_portal.py")), str(folder / "portal.sqlite3"))
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
        answers.close()


async def _answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.03)  # four of them are more than 0.1 s on any machine
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    await writer.drain()
    writer.close()


async def ask(url: str, header: str = "") -> None:
    request = urllib.request.Request(url, headers={"traceparent": header} if header else {})
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=20).read())


async def test_a_real_portals_repeated_statement_and_calls_in_a_row_are_seen(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.instrumentation.django")
    asked = []
    async with OtlpReceiver(port=0) as receiver, portal(receiver, tmp_path) as url:
        for step, path, route in (("dashboard", "/", "GET /"), ("rates", "/rates/2026/", "GET /rates/{id}/")) * 2:
            trace, header = traceparent()
            asked.append(Asked(trace, "flow", step, "owner", route))
            await ask(f"{url}/")  # somebody else's visit
            await ask(url + path, header)
        spans = await receiver.wait(lambda seen: whole(seen, asked), 20)
    traced = traces_of(spans, asked)

    (dashboard,) = traced.queries
    lines = next(one for one in dashboard.statements if one.table == "lines")
    assert (dashboard.route, dashboard.requests, dashboard.calls) == ("GET /", 2, 13)
    assert (lines.text, lines.calls) == ("SELECT amount FROM lines WHERE invoice_id = ?", 12)
    assert {one.calls for one in dashboard.statements} == {12, 1}
    assert "Anna" not in str(traced)
    (rates,) = traced.serial
    assert (rates.route, rates.what, rates.calls, rates.kind) == (
        "GET /rates/{id}/", "GET 127.0.0.1/rates", 4, "http"
    )  # fmt: skip
    assert 0.08 <= rates.seconds <= rates.of_s
    assert "hidden" not in str(traced)
    assert traced.untold == ()
    assert traced.routes == ("GET /", "GET /rates/{id}/")


async def test_a_portal_that_begins_traces_of_its_own_is_told_how_to_go_on_with_ours(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.instrumentation.django")
    trace, header = traceparent()
    async with (
        OtlpReceiver(port=0) as receiver,
        portal(receiver, tmp_path, OTEL_PROPAGATORS="baggage") as url,
    ):
        await ask(f"{url}/", header)
        spans = await receiver.wait(lambda seen: any(span.kind is Kind.SERVER for span in seen), 20)
    traced = traces_of(spans, [Asked(trace, "flow", "dashboard", "owner", "GET /")])

    assert traced.queries == ()
    (untold,) = traced.untold
    assert "none of our requests" in untold.reason
    assert "traceparent" in untold.unlock


def test_spans_of_nodes_own_instrumentation_are_read() -> None:
    """Captured from Express 5 and pg with @opentelemetry/auto-instrumentations-node (OTLP in JSON), and shortened."""
    spans = [span for line in NODE.read_bytes().splitlines() for span in batch_of(line, True).spans()]
    traces = {span.name: span.trace for span in spans if span.kind is Kind.SERVER}
    invoice = Asked(traces["GET /invoices/:id"], "invoice", "invoice", "owner", "GET /invoices/{id}")
    dashboard = Asked(traces["GET /dashboard"], "dashboard", "dashboard", "owner", "GET /dashboard")
    traced = traces_of(spans, [invoice, dashboard])

    (calls,) = traced.serial
    assert (calls.route, calls.what, calls.calls) == ("GET /invoices/{id}", "GET 127.0.0.1/rates", 3)
    (queries,) = traced.queries
    assert (queries.route, queries.calls, queries.requests) == ("GET /dashboard", 8, 1)
    assert ("SELECT amount FROM lines WHERE invoice_id = ?", 7) in [(s.text, s.calls) for s in queries.statements]
    assert traced.routes == ("GET /rates", "GET /invoices/{id}", "GET /dashboard")  # it serves the rates itself
    assert traced.untold == ()


_ids = count(1)


def made(kind: Kind, start_ms: float, end_ms: float, parent: Span | None = None, **attributes: Any) -> Span:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    process = named.pop("process", parent.process if parent else "portal")
    name, trace, links = named.pop("name", "x"), named.pop("trace", TRACE), named.pop("links", ())
    above = named.pop("parent_id", parent.id if parent else "f" * 16)
    return Span(trace, f"{next(_ids):016x}", above, name, kind, int(start_ms * MS), int(end_ms * MS), named, process,
                links=links)  # fmt: skip


def request(end_ms: float = 1000, **attributes: Any) -> Span:
    said = {"http__request__method": "GET", "url__path": "/", "http__route": "/"} | attributes
    return made(Kind.SERVER, 0, end_ms, **said)


def query(parent: Span, start_ms: float, text: str = "SELECT 1 FROM a", *, took_ms: float = 2, **more: Any) -> Span:
    said = {"db__system__name": "postgresql", "db__query__text": text} | more
    return made(Kind.CLIENT, start_ms, start_ms + took_ms, parent, **said)


def call(
    parent: Span, start_ms: float, end_ms: float, url: str = "https://api.example.net/rates/7?k=v", **more: Any
) -> Span:
    return made(Kind.CLIENT, start_ms, end_ms, parent, http__request__method="GET", url__full=url, **more)


def loop(times: int) -> Iterator[int]:
    yield from range(0, times * 10, 10)


def test_a_statement_is_counted_once_where_library_and_driver_both_tell_of_it() -> None:
    server = request()
    outer = [query(server, at) for at in loop(6)]
    inner = [query(one, one.start_ns / MS) for one in outer]
    (found,) = traces_of([server, *outer, *inner], [DASHBOARD]).queries

    assert [one.calls for one in found.statements] == [6]


def test_old_names_of_the_conventions_are_read_too() -> None:
    server = made(
        Kind.SERVER, 0, 100, http__method="GET", http__target="/invoices/17?x=1", http__route="/invoices/<id>"
    )
    sent = made(Kind.CLIENT, 1, 4, server, db__system="mysql", db__statement='SELECT x FROM `bills` WHERE y = "Anna"',
                code__filepath="/app/portal/views.py", code__lineno=17)  # fmt: skip
    asked = made(
        Kind.CLIENT, 5, 95, server, http__method="POST", http__url="http://user:pw@api.example.net:80/rates/17"
    )
    traced = traces_of([server, sent, asked], [Asked(TRACE, "f", "s", "u", "GET /invoices/{id}")])

    (found,) = traced.queries
    (statement,) = found.statements
    assert found.route == "GET /invoices/{id}"
    assert (statement.text, statement.table) == ("SELECT x FROM `bills` WHERE y = ?", "bills")
    assert statement.code == "app/portal/views.py:17"
    assert [(one.what, one.kind) for one in traced.serial] == [("POST api.example.net/rates/{id}", "wait")]


def test_connecting_and_transactions_are_no_statements() -> None:
    server = request()
    spans = [made(Kind.CLIENT, at, at + 1, server, db__system__name="postgresql") for at in loop(6)]
    spans += [query(server, at, text) for at in loop(6) for text in ("BEGIN", "SELECT 1 FROM a", "COMMIT")]
    (found,) = traces_of([server, *spans], [DASHBOARD]).queries

    assert (found.calls, [one.text for one in found.statements]) == (6, ["SELECT ? FROM a"])


def test_what_is_done_after_the_answer_is_nobodys_wait() -> None:
    server = request(100)
    spans = [server, *(query(server, 101 + at) for at in loop(6)), call(server, 150, 900)]

    assert traces_of(spans, [DASHBOARD]).serial == ()
    assert traces_of(spans, [DASHBOARD]).queries == ()


def test_calls_at_the_same_time_are_not_in_a_row() -> None:
    server = request()
    together = [call(server, 0, 400 + at) for at in loop(8)]
    in_a_row = [call(server, at * 10, at * 10 + 90) for at in loop(8)]

    assert traces_of([server, *together], [DASHBOARD]).serial == ()
    (found,) = traces_of([server, *in_a_row], [DASHBOARD]).serial
    assert (found.what, found.calls, round(found.seconds, 2)) == ("GET api.example.net/rates/{id}", 8, 0.72)


def test_calls_of_different_endpoints_of_one_host_are_told_together() -> None:
    server = request()
    spans = [
        call(server, at * 10, at * 10 + 90, f"https://api.example.net/{name}")
        for at, name in zip(loop(4), "abcd", strict=True)
    ]
    (found,) = traces_of([server, *spans], [DASHBOARD]).serial

    assert (found.what, found.calls) == ("api.example.net", 4)


def test_the_services_behind_the_portal_have_lines_of_their_own() -> None:
    server = request()
    calls = [call(server, at * 10, at * 10 + 50, "http://billing/of/1") for at in loop(5)]
    behind = [
        made(Kind.SERVER, 5_000_000, 5_000_010, one, process="billing", http__request__method="GET", url__path="/of/1",
             http__route="/of/:id")
        for one in calls
    ]  # fmt: skip
    statements = [query(one, 5_000_001) for one in behind]
    traced = traces_of([server, *calls, *behind, *statements], [DASHBOARD])

    (found,) = traced.queries
    assert (found.route, found.requests, found.calls) == ("GET /of/:id", 5, 1)
    assert [(one.route, one.calls) for one in traced.serial] == [("GET /", 5)]


def test_layers_of_a_framework_that_each_tell_of_the_request_are_one() -> None:
    outer = request()
    inner = made(Kind.SERVER, 1, 900, outer, http__request__method="GET", url__path="/")
    (found,) = traces_of([outer, inner, query(inner, 5), query(outer, 20)], [DASHBOARD]).queries

    assert (found.requests, found.calls) == (1, 2)


def test_traces_that_a_public_endpoint_began_anew_are_found_by_their_link() -> None:
    server = request(trace="b" * 32, links=(TRACE,))
    spans = [server, *(query(server, at, trace="b" * 32) for at in loop(5))]

    assert [one.calls for one in traces_of(spans, [DASHBOARD]).queries] == [5]


def test_requests_that_were_not_traced_are_told() -> None:
    server = request()
    window = [DASHBOARD, *(Asked(f"{n:032x}", "dashboard", "dashboard", "owner", "GET /") for n in range(9))]
    (untold,) = traces_of([server, query(server, 1)], window).untold

    assert untold.reason.startswith("1 of 10 requests were traced")
    assert "parentbased_always_on" in untold.unlock
    assert untold.part == "traces"


def test_spans_without_their_request_are_told_and_not_guessed() -> None:
    lost = query(request(), 1)
    traced = traces_of([request(), lost], [DASHBOARD])

    assert traced.queries == ()
    assert "1 spans came without the request" in traced.untold[0].reason


def test_a_portal_whose_database_is_not_instrumented_is_told() -> None:
    (untold,) = traces_of([request()], [DASHBOARD]).untold

    assert "no statement" in untold.reason
    assert untold.part == "queries"  # its calls of other servers are told all the same


def test_nothing_at_all_says_how_to_send() -> None:
    (untold,) = traces_of([], [DASHBOARD]).untold

    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in untold.unlock
    assert traces_of([], []).untold == ()


def test_circles_doubles_and_times_that_run_backwards_do_no_harm() -> None:
    server = request(-5)
    first = made(Kind.INTERNAL, 1, 2, parent_id=f"{10**6:016x}")
    second = Span(TRACE, f"{10**6:016x}", first.id, "y", Kind.INTERNAL, 0, 0, {}, "portal")
    lost = query(second, 1)
    traced = traces_of([server, server, first, second, lost, lost], [DASHBOARD])

    assert traced.queries == ()
    assert traced.routes == ("GET /",)


def test_a_mail_companys_api_a_mail_port_and_a_chat_are_told_apart() -> None:
    server = request()
    spans = [
        call(server, 0, 100, "https://api.postmarkapp.com/email"),
        call(server, 100, 200, "https://hooks.slack.com/services/T0/B0/secretsecretsecret1234"),
        made(Kind.CLIENT, 200, 300, server, server__address="mail.example.net", server__port=587),
        call(server, 300, 400, "https://not-slack.com/"),
    ]
    serial = traces_of([server, *spans], [DASHBOARD]).serial

    assert {(one.kind, one.what.split("/")[0]) for one in serial} == {
        ("mail", "POST api.postmarkapp.com".replace("POST", "GET")), ("message", "GET hooks.slack.com"),
        ("mail", "mail.example.net"),
    }  # fmt: skip
    assert "secretsecret" not in str(serial)


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (
            'File "/app/portal/views.py", line 31, in dashboard\n'
            'File "/venv/lib/python3.12/site-packages/django/db/models/query.py", line 9, in x',
            "app/portal/views.py:31",
        ),
        (
            "Error\n    at Query.run (/app/node_modules/pg/query.js:3:1)\n    at dashboard (/app/src/pages.js:12:8)",
            "app/src/pages.js:12",
        ),
        ("#0 /app/vendor/x.php(3): y()\n#1 /app/src/Page.php(44): z()", "app/src/Page.php:44"),
        ("/usr/lib/ruby/gems/3.3/gems/pg/x.rb:1:in `a'\napp/models/bill.rb:9:in `lines'", "app/models/bill.rb:9"),
        ("at org.hibernate.X.y(X.java:1)\nat com.acme.Bills.all(Bills.java:77)", "Bills.java:77"),
        ("nothing of use", ""),
    ],
)  # fmt: skip
def test_the_place_in_the_code_is_the_applications_not_the_librarys(stack: str, place: str) -> None:
    server = request()
    (found,) = traces_of([server, query(server, 1, code__stacktrace=stack)], [DASHBOARD]).queries

    assert found.statements[0].code == place


def test_the_place_is_that_of_what_is_around_a_statement_where_it_has_none() -> None:
    server = request()
    controller = made(Kind.INTERNAL, 0, 50, server, code__namespace="app.Dashboard", code__function="show")
    (found,) = traces_of([server, controller, query(controller, 1)], [DASHBOARD]).queries

    assert found.statements[0].code == "app.Dashboard.show"


@pytest.mark.parametrize(
    ("system", "text", "told"),
    [
        ("postgresql", "SELECT * FROM a WHERE b = 'it''s' AND c = 3.5", "SELECT * FROM a WHERE b = ? AND c = ?"),
        ("postgresql", "SELECT E'x\\'y', $$secret$$, $t$more$t$, $1", "SELECT ?, ?, ?, ?"),
        ("postgresql", 'SELECT "a1"."b2" FROM "a1"', 'SELECT "a1"."b2" FROM "a1"'),
        ("mysql", "SELECT 'a\\'b', \"secret\", `c` FROM `d`", "SELECT ?, ?, `c` FROM `d`"),
        ("microsoft.sql_server", "SELECT N'x', [b1] FROM [c] WHERE d = @p0", "SELECT ?, [b1] FROM [c] WHERE d = ?"),
        ("oracle.db", "SELECT a FROM b WHERE c = :1", "SELECT a FROM b WHERE c = ?"),
        ("sqlite", "SELECT a FROM b WHERE c IN (1, 2, 3) -- secret", "SELECT a FROM b WHERE c IN (?)"),
        ("sqlite", "SELECT x'00FF', 0xFF, -1, 1e5, a2 FROM t3", "SELECT ?, ?, ?, ?, a2 FROM t3"),
        ("postgresql", "SELECT a FROM b WHERE c = 'cut in the mid", "SELECT a FROM b WHERE c = ?"),
        ("postgresql", "SELECT a::text FROM b", "SELECT a::text FROM b"),
        ("postgresql", "/* by anna */ SELECT a", "SELECT a"),
        ("postgresql", "  begin transaction", ""),
        ("postgresql", "SET search_path TO x", ""),
        ("mongodb", '{"find": "bills", "filter": {"by": "anna", "n": [1, 2]}}',
         '{"find": "bills", "filter": {"by": "?", "n": ["?"]}}'),
        ("mongodb", '{"find": "bills", ', "?"),
    ],
)  # fmt: skip
def test_values_are_taken_out_of_statements(system: str, text: str, told: str) -> None:
    assert normalised(text, system) == told
