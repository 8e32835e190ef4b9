"""Credentials written into source code, wherever the engine saw one of their names or shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from launchready.audit.secrets.candidate import Candidate
from launchready.audit.secrets.credential_readers import HASH
from launchready.audit.secrets.names import is_secret
from launchready.audit.secrets.values import (
    Trust,
    decoded,
    is_example_login,
    is_local,
    is_placeholder,
    is_reference,
    is_weak,
)

_ASSIGNED = re.compile(
    r"""(?P<name>[A-Za-z_$@][\w.$-]{1,80})\\?["'`]?\s*\]?\)?\s*
    (?::\s*&?(?:'static\s)?[A-Za-z][\w<>\[\]., |]{0,40}(?==))?\s*
    (?:=>|:=|\|\|=|\?\?=|=|:)\s*(?:[A-Za-z_.:]{1,30}\(\s*)?[rbuf@$]{0,2}
    \\?(?P<quote>["'`])(?P<value>(?:(?!\\?(?P=quote))[^\r\n\\]|\\.){3,2000})\\?(?P=quote)""",
    re.VERBOSE,
)
_CALLED = re.compile(
    r"""\(\s*["'`](?P<name>[A-Za-z_][\w.-]{1,80})["'`]\s*,\s*(?:default\s*=\s*|\w+\s*:\s*)?
    (?P<quote>["'`])(?P<value>[^"'`\r\n]{3,2000})(?P=quote)""",
    re.VERBOSE,
)
_PUT = re.compile(r"""(?:putenv|setenv)\(\s*["'](?P<name>\w{2,80})=(?P<value>[^"'\r\n]{3,500})["']""", re.IGNORECASE)
_LOGIN = re.compile(
    r"""\b(?:login|authenticate|basic_auth|basicAuth|HTTPBasicAuth|auth|setCredentials|UsernamePasswordCredentials|NetworkCredential|PasswordAuthentication)
    \s*[=(]\s*\(?\s*(?:[\w.]{1,20}\s*,\s*)?
    ["'](?P<user>[^"'\s]{1,120})["']\s*,\s*["'](?P<value>[^"'\r\n]{4,200})["']""",
    re.VERBOSE,
)
_CONNECT = re.compile(
    r"""\b(?:mysqli?_connect|mysqli_real_connect|pg_connect|new\s+mysqli|new\s+PDO|ssh2_auth_password|ftp_login|imap_open
    |mssql_connect|oci_connect|DBI->connect|DriverManager\.getConnection)\s*\(
    (?P<before>(?:\s*(?:["'][^"']*["']|[^,"'()]{1,60})\s*,){2})\s*["'](?P<value>[^"'\r\n]{3,200})["']""",
    re.VERBOSE,
)
_OPTION = re.compile(
    r"""(?:^|[\s"'])(?:--?(?:password|passwd|pass|token|api-key|secret|storepass|keypass|auth-token|access-token)[=\ ]
    |sshpass\s+-p\s*|curl\b[^\n]{0,200}?\s-u\s+["']?[\w.@-]+:|\bmysql\w{0,6}\b[^\n]{0,80}?\s-p(?=\S)
    |--?[a-z-]{0,16}pass(?:wd|word|phrase)?[=\ ]|--requirepass\s+|login\b[^\n]{0,80}?\s-p\s+
    |lftp\b[^\n]{0,80}?\s-u\s+[\w.@-]{1,40},|/user:\S{1,60}\s+|ConvertTo-SecureString\s+(?:-String\s+)?(?=["'])
    |\bset\s+-[gxU]{1,3}\s+\w*(?:PASSWORD|TOKEN|SECRET|KEY)\w*\s+
    |[A-Z][A-Z_]*(?:PASSWORD|PASSWD|TOKEN|SECRET|API_KEY)=)["']?(?P<value>[^\s"'`;|&]{4,200})""",
    re.VERBOSE,
)
_HEADER = re.compile(r"(?i)\b(?P<scheme>Basic|Bearer|Token)\s+(?P<value>[A-Za-z0-9+/=_.~-]{16,2000})")
_URI = re.compile(
    r"\b(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{1,20})://(?P<user>[^\s:/@'\"<>`]{0,100}):(?P<value>[^\s@'\"<>`]{1,300}?)@"
    r"(?P<host>\[[0-9a-fA-F:]+\]|[^\s:/?#'\"<>`,)\]}\\]{1,253})"
)
_GO_DSN = re.compile(r"[\"'`=](?P<user>[\w.-]{1,60}):(?P<value>[^@\s\"'`]{3,200})@(?:tcp|unix)\(")
_ORACLE = re.compile(r"jdbc:oracle:\w{2,6}:(?P<user>[\w.-]{1,40})/(?P<value>[^@\s/]{3,64})@")
_QUERY = re.compile(r"(?i)[?&;](?:password|passwd|pwd)=(?P<value>[^&\s\"'<>$%{+;]{4,200})")
_ADO = re.compile(r"(?i)(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*(?P<value>[^;\"'\r\n]{3,300})")
_ADO_CONTEXT = re.compile(
    r"(?i)\b(?:server|data source|host|user id|uid|accountname|endpoint|sharedaccesskeyname|dbname|database)\s*="
)


_STRATEGY = re.compile(
    r"""\b(?:omniauth|provider)\s+:\w{2,30},\s*[^,\n]{1,120},\s*["'](?P<value>[^"'\n]{16,200})["']"""
)
"""OmniAuth: identifier and secret of an application, one after the other."""
_PIPED = re.compile(
    r"""\becho\s+(?:-n\s+)?["']?(?:[\w.-]{1,40}:)?(?P<value>[^\s"'|$:]{6,200})["']?\s*\|\s*(?:sudo\s+-S|\S*chpasswd)"""
)


def code_line(line: str, number: int) -> Iterator[Candidate]:
    """What one line of code assigns, passes or calls with a name that carries a credential."""
    yield from assigned(line, number)
    yield from commands(line, number)


def assigned(line: str, number: int) -> Iterator[Candidate]:
    """What gets a name that carries a credential."""
    line = line[:8000]
    for pattern in (_ASSIGNED, _CALLED, _PUT):
        for match in pattern.finditer(line):
            if is_secret(match["name"]):
                yield Candidate(number, match["name"], match["value"])


def commands(line: str, number: int) -> Iterator[Candidate]:
    """What is handed to a call or a command, where its place says that it is a credential."""
    line = line[:8000]
    for match in _STRATEGY.finditer(line):
        yield Candidate(number, "client secret", match["value"], "Login in code")
    for match in _PIPED.finditer(line):
        yield Candidate(number, "option", match["value"], "Password on a command line", quoted=False)
    for match in _LOGIN.finditer(line):
        if not is_placeholder(match["user"]):
            yield Candidate(number, f"login of {match['user'][:40]}", match["value"], "Login in code")
    for match in _CONNECT.finditer(line):
        yield Candidate(number, "password", match["value"], "Database password", Trust.SETTINGS)
    for match in _OPTION.finditer(line):
        yield Candidate(number, "option", match["value"], "Password on a command line", quoted=False)
    for match in _HEADER.finditer(line):
        if match["scheme"].lower() == "basic":
            user, colon, password = decoded(match["value"]).partition(":")
            if colon and not is_weak(password) and not is_placeholder(user):
                yield Candidate(number, "Authorization", password, "Authorization header", Trust.SETTINGS)
        elif any(c.isdigit() for c in match["value"]):
            yield Candidate(number, "Authorization", match["value"], "Authorization header")


_BARE_KEY = re.compile(r"""["']key["']\s*=>\s*["'](?P<value>[^"'\s]{16,200})["']""")


def settings_code(text: str) -> Iterator[Candidate]:
    """A program file that is all settings: every line is read."""
    for number, line in enumerate(text.split("\n"), 1):
        if "'" in line or '"' in line or "=" in line or " -" in line:
            yield from code_line(line, number)
            for match in _BARE_KEY.finditer(line[:8000]):
                yield Candidate(number, "key", match["value"])


def anywhere(line: str, number: int, *, in_settings: bool = True) -> Iterator[Candidate]:
    """Credentials that show by their shape: addresses with a login in them, connection strings, stored passwords."""
    line = line[:8000]
    for match in _URI.finditer(line):
        host, password = match["host"], unquote(match["value"])
        if is_example_login(unquote(match["user"]), host) or _is_template(match[0]) or not _is_address(match[0]):
            continue
        plain = match["scheme"].lower() in ("http", "https") and not in_settings
        trust = Trust.CODE if is_local(host) or plain else Trust.SETTINGS
        name = f"{match['scheme'].lower()}://{unquote(match['user'])[:40]}:…@{host[:80]}"
        yield Candidate(number, name, password, "Login in an address", trust)
    for match in _ORACLE.finditer(line):
        yield Candidate(number, f"{match['user']}/…@", match["value"], "Database password", Trust.SETTINGS)
    if "://" in line:
        for match in _QUERY.finditer(line):
            yield Candidate(number, "password", match["value"], "Login in an address", Trust.SETTINGS)
    for match in _GO_DSN.finditer(line):
        yield Candidate(number, f"{match['user']}:…@", match["value"], "Database password", Trust.SETTINGS)
    if _ADO_CONTEXT.search(line):
        for match in _ADO.finditer(line):
            yield Candidate(number, "Password", match["value"].strip(), "Connection string", Trust.SETTINGS)
    for match in HASH.finditer(line):
        if len(match[0]) >= 30:
            yield Candidate(number, "", match[0], "Password hash", Trust.SETTINGS)


def _is_template(uri: str) -> bool:
    return is_reference(uri) or "://:@" in uri or "%s" in uri or "<" in uri


def _is_address(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).hostname)
    except ValueError:
        return False
