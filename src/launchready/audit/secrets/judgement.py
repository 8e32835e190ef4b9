"""One file → its credentials: what engine and readers saw, weighed by name, value and place. One a line."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from launchready.audit.secrets import values
from launchready.audit.secrets.candidate import Candidate
from launchready.audit.secrets.code_reader import anywhere, code_line
from launchready.audit.secrets.engine import Hit, service_of
from launchready.audit.secrets.names import is_secret, words
from launchready.audit.secrets.places import Place, Standing, place_of, standing_of
from launchready.audit.secrets.values import Trust
from launchready.probes.repository import decoded
from launchready.redaction import redacted

PARSED_BYTES = 4 * 1024 * 1024
"""A file of settings larger than this is read at its beginning only; the engine reads all of it."""
LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential at one line of one file. Its value is not in it."""

    path: str
    line: int
    kind: str
    """In plain words: `Stripe key`, `Database password`."""
    service: str
    """Whose runbook applies: `stripe`, `database`; empty: the general one."""
    name: str
    """The key it is kept under, if any."""
    evidence: str
    """Name and redacted value."""
    digest: str
    """Tells two values apart within this run; never written anywhere."""
    live: bool = True
    """False for what is made for trying: a provider's test key."""
    allowed: str = ""
    """The reason given beside it, when its owner allows it."""


def credentials(path: str, data: bytes, hits: Sequence[Hit]) -> list[Credential]:
    """The credentials of one file, by line."""
    standing = standing_of(path)
    if standing is Standing.FOREIGN:
        return []
    place = place_of(path) if standing is Standing.OWN else None
    if place and not place.always and not hits and not _speaks(data):
        place = None
    if not hits and not place:
        return []
    text = decoded(data)
    if standing is Standing.OWN and text is not None and _is_minified(path, text):
        standing = Standing.BUILT
    found: dict[int, Credential] = {}
    for hit in hits:
        if not hit.own and hit.line not in found and _counts(hit, standing):
            found[hit.line] = _of_hit(path, hit)
    if text is not None and standing is Standing.OWN:
        lines = text.split("\n")
        for candidate, kind in _candidates(text, lines, hits, place):
            if candidate.line not in found and len(candidate.value) <= 8192:
                found[candidate.line] = _of_candidate(path, candidate, kind)
        found = {line: _with_reason(item, lines) for line, item in found.items()}
    return [found[line] for line in sorted(found)]


def _speaks(data: bytes) -> bool:
    """Whether any word is in a file of settings that a credential's name has; much cheaper than to parse it."""
    low = data[:PARSED_BYTES].lower()
    return any(
        word in low for word in (b"pass", b"secret", b"token", b"key", b"pwd", b"credential", b"auth", b"://", b"salt")
    )


def _is_minified(path: str, text: str) -> bool:
    """Whether a script was made by a bundler, whatever its name says."""
    if not path.endswith((".js", ".mjs", ".cjs", ".css", ".html")):
        return False
    return len(text) > 5000 and len(text) / (text.count("\n") + 1) > 250


def _counts(hit: Hit, standing: Standing) -> bool:
    """Whether a hit of the engine's own rules is a real credential."""
    value = hit.value
    if values.is_placeholder(value) or values.is_reference(value) or _is_sample(value):
        return False
    if value.startswith(("ghp_", "gho_", "ghu_", "ghs_", "ghr_")) and not _github_checksum(value):
        return False
    if hit.rule.endswith(("jwt", "jwt-base64", "supabase-project-api-key")):
        return standing is Standing.OWN and _is_live_jwt(value)
    if standing is Standing.TRIED:
        return hit.strong and bool(_NEVER_FOR_TESTS.match(value)) and values.entropy(value) > 3.4
    if hit.strong:
        return True
    return standing is Standing.OWN and values.entropy(value) >= 2.8 and not values.is_weak(value) and len(value) >= 16


def _candidates(
    text: str, lines: list[str], hits: Sequence[Hit], place: Place | None
) -> Iterator[tuple[Candidate, str]]:
    for hit in hits:
        if hit.rule == "launchready.key" and _has_body(lines, hit.line):
            yield (
                Candidate(hit.line, "", "\n".join(lines[hit.line - 1 : hit.line + 3])[:4000], "Private key"),
                "Private key",
            )
    if place:
        parsed = text[:PARSED_BYTES]
        for reader in place.readers:
            for candidate in reader(parsed):
                if (
                    candidate.kind or is_secret(candidate.name.rpartition(".")[2]) or _in_vault(candidate, place)
                ) and _real(candidate, place.trust):
                    yield candidate, candidate.kind or _kind_of(candidate.name)
    for number in sorted({hit.line for hit in hits if hit.own and hit.rule != "launchready.key"}):
        line = lines[number - 1] if number <= len(lines) else ""
        if not line or len(line) > LONGEST_LINE:
            continue
        for candidate in anywhere(line, number, in_settings=place is not None):
            if _real(candidate, Trust.SETTINGS):
                yield candidate, candidate.kind
        if place is None:
            for candidate in code_line(line, number):
                if _real(candidate, Trust.CODE):
                    yield candidate, candidate.kind or _kind_of(candidate.name)


def _real(candidate: Candidate, trust: Trust) -> bool:
    trust = candidate.trust if candidate.trust is not None else trust
    value = candidate.value
    if "://" in value and "@" in value:
        return False  # an address: read as one by its own reader
    if candidate.kind == "Password hash" or values_are_hash(value):
        return not values.is_reference(value.replace("$", "")) and not re.fullmatch(r".*[xX]{6,}.*", value)
    if value.lower() == words_joined(candidate.name) or _is_sample(value):
        return False
    return values.is_real(value, trust, quoted=candidate.quoted)


