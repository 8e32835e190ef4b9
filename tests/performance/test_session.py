"""A visitor on libcurl: own cookies and connections, exact phases, hostile answers as values."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import trustme

from launchready.lab.healthy import healthy_world
from launchready.lab.lab import Lab
from launchready.lab.world import certificate
from launchready.performance.session import open_sessions
from launchready.performance.words import Reply, Request
from launchready.portal import Portal
from launchready.probes.failures import Failure, Garbage, OutOfTime, Refused, Timeout, TlsFailed, TooLarge, Unreachable
from launchready.probes.look import Look
from launchready.probes.network import Limits, Network

WWW, APP = "www.brightside.example", "app.brightside.example"


@asynccontextmanager
async def visiting(authority, change=None, **limits):
    """Sessions in the lab's internet."""
    world = change(healthy_world()) if change else healthy_world()
    async with Lab(world, authority=authority) as lab:
        look = lab.look(Limits(**{"operation_timeout_s": 5, **limits}))
        async with open_sessions(look.network, look.dns) as sessions:
            yield sessions
        await look.close()


class Server:
    """A plain server on loopback: `say` gets the request as text and gives the bytes to answer with."""

    def __init__(self, say) -> None:
        self.say, self.seen, self.connections = say, [], 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                text = head.decode()
                length = [line for line in text.lower().split("\r\n") if line.startswith("content-length:")]
                body = await reader.readexactly(int(length[0].split(":")[1])) if length else b""
                self.seen.append(text + body.decode())
                answer = self.say(text)
                if answer is None:
                    await asyncio.sleep(60)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


def ok(body: bytes = b"ok", *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def alone(**limits):
    """Sessions without the lab, for servers of the tests' own."""
    portal = Portal(domain="brightside.example")
    look = Look(portal, Network(Limits(**{"operation_timeout_s": 5, **limits})))
    async with open_sessions(look.network, look.dns) as sessions:
        yield sessions
    await look.close()


async def test_a_fresh_visitor_pays_for_lookup_connection_and_tls_and_keeps_the_connection(authority) -> None:
    async with visiting(authority) as sessions:
        visitor = sessions.new()
        first, second = await visitor.ask(Request(f"https://{WWW}/")), await visitor.ask(Request(f"https://{WWW}/"))

        assert isinstance(first, Reply)
        assert isinstance(second, Reply)
        assert first.fresh
        assert min(first.phases.lookup_s, first.phases.connect_s, first.phases.tls_s, first.phases.wait_s) > 0
        assert not second.fresh
        assert (second.phases.lookup_s, second.phases.connect_s, second.phases.tls_s) == (0, 0, 0)
        assert second.phases.wait_s > 0

        another = await sessions.new().ask(Request(f"https://{WWW}/"))
        assert isinstance(another, Reply)
        assert another.fresh
        assert another.phases.lookup_s == first.phases.lookup_s
        assert first.page.http_version == "2"


async def test_phases_add_up_to_what_libcurl_took() -> None:
    async with Server(lambda _: ok()) as server, alone() as sessions:
        reply = await sessions.new().ask(Request(f"{server.url}/"))

    assert isinstance(reply, Reply)
    assert reply.phases.total_s == pytest.approx(reply.page.phases.total_s, abs=2e-6)
    assert reply.phases.lookup_s == 0
    assert reply.phases.tls_s == 0


async def test_bytes_on_the_wire_are_those_that_were_sent_and_came() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"<p>" * 5000) + packer.flush()
    answer = ok(packed, "Content-Encoding: gzip")
    async with Server(lambda _: answer) as server, alone() as sessions:
        reply = await sessions.new().ask(Request(f"{server.url}/", "POST", (), b"a=1"))

        assert isinstance(reply, Reply)
        assert reply.page.body == b"<p>" * 5000
        assert reply.received == len(answer)
        assert reply.sent == len(server.seen[0])


