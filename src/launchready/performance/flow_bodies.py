"""What a step sends: a form filled in as a browser would send it, JSON, a file. Sends nothing itself.

Of a form the file names only what a person types. Hidden fields, the token against forged requests, boxes that are
ticked, lists' chosen values and the button come from the form of the page before.
"""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from launchready.portal_performance import FlowUpload
from launchready.probes.forms import Button, Form, forms_of
from launchready.probes.page import Page

MOST_FILE = 50_000 * 1024
URLENCODED = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its type, and where and how it goes."""

    method: str
    url: str
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)


def form_for(page: Page | None, url: str, names: set[str], method: str = "") -> tuple[Form, Button | None] | None:
    """The form of a page that is sent to `url`, with the button that does so; of several the one with most of `names`.

    A form matches by host and path; the query decides only between two that match.
    """
    best: tuple[tuple[int, int, int], Form, Button | None] | None = None
    for number, form in enumerate(forms_of(page) if page else ()):
        named = [b for b in form.buttons if b.name and b.name in names]
        for button in (*named, *form.buttons) or (None,):
            action, sent_by = (button.action, button.method) if button else (form.action, form.method)
            if not _same_place(action, url) or (method and sent_by != method):
                continue
            fits = len(names & form.names), int(_query(action) == _query(url)), -number
            if best is None or fits > best[0]:
                best = fits, form, button
    return best[1:] if best else None


def pairs_of(form: Form, button: Button | None, given: dict[str, str]) -> Pairs:
    """What the form sends with `given` typed into it, in the form's order; the button that is pressed last."""
    left = dict(given)
    pairs: list[tuple[str, str]] = []
    for name, value in form.fields:
        if name not in given:
            pairs.append((name, value))
        elif name in left:
            pairs.append((name, left.pop(name)))
    pairs += left.items()
    if button and button.name and button.name not in given:
        pairs.append((button.name, button.value))
    return tuple(pairs)


def form_content(method: str, url: str, pairs: Pairs) -> Content:
    """Fields as a form sends them: in the address of a GET, in the body else (URL standard, section 5)."""
    if method == "GET":
        parts = urlsplit(url)
        return Content("GET", urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(pairs), "")))
    return Content(method, url, URLENCODED, urlencode(pairs).encode())


def json_content(method: str, url: str, value: object) -> Content:
    """A JSON body."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Content(method, url, "application/json", body)


def multipart_content(method: str, url: str, pairs: Pairs, upload: FlowUpload | None, content: bytes) -> Content:
    """Fields and a file, if any (RFC 7578; names as HTML, section 4.10.22.8, writes them)."""
    mark = f"----LaunchReady{secrets.token_hex(12)}"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n'.encode()
        + value.replace("\r\n", "\n").replace("\n", "\r\n").encode()
        + b"\r\n"
        for name, value in pairs
        if upload is None or name != upload.field
    ]
    if upload:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{_escaped(upload.field)}"; '
        head += f'filename="{_escaped(upload.name)}"\r\nContent-Type: {_one_line(upload.content_type)}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join((*parts, f"--{mark}--\r\n".encode()))
    return Content(method, url, f"multipart/form-data; boundary={mark}", body)


def uploaded(upload: FlowUpload, root: Path, mark: str) -> bytes:
    """The file of an upload, or a PDF that is made. Raises ValueError, in words for people, when it cannot be read."""
    if not upload.file:
        return made_pdf(upload.size_kb * 1024, mark)
    path = root / upload.file
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {upload.file}")
        if path.stat().st_size > MOST_FILE:
            raise ValueError(f"{upload.file} is larger than {MOST_FILE // 1024} kB")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{upload.file} cannot be read: {error.strerror}") from None


def made_pdf(size: int, mark: str) -> bytes:
    """A PDF of one page and as near `size` bytes as may be (never below some 700), with `mark` in its title.

    It is filled up with a stream of noise, so that it is as hard to compress as a scan, and no two are equal: some
    portals refuse a file that they have already.
    """
    text = f"BT /F1 18 Tf 72 720 Td (Launch Ready test file {_latin(mark)}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({_latin(mark)}) /Producer (Launch Ready) >>".encode(),
    ]
    without = len(_pdf([*objects, _noise(0)]))
    return _pdf([*objects, _noise(max(0, size - without - len(str(size)) + 1))])


def _noise(length: int) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (length, secrets.token_bytes(length))


def _pdf(objects: list[bytes]) -> bytes:
    """A file of these objects (ISO 32000-1, section 7.5)."""
    body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % start for start in starts)
    ends = (len(objects) + 1, zlib.crc32(body), zlib.crc32(body), table)
    body += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R /ID [<%08x> <%08x>] >>\nstartxref\n%d\n%%%%EOF\n" % ends
    return bytes(body)


def _latin(text: str) -> str:
    return "".join(c for c in text if (c.isalnum() and c.isascii()) or c in " -")[:80]


def _escaped(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _same_place(action: str, url: str) -> bool:
    try:
        one, other = urlsplit(action), urlsplit(url)
        return (one.hostname, one.port, one.path or "/") == (other.hostname, other.port, other.path or "/")
    except ValueError:
        return False


def _query(url: str) -> str:
    return urlsplit(url).query
