"""Where the browser's proxy goes for a name of this machine: only for who was sent to this machine."""

from __future__ import annotations

import asyncio

import pytest

from launchready.portal import DnsSettings
from launchready.probes.browser_proxy import BrowserProxy
from launchready.probes.dns import Dns
from launchready.probes.network import Network


@pytest.mark.parametrize(
    ("own", "reached"),
    [("127.0.0.1", True), ("localhost", True), ("portal.localhost", True), ("portal.example", False)],
)
async def test_a_page_of_this_machine_may_load_from_other_names_of_it(own: str, reached: bool) -> None:
    async def widget(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(widget, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    network = Network()
    proxy = BrowserProxy(network, Dns(network, DnsSettings()))
    async with server:
        way = await proxy.start()
        proxy.own.add(own)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(way.rpartition(":")[2]))
            writer.write(f"GET http://widget.localhost:{port}/ HTTP/1.1\r\nHost: widget.localhost\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
        finally:
            await proxy.close()

    assert answer.endswith(b"hello") is reached
