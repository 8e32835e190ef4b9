"""Forms as a page's HTML has them: where they are sent, hidden fields and token, and which fields take a login.

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
_INSIDE = re.compile(r"""(?:[^>="']++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?|["'])*+""")
_OF_CODES = ("one-time-code", "otp", "mfa", "2fa", "factor")
_ENDS_IN_CODE = re.compile(r"code[\"'\s>/]|(?:verification|security|auth).?code")
_CONTROLS = ("input", "button", "select", "option", "textarea")
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


@dataclass(frozen=True, slots=True)
class Button:
    """A control that sends a form, and what it changes in it."""

    name: str
    value: str
    action: str
    """Absolute URL it is sent to with this button."""
    method: str


@dataclass(frozen=True, slots=True)
class Form:
    """Any form of a page, as a browser would send it that somebody has not touched yet."""

    action: str
    """Absolute URL."""
    method: str
    """`GET` or `POST`."""
    multipart: bool
    fields: tuple[tuple[str, str], ...]
    """What it is sent with, but for files and buttons."""
    names: frozenset[str]
    """Of all its controls."""
    buttons: tuple[Button, ...]
    """The first is the one that the Enter key presses (HTML, section 4.10.22.2)."""
    required: tuple[str, ...] = ()
    """Names of controls that must be filled in."""


def forms_of(page: Page) -> tuple[Form, ...]:
    """Every form of a page, in order; forms that only scripts draw are not among them."""
    heads, forms = _grouped(page)
    return tuple(_form(page, head, forms.get(number, [])) for number, head in heads.items())


def login_form(page: Page) -> LoginForm | None:
    """The first form with one password and a field for an account before it; None when the HTML has none.

    Forms with two passwords make an account or change one.
    """
    if "password" not in page.text.lower():
        return None  # most pages: their elements need not be read
    heads, forms = _grouped(page)
    for number, controls in forms.items():
        inputs = [element for element in controls if element.tag in ("input", "button")]
        if number and (found := _login(page, heads[number], inputs)):
            return found
    return None


def asks_second_factor(page: Page) -> bool:
    """Whether a page asks for a one-time code, and for no password."""
    text = page.text.lower()
    if not any(word in text for word in _OF_CODES) and not ("code" in text and _ENDS_IN_CODE.search(text)):
        return False
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
        if not text[start + 1 : start + 2].isalpha() and text[start + 1 : start + 2] not in ("/", "!", "?"):
            parts.append("<")  # a mere character
            position = start + 1
            continue
        if text.startswith("<!--", start):
            end, length = text.find("-->", start), 3
        elif name := next((n for n in _UNSEEN if lower.startswith(f"<{n}", start)), ""):
            end, length = lower.find(f"</{name}", start), len(name) + 3
        else:
            end, length = _tag_end(text, start), 1
            parts.append(" ")
        if end < 0:
            position = len(text)
            break
        position = end + length
    parts.append(text[position:])
    return " ".join(html.unescape("".join(parts)).split())


def _tag_end(text: str, start: int) -> int:
    """Where a tag's `>` is; one in the quotes of an attribute's value is none. -1: the page ends before."""
    found = _INSIDE.match(text, start + 1)
    end = found.end() if found else start + 1
    return end if end < len(text) else -1


def _grouped(page: Page) -> tuple[dict[int, Element], dict[int, list[Element]]]:
    """The forms of a page, and the controls of each; controls of none are those of 0."""
    forms: dict[int, list[Element]] = {}
    heads: dict[int, Element] = {}
    numbers: dict[str, int] = {}
    for element in markup(page):
        if element.tag == "form" and element.form not in heads:
            heads[element.form] = element
            if id := element.get("id"):
                numbers.setdefault(id, element.form)
        elif element.tag in _CONTROLS:
            place = numbers.get(element.get("form"), element.form)
            forms.setdefault(place, []).append(element)
    return heads, forms


def _form(page: Page, head: Element, controls: list[Element]) -> Form:
    action, method = _action(page, head.get("action")), _method(head.get("method"))
    kinds = [head.get("enctype").lower()] + [e.get("formenctype").lower() for e in controls if _is_button(e)]
    return Form(
        action=action,
        method=method,
        multipart="multipart/form-data" in kinds,
        fields=tuple(_untouched(page, controls)),
        names=frozenset(e.get("name") for e in controls if e.get("name")),
        required=tuple(dict.fromkeys(e.get("name") for e in controls if e.get("name") and "required" in e.attributes)),
        buttons=tuple(
            Button(
                e.get("name"),
                e.attributes.get("value", ""),
                _action(page, e.get("formaction")) if e.get("formaction") else action,
                _method(e.get("formmethod")) if e.get("formmethod") else method,
            )
            for e in controls
            if _is_button(e) and "disabled" not in e.attributes
        ),
    )


def _untouched(page: Page, controls: list[Element]) -> Iterable[tuple[str, str]]:
    """What controls send that nobody has touched (HTML, section 4.10.22.4, but for buttons and files)."""
    text = page.text if any(e.tag == "select" for e in controls) else ""
    options: list[Element] = []
    for position, element in enumerate(controls):
        name = element.get("name")
        if element.tag == "option" or not name or "disabled" in element.attributes:
            continue
        if element.tag == "select":
            options = []
            for following in controls[position + 1 :]:
                if following.tag != "option":
                    break
                options.append(following)
            for option in _chosen(element, options):
                shown = html.unescape(text[option.end : text.find("<", option.end)])
                yield name, option.attributes.get("value", " ".join(shown.split()))
        elif element.tag == "textarea":
            yield name, html.unescape(element.text).removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n")
        elif not _is_button(element):
            yield from _sent([element], set())


def _chosen(select: Element, options: list[Element]) -> list[Element]:
    able = [option for option in options if "disabled" not in option.attributes]
    selected = [option for option in able if "selected" in option.attributes]
    if "multiple" in select.attributes:
        return selected
    return selected[-1:] or able[:1]


def _is_button(element: Element) -> bool:
    kind = _kind(element)
    return (element.tag == "input" and kind in ("submit", "image")) or (
        element.tag == "button" and kind in ("", "submit")
    )


def _action(page: Page, action: str) -> str:
    """Where a form is sent; an action that is no web address stands as it came."""
    try:
        return urljoin(_base(page), action) if action else page.url
    except ValueError:
        return action


def _method(method: str) -> str:
    return "POST" if method.lower() == "post" else "GET"


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
    return LoginForm(
        action=_action(page, head.get("action")),
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
