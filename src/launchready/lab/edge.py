"""The lab's edge: sites behind addresses, picked by SNI and Host, on TLS and in clear; what is asked is counted."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

from launchready.lab.authority import Authority
from launchready.lab.edge_http import NOT_FOUND, Answer, PlainStream, Request, pick, serve_h1, serve_h2
from launchready.lab.world import Certificate, Response, Site, Trouble, World
from launchready.probes.network import Detour
from launchready.probes.tls_stream import TlsStream, TooManyBytes

VERSIONS = {"1.0": SSL.TLS1_VERSION, "1.1": SSL.TLS1_1_VERSION, "1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_BEFORE_TLS = (Trouble.SILENT, Trouble.DRIPS, Trouble.CLOSES, Trouble.TLS_GARBAGE, Trouble.REFUSES)
"""Of a site: acted out instead of a handshake, once the ClientHello has named it. Others: for every request."""
_SERVER_HELLO = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(115)
"""The beginning of one, for a server that never gets to its end."""
_NO_CERTIFICATE = b"\x15\x03\x03\x00\x02\x02\x28"
"""The alert handshake_failure (RFC 8446 section 6.2), as an edge says for a name it has no certificate for."""
_NOT_TLS = b"SSH-2.0-lab this is not TLS\r\n"


class Front(Protocol):
    """An edge of somebody else's, in front of sites of this world; it decides at each request what its hosts are."""

    addresses: tuple[str, ...]

    def lead_to(self, ports: Mapping[tuple[str, int | None], tuple[str, int]]) -> None:
        """Learn where on loopback (address, port) is."""
        ...

    @property
    def alone(self) -> bool:
        """Whether the servers of its hosts let nobody else in."""
        ...

    def holds(self, host: str) -> bool:
        """Whether a host may be behind it."""
        ...

    def site(self, host: str) -> Site | None:
        """How the TLS of a host is to be; None: it has no certificate."""
        ...

    async def answer(self, scheme: str, asked: Request) -> Response:
        """What a visitor gets."""
        ...


