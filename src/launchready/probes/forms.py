"""A login form as a page's HTML has it: where it is sent, its hidden fields and token, and which fields take what.

Reads, sends nothing. A form that a script draws is not seen here, and said to be missing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from launchready.probes.markup import Element
from launchready.probes.page import Page
from launchready.probes.pages import markup

_TYPED = ("text", "email", "tel", "username", "")
"""Types of inputs that may take an account's name."""
_NAMES = re.compile(r"user|e-?mail|login|account|identifier", re.IGNORECASE)
_CODE = re.compile(r"otp|totp|mfa|2fa|two.?factor|(?:verification|security|auth).?code|(?:^|[_-])code$", re.IGNORECASE)
_UNSEEN = ("script", "style", "template", "noscript", "title")


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What is to be sent to log in."""

    action: str
    """Absolute URL."""
    posts: bool
    """Whether it is sent as POST; a form that is not puts the password into the address."""
    fields: tuple[tuple[str, str], ...]
    """Everything else a browser would send: hidden fields, the token, boxes that are ticked, the button."""
    user: str
    """Name of the field for the account."""
    password: str

    def filled(self, user: str, password: str) -> dict[str, str]:
        """What is sent for an account."""
        return {**dict(self.fields), self.user: user, self.password: password}


def login_form(page: Page) -> LoginForm | None:
    """The first form with one password and a field for an account before it; None when the HTML has none.

    Forms with two passwords make an account or change one.
    """
    forms: dict[int, list[Element]] = {}
    heads: dict[int, Element] = {}
    numbers: dict[str, int] = {}
    for element in markup(page):
        if element.tag == "form" and element.form not in heads:
            heads[element.form] = element
            if id := element.get("id"):
                numbers.setdefault(id, element.form)
        elif element.tag in ("input", "button"):
            place = numbers.get(element.get("form"), element.form)
            forms.setdefault(place, []).append(element)
    for number, controls in forms.items():
        if number and (found := _login(page, heads[number], controls)):
            return found
    return None


def asks_second_factor(page: Page) -> bool:
    """Whether a page asks for a one-time code, and for no password."""
    inputs = [e for e in markup(page) if e.tag == "input" and e.get("type").lower() != "hidden"]
    if any(e.get("type").lower() == "password" for e in inputs):
        return False
    return any(
        e.get("autocomplete").lower() == "one-time-code" or _CODE.search(e.get("name")) or _CODE.search(e.get("id"))
        for e in inputs
    )


def has_scripts(page: Page) -> bool:
    """Whether a page's text may be the work of scripts."""
    return any(e.tag == "script" for e in markup(page))


def visible_text(page: Page) -> str:
    """A page's text without tags, scripts, styles and comments, white space as one blank. In linear time."""
    text, parts, position = page.text, [], 0
    lower = text.lower()
    while (start := text.find("<", position)) >= 0:
        parts.append(text[position:start])
        if text.startswith("<!--", start):
            end, length = text.find("-->", start), 3
        elif name := next((n for n in _UNSEEN if lower.startswith(f"<{n}", start)), ""):
            end, length = lower.find(f"</{name}", start), len(name) + 3
        else:
            end, length = text.find(">", start), 1
            parts.append(" ")
        if end < 0:
            position = len(text)
            break
        position = end + length
    parts.append(text[position:])
    return " ".join(html.unescape("".join(parts)).split())


def _login(page: Page, head: Element, controls: list[Element]) -> LoginForm | None:
    passwords = [e for e in controls if _kind(e) == "password" and e.get("name")]
    if len(passwords) != 1:
        return None
    password = passwords[0]
    before = controls[: controls.index(password)]
    typed = [e for e in before if e.tag == "input" and _kind(e) in _TYPED and e.get("name")]
    user = next((e for e in typed if e.get("autocomplete").lower() in ("username", "email")), None)
    user = user or next((e for e in typed if _NAMES.search(e.get("name"))), typed[-1] if typed else None)
    if user is None:
        return None
    action = urljoin(_base(page), head.get("action")) if head.get("action") else page.url
    return LoginForm(
        action=action,
        posts=head.get("method").lower() == "post",
        fields=tuple(_sent(controls, {user.get("name"), password.get("name")})),
        user=user.get("name"),
        password=password.get("name"),
    )


def _sent(controls: Iterable[Element], ours: set[str]) -> Iterable[tuple[str, str]]:
    pressed = False
    for element in controls:
        name, kind = element.get("name"), _kind(element)
        button = kind == "submit" or (element.tag == "button" and kind in ("", "submit"))
        if button:
            if not pressed and name:
                yield name, element.attributes.get("value", "")
            pressed = True
        elif not name or name in ours or element.tag == "button" or "disabled" in element.attributes:
            continue
        elif kind in ("checkbox", "radio"):
            if "checked" in element.attributes:
                yield name, element.attributes.get("value", "on")
        elif kind not in ("button", "reset", "image", "file"):
            yield name, element.attributes.get("value", "")


def _kind(element: Element) -> str:
    return element.get("type").lower()


def _base(page: Page) -> str:
    """What relative addresses of a page start from (HTML, section 2.4.3)."""
    given = next((e.get("href") for e in markup(page) if e.tag == "base" and e.get("href")), "")
    base = urljoin(page.url, given)
    return base if urlsplit(base).scheme in ("http", "https") else page.url
