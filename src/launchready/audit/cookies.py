"""Cookies that keep people signed in: how they are set on the first pages.

Reads `Set-Cookie` as browsers do (RFC 6265bis); quotes a value by its length and hash only.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from launchready.gate import check
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.failures import Failure
from launchready.probes.look import Look
from launchready.probes.pages import Visit, first_pages
from launchready.probes.set_cookie import JWT, Cookie, is_session, read_cookie
from launchready.redaction import redacted

COOKIES = 60
"""So many cookies of a host are read."""


@check(
    "http.cookies",
    Stage.AUDIT,
    roadmap="A8",
    severity=Severity.HIGH,
    effort=15,
    reference="https://www.rfc-editor.org/rfc/rfc6265#section-4.1.2",
)
async def cookies(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A cookie that keeps people signed in is not protected, or browsers refuse it.

    Why: who gets hold of this cookie is signed in as your client, without a password. One that browsers refuse makes
    the sign-in fail for no visible reason.

    Fix: set the cookie with `Secure; HttpOnly; SameSite=Lax`. In Django: `SESSION_COOKIE_SECURE = True`; in Laravel:
    `SESSION_SECURE_COOKIE=true`; in Express: `cookie: { secure: true, httpOnly: true, sameSite: "lax" }`.

    Judged are cookies set on `portal.pages` over HTTPS whose name is one frameworks use for sessions and tokens, or
    whose value is a JSON Web Token. Without `Secure` (any network on the way can read it) or `HttpOnly` (a script in
    the page can): a high risk. Without `SameSite`: nice to fix, for Chrome takes it for `Lax`, Firefox and Safari do
    not. `SameSite=None; Secure` is a choice, and right for portals that are embedded. Cookies of CSRF tokens,
    languages and statistics are meant to be read by scripts and are not judged.

    Whatever its name, a cookie is a finding when browsers refuse it: `SameSite=None` without `Secure`, and a name
    that begins with `__Host-` or `__Secure-` without what the prefix demands (RFC 6265bis section 4.1.3).
    """
    for name, visits in _by_host(await first_pages(look)).items():
        failures = [v.end for v in visits if isinstance(v.end, Failure)]
        lines = [line for v in visits for page in v.hops for line in page.all_headers("set-cookie")]
        # A later line of the same name replaces an earlier one.
        seen = {cookie.name: cookie for line in lines[:COOKIES] if (cookie := read_cookie(line))}
        found = 0
        for cookie in seen.values():
            if not cookie.deleted and (trouble := judge_cookie(cookie)):
                found += 1
                yield _finding(name, cookie, trouble)
        if failures:
            yield NotChecked(name, f"{visits[0].url} gave no answer: {failures[0]}")
        elif not found:
            yield Passed(name, f"{len(seen)} cookies read" if seen else "sets no cookie")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cookie."""

    says: str
    severity: Severity


def judge_cookie(cookie: Cookie) -> list[Fault]:
    """What is wrong with a cookie, gravest first; empty when nothing is, or it keeps nobody signed in."""
    session = is_session(cookie)
    weight = Severity.HIGH if session else Severity.NICE
    prefix, trouble = cookie.name.lower(), []
    if cookie.same_site == "none" and not cookie.secure:
        trouble.append(Fault("has SameSite=None without Secure, so browsers refuse it", weight))
    if prefix.startswith("__host-") and not (
        cookie.secure and cookie.attributes.get("path") == "/" and not cookie.attributes.get("domain")
    ):
        demands = "Secure, Path=/ and no Domain"
        trouble.append(Fault(f"begins with __Host- without {demands}, so browsers refuse it", weight))
    elif prefix.startswith("__secure-") and not cookie.secure:
        trouble.append(Fault("begins with __Secure- without Secure, so browsers refuse it", weight))
    if not session:
        return trouble
    if not cookie.secure and not trouble:
        trouble.append(Fault("is sent without encryption too (no Secure)", Severity.HIGH))
    if not cookie.http_only and not _meant_for_scripts(cookie):
        trouble.append(Fault("can be read by any script in the page (no HttpOnly)", Severity.HIGH))
    if not cookie.same_site:
        trouble.append(Fault("is sent along with other sites' requests in some browsers (no SameSite)", Severity.NICE))
    return trouble


def _meant_for_scripts(cookie: Cookie) -> bool:
    """Clerk's and Supabase's own scripts read the cookie they sign people in by."""
    if cookie.name.lower() == "__session":
        return bool(JWT.match(cookie.value))
    return bool(_SUPABASE.match(cookie.name))


def _finding(host: str, cookie: Cookie, trouble: list[Fault]) -> Finding:
    worst = min(trouble, key=lambda t: t.severity.rank).severity
    shown = "; ".join(f"{key}={value}" if value else key for key, value in cookie.attributes.items())
    return Finding(
        host,
        f"The cookie {cookie.name[:60]!r} of {host} {', and '.join(t.says for t in trouble)}.",
        evidence=f"{cookie.name[:60]}={redacted(cookie.value)}; {shown[:200]}".rstrip("; "),
        paste=f"Set-Cookie: {cookie.name[:60]}=…; {_right(cookie)}",
        severity=worst,
        key=cookie.name[:60],
    )


def _right(cookie: Cookie) -> str:
    site = {"strict": "Strict", "none": "None"}.get(cookie.same_site, "Lax")
    http_only = "HttpOnly; " if cookie.http_only or (is_session(cookie) and not _meant_for_scripts(cookie)) else ""
    return f"Path=/; Secure; {http_only}SameSite={site}"


def _by_host(visits: tuple[Visit, ...]) -> dict[str, list[Visit]]:
    found: dict[str, list[Visit]] = {}
    for visit in visits:
        found.setdefault(visit.host.name, []).append(visit)
    return found


_SUPABASE = re.compile(r"sb-[a-z0-9-]+-auth-token(?:\.\d)?\Z", re.IGNORECASE)