def values_are_hash(value: str) -> bool:
    """Whether a value is a stored password, whose dollar signs are no references."""
    from launchready.audit.secrets.credential_readers import HASH

    return bool(HASH.match(value))


def words_joined(name: str) -> str:
    """The last part of a name in lower case, as placeholders repeat it."""
    return name.rpartition(".")[2].lower()


def _in_vault(candidate: Candidate, place: Place) -> bool:
    """In a file of credentials, shorter names speak too, and so do identifiers of keys."""
    if place.trust is not Trust.VAULT:
        return False
    last = candidate.name.rpartition(".")[2].lower().lstrip("_:@")
    return last in ("auth", "key", "pw", "oauth_token", "client-key-data", "code", "user_token") or bool(
        re.fullmatch(r"A[KS]IA[A-Z2-7]{16}", candidate.value)
    )


def _has_body(lines: list[str], number: int) -> bool:
    """Whether a key follows its first line, and not just the end of a string in a parser."""
    first = lines[number - 1]
    if "PuTTY" in first:
        inside = "".join(lines[number - 1 : number + 60]).partition("Private-Lines:")[2]
        return len(inside) > 80 and values.entropy(inside[:400]) > 4.0
    body = (first.partition("PRIVATE KEY-----")[2] + "\n" + "\n".join(lines[number : number + 40])).replace("\\n", "\n")
    inside = body.partition("-----END")[0]
    letters = re.sub(r"(?m)^[A-Za-z-]+:.*$|[\s\"'+,\\|.]", "", inside)
    return len(re.match(r"[A-Za-z0-9/+=_-]*", letters)[0]) >= 60 and values.entropy(letters[:2000]) > 4.0  # type: ignore[index]


def _of_hit(path: str, hit: Hit) -> Credential:
    service = service_of(hit.rule)
    quoted = redacted(hit.value, 4 if hit.strong and not hit.value.startswith("-----") else 0)
    live = not re.match(r"[sr]k_test_|pk_test_", hit.value)
    return Credential(path, hit.line, _title(hit), service, "", quoted, _digest(hit.value), live)


def _of_candidate(path: str, candidate: Candidate, kind: str) -> Credential:
    from launchready.audit.secrets.runbooks import service_by_name

    name = candidate.name[-80:]
    quoted = redacted(candidate.value)
    evidence = f"{name}: {quoted}" if name else quoted
    return Credential(path, candidate.line, kind, service_by_name(name, kind), name, evidence, _digest(candidate.value))


def _with_reason(found: Credential, lines: list[str]) -> Credential:
    from dataclasses import replace

    for number in (found.line, found.line - 1):
        line = lines[number - 1][:LONGEST_LINE] if 0 < number <= len(lines) else ""
        match = re.search(r"launchready:\s?allow\s+(?P<reason>\S.{2,200}?)\s*(?:\*/|-->|#\}|%>)?\s*$", line)
        if match and (number == found.line or line.lstrip().startswith(("#", "//", "/*", "<!--", "--", ";", "%", "*"))):
            return replace(found, allowed=match["reason"])
    return found


def _title(hit: Hit) -> str:
    from launchready.audit.secrets.runbooks import runbooks

    service = service_of(hit.rule)
    if hit.rule.endswith(("jwt", "jwt-base64")):
        return "Signed token (JWT)"
    book = runbooks().get(service)
    return f"{book.name if book else service.replace('-', ' ').title()} key"


def _kind_of(name: str) -> str:
    parts = words(name)
    for kind, among in _KINDS:
        if any(word in among for word in parts):
            return kind
    return "Secret"


_KINDS = (
    ("Password", frozenset({"password", "passwd", "pass", "pwd", "passphrase", "pw", "psw", "dbpass", "passwort"})),
    ("Token", frozenset({"token", "bearer", "jwt", "authtoken", "oauth"})),
    ("Salt", frozenset({"salt", "pepper"})),
    ("Key", frozenset({"key", "apikey", "secretkey", "accesskey"})),
)

_NEVER_FOR_TESTS = re.compile(r"AKIA|gh[opsur]_|[sr]k_live_|xox[bp]-\d|SG\.|glpat-|sk-ant-|sk-proj-|npm_|pypi-AgE")


def _is_sample(value: str) -> bool:
    """Values that documentation of the services prints."""
    return bool(
        re.search(r"EXAMPLE|(?i:example|sample|fake|dummy|placeholder|xxxx|test[-_]?token|notreal)", value)
    ) or value.startswith(
        (
            "sk_test_4eC39HqLyjWDarj",
            "sk_test_BQokikJOvBiI2H",
            "AC" + "XXXX",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkw",
        )
    )


def _github_checksum(token: str) -> bool:
    """Whether the last six characters are the CRC-32 of the rest in Base62 (GitHub: behind the new token formats)."""
    body, check = token[4:-6], token[-6:]
    number, digits = zlib.crc32(body.encode()), ""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    while number:
        number, rest = divmod(number, 62)
        digits = alphabet[rest] + digits
    return digits.rjust(6, "0") == check


def _is_live_jwt(token: str) -> bool:
    """Whether a signed token can open something: not the sample of a tutorial, not a public role, not run out."""
    import time

    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return False
    if not isinstance(claims, dict) or claims.get("role") == "anon" or str(claims.get("sub")) == "1234567890":
        return False
    expires = claims.get("exp")
    return not (isinstance(expires, (int, float)) and expires < time.time())


def _digest(value: str) -> str:
    import hashlib

    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
