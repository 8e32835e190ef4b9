"""Readers of files that exist to hold credentials: `.netrc`, `.pgpass`, password files, SQL dumps, saved logins."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from launchready.audit.secrets.candidate import Candidate
from launchready.audit.secrets.names import is_secret
from launchready.audit.secrets.settings_readers import json_pairs, pairs
from launchready.audit.secrets.values import Trust, decoded, entropy, is_placeholder

HASH = re.compile(
    r"(?<![\w$&])\$(?:1|5|6|7|y|2[abxy]|apr1|sha1|md5|P|H|S|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d+)?"
    r"|bcrypt-sha256)\$[\w./$=+,-]{8,200}"
    r"|\b(?:pbkdf2_sha\d+|bcrypt_sha256|argon2|scrypt|md5|sha1)\$[\w./$=+-]{12,200}"
    r"|\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[^}]*)\}[^\s:'\",;)]{12,200}"
    r"|\bSCRAM-SHA-256\$[^\s'\"]{20,300}"
)
"""A password as crypt(3), PHP, Django, LDAP and PostgreSQL store it."""


def netrc(text: str) -> Iterator[Candidate]:
    """`machine HOST login USER password SECRET`, over one line or several (netrc(5)); `default` and macros too."""
    host = ""
    for number, line in enumerate(text.split("\n"), 1):
        tokens = line.split("#", 1)[0].split() if line.lstrip().startswith("#") else line.split()
        for word, value in itertools.pairwise(tokens):
            if word == "machine":
                host = value
            elif word in ("password", "passwd", "account", "pass"):
                value = value.strip("'\"")
                yield Candidate(number, f"password of {host}" if host else "password", value, "Password in .netrc")


def pgpass(text: str) -> Iterator[Candidate]:
    """`host:port:database:user:password`, `:` and `\\` escaped by `\\` (PostgreSQL: The Password File)."""
    for number, line in enumerate(text.split("\n"), 1):
        fields = re.split(r"(?<!\\):", line.strip())
        if len(fields) == 5 and not line.startswith("#"):
            yield Candidate(number, f"password of {fields[3]}", fields[4].replace("\\", ""), "PostgreSQL password")


def password_file(text: str) -> Iterator[Candidate]:
    """`user:hash`, with more fields or none: htpasswd, htdigest, shadow(5), passwd files of FTP servers."""
    for number, line in enumerate(text.split("\n"), 1):
        fields = re.split(r"[:=]", line.strip(), maxsplit=8)
        if line.startswith("#") or len(fields) < 2 or not re.fullmatch(r"[\w.@+-]{1,64}", fields[0]):
            continue
        stored = fields[2] if len(fields) == 3 and re.fullmatch(r"[0-9a-f]{32}", fields[2]) else fields[1]
        if HASH.search(stored) or (
            len(stored) >= 13
            and not is_placeholder(stored)
            and (re.fullmatch(r"[A-Za-z0-9./]{13}|[0-9a-f]{32,128}|\{?[A-Za-z0-9./+=}]{24,128}", stored))
        ):
            yield Candidate(number, fields[0], stored, "Password hash", Trust.VAULT)


def docker_config(text: str) -> Iterator[Candidate]:
    """`auths.HOST.auth`: user and password in Base64 (Docker: credential stores)."""
    for found in json_pairs(text):
        last = found.name.rpartition(".")[2].lower()
        if last == "auth" and ":" in decoded(found.value):
            yield Candidate(found.line, found.name, decoded(found.value).partition(":")[2], "Registry login")
        elif last in ("identitytoken", "registrytoken", "password"):
            yield Candidate(found.line, found.name, found.value, "Registry login")


def saved_logins(text: str) -> Iterator[Candidate]:
    """Logins as a browser keeps them: encrypted with a key that lies beside them (Firefox's `logins.json`)."""
    for found in json_pairs(text):
        if found.name.rpartition(".")[2] in ("encryptedPassword", "encryptedUsername"):
            yield Candidate(found.line, found.name, found.value, "Saved login of a browser", Trust.VAULT)


def npmrc(text: str) -> Iterator[Candidate]:
    """`//registry.example/:_authToken=…`, `_auth`, `_password` (npm: npmrc)."""
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(
            r"\s*(?:(//[^\s=]{1,200}):)?(_authToken|_auth|_password|//[^\s=]+:_authToken)\s*=\s*[\"']?([^\s\"']+)", line
        )
        if match and not line.lstrip().startswith(("#", ";")):
            login = decoded(match[3]) if match[2] == "_auth" else ""
            yield Candidate(number, match[2], login.partition(":")[2] if login else match[3], "npm token")


def whole_file(text: str) -> Iterator[Candidate]:
    """A file whose only line is the secret: Rails' `master.key`, `.vault_pass`, `token.txt`."""
    full = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(full) == 1 and " " not in full[0][1] and ":" not in full[0][1] and "=" not in full[0][1].rstrip("="):
        yield Candidate(full[0][0], "", full[0][1], "Key in a file of its own", Trust.SETTINGS)
    elif full:
        yield from pairs(text)
        yield from lone_tokens(text)


def lone_tokens(text: str) -> Iterator[Candidate]:
    """Lines that are nothing but a long random token, in a small text that says nothing else of them."""
    numbered = [(number, line.strip()) for number, line in enumerate(text.split("\n")[:60], 1)]
    found = [(n, line) for n, line in numbered if _TOKEN.fullmatch(line) and entropy(line) >= 3.3]
    if not found or len(found) > 20:
        return
    for number, line in found:
        if not (re.fullmatch(r"[0-9a-f]+", line) and len(line) in (32, 40, 56, 64, 96, 128)) or len(found) <= 3:
            yield Candidate(number, "", line, "Random token", Trust.SETTINGS)


_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_=.-]{24,200}")


