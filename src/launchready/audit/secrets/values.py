"""Whether a value is a real credential, or a placeholder, a reference to one kept elsewhere, an example, a test value.

The one question on which users of secret scanners lose their trust. It is answered by what the value says of
itself, and by how much the place it stands in promises: a file that exists to hold credentials is believed, a
line of code has to look the part.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from enum import IntEnum


class Trust(IntEnum):
    """How much the place promises that its values are credentials."""

    CODE = 0
    """Source code: most strings beside the word password are labels, names and examples."""
    SETTINGS = 1
    """A file of settings, a key that carries a credential."""
    VAULT = 2
    """A file or field that exists to hold credentials: `.pgpass`, a saved login of an FTP client."""


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    if not text:
        return 0.0
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def is_real(value: str, trust: Trust, *, quoted: bool = True) -> bool:
    """Whether a value is a credential that works somewhere, as far as can be told from here."""
    value = value.strip().removeprefix("base64:")
    if not 3 <= len(value) <= 8192:
        return False
    if _is_random(value) and not _EXPRESSION.search(value):
        return (
            not _ANCHORED.match(value)
            and not _ENCRYPTED.match(value)
            and (bool(_BASE64.fullmatch(value)) or not _LOCATION.match(value))
        )
    if is_reference(value) or is_placeholder(value):
        return False
    if (_LOCATION.match(value) and not _BASE64.fullmatch(value)) or _ENCRYPTED.match(value):
        return False
    if trust is Trust.VAULT:
        return value.lower() not in _NOTHING
    if is_weak(value) or (not quoted and _CODE.search(value)) or len(value.split()) > 2:
        return False
    if value.isdigit() and len(value) < 6:
        return False
    if trust is Trust.SETTINGS:
        return len(value) >= 4 and not _is_phrase(value) and not _WORDS.fullmatch(value)
    return _looks_made(value)


def is_reference(value: str) -> bool:
    """Whether a value names the place of a credential: a variable, a template, a vault."""
    return bool(_REFERENCE.search(value))


def is_placeholder(value: str) -> bool:
    """Whether a value asks to be replaced, or says itself that it is none."""
    low = value.strip().strip("\"'`").lower()
    if low in _NOTHING or _PLACEHOLDER.search(low) or _MASKED.search(low):
        return True
    letters = low.replace("-", "").replace("_", "")
    if len(set(letters)) <= 2 and len(letters) < 64:
        return True
    return any(run in letters for run in _RUNS) and entropy(letters) < 4.2


def is_weak(value: str) -> bool:
    """Whether a value is one of the words everybody types on a laptop, in a tutorial, in a test."""
    low = value.lower()
    return low in _WEAK or low.rstrip("0123456789!@#$_.-") in _WEAK


def is_example_login(user: str, host: str) -> bool:
    """Whether a login is that of a tutorial: `user:password@localhost`."""
    return user.lower() in _EXAMPLE_USERS and is_local(host)


def is_local(host: str) -> bool:
    """Whether a host is this machine, a service of a compose file, or a name reserved for examples (RFC 2606)."""
    name = host.lower().strip("[]").rstrip(".")
    return (
        not name
        or "." not in name
        or name.startswith("127.")
        or name in ("::1", "0.0.0.0")  # noqa: S104 - compared, not bound
        or name.endswith((".local", ".localhost", ".test", ".example", ".invalid", ".internal"))
        or bool(re.search(r"(?:^|\.)example\.(?:com|org|net)$", name))
    )


def decoded(value: str) -> str:
    """The text inside Base64, empty when it is none."""
    try:
        raw = base64.b64decode(value, validate=True)
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""


def _is_random(value: str) -> bool:
    """Long and even enough that words inside it are there by chance."""
    return len(value) >= 28 and entropy(value) >= 4.2 and bool(re.search(r"[0-9]", value)) and " " not in value[:20]


def _is_named(value: str) -> bool:
    """Whether a value is made of words, as identifiers, selectors and labels are."""
    if not _IDENTIFIER.fullmatch(value):
        return False
    if _WORDS.fullmatch(value):
        return True
    parts = [part for part in _PARTS.findall(value) if part]
    spoken = [
        part for part in parts if re.search(r"[aeiouyAEIOUY]", part) and not re.search(r"[^aeiouyAEIOUY]{5,}", part)
    ]
    return len(spoken) == len(parts) and len("".join(parts)) >= 3.4 * len(parts)


def _looks_made(value: str) -> bool:
    """For code: long and mixed enough to be no word, name, label, selector, sentence or format string."""
    if len(value) < 8 or any(c.isspace() for c in value) or not value.isascii():
        return False
    if sum(c.isalnum() for c in value) < 0.6 * len(value):
        return False
    if _is_named(value) or _FORMAT.search(value) or _MARKUP.search(value):
        return False
    if is_weak(value.lower().translate(_LEET)):
        return False
    kinds = sum(bool(re.search(pattern, value)) for pattern in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]"))
    if not re.search(r"[0-9]", value):
        # Words joined by punctuation are names; a made password without a digit has punctuation inside a word.
        return (kinds >= 3 and entropy(value) >= 3.0 and not _JOINED.fullmatch(value)) or _is_broken(value)
    if _JOINED.fullmatch(value) and not _DENSE.search(value):
        return False
    return (kinds >= 2 and entropy(value) >= 2.5) or (len(value) >= 16 and entropy(value) >= 3.0)


_LEET = str.maketrans("@$5013", "assoie")
"""Letters as they are written by those who think that makes a password of a word."""


def _is_broken(value: str) -> bool:
    """Whether letters change their case more often than words in a name do."""
    return len(value) >= 16 and value.isalpha() and len(_PARTS.findall(value)) * 2.7 >= len(value)


def _is_phrase(value: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z]+(?: [A-Za-z']+)+[.!?:]?", value))


_NOTHING = frozenset(
    {
        "", "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "read", "write", "default",
        "optional",
        "required", "string", "str", "text", "files", "compat",
        "n/a", "na", "empty", "blank", "unset", "todo", "tbd", "fixme",
        "password", "passwd", "pass", "pwd", "passphrase", "secret", "token", "key", "apikey", "api_key", "api-key",
        "access_token", "bearer", "basic", "user", "username", "login", "value", "xxx", "yyy", "zzz", "foo", "bar",
        "baz", "foobar", "example", "sample", "dummy", "fake", "test", "testing", "redacted", "hidden", "masked",
        "removed", "deleted", "private", "public", "plain", "prompt", "ask", "env", "file", "generated", "auto",
        "inherit", "disabled", "enabled", "credentials", "credential", "secret_key", "secretkey", "secret-key",
        "auth_token", "client_secret", "private_key", "mypassword", "mysecret", "mytoken",
    }
)  # fmt: skip
"""Words that stand where a value will stand."""

_WEAK = frozenset(
    {
        "password", "passw0rd", "p@ssw0rd", "p@ssword", "pa$$word", "pa55word", "secret", "s3cr3t", "s3cret", "admin",
        "administrator", "root", "toor", "guest", "user", "test", "tester", "testing", "testpass", "testpassword",
        "test_password", "testuser", "testtoken", "test-token", "demo", "dev", "devel", "develop", "development",
        "local", "localhost", "postgres", "postgresql", "pgpass", "mysql", "mariadb", "mongo", "mongodb", "redis",
        "rabbitmq", "minio", "minioadmin", "django", "rails", "laravel", "symfony", "wordpress", "drupal", "magento",
        "homestead", "vagrant", "docker", "elastic", "kibana", "grafana", "jenkins", "keycloak", "letmein", "qwerty",
        "welcome", "hunter", "changeit", "changeme", "supersecret", "super-secret", "super_secret", "topsecret",
        "top-secret", "top_secret", "mysecret", "my-secret", "my_secret", "mysecretpassword", "mypassword", "mypass",
        "my-secret-pw", "my-secret-key", "notsecret", "not-secret", "not_secret", "notasecret", "not-a-secret",
        "insecure", "unsafe", "dummy", "fake", "foo", "bar", "foobar", "baz", "spam", "eggs", "abc", "xyz", "app",
        "application", "service", "backend", "api", "web", "site", "db", "database", "system", "sa", "oracle", "tiger",
        "scott", "monkey", "swordfish", "correcthorsebatterystaple", "opensesame", "keyboardcat", "keyboard cat",
        "shhhh", "shhh", "shh", "tobecontinued", "secretsecret", "verysecret", "very-secret", "very_secret",
        "nosecret", "no-secret", "unknown", "invalid", "valid", "wrong", "right", "bad", "good", "new", "old",
        "hello", "world", "sesame", "alice", "bob", "eve", "mallory", "john", "jane", "password-only", "only-for-tests",
        "only-for-test", "for-tests-only", "ci", "cypress", "ignored", "anything", "something", "whatever",
    }
)  # fmt: skip

_EXAMPLE_USERS = frozenset(
    {
        "user", "username", "usr", "me", "you", "foo", "admin", "root", "test", "dev", "app", "postgres", "mysql",
        "guest", "scott", "john", "name", "login", "myuser", "dbuser", "db_user", "sa", "web", "docker", "demo",
        "someuser", "alice", "bob", "redis", "default", "rabbitmq", "mongo", "postgresql", "local", "superuser",
    }
)  # fmt: skip

_RUNS = (
    "0123456789",
    "1234567890",
    "12345678",
    "abcdefgh",
    "qwertyui",
    "00000000",
    "11111111",
    "deadbeef",
    "cafebabe",
    "1a2b3c4d",
)

_PLACEHOLDER = re.compile(
    r"change[-_ .]?(?:me|it|this)|replace[-_ ]?(?:me|this|with)|^replace|fill[-_ ]?(?:me|in)|insert[-_ ]|^insert"
    r"|put[-_ ]?(?:your|in)|(?:enter|type|paste|set|use|add|provide|choose|pick)[-_ ](?:your|a|an|the"
    r"|some|me|here|in|this)"
    r"|^your?[-_ .]|[-_ .]your?[-_ .]|^yours?(?:secret|password|token|api|key|access|client|account)"
    r"|^my[-_ ](?:secret|password|token|api|key|super)"
    r"|example|placeholder|to[-_ ]?be[-_ ]|goes[-_ ]?here|[-_ ]here$|dummy|(?:^|[-_ .])fake|fake(?:$|[-_ .])|sample"
    r"|redacted|censored|obfuscated|not[-_ ]?(?:a|the|so|very|really)?[-_ ]?(?:real|secret|secure|used"
    r"|needed|required)"
    r"|some[-_ ]?(?:secret|password|token|key|random|value|long|thing)|random[-_ ]?(?:string|value|key"
    r"|secret|characters)"
    r"|(?:long|secure|strong|unique)[-_ ]?(?:random|password|secret|string|key)|generate[-_ ]|foo[-_]?bar"
    r"|lorem|ipsum|(?:^|[-_ .])(?:todo|fixme|tbd)(?:$|[-_ .])|xxxx|yyyy|zzzz"
    r"|insecure|unsafe|for[-_ ]?(?:test|dev|local|demo|ci|build)|(?:test|dev|demo|development"
    r"|testing)[-_ ]?(?:only|secret|password|pass|token|key|api)"
    r"|^(?:test|mock|stub)[-_ ]|[-_ ](?:test|tests|testing)$|(?:dev|development|local)[-_](?:only|secret|key)"
    r"|(?:password|secret|token|key|passphrase|pass)[-_ ]?(?:goes|here|value|string|of|for|from|123|1234|12345)"
    r"|^(?:the|a|an|any)[-_ ](?:secret|password|token|key)|secret[-_ ]?(?:key|token|password|sauce)$"
    r"|^(?:super|top|very|ultra)[-_ ]?secret"
    r"|keyboard[-_ ]?cat|hunter2|correct[-_ ]?horse|no[-_ ]?password|empty[-_ ]?password|^sk[-_]\.|\.\.\.$|…"
)
_MASKED = re.compile(
    r"^[\[<({].*[\])}>]$|^<|>$|\*{3,}|x{4,}$|^x{3,}|\.{3,}|-{4,}(?!begin|end)|_{4,}|•{3}|#{3,}|\?{3,}"
    r"|^[@%_]{1,2}[a-z][a-z0-9_]*[@%_]{1,2}$"
)
_REFERENCE = re.compile(
    r"\$\{|\$\(|\{\{|\}\}|<%|%>|#\{|%\(|@\{|^\$[A-Za-z_]|^%[A-Za-z_]\w*%$|^&[A-Za-z]|^\*[a-z_]+$|^!\w+"
    r"|^(?:env|var|vars|local|data|module|each|vault|ssm|secretsmanager|keyvault|op|sm|gcpsm|file|ref"
    r"|awssm|doppler|secret)[:.!]"
    r"|(?:^|[^\w])(?:process\.env|import\.meta|os\.environ|getenv|environ\b|ENV\[|ENV\.|Deno\.env"
    r"|System\.getenv|secrets\.|config\(|env\()"
    r"|^arn:aws|^projects/[^/]+/secrets/|/run/secrets/|^kv/|^\(.*\)$|^\[.*\]$|^Fn::|^resolve:"
    r"|\{[A-Za-z_][\w.]{0,40}\}|:\w+_(?:password|token|secret)$"
)
_BASE64 = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])(?!(?:/?[A-Za-z]+/){2})[A-Za-z0-9+/]{16,}={0,2}")
"""What may begin with a slash by chance and is no path: its parts are no words."""
_LOCATION = re.compile(
    r"(?:/|\./|\.\./|~/|[A-Za-z]:\\|\\\\)[\w .@/\\~-]*$|(?:https?|wss?|ftp|file|git|ssh|urn|tag|data"
    r"|mailto)://?[^\s@]*$"
    r"|[\w./~-]+\.(?:pem|key|crt|cer|json|ya?ml|txt|env|p12|pfx|jks|py|js|ts|php|rb|go|html?|css|svg|png"
    r"|md|xml|conf|cfg|ini|vue|tsx|jsx)$"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+$|[~^>=<v]{0,2}\d+(?:\.\d+){1,3}[\w.-]*$|\d+/\w+(?:[/,]\w+)*$"
)
_ENCRYPTED = re.compile(
    r"ENC\[|\$ANSIBLE_VAULT|AQICAH|vault:v\d|age1|-----BEGIN (?:AGE|PGP MESSAGE|CERTIFICATE|PUBLIC)|\{cipher\}|gAAAAA"
)
_CODE = re.compile(
    r"[()\[\]{};]|=>|->|::|&&|\|\||^\w+\.\w+(?:\.\w+)*$|^(?:new|await|function|lambda|return|if|self|this|not)\b"
)
_IDENTIFIER = re.compile(
    r"[A-Za-z_$][A-Za-z]*(?:[-_.:/ ][A-Za-z]+)*[0-9]{0,2}|[a-z]+(?:[A-Z][a-z]+)*[0-9]{0,2}"
    r"|[A-Z]+(?:_[A-Z]+)*[0-9]{0,2}"
)
_WORDS = re.compile(r"[a-z]+(?:[-_.:/ ][a-z]+)+|[A-Z]+(?:[-_.:/ ][A-Z]+)+")
"""Words joined by punctuation: names of things, such as the secrets of Kubernetes."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ANCHORED = re.compile(
    r"\$\{|\$\(|\{\{|<%|#\{|%\(|\$[A-Za-z_]\w*$|(?:env|process|os|config|secrets|vault|ssm|arn|projects)[.:(\[/]"
)
_JOINED = re.compile(r"[A-Za-z0-9]+(?:[-_.:/+@#][A-Za-z0-9]+)+")
_DENSE = re.compile(r"(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])(?:[A-Za-z0-9]{7,})")
_EXPRESSION = re.compile(r"\{[A-Za-z_][\w.]*[(\[}]")
"""Something a template or formatted string computes."""
_FORMAT = re.compile(r"%[sdr]|\{[A-Za-z_]|\{\d*\}|\\[nrtux]|\$\d")
_MARKUP = re.compile(
    r"^[.#\[>*]|[<>]|^\w+\[|=[\"']|^--?[a-z]|^\^|\)\$$|\(\?|\][{+*?]|\\[wsdbWSD]|\|\w+\||^/.*/[a-z]*$|^@|\[-?\d*\]"
)
