"""One visitor on one walk: what they hold (page, kept values, tokens), how they ask, and how a walk is broken off."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from launchready.measurement import Untold
from launchready.performance.flow_choice import PASSWORD, USER, Ground
from launchready.performance.flow_redirects import Way, follow
from launchready.performance.flow_refusals import Refusal
from launchready.performance.flow_values import Kept
from launchready.performance.saved import Saving
from launchready.performance.words import Reply, Request, Session, StepRun
from launchready.probes.failures import Failure, NoAddress, OutOfTime, Phase, Refused, Timeout, TlsFailed
from launchready.probes.forms import visible_text
from launchready.probes.page import Page
from launchready.probes.pages import is_html, markup
from launchready.probes.set_cookie import is_csrf, read_cookie

UNIQUE = "unique"
"""`{unique}`: another word in each walk, for portals that refuse the same record twice."""
_LOGIN_PATH = re.compile(r"log-?_?in|sign-?_?in|log-?on|auth|session|sso|anmeld|connexion|acceso", re.IGNORECASE)
_ACCEPT = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"


ALIKE = 0.7
"""Two pages with so much of all their words in common show the same."""


@dataclass
class Walk:
    """A visitor who walks a flow. Used once."""

    flow: str
    user: str
    session: Session
    ground: Ground
    saving: Saving | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    page: Page | None = None
    """The last HTML page, whose forms are sent."""
    values: dict[str, Kept] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    """Cookies against forged requests, which a page's script sends back as a header."""
    signed_in: bool = False
    login_paths: set[str] = field(default_factory=set)
    """Where the login is known to be."""
    login_words: frozenset[str] = frozenset()
    """What its page showed."""
    secrets: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        """Know what every step may use."""
        if self.ground.login:
            self.login_paths.add(urlsplit(self.ground.login.path).path)
        self.values.setdefault(UNIQUE, Kept(f"lr{secrets.token_hex(5)}"))
        account = credentials(self.ground, self.user, self.environ)
        if not isinstance(account, Refusal):
            self.values[USER], self.values[PASSWORD] = map(Kept, account)
            self.secrets.update(account)

    async def ask(self, request: Request, private: tuple[str, ...] = ()) -> Way:
        """Ask, follow redirects, and remember what a browser would."""
        way = await follow(self.session, self._dressed(request), self.ground.hosts, private, self._take)
        if way.replies and is_html(way.replies[-1].page) and not way.replies[-1].page.redirects:
            self.page = way.replies[-1].page
        return way

    async def ask_once(self, request: Request) -> Way:
        """Ask without following a redirect."""
        answer = await self.session.ask(self._dressed(request))
        if isinstance(answer, Failure):
            return Way((), answer)
        self._take(answer)
        return Way((answer,))

    def run(self, step: str, replies: tuple[Reply, ...], refusal: Refusal | None = None) -> StepRun:
        """A step that went well, or was broken off by `refusal`; its last answer is saved for the report then."""
        if refusal is None:
            return StepRun(step, replies, signed_in=self.signed_in)
        saved = ""
        if self.saving and replies:
            saved = self.saving.save(self.flow, step, replies[-1], self.hidden)
        trouble = Untold(self.flow, step, refusal.reason, refusal.unlock, saved)
        return StepRun(step, replies, trouble, refusal.final, self.signed_in)

    @property
    def hidden(self) -> set[str]:
        """What is redacted wherever an answer is quoted."""
        kept = {kept.value for name, kept in self.values.items() if name not in (UNIQUE,) and len(kept.value) >= 8}
        return self.secrets | set(self.tokens.values()) | kept

    def is_login(self, url: str) -> bool:
        """Whether an address is that of a login: a known one, or one that says so."""
        path = urlsplit(url).path
        return path in self.login_paths or bool(_LOGIN_PATH.search(path))

    def shows_login(self, page: Page) -> bool:
        """Whether a page elsewhere shows what the login's page showed, but for a notice: it is the login in place."""
        if urlsplit(page.url).path in self.login_paths:
            return False
        words = words_of(page)
        return bool(words) and len(words & self.login_words) >= ALIKE * len(words | self.login_words)

    def token_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers by which scripts prove that a request is theirs.

        Of a cookie (Django, Laravel, Angular) or the page's `meta` (Rails, Laravel).
        """
        headers = {}
        for name, value in self.tokens.items():
            headers["X-XSRF-TOKEN" if "xsrf" in name.lower() else "X-CSRFToken"] = unquote(value)
        for element in markup(self.page) if self.page else ():
            if element.tag == "meta" and element.get("name").lower() == "csrf-token" and element.get("content"):
                headers["X-CSRF-Token"] = element.get("content")
        return tuple(headers.items())

    def _take(self, reply: Reply) -> None:
        for line in reply.page.all_headers("set-cookie")[:50]:
            if (cookie := read_cookie(line)) and is_csrf(cookie):
                self.tokens[cookie.name] = cookie.value

    def _dressed(self, request: Request) -> Request:
        """With the headers a browser adds."""
        given = {name.lower() for name, _ in request.headers}
        added = [] if "accept" in given else [("Accept", _ACCEPT)]
        came = self.page.url if self.page else ""
        if came and "referer" not in given and _is_same_scheme(came, request.url):
            added.append(("Referer", _without_query_elsewhere(came, request.url)))
        if request.method not in ("GET", "HEAD") and "origin" not in given:
            parts = urlsplit(came or request.url)
            added.append(("Origin", f"{parts.scheme}://{parts.netloc}"))
        return replace(request, headers=(*request.headers, *added))


def words_of(page: Page) -> frozenset[str]:
    """The words a page shows, of its beginning."""
    return frozenset(visible_text(page)[:20_000].split())


def credentials(ground: Ground, user: str, environ: Mapping[str, str]) -> tuple[str, str] | Refusal:
    """Name and password of a user, or which variables are missing."""
    account = ground.users.get(user)
    if account is None:
        reason = f"there is no user {user!r} in [performance.users]" if user else "nobody is named who logs in"
        return Refusal(reason, "name a user of [performance.users] in the flow", final=True)
    names = account.user_env, account.password_env
    absent = [name for name in names if not environ.get(name, "").strip()]
    if absent:
        empty = "empty" if all(name in environ for name in absent) else "not set"
        reason = f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} {empty} here"
        return Refusal(reason, "give both what an account of its own logs in with", final=True)
    return environ[names[0]].strip(), environ[names[1]]


def stopped(way: Way) -> Refusal | None:
    """Why a way did not come to its end; None where an answer came that can be judged."""
    if way.failure:
        return _of_failure(way.failure)
    if way.away:
        return Refusal(
            f"it leads to {way.away}, which is not the portal's",
            f"if {way.away} is yours, name it in `owned`; a login at somebody else's is not walked",
        )
    if way.unsafe:
        return Refusal(f"a redirect is not followed: {way.unsafe}", "see where it leads; the answer is kept")
    if way.circle:
        return Refusal("it redirects without end", "see which addresses lead to each other: a browser gives up too")
    page = way.replies[-1].page
    if page.truncated and not page.redirects:
        return Refusal(
            f"the answer did not end: it was cut after {len(page.body)} bytes",
            "see what it holds: more is read of no answer, and nobody waits for it",
        )
    return None


def _of_failure(failure: Failure) -> Refusal:
    if isinstance(failure, OutOfTime):
        return Refusal(str(failure), "give it more time: --seconds")
    if isinstance(failure, TlsFailed) and failure.phase is Phase.TLS:
        return Refusal(f"nothing is sent: {failure}", "mend the certificate, or name --ca-file", final=True)
    if isinstance(failure, NoAddress) or failure.phase is Phase.LOOKUP:
        return Refusal(f"its name was not found: {failure}", "look at the name, or at the resolver (--resolver)")
    if isinstance(failure, Timeout):
        return Refusal(f"no answer in time: {failure}", "see what the portal was doing then, in its log")
    if isinstance(failure, Refused) and failure.phase is Phase.CONNECT:
        return Refusal(f"the portal cannot be reached: {failure}", "see whether it runs")
    return Refusal(f"no whole answer came: {failure}", "see whether the portal, or what is before it, restarted")


def _is_same_scheme(one: str, other: str) -> bool:
    """A page's address is not told from https to http (Referrer Policy, section 3.7)."""
    return not (one.startswith("https:") and other.startswith("http:"))


def _without_query_elsewhere(came: str, url: str) -> str:
    """The whole address within an origin, the origin alone to another: a browser's default."""
    one, other = urlsplit(came), urlsplit(url)
    same = (one.scheme, one.netloc) == (other.scheme, other.netloc)
    return came if same else f"{one.scheme}://{one.netloc}/"
