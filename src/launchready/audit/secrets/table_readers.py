"""Readers of tables: exports of password managers, secrets of daemons, one login a line or one part of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from launchready.audit.secrets.candidate import Candidate
from launchready.audit.secrets.names import is_secret
from launchready.audit.secrets.settings_readers import json_pairs
from launchready.audit.secrets.values import Trust

HEADER_COLUMNS = 200
CELL = 131_072
"""Characters of one cell; the reader of the standard library takes no more."""


def csv_table(text: str) -> Iterator[Candidate]:
    """Columns whose heading names a credential, as browsers and consoles of clouds export them; one a line."""
    heading = text.partition("\n")[0].lstrip("\ufeff")
    if (
        len(heading) > 4000
        or "=" in heading
        or not any(is_secret(name) for name in re.split(r"[,;\t]", heading.replace('"', "")))
    ):
        return
    separator = max(",;\t", key=heading.count)
    try:
        rows = csv.reader(text.split("\n"), delimiter=separator, strict=False)
        columns = [name.strip() for name in next(rows)[:HEADER_COLUMNS]]
        login = any(name.lower() in ("url", "username", "login_uri", "user name", "user") for name in columns)
        for row in rows:
            for name, cell in zip(columns, row, strict=False):
                if is_secret(name) and cell.strip():
                    kind = "Login in an export" if login else ""
                    yield Candidate(rows.line_num, name, cell.strip(), kind, Trust.VAULT if login else None)
    except (csv.Error, StopIteration):
        return


def colon_logins(text: str) -> Iterator[Candidate]:
    """`user:password`, `host user:password`, `host:user:password` (rsyncd.conf(5), Postfix: sasl_passwd, Exim)."""
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or line.lstrip().startswith(("#", ";")) or len(words) > 2 or ":" not in words[-1]:
            continue
        login, _, password = words[-1].rpartition(":")
        if re.fullmatch(r"[\w.@*+:-]{1,200}", login) and "//" not in words[-1]:
            yield Candidate(number, f"password of {login.rpartition(':')[2]}", password, "Password of a service")


def quoted_secrets(text: str) -> Iterator[Candidate]:
    """`client server "secret" addresses` (pppd(8)) and `selector : PSK "secret"` (ipsec.secrets(5))."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _IPSEC.search(line) or _PPP.match(line)
        if match and not line.lstrip().startswith("#"):
            yield Candidate(number, "secret", match[1].strip("\"'"), "Password of a service")


_IPSEC = re.compile(r":\s*(?:PSK|EAP|XAUTH|NTLM|PIN|RSA)\s+(?:\S+\s+)?(\"[^\"\n]{4,200}\"|0[sx]\S{8,200})")
_PPP = re.compile(r"""\s*(?:"[^"\n]*"|\S+)\s+(?:"[^"\n]*"|[^\s:]+)\s+("[^"\n]{4,200}"|[^\s:"]{4,200})(?:\s|$)""")


def two_lines(text: str) -> Iterator[Candidate]:
    """User in the first line, password in the second (OpenVPN: auth-user-pass)."""
    full = [(number, line.strip()) for number, line in enumerate(text.split("\n")[:20], 1) if line.strip()]
    if len(full) == 2 and all(re.fullmatch(r"[^\s=:]{3,100}", line) for _, line in full):
        yield Candidate(full[1][0], f"password of {full[0][1][:40]}", full[1][1], "Password of a service")


def tagged_values(text: str) -> Iterator[Candidate]:
    """`Password<|||>1<|||>hex` (HeidiSQL), `password 51:b:hex` (Remote Desktop), `user x on >password` (Redis)."""
    for number, line in enumerate(text.split("\n"), 1):
        if match := _TAGGED.search(line[:4000]):
            yield Candidate(number, "password", match[1] or match[2], "Saved login")


_TAGGED = re.compile(
    r"(?i)\bpassword(?:<\|\|\|>\d<\|\|\|>|\s\d\d:b:)(\S{4,2000})|^user\s\S{1,80}\s[^>]{0,200}>(\S{4,200})"
)


def json_web_key(text: str) -> Iterator[Candidate]:
    """The private part of a JSON Web Key (RFC 7517, 7518: `d`, and `k` of a symmetric one)."""
    if '"kty"' not in text:
        return
    for found in json_pairs(text):
        if found.name.rpartition(".")[2] in ("d", "k") and re.fullmatch(r"[\w-]{40,2000}={0,2}", found.value):
            yield Candidate(found.line, found.name, found.value, "Private key", Trust.VAULT)
