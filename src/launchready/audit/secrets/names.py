"""Which names carry a credential: of variables, keys, columns, attributes and options."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

SECRET_WORDS = frozenset(
    {
        "password", "passwd", "passwort", "pass", "pwd", "passphrase", "passcode", "pw", "psw", "pswd", "passw",
        "secret", "secrets", "token", "credential", "credentials", "apikey", "authtoken", "secretkey", "privatekey",
        "accesskey", "authkey", "dbpass", "dbpassword", "dbpasswd", "dbpwd", "dbpw", "userpassword", "rootpw",
        "bearer", "jwt", "salt", "pepper", "adminpassword", "mypassword", "requirepass", "masterkey", "storepass",
        "keypass", "userpass", "psk", "authtok", "bindpw", "masterauth", "mailpass", "smtppass", "ftppass", "sshpass",
        "oauthtoken", "accesstoken", "oauth",
    }
)  # fmt: skip
"""A name that ends with one of these words carries a credential."""

KEY_OWNERS = frozenset(
    {
        "api", "access", "auth", "secret", "private", "encryption", "encrypt", "signing", "sign", "master", "account",
        "service", "storage", "consumer", "client", "app", "application", "server", "license", "hmac", "cipher",
        "crypt", "crypto", "aes", "des", "rsa", "jwt", "session", "cookie", "write", "admin", "root", "user", "shared",
        "deploy", "live", "webhook", "security", "nonce", "logged", "in", "rest", "subscription", "integration",
        "restricted", "validation", "decryption", "preshared",
        "stripe", "sendgrid", "mailgun", "openai", "twilio", "heroku", "algolia", "mailchimp", "datadog", "aws", "ssh",
        "anthropic", "postmark", "resend", "airtable", "maps", "places", "pusher", "vapid", "rollbar", "sentry",
    }
)  # fmt: skip
"""`key` carries a credential when one of these words stands before it: `api_key`, not `primary_key`."""

NOT_SECRET_LAST = frozenset(
    {
        "file", "path", "dir", "folder", "filename", "location", "url", "uri", "endpoint", "host", "port", "name", "id",
        "ids", "field", "fields", "label", "placeholder", "type", "types", "kind", "length", "len", "size", "min",
        "max", "policy", "policies", "expires", "expiry", "expiration", "expire", "ttl", "timeout", "lifetime", "age",
        "regex", "regexp", "pattern", "hint", "hints", "required", "enabled", "disabled", "prompt", "message",
        "title", "header", "headers", "prefix", "suffix", "count", "limit", "limits", "validator", "validators",
        "validation", "column", "param", "params", "parameter", "input", "class", "help", "text", "algorithm", "alg",
        "format", "version", "arn", "ref", "alias", "env", "var", "variable", "public", "strength", "confirmation",
        "confirm", "changed", "reset", "forgot", "rounds", "hasher", "hashers", "encoder", "provider", "store",
        "manager", "service", "handler", "callback", "view", "form", "link", "page", "route", "selector", "mode",
        "generator", "rotation", "source", "description", "desc", "scope", "scopes", "error", "errors", "status",
        "visible", "hidden", "toggle", "icon", "template", "subject", "test", "tests", "example", "cost", "encoding",
        "usage", "uses", "index", "attribute", "property", "schema", "model", "table", "method", "encryption",
        "requirements", "rule", "rules", "question", "questions", "date", "at", "on", "time", "issuer",
        "audience", "aud", "iss", "sub", "claims", "budget", "budgets",
    }
)  # fmt: skip
"""A name that ends with one of these words is about a credential and does not hold it: `token_url`, `secret_name`."""

PUBLIC_WORDS = frozenset({"public", "publishable", "pub", "anon", "site", "csrf", "xsrf", "design", "next", "page"})
"""With one of these before it, what follows is meant to be seen: `publishable_key`, `design_token`, `csrf_token`."""


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """`AWS_SECRET_ACCESS_KEY`, `awsSecretAccessKey` → `("aws", "secret", "access", "key")`."""
    return tuple(word.lower() for word in _WORDS.findall(name[-120:]))


@lru_cache(maxsize=20_000)
def is_secret(name: str) -> bool:
    """Whether a value of this name is a credential, as far as the name tells."""
    parts = words(name)
    while parts and parts[-1].isdigit():
        parts = parts[:-1]
    if not parts:
        return False
    last, before = parts[-1], parts[:-1]
    if any(word in PUBLIC_WORDS for word in before) and "secret" not in before and "password" not in before:
        return False
    if last in SECRET_WORDS or (last.endswith(_ENDINGS) and not last.endswith(_NO_ENDINGS)):
        return True
    if last in ("key", "keys"):
        return bool(before) and (before[-1] in KEY_OWNERS or "secret" in before or "base64" in before)
    if last in (
        "base",
        "base64",
        "hash",
        "hashed",
        "hex",
        "value",
        "encrypted",
        "plain",
        "prod",
        "production",
        "live",
    ):
        return any(word in SECRET_WORDS or word == "apikey" for word in before)
    if last in NOT_SECRET_LAST:
        return False
    return len(parts) > 1 and parts[-1] not in NOT_SECRET_LAST and _password_first(parts)


_ENDINGS = ("password", "passwd", "passphrase", "apikey", "secretkey", "pass", "pwd", "secret", "authkey")
_NO_ENDINGS = ("bypass", "compass", "trespass", "overpass", "underpass", "surpass", "encompass", "subpass", "multipass",
               "firstpass", "onepass", "twopass", "renderpass", "nosecret", "oldpwd")  # fmt: skip
"""Words written as one: `remotepass`, `clientsecret`; and those that only end alike."""


def is_user(name: str) -> bool:
    """Whether a value of this name is the account a credential belongs to."""
    parts = words(name)
    return bool(parts) and parts[-1] in ("user", "username", "login", "account", "email")


def _password_first(parts: tuple[str, ...]) -> bool:
    """`PASSWORD_PRODUCTION`, `secretKeyBase`: the word first, then who it is for."""
    return parts[0] in ("password", "passwd", "passphrase") and parts[1] in (
        "root", "admin", "db", "database", "user", "production", "prod", "staging", "smtp", "mail", "ftp", "mysql",
    )  # fmt: skip