async def test_a_handle_that_sent_a_form_leaves_nothing_of_it_behind() -> None:
    async with Server(lambda _: ok()) as server, alone() as sessions:
        visitor = sessions.new()
        form = (("Content-Type", "application/x-www-form-urlencoded"), ("X-One", "1"))
        for request in (
            Request(f"{server.url}/a", "POST", form, b"password=hunter2"),
            Request(f"{server.url}/b"),
            Request(f"{server.url}/c", "DELETE"),
            Request(f"{server.url}/d", "PUT", (("Content-Type", "application/json"),), b"{}"),
            Request(f"{server.url}/e", "POST"),
            Request(f"{server.url}/f"),
        ):
            assert isinstance(await visitor.ask(request), Reply)
    firsts = [text.split(" HTTP")[0] for text in server.seen]
    assert firsts == ["POST /a", "GET /b", "DELETE /c", "PUT /d", "POST /e", "GET /f"]
    assert server.seen[0].endswith("\r\n\r\npassword=hunter2")
    assert all("hunter2" not in text and "X-One" not in text for text in server.seen[1:])
    assert [text.rpartition("\r\n\r\n")[2] for text in server.seen[1:]] == ["", "", "{}", "", ""]
    assert "content-type" not in server.seen[4].lower()
    assert "expect" not in "".join(server.seen).lower()
    assert server.connections == 1


async def test_cookies_are_a_visitors_own_until_they_are_copied() -> None:
    def say(text: str) -> bytes:
        return ok(b"in", "Set-Cookie: sid=s3cret; HttpOnly; Path=/") if text.startswith("POST") else ok()

    async with Server(say) as server, alone() as sessions:
        member, stranger = sessions.new(), sessions.new()
        login = await member.ask(Request(f"{server.url}/in", "POST", (), b"a=1"))
        home, other = [await v.ask(Request(f"{server.url}/home")) for v in (member, stranger)]
        again = await sessions.new(like=member).ask(Request(f"{server.url}/home"))

        assert [r.signed_in for r in (login, home, other, again)] == [False, True, False, True]
        assert ["sid=s3cret" in text for text in server.seen] == [False, True, False, True]
        assert again.fresh


async def test_cookies_go_only_where_they_belong() -> None:
    def say(text: str) -> bytes:
        return ok(b"", "Set-Cookie: a=1; Path=/admin") if "GET /in" in text else ok()

    async with Server(say) as server, alone() as sessions:
        visitor = sessions.new()
        await visitor.ask(Request(f"{server.url}/in"))
        replies = [await visitor.ask(Request(f"{server.url}{path}")) for path in ("/admin/x", "/administrator", "/")]

        assert [r.signed_in for r in replies] == [True, False, False]
        assert ["a=1" in text for text in server.seen[1:]] == [True, False, False]


async def test_two_requests_of_one_visitor_at_once_share_its_cookies() -> None:
    def say(text: str) -> bytes:
        return ok(b"", "Set-Cookie: a=1; Path=/") if "GET /in" in text else ok()

    async with Server(say) as server, alone() as sessions:
        visitor = sessions.new()
        await visitor.ask(Request(f"{server.url}/in"))
        both_at_once = await asyncio.gather(*(visitor.ask(Request(f"{server.url}/{n}")) for n in range(3)))

        assert all(isinstance(reply, Reply) and reply.signed_in for reply in both_at_once)
        assert all("a=1" in text for text in server.seen[1:])


async def test_warm_visitors_take_connections_that_are_open() -> None:
    async with Server(lambda _: ok()) as server, alone() as sessions:
        first = await sessions.new(fresh=False).ask(Request(f"{server.url}/"))
        second = await sessions.new(fresh=False).ask(Request(f"{server.url}/"))

        assert [first.fresh, second.fresh] == [True, False]
        assert server.connections == 1


async def test_a_wrong_certificate_is_not_trusted_with_a_password(authority) -> None:
    change = certificate(APP, names=("other.example",))
    async with visiting(authority, change) as sessions:
        found = await sessions.new().ask(Request(f"https://{APP}/", "POST", (), b"password=hunter2"))

    assert isinstance(found, TlsFailed)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "http://localhost:9/"])
