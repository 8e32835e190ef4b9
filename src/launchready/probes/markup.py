"""The elements of an HTML page and the URLs of a style sheet, read in one pass whatever a stranger sends.

Follows the tokenizer of the HTML standard and stops there: no tree is built. A megabyte of nested `<div>` takes a
tree builder the better part of a minute (each looks up all its ancestors), and formatting elements that are
re-opened in each paragraph take all memory. What a page loads can be told from its tags alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ELEMENTS = 50_000
"""So many elements of a page are read."""
STYLE_CHARACTERS = 512 * 1024
"""So much of a style sheet is read."""


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag that a browser with scripting on makes an element of."""

    tag: str
    """Lower case."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Names in lower case, character references resolved, the first of equal names."""
    text: str = ""
    """What is inside, for elements that hold text only: `style`, `script`, `title`, `textarea`."""
    form: int = 0
    """Which `<form>` of the page it is in, counted from 1; 0: in none."""
    end: int = field(default=0, compare=False)
    """Where its start tag ends in the page's text."""

    def get(self, name: str) -> str:
        """An attribute's value without the white space around it, empty when it is missing."""
        return self.attributes.get(name, "").strip()


def elements(text: str) -> Iterator[Element]:
    """The elements of a page, in order.

    Left out, as a browser makes nothing of them: comments, what is inside `<template>`, `<noscript>` and the text
    of `<script>` or `<textarea>`, and a tag that the end of the page cuts off.
    """
    position = templates = count = forms = form = 0
    while count < ELEMENTS and (token := _TOKEN.search(text, position)):
        position = token.end()
        if ending := token["end"]:
            templates -= ending.lower() == "template" and templates > 0
            form = 0 if ending.lower() == "form" and not templates else form
            continue
        if not (name := token["start"]) or not token["closed"]:
            continue
        tag, inside, end = name.lower(), "", position
        if tag in _TEXT_ONLY:
            closing = _TEXT_ONLY[tag].search(text, position)
            inside = text[position : closing.start() if closing else len(text)]
            position = closing.end() if closing else len(text)
        if tag == "template":
            templates += 1
        elif not templates:
            count += 1
            if tag == "form" and not form:  # a form in a form is none
                forms += 1
                form = forms
            yield Element(tag, _attributes(token["attributes"]), inside, form, end)


@dataclass(frozen=True, slots=True)
class StyleUrl:
    """A URL a style sheet loads from."""

    url: str
    role: str
    """`image`, `font` or `import`."""


def style_urls(css: str) -> Iterator[StyleUrl]:
    """The URLs of `url()` and `@import` in a style sheet or a style attribute (CSS Syntax Level 3).

    Comments, strings, data: URLs and the names of `@namespace` load nothing.
    """
    rule = ""
    for token in _CSS.finditer(css[:STYLE_CHARACTERS]):
        if word := token["rule"]:
            rule = word.lower()
        elif token["stop"]:
            # A `;` ends `@import` and `@namespace`; a descriptor's `;` inside `@font-face` does not end that.
            if token["stop"] == "}" or rule != "font-face":
                rule = ""
        elif (url := token["quoted"] or token["bare"]) and rule != "namespace":
            role = {"import": "import", "font-face": "font"}.get(rule, "image")
            yield StyleUrl(_unescaped(url), role)
        elif (string := token["string"]) and rule == "import":
            yield StyleUrl(_unescaped(string), "import")


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = match["double"] or match["single"] or match["bare"] or ""
        found.setdefault(match["name"].lower(), html.unescape(value) if "&" in value else value)
    return found


def _unescaped(text: str) -> str:
    return _CSS_ESCAPE.sub(lambda m: chr(min(int(m[1], 16), 0xFFFF)) if m[1] else m[2], text).strip("\"' ")


# Possessive quantifiers, and an end of text that closes everything, keep these linear on any input.
_TOKEN = re.compile(
    r"""<!--(?:-?>|.*?(?:--!?>|\Z))
      | </(?P<end>[a-z][^\s/>]*+)[^>]*+(?:>|\Z)
      | <(?P<start>[a-z][^\s/>]*+)
         (?P<attributes>(?:[^>="']++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?|["'])*+)(?:(?P<closed>>)|\Z)
      | <[!?/][^>]*+(?:>|\Z)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s/>=][^\s/>=]*+)
        (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"?|'(?P<single>[^']*+)'?|(?P<bare>[^\s>]*+)))?""",
    re.VERBOSE,
)
_TEXT_ONLY = {
    tag: re.compile(rf"</{tag}(?=[\s/>])[^>]*+>?", re.IGNORECASE)
    for tag in ("script", "style", "title", "textarea", "noscript", "iframe", "noembed", "noframes", "xmp")
}
_CSS = re.compile(
    r"""/\*.*?(?:\*/|\Z)
      | url\(\s*+(?:(?P<quoted>"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)|(?P<bare>[^)"'\s]++))
      | (?P<string>"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)
      | @(?P<rule>[a-z-]{1,40})
      | (?P<stop>[;{}])""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
