"""How many pixels a picture has, read from its first bytes: PNG, JPEG, GIF, WebP and AVIF. Decodes nothing."""

from __future__ import annotations

import struct

HEAD = 64 * 1024
"""So much of a picture is looked at; a photograph's own notes may fill some of it before its size comes."""
MOST_SEGMENTS = 200


def pixels_of(body: bytes) -> tuple[int, int] | None:
    """Width and height; None for what is none of these formats, or broken off before it says so."""
    head = body[:HEAD]
    try:
        size = _size(head)
    except struct.error:
        return None
    return size if size and size[0] and size[1] else None


def _size(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    if head[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", head, 6)
        return width, height
    if head.startswith(b"\xff\xd8"):
        return _jpeg(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    if head[4:8] == b"ftyp":
        return _avif(head)
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """The frame header of ITU T.81, B.2.2; the thumbnail inside the notes has one of its own and is passed over."""
    position = 2
    for _ in range(MOST_SEGMENTS):
        while head[position : position + 2] == b"\xff\xff":
            position += 1
        mark, kind, length = struct.unpack_from(">BBH", head, position)
        if mark != 0xFF:
            return None
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        position += 2 + length
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    """RFC 9649, sections 2.5 to 2.7."""
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        if len(head) < 30:
            return None
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return None


def _avif(head: bytes) -> tuple[int, int] | None:
    """The largest `ispe` property (ISO 23008-12, 6.5.3): an alpha plane and a grid's tiles have one each too."""
    found, position = (0, 0), 0
    for _ in range(MOST_SEGMENTS):
        position = head.find(b"ispe", position)
        if position < 0:
            break
        width, height = struct.unpack_from(">II", head, position + 8)
        found = max(found, (width, height), key=lambda size: size[0] * size[1])
        position += 4
    return found