async def test_who_came_from_outside_is_not_led_to_this_machine(authority, target: str) -> None:
    async with visiting(authority) as sessions:
        visitor = sessions.new()
        assert isinstance(await visitor.ask(Request(f"https://{WWW}/")), Reply)
        found = await visitor.ask(Request(target))

    assert isinstance(found, Unreachable)
    assert "nobody outside" in found.detail


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"\x00\x01garbage\r\n\r\n", Garbage),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", Garbage),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", TooLarge),
        (b"", Refused),
    ],
)
async def test_answers_that_are_none_are_failures(answer: bytes, kind: type[Failure]) -> None:
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, alone() as sessions:
        port = server.sockets[0].getsockname()[1]
        visitor = sessions.new()
        found = await visitor.ask(Request(f"http://127.0.0.1:{port}/"))

    assert isinstance(found, kind), found


async def test_an_answer_that_does_not_come_is_a_timeout_and_the_session_lives_on() -> None:
    async with (
        Server(lambda text: None if "/slow" in text else ok()) as server,
        alone(operation_timeout_s=0.3) as sessions,
    ):
        visitor = sessions.new()
        slow, well = await visitor.ask(Request(f"{server.url}/slow")), await visitor.ask(Request(f"{server.url}/"))

    assert isinstance(slow, Timeout)
    assert isinstance(well, Reply)


async def test_an_endless_body_is_cut_at_the_limit_also_when_it_is_inflated() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(b"\0" * 5_000_000) + packer.flush()
    async with Server(lambda _: ok(bomb, "Content-Encoding: gzip")) as server, alone(body_bytes=100_000) as sessions:
        reply = await sessions.new().ask(Request(f"{server.url}/"))

    assert isinstance(reply, Reply)
    assert reply.page.truncated
    assert len(reply.page.body) == 100_000


async def test_headers_of_an_early_hint_and_trailers_are_not_the_answers() -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nX-Kept: yes\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: no\r\n\r\n"
    )
    async with Server(lambda _: answer) as server, alone() as sessions:
        reply = await sessions.new().ask(Request(f"{server.url}/"))

    assert isinstance(reply, Reply)
    assert reply.page.status == 200
    assert reply.page.header("x-kept") == "yes"
    assert reply.page.header("link") is None
    assert reply.page.header("x-trailer") is None


async def test_nothing_is_asked_after_the_deadline_and_bad_addresses_are_values() -> None:
    async with alone(run_deadline_s=0) as sessions:
        assert isinstance(await sessions.new().ask(Request("http://127.0.0.1:9/")), OutOfTime)
    async with alone() as sessions:
        for url in ("ftp://x/", "http://[::", "file:///etc/passwd", "http:///x"):
            assert isinstance(await sessions.new().ask(Request(url)), Garbage)


async def test_nobody_listening_is_refused_and_a_header_cannot_smuggle_another() -> None:
    async with Server(lambda _: ok()) as server, alone() as sessions:
        await sessions.new().ask(Request(f"{server.url}/", headers=(("X-A", "1\r\nX-Smuggled: 2"),)))
        assert not any(line.startswith("X-Smuggled") for line in server.seen[0].split("\r\n"))
        url = server.url
    async with alone() as sessions:
        assert isinstance(await sessions.new().ask(Request(f"http://127.0.0.1:1{urlsplit(url).path}/")), Refused)


async def test_a_closed_session_keeps_no_connection() -> None:
    async with Server(lambda _: ok()) as server, alone() as sessions:
        visitor = sessions.new()
        await visitor.ask(Request(f"{server.url}/"))
        visitor.close()
        assert visitor.cookies() == ()
        await sessions.new().ask(Request(f"{server.url}/"))
        assert server.connections == 2


async def test_a_handshake_reads_the_one_root_it_needs(tmp_path, monkeypatch) -> None:
    ca, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for roots, kind in (((stranger, ca), Reply), ((stranger,), TlsFailed)):
        bundle = tmp_path / "roots.pem"
        bundle.write_bytes(b"".join(b"# a name\n" + root.cert_pem.bytes() for root in roots))
        monkeypatch.setattr("certifi.where", lambda bundle=bundle: str(bundle))
        async with alone() as sessions:
            found = await sessions.new().ask(Request(url))
        assert isinstance(found, kind), found
    server.close()
