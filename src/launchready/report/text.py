"""Hostile text made harmless for people's eyes: what every renderer does before its own format's escaping.

Banners, page titles, DNS records and certificates are written by strangers. Nothing they wrote may move a cursor,
recolour a terminal, reverse the reading direction or hide characters.
"""

from __future__ import annotations

import re
import unicodedata

MOST = 4000
"""Characters of one text that are shown; evidence is cut by the checks, this is the last fence."""

_HIDING = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0\ufffe\uffff")
"""Letters and marks that draw nothing, so that they can hide in a name; they are not of category C."""

_RFC = re.compile(r"\bRFC (\d{1,5})\b(?:,? section ([0-9A-Z]+(?:\.[0-9]+)*))?")


def clean(text: str, *, lines: bool = False, most: int = MOST) -> str:
    r"""Return `text` with every character that is not plainly visible written out, as `\x1b` or `\u202e`.

    That is Unicode's categories Cc, Cf, Cs, Co, Cn, Zl and Zp (controls, bidirectional overrides, zero-width
    and tag characters, lone surrogates, private use, unassigned, separators) and letters that draw nothing.
    Tabs become spaces; line feeds stay when `lines` is set and become spaces otherwise. Text longer than `most`
    characters is cut, and says so.
    """
    cut = len(text) - most
    if cut > 0:
        text = text[:most]
    text = text.replace("\r\n", "\n").replace("\t", " ")
    if not lines:
        text = text.replace("\n", " ")
    shown = text if text.isascii() and text.isprintable() else "".join(map(_visible, text))
    return f"{shown}… ({cut} more characters)" if cut > 0 else shown


def counted(number: int, one: str, many: str = "") -> str:
    """`1 blocker`, `3 blockers`; `many` where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def minutes(number: int) -> str:
    """An effort in the words people plan with: `10 min`, `1 h 30 min`."""
    hours, rest = divmod(max(0, number), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def listed(names: list[str], most: int = 8) -> str:
    """Names with commas; the ones beyond `most` are counted."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def link_of(reference: str) -> str:
    """The page a reference means: itself when it is an https address, its RFC's page, or nothing."""
    if re.fullmatch(r"https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?", reference):
        return reference
    if match := _RFC.search(reference):
        number, section = match.groups()
        return f"https://www.rfc-editor.org/rfc/rfc{number}" + (f"#section-{section}" if section else "")
    return ""


def linked(reference: str) -> tuple[tuple[str, str], ...]:
    """The sources a reference names, apart by semicolons: each cleaned, with its page or nothing."""
    return tuple((clean(part), link_of(part)) for part in map(str.strip, reference.split(";")) if part)


def opened(text: str) -> str:
    """A sentence that follows a label on a line of its own: with a capital."""
    return text[:1].upper() + text[1:]


def _visible(char: str) -> str:
    if char == "\n" or (char not in _HIDING and unicodedata.category(char) not in _WRITTEN_OUT):
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


_WRITTEN_OUT = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
