"""What the adapters of hosting platforms share: whom to ask with which token, and what each refusal means.

An adapter reads names and drops the rest where the answer is parsed. No value of a variable is kept, logged or put into
a message; neither is the token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from launchready.probes.api import Api, Reply
from launchready.probes.failures import Failure, Garbage, Phase, Refused, TooLarge

MOST_PAGES = 40
"""Of one listing; an API that has still more is taken to page forever."""
NAME_CHARS = 300


@dataclass(frozen=True, slots=True)
class Vendor:
    """A platform as its documentation describes it."""

    name: str
    base: str
    reads: str
    """The permission a token needs to list names, as the vendor calls it."""
    writes: str
    """The permission it needs to set and delete variables."""
    service: str
    """What `service` must name, with an example."""
    then: str
    """What happens after a variable was set."""


class Store(Protocol):
    """The store of variables of one service at a platform."""

    @property
    def vendor(self) -> Vendor:
        """Whose store it is."""
        ...

    @property
    def session(self) -> Session:
        """Whom it asks, with which token."""
        ...

    async def names(self) -> frozenset[str] | Failure:
        """The names of all variables the service gets in this environment."""
        ...

    async def put(self, name: str, value: str, *, replace: bool) -> Failure | None:
        """Set a variable; `replace` says that one of that name is there and may go."""
        ...

    async def remove(self, name: str) -> Failure | None:
        """Delete a variable; one that is not there is no failure."""
        ...


@dataclass(frozen=True)
class Session:
    """One service at one platform, asked with one token."""

    vendor: Vendor
    api: Api
    service: str
    environment: str
    token: str = field(repr=False)
    token_env: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """In place of `Authorization: Bearer …`, and whatever else the vendor wants."""

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply | Failure:
        """One request below the vendor's base address; refusals and errors are failures that say what to do."""
        url = f"{self.vendor.base}{path}"
        given = {"Authorization": f"Bearer {self.token}", **self.headers, **(headers or {})}
        sent = {name: value for name, value in given.items() if value}
        reply = await self.api.ask(method, url, sent, body)
        if isinstance(reply, Failure) or reply.status < 400:
            return reply
        return self.refusal(reply.status, url, writing=method != "GET")

    async def get(self, path: str) -> Any:
        """The document at a path, or a Failure."""
        reply = await self.ask("GET", path)
        return reply if isinstance(reply, Failure) else reply.document

    def refusal(self, status: int, url: str, *, writing: bool = False) -> Failure:
        """What an error status means. Nothing of the body is quoted: it may repeat what was sent."""
        vendor, needs = self.vendor, self.vendor.writes if writing else self.vendor.reads
        if status == 401:
            return Refused(Phase.ANSWER, url, f"{vendor.name} does not accept the token in {self.token_env} (401)")
        if status == 403:
            detail = f"{vendor.name} refuses the token in {self.token_env} (403); it needs {needs}"
            return Refused(Phase.ANSWER, url, detail)
        if status == 404:
            detail = f"{vendor.name} knows no {self.service!r} that the token in {self.token_env} may see (404)"
            return Refused(Phase.ANSWER, url, detail)
        return Garbage(Phase.ANSWER, url, f"{vendor.name} answered {status}")

    def garbage(self, what: str) -> Garbage:
        """An answer that does not follow the published schema."""
        return Garbage(Phase.ANSWER, self.vendor.base, f"{self.vendor.name} did not answer with {what}")

    def endless(self) -> TooLarge:
        """A listing that does not end."""
        return TooLarge(
            Phase.ANSWER, self.vendor.base, f"{self.vendor.name} had more than {MOST_PAGES} pages of variables"
        )


def named(items: Iterable[object], key: str) -> frozenset[str] | None:
    """The texts under `key` of each item; None when one has none. Everything else of the items is let go."""
    names = []
    for item in items:
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS:
            return None
        names.append(name)
    return frozenset(names)


def failed(reply: Reply | Failure) -> Failure | None:
    """What a writing request came to."""
    return reply if isinstance(reply, Failure) else None


def in_path(text: str) -> str:
    """A text as one segment of a path: a slash or a dot-dot in it must not lead elsewhere."""
    return quote(text, safe="") if text not in (".", "..") else quote(text).replace(".", "%2E")
