"""Names of files that change with their content, as build tools give them. Asks nobody."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def named_by_content(url: str) -> bool:
    """Whether a file's address changes when its content does: a hash in its name, or as its query.

    A word and a date are no hash: what counts has eight characters or more, hexadecimal ones with both a digit and a
    letter, or of both cases with a digit, as bundlers write them.
    """
    parts = urlsplit(url)
    stem, _, ending = parts.path.rpartition("/")[2].rpartition(".")
    first, *rest = re.split(r"[.\-_~]", stem)
    bundled = re.findall(r"-([\w-]{8})\Z", stem)  # such a hash may hold the signs that names are split at
    queried = re.split(r"[=&]", parts.query)
    return bool(ending) and (_is_hexadecimal(first) or any(map(_is_hash, (*rest, *bundled, *queried))))


def _is_hash(text: str) -> bool:
    if _is_hexadecimal(text):
        return True
    kinds = (r"\d", r"[a-z]", r"[A-Z]")
    return bool(re.fullmatch(r"[\w-]{8,64}", text)) and all(re.search(kind, text) for kind in kinds)


def _is_hexadecimal(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8,64}", text) and re.search(r"\d", text) and re.search(r"[a-f]", text))