def sql_dump(text: str) -> Iterator[Candidate]:
    """Rows of accounts with their passwords or tokens, and statements that set a password."""
    columns: dict[str, list[str]] = {}
    creating = ""
    copying: list[str] | None = None
    inserting: list[str] = []
    for number, line in enumerate(text.replace("\\040", " ").split("\n"), 1):
        if copying is not None:
            if line.startswith("\\."):
                copying = None
            else:
                yield from _row(number, copying, line.split("\t"))
            continue
        if match := _COPY.match(line):
            copying = [_bare(c) for c in match[2].split(",")]
        elif match := _INSERT.match(line):
            creating, table = "", _bare(match[1])
            inserting = [_bare(c) for c in match[2].split(",")] if match[2] else columns.get(table, [])
        elif match := _CREATE.match(line):
            creating = _bare(match[1])
            inside = line[match.end() :].partition("(")[2]
            columns[creating] = [_bare(part.split()[0]) for part in inside.split(",") if part.split()]
            creating = "" if line.rstrip().endswith(";") else creating
        elif creating and (match := _COLUMN.match(line)):
            columns[creating].append(match[1])
        elif re.match(r"\s*\)", line):
            creating = ""
        start = match.end() if (match := _INSERT.match(line)) else 0
        for values in _ROW.finditer(line, start) if inserting and "(" in line else ():
            row = list(_row(number, inserting, _VALUE.findall(values[1])))
            yield from row[:1]
            if row:
                break
        if line.rstrip().endswith(";"):
            inserting = []
        if match := _GRANT.search(line):
            yield Candidate(number, "password", match[1], "Database password", Trust.VAULT)


def _row(number: int, columns: list[str], values: list[str]) -> Iterator[Candidate]:
    cells = [value.strip().strip("'\"") for value in values]
    for name, value in zip(columns, cells, strict=False):
        if is_secret(name) and len(value) >= 6 and value.upper() != "NULL" and value != r"\N":
            yield Candidate(number, name, value, "Password of an account in a dump", Trust.VAULT)
            return
    for value in cells:
        if HASH.match(value):
            yield Candidate(number, "", value, "Password of an account in a dump", Trust.VAULT)
            return


def _bare(name: str) -> str:
    return name.strip().strip('`"[]').rpartition(".")[2].strip('`"[]')


_COPY = re.compile(r"COPY\s+([\w.\"]{1,120})\s*\(([^)]{1,4000})\)\s+FROM\s+stdin", re.IGNORECASE)
_CREATE = re.compile(r"\s*CREATE TABLE\s+(?:IF NOT EXISTS\s+)?([\w.\"`\[\]]{1,120})", re.IGNORECASE)
_COLUMN = re.compile(r"\s*[\"`\[]?(\w{1,64})[\"`\]]?\s+\w")
_INSERT = re.compile(
    r"\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+([\w.\"`\[\]]{1,120})\s*(?:\(([^)]{1,4000})\)\s*)?(?:VALUES)?",
    re.IGNORECASE,
)
_ROW = re.compile(r"\(((?:[^()']|'(?:[^'\\]|\\.|'')*+')*+)\)")
_VALUE = re.compile(r"\s*('(?:[^'\\]|\\.|'')*+'|[^,]+)\s*(?:,|$)")
_GRANT = re.compile(
    r"(?:IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)|(?:ROLE"
    r"|USER|LOGIN)\s+\S+\s+(?:WITH\s+)?(?:\w+\s+){0,8}?PASSWORD|SET\s+PASSWORD[^\n=]{0,80})\s*=?\s*"
    r"(?:PASSWORD\s*\(?\s*)?N?'([^'\n]{3,300})'",
    re.IGNORECASE,
)
