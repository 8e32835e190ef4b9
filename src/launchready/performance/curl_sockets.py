"""libcurl's multi interface for many visitors under load: as `probes/curl_multi.py`, with little work for each request.

Each visitor has a multi handle, for connections belong to it; all share one epoll. What costs time elsewhere is left
out: a socket stays registered while its connection is idle, a timer that is moved is not made anew, and a request is
sent at once rather than in the loop's next turn. Linux only, as is the command itself under load.
"""

from __future__ import annotations

import asyncio
import contextlib
import select

import pycurl

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT
_MASKS = {pycurl.POLL_IN: _IN, pycurl.POLL_OUT: _OUT, pycurl.POLL_INOUT: _IN | _OUT}
_ROUNDS = 16
"""So often libcurl is called again at once when it says so; then others have their turn."""


class Sockets:
    """The sockets of all visitors in one epoll, which the event loop waits for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._owners: dict[int, Multi] = {}
        self._idle: set[int] = set()
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    def opened(self, fd: int) -> None:
        """Take note that a number is that of a new socket: the one that had it is gone, and its watch with it."""
        self._watched.pop(fd, None)
        self._idle.discard(fd)

    def watch(self, fd: int, mask: int, owner: Multi) -> None:
        """Wait for a socket."""
        self._owners[fd] = owner
        self._idle.discard(fd)
        known = self._watched.get(fd)
        if known == mask:
            return
        try:
            if known is None:
                self._epoll.register(fd, mask)
            else:
                self._epoll.modify(fd, mask)
        except FileNotFoundError:
            self._epoll.register(fd, mask)
        except FileExistsError:
            self._epoll.modify(fd, mask)
        self._watched[fd] = mask

    def rest(self, fd: int) -> None:
        """Nobody waits for it now; it stays registered until something comes unasked."""
        if self._watched.get(fd) == _IN:
            self._idle.add(fd)
        else:
            self.forget(fd)

    def forget(self, fd: int) -> None:
        """Watch it no more."""
        self._idle.discard(fd)
        self._owners.pop(fd, None)
        if self._watched.pop(fd, None) is not None:
            with contextlib.suppress(OSError):  # closed by now
                self._epoll.unregister(fd)

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _ready(self) -> None:
        for fd, events in self._epoll.poll(0):
            owner = self._owners.get(fd)
            if fd in self._idle or owner is None:
                self.forget(fd)  # the server closed a connection that nobody uses
                continue
            what = pycurl.CSELECT_IN if events & ~_OUT else 0
            owner.act(fd, what | (pycurl.CSELECT_OUT if events & _OUT else 0))


class Multi:
    """The transfers and connections of one visitor."""

    def __init__(self, sockets: Sockets, connections_per_host: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections_per_host)
        self._fds: set[int] = set()
        self._waiting: dict[pycurl.Curl, asyncio.Future[tuple[int, str]]] = {}
        self._due_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def opened(self, fd: int, purpose: int) -> int:
        """For libcurl to call with each socket it makes (CURLOPT_SOCKOPTFUNCTION)."""
        self._sockets.opened(fd)
        return int(pycurl.SOCKOPT_OK)

    async def perform(self, curl: pycurl.Curl) -> tuple[int, str]:
        """Run one transfer; (0, "") when it went well, else libcurl's error code and message."""
        ended: asyncio.Future[tuple[int, str]] = self._loop.create_future()
        self._waiting[curl] = ended
        self._multi.add_handle(curl)
        try:
            self.act(pycurl.SOCKET_TIMEOUT, 0)
            return await ended
        finally:
            self._waiting.pop(curl, None)
            if not self._closed:
                self._multi.remove_handle(curl)

    def close(self) -> None:
        """Close every connection; transfers under way are dropped."""
        if self._closed:
            return
        for curl, ended in list(self._waiting.items()):
            self._multi.remove_handle(curl)
            ended.cancel()
        self._closed = True
        for fd in self._fds:
            self._sockets.forget(fd)
        if self._timer:
            self._timer.cancel()
        self._multi.close()

    def act(self, fd: int, what: int) -> None:
        """Let libcurl act on a socket that is ready, or on the time that has passed."""
        multi = self._multi
        multi.socket_action(fd, what)
        for _ in range(_ROUNDS):
            if self._due_s != 0:
                break
            self._due_s = None
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        else:
            self._timer = self._timer or self._loop.call_later(0, self._wake)
        more = 1
        while more:
            more, well, badly = multi.info_read()
            for curl in well:
                self._end(curl, 0, "")
            for curl, code, message in badly:
                self._end(curl, code, message)

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> None:
        ended = self._waiting.get(curl)
        if ended and not ended.done():
            ended.set_result((code, message))

    def _watch(self, what: int, fd: int, *_: object) -> None:
        if self._closed:
            return
        if mask := _MASKS.get(what):
            self._fds.add(fd)
            self._sockets.watch(fd, mask, self)
        elif what == pycurl.POLL_REMOVE:
            self._sockets.rest(fd)

    def _set_timer(self, timeout_ms: int) -> None:
        if timeout_ms <= 0:
            self._due_s = 0 if timeout_ms == 0 else None
            return
        due_s = self._due_s = self._loop.time() + timeout_ms / 1000
        if self._timer is None:
            self._timer = self._loop.call_at(due_s, self._wake)
        elif self._timer.when() > due_s:
            self._timer.cancel()
            self._timer = self._loop.call_at(due_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._due_s is None or self._closed:
            return
        if self._due_s > self._loop.time():
            self._timer = self._loop.call_at(self._due_s, self._wake)
            return
        self._due_s = None
        self.act(pycurl.SOCKET_TIMEOUT, 0)
