"""libcurl's multi interface driven by asyncio: many transfers, one thread, no polling.

libcurl says which sockets it waits for and when it wants to be called; the event loop does the waiting
(https://curl.se/libcurl/c/curl_multi_socket_action.html).
"""

from __future__ import annotations

import asyncio
import contextlib

import pycurl


class CurlMulti:
    """Runs prepared easy handles; connections are kept and shared between them until `close`."""

    def __init__(self, connections_per_host: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections_per_host)
        self._timer: asyncio.TimerHandle | None = None
        self._ended: dict[pycurl.Curl, asyncio.Future[tuple[int, str]]] = {}
        self._watched: set[int] = set()

    async def perform(self, curl: pycurl.Curl) -> tuple[int, str]:
        """Run one transfer; (0, "") when it went well, else libcurl's error code and message."""
        ended: asyncio.Future[tuple[int, str]] = self._loop.create_future()
        self._ended[curl] = ended
        self._multi.add_handle(curl)
        try:
            return await ended
        finally:
            self._ended.pop(curl, None)
            with contextlib.suppress(pycurl.error):
                self._multi.remove_handle(curl)

    def close(self) -> None:
        """Close every connection; transfers under way are dropped."""
        for curl, ended in list(self._ended.items()):
            with contextlib.suppress(pycurl.error):
                self._multi.remove_handle(curl)
            ended.cancel()
        for fd in list(self._watched):
            self._forget(fd)
        if self._timer:
            self._timer.cancel()
        self._multi.close()

    def _watch(self, what: int, fd: int, *_: object) -> None:
        self._forget(fd)
        if what == pycurl.POLL_REMOVE:
            return
        self._watched.add(fd)
        if what in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            self._loop.add_reader(fd, self._act, fd, pycurl.CSELECT_IN)
        if what in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            self._loop.add_writer(fd, self._act, fd, pycurl.CSELECT_OUT)

    def _forget(self, fd: int) -> None:
        if fd in self._watched:
            self._watched.discard(fd)
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)

    def _set_timer(self, timeout_ms: int) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if timeout_ms >= 0:
            self._timer = self._loop.call_later(timeout_ms / 1000, self._act, pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, what: int) -> None:
        self._multi.socket_action(fd, what)
        more = 1
        while more:
            more, well, badly = self._multi.info_read()
            for curl in well:
                self._end(curl, 0, "")
            for curl, code, message in badly:
                self._end(curl, code, message)

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> None:
        ended = self._ended.get(curl)
        if ended and not ended.done():
            ended.set_result((code, message))
