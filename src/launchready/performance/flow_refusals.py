"""Why an answer is none to go on from: an edge that asks for a person, a CAPTCHA, a limit, a lock, an error.

Told by status, headers and public markup of an answer that came anyway; asks nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from launchready.performance.flow_values import is_too_deep
from launchready.probes.forms import visible_text
from launchready.probes.page import Page
from launchready.probes.pages import is_html, markup


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands in the way, and what takes it away."""

    reason: str
    unlock: str = ""
    final: bool = False
    """Whether to come again as this user would only make it worse."""


def refusal_of(page: Page) -> Refusal | None:
    """What is in the way whatever was asked for; None for an answer that can be judged by what it holds."""
    if edge := challenge(page):
        return Refusal(
            f"{edge} asks whether a person is there ({page.status}), and lets nobody through",
            "let this machine pass at the edge: a rule for its address, for as long as the measurement takes",
            final=True,
        )
    if page.status == 429:
        after = retry_after(page)
        wait = f"wait {after}" if after else "wait until the limit is over"
        return Refusal(
            f"it is asked too often from here (429{f', again after {after}' if after else ''})",
            f"{wait}, let this machine pass the limit, or give the flow `per_minute`",
            final=True,
        )
    if page.status >= 500:
        return Refusal(
            f"the portal answers with an error ({page.status})",
            "see its log; the answer is kept beside the measurement",
        )
    return None


def challenge(page: Page) -> str:
    """The edge that wants proof of a person instead of showing the page; empty when none does.

    https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/,
    https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-how-it-works.html,
    https://vercel.com/docs/vercel-firewall/firewall-concepts
    """
    if (page.header("cf-mitigated") or "").lower() == "challenge":
        return "Cloudflare"
    if (page.header("x-amzn-waf-action") or "").lower() in ("challenge", "captcha"):
        return "AWS WAF"
    if (page.header("x-vercel-mitigated") or "").lower() == "challenge":
        return "Vercel"
    if page.status in (401, 403, 405) and (page.header("x-datadome") or page.header("x-dd-b")):
        return "DataDome"
    if page.status == 403 and b"px-captcha" in page.body:
        return "HUMAN (PerimeterX)"
    if page.status in (403, 429, 503) and b"/cdn-cgi/challenge-platform/" in page.body and b"_cf_chl_opt" in page.body:
        return "Cloudflare"
    return ""


def captcha(page: Page, form: int | None = None) -> str:
    """The CAPTCHA on a page, or in its `form` (counted from 1); empty when there is none that is known."""
    for element in markup(page):
        if form is not None and element.form != form:
            continue
        classes, source = element.get("class").split(), element.get("src").lower()
        for name, mark, sources in _CAPTCHAS:
            if mark in classes or (form is None and element.tag in ("script", "iframe") and sources.search(source)):
                return name
        if element.tag == "altcha-widget":
            return "ALTCHA"
        if element.tag == "input" and "captcha" in element.get("name").lower() and element.get("type") != "hidden":
            return "a CAPTCHA of its own"
    return ""


_CAPTCHAS = (
    ("reCAPTCHA", "g-recaptcha", re.compile(r"//(?:www\.)?(?:google\.com|recaptcha\.net|gstatic\.com)/recaptcha/")),
    ("hCaptcha", "h-captcha", re.compile(r"//(?:js\.)?hcaptcha\.com/1/api\.js|//newassets\.hcaptcha\.com/")),
    ("Turnstile", "cf-turnstile", re.compile(r"//challenges\.cloudflare\.com/turnstile/")),
    (
        "Friendly Captcha",
        "frc-captcha",
        re.compile(r"friendly-?(?:challenge|captcha)[^/]*(?:@[^/]*)?/.*(?:widget|site)"),
    ),
)
"""By the class of the widget and the address of the script, as each vendor's page for developers has them."""


def is_locked(page: Page) -> bool:
    """Whether a page says that the account is locked, disabled or was tried too often; in English and German."""
    return page.status == 423 or bool(
        _LOCKED.search(visible_text(page)[:20_000] if is_html(page) else page.text[:5_000])
    )


_LOCKED = re.compile(
    r"(?:account|user|login|access|profile)[^.!?]{0,40}?\b(?:is|has been|was|temporarily)\b[^.!?]{0,30}?"
    r"\b(?:locked|blocked|disabled|suspended|deactivated|inactive)\b"
    r"|(?<!after )too many (?:\w+ ){0,4}(?:attempts|logins|log-?ins|tries|sign-?ins)|locked out|lockout"
    r"|(?:konto|zugang)[^.!?]{0,40}?\b(?:gesperrt|deaktiviert)|zu viele (?:\w+ ){0,2}(?:versuche|anmeldeversuche)",
    re.IGNORECASE,
)


def said_error(page: Page) -> str:
    """What a page shows as its error, else the beginning of what it shows. Not redacted."""
    text = page.text
    if is_html(page) and not is_too_deep(text):
        from selectolax.lexbor import LexborHTMLParser

        for node in LexborHTMLParser(text).css(_ERRORS)[:20]:
            if said := " ".join(node.text(separator=" ", strip=True).split()):
                return said
    return visible_text(page) if is_html(page) else " ".join(text[:2_000].split())


_ERRORS = (
    "[role=alert], .errorlist, .errornote, .alert-danger, .alert-error, .alert-warning, .error-message, .form-error,"
    ".help-block, .invalid-feedback, .field-error, .error, .errors, .is-danger, .flash, .notice, .messages, .message,"
    ".alert"
)


def retry_after(page: Page) -> str:
    """How long a portal wants to be left alone, in words (RFC 9110 section 10.2.3); empty when it does not say."""
    value = (page.header("retry-after") or "").strip()
    if re.fullmatch(r"\d{1,7}", value):
        return f"{int(value)} s"
    try:
        until = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    try:
        now = parsedate_to_datetime(page.header("date") or "")
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        now = datetime.now(UTC)
    return f"{max(0, round((until - now).total_seconds()))} s"