class Edge:
    """Every site of a world."""

    def __init__(
        self,
        world: World,
        authority: Authority,
        counts: Counter[tuple[str, ...]],
        handlers: Mapping[str, Answer] | None = None,
        front: Front | None = None,
    ) -> None:
        self.world, self.authority, self.counts, self.front = world, authority, counts, front
        self.handlers = handlers or {}
        """By host: programs that answer in place of routes, over HTTPS."""
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> list[Detour]:
        """Listen for each address, on its ports 443 and 80."""
        detours = []
        for address in dict.fromkeys(a for site in self.world.sites for a in site.addresses):
            sites = {site.host: site for site in self.world.sites if address in site.addresses}
            for port in (443, 80):
                to = "::1" if ":" in address else "127.0.0.1"
                if any(_listens(site, port) for site in sites.values()):
                    serve = self._serve_tls if port == 443 else self._serve_plain
                    server = await asyncio.start_server(self._connected(serve, address, sites), to, 0)
                    self._servers.append(server)
                    detours.append(Detour(address, port, to, server.sockets[0].getsockname()[1]))
                else:
                    detours.append(Detour(address, port, to, closed_port(to)))
        if self.front:
            self.front.lead_to({(d.host, d.port): (d.to_address, d.to_port or 0) for d in detours})
            detours = [self.as_strangers_find_it(detour) for detour in detours]
            detours += await self._listen_in_front(self.front)
        return [*self._refusals(), *detours]

    def as_strangers_find_it(self, detour: Detour) -> Detour:
        """The way to an address for everybody but the edge in front: closed where that alone is let in."""
        front = self.front
        if front is None or not front.alone:
            return detour
        if detour.host not in {a for site in self.world.sites if front.holds(site.host) for a in site.addresses}:
            return detour
        return detour._replace(to_port=closed_port(detour.to_address))

    async def _listen_in_front(self, front: Front) -> list[Detour]:
        detours = []
        for address in front.addresses:
            to = "::1" if ":" in address else "127.0.0.1"
            for port, serve in ((443, self._serve_front_tls), (80, self._serve_front_plain)):
                server = await asyncio.start_server(self._connected(serve, address, {}), to, 0)
                self._servers.append(server)
                detours.append(Detour(address, port, to, server.sockets[0].getsockname()[1]))
        return detours

    def _refusals(self) -> list[Detour]:
        """Hosts that listen nowhere on a port although others at their address do: a look at them is refused.

        A host that listens at another address of its own is not among them: it closes the connection instead. Nor is
        one that may be behind an edge, which listens on both ports.
        """
        behind = self.front.holds if self.front else lambda _: False
        hosts = dict.fromkeys(site.host for site in self.world.sites if not behind(site.host))
        of = {host: [site for site in self.world.sites if site.host == host] for host in hosts}
        closed = [(h, port) for h in hosts for port in (443, 80) if not any(_listens(s, port) for s in of[h])]
        return [Detour(host, port, "127.0.0.1", closed_port("127.0.0.1")) for host, port in closed]

    async def stop(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(
        self, serve: Callable[..., Awaitable[None]], address: str, sites: dict[str, Site]
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            try:
                await serve(reader, writer, address, sites)
            except (OSError, SSL.Error, TooManyBytes, asyncio.CancelledError):
                pass  # the other side left, or the lab is closing
            finally:
                writer.close()

        return connected

    async def _serve_tls(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, sites: dict[str, Site]
    ) -> None:
        hello, name = await _name_asked_for(reader)
        # Nobody knows the name, or none was told: the first site of the address shows its certificate.
        site = sites.get(name) or next(one for one in sites.values() if _listens(one, 443))
        trouble = site.trouble if _listens(site, 443) else Trouble.CLOSES
        if trouble in _BEFORE_TLS:
            await _spoil_handshake(trouble, reader, writer)
            return
        await self._serve_site(reader, writer, address, site, hello, name, self._answer("https", address, sites))

    async def _serve_site(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
        site: Site,
        hello: bytes,
        name: str,
        answer: Answer,
    ) -> None:
        stream = TlsStream(reader, writer, self._context(site), server_side=True)
        stream.connection.bio_write(hello)
        try:
            await stream.handshake()
        finally:
            alpn = stream.connection.get_alpn_proto_negotiated().decode()
            offered = f"{stream.connection.get_protocol_version_name()} {alpn}"
            self.counts["tls", name, address, "443", offered] += 1
        h2 = stream.connection.get_alpn_proto_negotiated() == b"h2"
        await (serve_h2 if h2 else serve_h1)(stream, answer)
        await stream.close()

    async def _serve_plain(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, sites: dict[str, Site]
    ) -> None:
        await serve_h1(PlainStream(reader, writer), self._answer("http", address, sites))

    async def _serve_front_tls(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, _: dict[str, Site]
    ) -> None:
        assert self.front is not None
        hello, name = await _name_asked_for(reader)
        if (site := self.front.site(name.lower())) is None:
            writer.write(_NO_CERTIFICATE)
            await writer.drain()
            return
        await self._serve_site(reader, writer, address, site, hello, name, self._front_answer("https", address))

    async def _serve_front_plain(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, _: dict[str, Site]
    ) -> None:
        await serve_h1(PlainStream(reader, writer), self._front_answer("http", address))

    def _front_answer(self, scheme: str, address: str) -> Answer:
        front = self.front
        assert front is not None

        def answer(asked: Request) -> Awaitable[Response]:
            self.counts["get", f"{scheme}://{asked.host}{asked.target}", address] += 1
            return front.answer(scheme, asked)

        return answer

    def _answer(self, scheme: str, address: str, sites: dict[str, Site]) -> Answer:
        def answer(asked: Request) -> Response | Awaitable[Response]:
            name = asked.host.lower().partition(":")[0]
            self.counts["get", f"{scheme}://{asked.host}{asked.target}", address] += 1
            if scheme == "https" and name in self.handlers:
                return self.handlers[name](asked)
            site = sites.get(name)
            if site is None:
                return NOT_FOUND
            trouble = site.trouble if scheme == "https" else site.plain_trouble
            if not _listens(site, 443 if scheme == "https" else 80):
                trouble = Trouble.CLOSES
            if trouble is not Trouble.NONE:
                return Response(trouble=trouble)
            routes = site.secure if scheme == "https" else site.plain
            return pick(routes, asked.target.partition("?")[0], asked.fields.get("cookie", ""))

        return answer

    def _context(self, site: Site) -> SSL.Context:
        """The settings of one site; made once for an authority, since keys and chains have to be parsed."""
        key = (site.certificate, site.host, site.oldest_tls, site.newest_tls, site.h2)
        made: dict[object, SSL.Context] = self.authority.__dict__.setdefault("contexts", {})
        if key not in made:
            made[key] = server_context(self.authority, site.certificate, site.host, site.oldest_tls, site.newest_tls)
            protocols = [b"h2", b"http/1.1"] if site.h2 else [b"http/1.1"]
            made[key].set_alpn_select_callback(
                lambda _c, offered: next((p for p in protocols if p in offered), SSL.NO_OVERLAPPING_PROTOCOLS)
            )
        return made[key]


def server_context(authority: Authority, wanted: Certificate, host: str, oldest: str, newest: str) -> SSL.Context:
    """TLS settings of a server with a certificate of the lab's."""
    issued = authority.issue(wanted, host)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_min_proto_version(VERSIONS[oldest])
    context.set_max_proto_version(VERSIONS[newest])
    leaf, *rest = x509.load_pem_x509_certificates(issued.chain_pem)
    context.use_certificate(leaf)
    for certificate in rest:
        context.add_extra_chain_cert(certificate)
    key = serialization.load_pem_private_key(issued.key_pem, None)
    context.use_privatekey(key)  # type: ignore[arg-type]
    context.set_ocsp_server_callback(lambda _connection, _data: issued.staple or b"")
    return context


def closed_port(address: str) -> int:
    """A port of loopback where nobody listens, and nobody can as long as this process lives."""
    port: int = _taken(address).getsockname()[1]
    return port


@cache
def _taken(address: str) -> socket.socket:
    """Bound and never listening: were it let go, the next server of any lab might get that port."""
    taken = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    taken.bind((address, 0))
    return taken


async def _name_asked_for(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """What a client says first, and the name in it (RFC 6066 section 3), empty when there is none.

    Found by a handshake that goes nowhere: a site has versions and protocols of its own, and OpenSSL takes those
    from the settings a handshake begins with, not from those it is switched to.
    """
    listening = SSL.Connection(_any_version(), None)
    listening.set_accept_state()
    names: list[str] = []
    listening.set_app_data(names)
    hello = b""
    while content := await reader.read(16384):
        hello += content
        listening.bio_write(content)
        try:
            listening.do_handshake()
        except SSL.WantReadError:
            if names:
                break
        except SSL.Error:
            break
    return hello, names[0] if names else ""


@cache
def _any_version() -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_tlsext_servername_callback(
        lambda c: c.get_app_data().append((c.get_servername() or b"").decode("ascii", "replace"))
    )
    return context


async def _spoil_handshake(trouble: Trouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if trouble is Trouble.TLS_GARBAGE:
        writer.write(_NOT_TLS)
        await writer.drain()
    elif trouble is Trouble.DRIPS:
        for byte in _SERVER_HELLO:
            writer.write(bytes([byte]))
            await asyncio.sleep(1)
    elif trouble is Trouble.SILENT:
        while await reader.read(65536):
            pass


def _listens(site: Site, port: int) -> bool:
    routes, trouble = (site.secure, site.trouble) if port == 443 else (site.plain, site.plain_trouble)
    return trouble is not Trouble.REFUSES and bool(routes)
