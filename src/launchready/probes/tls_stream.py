"""A TLS stream over asyncio on OpenSSL itself: what Python's `ssl` does not show or allow.

Both sides: the probes shake hands as clients (chain as sent, stapled OCSP response, any version), the lab serves
with stapled responses. Memory BIOs in between, so that a handshake can start on a connection already in use (STARTTLS).
"""

from __future__ import annotations

import asyncio

from OpenSSL import SSL

READ_BYTES = 16 * 1024


class TooManyBytes(Exception):
    """The other side sent more than a handshake may take."""


class TlsStream:
    """TLS on a connected pair of asyncio streams. `OpenSSL.SSL.Error` and `OSError` are the caller's to judge."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: SSL.Context,
        *,
        server_name: str | None = None,
        server_side: bool = False,
    ) -> None:
        self.connection = SSL.Connection(context, None)
        self._reader, self._writer = reader, writer
        if server_side:
            self.connection.set_accept_state()
        else:
            self.connection.set_connect_state()
            self.connection.request_ocsp()
            if server_name:
                self.connection.set_tlsext_host_name(server_name.encode())

    async def handshake(self, most_bytes: int = 1024 * 1024) -> None:
        """Shake hands; raises TooManyBytes past `most_bytes` received, ConnectionError at an early end."""
        received = 0
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                await self._flush()
                received += await self._fill()
                if received > most_bytes:
                    raise TooManyBytes(f"more than {most_bytes} bytes of handshake") from None
            except SSL.Error:
                await self._flush()  # the alert that says why
                raise
            else:
                await self._flush()
                return

    async def read(self, most: int = READ_BYTES) -> bytes:
        """At least one byte, or nothing at the end."""
        while True:
            try:
                return self.connection.recv(most)
            except SSL.WantReadError:
                await self._flush()
                try:
                    await self._fill()
                except ConnectionError:
                    return b""
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return b""

    async def write(self, content: bytes) -> None:
        """Send all of it."""
        rest = memoryview(content)
        while rest:
            sent = self.connection.send(rest[:READ_BYTES])
            rest = rest[sent:]
            await self._flush()

    async def close(self) -> None:
        """Say goodbye, without waiting for the other side to."""
        try:
            self.connection.shutdown()
            await self._flush()
        except (SSL.Error, OSError):
            pass
        self._writer.close()

    async def _fill(self) -> int:
        content = await self._reader.read(READ_BYTES)
        if not content:
            raise ConnectionResetError("the other side closed the connection")
        self.connection.bio_write(content)
        return len(content)

    async def _flush(self) -> None:
        while True:
            try:
                content = self.connection.bio_read(READ_BYTES)
            except SSL.WantReadError:
                break
            self._writer.write(content)
        await self._writer.drain()
