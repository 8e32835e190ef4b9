"""One file → its credentials: what engine and readers saw, weighed by name, value and place. One a line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from launchready.audit.secrets import values
from launchready.audit.secrets.candidate import Candidate
from launchready.audit.secrets.code_reader import anywhere, assigned, commands
from launchready.audit.secrets.engine import Hit, service_of
from launchready.audit.secrets.names import is_secret, words
from launchready.audit.secrets.places import Place, Standing, place_of, standing_of
from launchready.audit.secrets.tokens import NEVER_FOR_TESTS, github_checksum, is_live_jwt, is_sample
from launchready.audit.secrets.values import Trust
from launchready.probes.repository import decoded
from launchready.redaction import redacted

PARSED_BYTES = 4 * 1024 * 1024
"""A file of settings larger than this is read at its beginning only; the engine reads all of it."""
LONGEST_LINE = 20_000
LONGEST_VALUE = 8192
KEYS_OF_A_LINE = 20
"""So many beginnings of private keys are looked at in one line; a hostile one repeats them without end."""
_MARKS = ("launchready.setting", "launchready.sibling", "launchready.element")
_PAIRED = re.compile(
    r"""([A-Za-z_](?:[\w.-]|:(?=[\w:])){1,80})(?:["']?\]?\s{0,20}(?:=>|:=|[:=,])|[^<>=]{0,80}>)\s{0,20}"""
    r"""(?:<!\[CDATA\[)?(?=(["']*)([^"'\n<>]{0,200}))"""
)


_AFTER_FIRST = re.compile(r"[\s,;&}]")


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


Memory = dict[str, list["Credential"]]
"""Lines of one file that were judged before, in another version of it, and what was in them."""


def credentials(path: str, data: bytes, hits: Sequence[Hit], memory: Memory | None = None) -> list[Credential]:
    """The credentials of one file, by line; `memory` saves judging lines that other versions of it had too."""
    standing = standing_of(path)
    if standing is Standing.FOREIGN:
        return []
    place = place_of(path) if standing is Standing.OWN else None
    if not hits and not place:
        return []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = (decoded(data) or "").encode("utf-8", "replace")
    if standing is Standing.OWN and hits and _is_minified(path, data):
        standing = Standing.BUILT
    found: dict[int, Credential] = {}
    for hit in hits:
        if not hit.own and hit.line not in found and _counts(hit, standing):
            found[hit.line] = _of_hit(path, hit)
    if standing is Standing.OWN and b"\0" not in data[:8192]:
        memory = {} if memory is None else memory
        for judged in (_of_place(path, data, hits, place, memory), _of_marks(path, data, hits, place, memory)):
            for one in judged:
                found.setdefault(one.line, one)
        if found and b"launchready:" in data:
            lines = _text(data).split("\n")
            found = {line: _with_reason(item, lines) for line, item in found.items()}
    return [found[line] for line in sorted(found)]


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def _may_hold(line: str) -> bool:
    """Whether a line pairs a name that carries a credential with something that may be one."""
    for match in _PAIRED.finditer(line):
        name, value = match[1], match[3].strip(" ,;}]")
        quoted, first = bool(match[2]), _AFTER_FIRST.split(value, 1)[0]
        if is_secret(name) and (
            values.is_real(value, Trust.SETTINGS, quoted=quoted) or values.is_real(first, Trust.CODE, quoted=quoted)
        ):
            return True
        if name.lower() in ("name", "key", "id", "variable") and is_secret(value):
            return True
    return False


def _is_minified(path: str, data: bytes) -> bool:
    """Whether a script was made by a bundler, whatever its name says."""
    if not path.endswith((".js", ".mjs", ".cjs", ".css", ".html")):
        return False
    return len(data) > 5000 and len(data) / (data.count(b"\n") + 1) > 250


def _counts(hit: Hit, standing: Standing) -> bool:
    """Whether a hit of the engine's own rules is a real credential."""
    value = hit.value
    if "\n" in value and "-----BEGIN" not in value:
        return False  # a whole document; its lines are read by their names
    if values.is_placeholder(value) or values.is_reference(value) or is_sample(value):
        return False
    if value.startswith(("ghp_", "gho_", "ghu_", "ghs_", "ghr_")) and not github_checksum(value):
        return False
    if hit.rule.endswith(("jwt", "jwt-base64", "supabase-project-api-key")):
        return standing is Standing.OWN and is_live_jwt(value)
    if standing is Standing.TRIED:
        return hit.strong and bool(NEVER_FOR_TESTS.match(value)) and values.entropy(value) > 3.4
    if hit.strong:
        return True
    return standing is Standing.OWN and values.entropy(value) >= 2.8 and not values.is_weak(value) and len(value) >= 16


def _of_place(path: str, data: bytes, hits: Sequence[Hit], place: Place | None, memory: Memory) -> Iterator[Credential]:
    """What the readers of the file's format say; it is parsed when a line of it may hold a credential."""
    if place is None:
        return
    data = data[:PARSED_BYTES]
    marked = {_line_at(data, hit.start) for hit in hits if hit.rule in _MARKS}
    speaking = [line for line in marked if _may_hold(line[:4000])]
    if not place.always and all(line in memory for line in speaking):
        for line in speaking:
            yield from memory[line]
        return
    text = _text(data)
    for line in speaking:
        memory[line] = []
    lines: list[str] = []
    for reader in place.readers:
        for candidate in reader(text):
            named = candidate.kind or _names_a_secret(candidate.name) or _in_vault(candidate, place)
            named = named or (path.endswith(_PLAIN_KEYS) and _is_plain_key(candidate))
            if named and len(candidate.value) <= LONGEST_VALUE and _real(candidate, place.trust):
                one = _of_candidate(path, candidate, candidate.kind or _kind_of(candidate.name))
                lines = lines or text.split("\n")
                line = lines[one.line - 1] if one.line <= len(lines) else ""
                memory.setdefault(line, []).append(one)
                yield one


def _of_marks(path: str, data: bytes, hits: Sequence[Hit], place: Place | None, memory: Memory) -> Iterator[Credential]:
    """What is in the lines that the engine has marked."""
    documented, keyed = _Docstrings(path, data), dict[int, int]()
    for hit in hits:
        if hit.rule != "launchready.key" or keyed.setdefault(hit.line, 0) >= KEYS_OF_A_LINE:
            continue
        keyed[hit.line] += 1
        if not documented.hold(hit.start) and (key := _key_at(data, hit.start)):
            yield _of_candidate(path, Candidate(hit.line, "", key), "Private key")
            keyed[hit.line] = KEYS_OF_A_LINE
    seen: set[int] = set()
    for hit in hits:
        if not hit.own or hit.rule == "launchready.key" or hit.rule in _MARKS or hit.line in seen:
            continue
        seen.add(hit.line)
        line = "" if documented.hold(hit.start) else _line_at(data, hit.start)
        mark = f"\0{line}"
        if mark not in memory:
            memory[mark] = list(_of_line(path, line, hit.line, place))
        yield from (replace(one, line=hit.line) for one in memory[mark])


def _of_line(path: str, line: str, number: int, place: Place | None) -> Iterator[Credential]:
    if _TRIED_LINE.search(line[:200]):
        return
    for candidate in anywhere(line, number, in_settings=place is not None):
        if _real(candidate, Trust.SETTINGS):
            yield _of_candidate(path, candidate, candidate.kind)
    for reader in (commands,) if place else (assigned, commands):
        for candidate in reader(line, number):
            if _real(candidate, Trust.CODE):
                yield _of_candidate(path, candidate, candidate.kind or _kind_of(candidate.name))


_TRIED_LINE = re.compile(
    r"(?i)^\s*(?:\*\s|:param|>>>|@example)|^\s*(?:\w+\s+){0,3}\w*(?:dummy|fake|example|sample|mock)\w*\s*[:=]"
)
"""Documentation inside of code, and what is called an example where it is assigned."""


class _Docstrings:
    """Where the strings of many lines are, which in Python programs are documentation and templates."""

    def __init__(self, path: str, data: bytes) -> None:
        marks = (b'"""', b"'''") if path.endswith(".py") else ()
        self._data = data
        self._quotes = [[match.start() for match in re.finditer(mark, data)] for mark in marks]

    def hold(self, start: int) -> bool:
        """Whether an offset is inside of one that is not assigned or passed."""
        for offsets in self._quotes:
            before = bisect_left(offsets, start)
            if before % 2:
                opening = self._data[max(0, offsets[before - 1] - 200) : offsets[before - 1]]
                opening = opening.rstrip(b"rbfuRBFU").rstrip()
                assigned_to = opening[opening.rfind(b"\n") + 1 :]
                return not opening.endswith((b"=", b"(", b",", b"[")) or bool(_DOCUMENTED.match(assigned_to))
        return False


_DOCUMENTED = re.compile(rb"\s*\w*(?:EXAMPLES?|DOCUMENTATION|USAGE|HELP|__doc__)\w*\s*=")


def _line_at(data: bytes, start: int) -> str:
    """The line around an offset; nothing where it is no line a person wrote."""
    first, last = max(0, start - LONGEST_LINE), min(len(data), start + LONGEST_LINE)
    begin, end = data.rfind(b"\n", first, start) + 1, data.find(b"\n", start, last)
    if (not begin and first) or (end < 0 and last < len(data)):
        return ""
    line = data[begin : end if end >= 0 else len(data)]
    return "" if len(line) > LONGEST_LINE else _text(line)


def _real(candidate: Candidate, trust: Trust) -> bool:
    trust = candidate.trust if candidate.trust is not None else trust
    value = candidate.value
    if "://" in value and "@" in value:
        return False  # an address: read as one by its own reader
    if candidate.kind == "Password hash" or values_are_hash(value):
        stored = re.sub(r"^\{[\w-]+\}", "", value)
        if values.is_placeholder(stored) or (stored.startswith("$") and "$" not in stored[1:]):
            return False
        return not values.is_reference(stored.replace("$", "")) and not re.fullmatch(r".*[xX]{6,}.*", value)
    if value.lower() == words_joined(candidate.name) or is_sample(value):
        return False
    if trust is not Trust.VAULT and not candidate.kind and _TRIED_NAMES & set(words(candidate.name)):
        return False
    if trust is Trust.SETTINGS and not candidate.kind and _kind_of(candidate.name) != "Password":
        trust = Trust.CODE  # tokens and keys are made by machines; a word beside such a name is a name itself
    return values.is_real(value, trust, quoted=candidate.quoted)


def _names_a_secret(name: str) -> bool:
    """Whether the last part of a path of names is that of a credential; `key` needs what stands before it."""
    above, _, last = name.rpartition(".")
    if last.lower() == "key":
        owner = words(above.rpartition(".")[2])[-1:]
        return bool(owner) and owner[0] in _KEY_SECTIONS
    return is_secret(last)


_PLAIN_KEYS = (".php", ".ini", ".conf", ".cfg")


def _is_plain_key(candidate: Candidate) -> bool:
    """`'key' => '94f5…'`: called just key, and as long as the keys of ciphers are."""
    return candidate.name.lower() == "key" and bool(
        re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{64}|[A-Za-z0-9+/]{43}=", candidate.value)
    )


_KEY_SECTIONS = frozenset({"api", "secret", "crypt", "encryption", "auth", "access", "private", "signing", "jwt"})

_TRIED_NAMES = frozenset({"dummy", "fake", "mock", "example", "sample"})


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
    if last in ("auth", "key", "pw", "oauth_token", "client-key-data", "code", "user_token", "hash"):
        return True
    if _TOKEN_PARENT.search(candidate.name) and last not in ("username", "type", "host"):
        return len(candidate.value) >= 16
    return bool(re.fullmatch(r"A[KS]IA[A-Z2-7]{16}", candidate.value))


_TOKEN_PARENT = re.compile(r"(?:^|\.)(?:bearer|github-oauth|gitlab-token|gitlab-oauth|tokens)\.")
"""Where a host or an account is the name of its token (Composer: auth.json)."""


def _key_at(data: bytes, start: int) -> str:
    """The beginning of a private key, where a key follows its first line and not just the end of a parser's string."""
    text = _text(data[start : start + 8192]).replace("\\n", "\n")
    if text.startswith("PuTTY"):
        inside = text.partition("Private-Lines:")[2]
        return text[:200] if len(inside) > 80 and values.entropy(inside[:400]) > 4.0 else ""
    inside = text.partition("PRIVATE KEY")[2].partition("-----")[2].partition("-----END")[0]
    letters = re.sub(r"(?m)^[A-Za-z-]+:.*$|[\s\"'\\|]|\"\s*\+\s*\"", "", inside)
    if not re.search(r"[A-Za-z0-9+/=]{40}", inside[:1500]):
        return ""
    body = re.match(r"[A-Za-z0-9/+=_-]*", letters)
    return letters[:200] if body and len(body[0]) >= 60 and values.entropy(letters[:2000]) > 4.0 else ""


def _of_hit(path: str, hit: Hit) -> Credential:
    service = service_of(hit.rule)
    quoted = redacted(hit.value, 4 if hit.strong and not hit.value.startswith("-----") else 0)
    live = not re.match(r"[sr]k_test_|pk_test_", hit.value)
    return Credential(path, hit.line, _title(hit), service, "", quoted, _digest(hit.value), live)


def _of_candidate(path: str, candidate: Candidate, kind: str) -> Credential:
    from launchready.audit.secrets.runbooks import service_by_name

    name = _NAMED_BY_VALUE.sub(_without_value, candidate.name[-80:])
    quoted = redacted(candidate.value)
    evidence = f"{name}: {quoted}" if name else quoted
    return Credential(path, candidate.line, kind, service_by_name(name, kind), name, evidence, _digest(candidate.value))


_NAMED_BY_VALUE = re.compile(r"[\w+=-]{14,}")


def _without_value(match: re.Match[str]) -> str:
    """A part of a name, or how it is quoted where it is itself a token: people use them as keys of tables."""
    return redacted(match[0]) if values.is_real(match[0], Trust.CODE) and values.entropy(match[0]) > 3.4 else match[0]


def _with_reason(found: Credential, lines: list[str]) -> Credential:
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
    if parts and parts[-1].endswith(("password", "passwd", "pass", "pwd", "pw", "psk", "authtok", "masterauth")):
        return "Password"
    return "Secret"


_KINDS = (
    ("Password", frozenset({"password", "passwd", "pass", "pwd", "passphrase", "pw", "psw", "dbpass", "passwort"})),
    ("Token", frozenset({"token", "bearer", "jwt", "authtoken", "oauth"})),
    ("Salt", frozenset({"salt", "pepper"})),
    ("Key", frozenset({"key", "apikey", "secretkey", "accesskey"})),
)


def _digest(value: str) -> str:
    import hashlib

    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
