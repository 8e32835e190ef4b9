"""The portal's settings as the environment gives them: typed, checked once, named when wrong.

Every variable the portal reads is declared here and described in `.env.example`; nothing else reads the environment.
All that is wrong is said at once, so that a first deployment takes one round and not seven.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, ValidationError, validate


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment decides. Fields carry the names of the variables, in lower case."""

    secret_key: str
    portal_url: str
    database_url: dict[str, Any]
    debug: bool
    allowed_hosts: tuple[str, ...]
    portal_name: str
    email_url: dict[str, Any]
    default_from_email: str
    private_files_root: Path
    upload_max_bytes: int
    upload_scan_command: str
    trusted_proxies: int
    redis_url: str
    sentry_dsn: str
    environment_name: str
    release_version: str
    log_level: str
    hsts_seconds: int
    login_attempts_per_address: str

    @property
    def secure(self) -> bool:
        """Whether visitors come over HTTPS, which turns on secure cookies, the redirect and HSTS."""
        return self.portal_url.startswith("https://")


def read_environment(base_dir: Path) -> Environment:
    """Reads `base_dir/.env` where it exists (real variables win), then the environment.

    Raises ImproperlyConfigured that names every variable that is missing or malformed.
    """
    env = Env(eager=False)
    if (base_dir / ".env").is_file():
        env.read_env(str(base_dir / ".env"), recurse=False)
    values: dict[str, Any] = {
        "secret_key": env.str("SECRET_KEY", validate=[_long_and_own]),
        "portal_url": env.str("PORTAL_URL", validate=[_origin]),
        "database_url": env.dj_db_url("DATABASE_URL", conn_max_age=60, conn_health_checks=True),
        "debug": env.bool("DEBUG", False),
        "allowed_hosts": env.list("ALLOWED_HOSTS", []),
        "portal_name": env.str("PORTAL_NAME", "Client portal"),
        "email_url": env.dj_email_url("EMAIL_URL"),
        "default_from_email": env.str("DEFAULT_FROM_EMAIL"),
        "private_files_root": env.path("PRIVATE_FILES_ROOT", base_dir / "var" / "files"),
        "upload_max_bytes": env.int("UPLOAD_MAX_BYTES", 20_000_000, validate=[validate.Range(min=1)]),
        "upload_scan_command": env.str("UPLOAD_SCAN_COMMAND", ""),
        "trusted_proxies": env.int("TRUSTED_PROXIES", 0, validate=[validate.Range(min=0, max=5)]),
        "redis_url": env.str("REDIS_URL", ""),
        "sentry_dsn": env.str("SENTRY_DSN", ""),
        "environment_name": env.str("ENVIRONMENT_NAME", "production"),
        "release_version": env.str("RELEASE_VERSION", ""),
        "log_level": env.str("LOG_LEVEL", "INFO", validate=[validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])]),
        "hsts_seconds": env.int("HSTS_SECONDS", 31_536_000, validate=[validate.Range(min=0)]),
        "login_attempts_per_address": env.str("LOGIN_ATTEMPTS_PER_ADDRESS", "20/m", validate=[_rate]),
    }
    wrong: dict[str, list[str]] = {}
    try:
        env.seal()
    except EnvValidationError as error:
        wrong = dict(error.error_messages)
    wrong = _incomplete(values) | wrong
    if wrong:
        raise ImproperlyConfigured(_explain(wrong))
    values["portal_url"] = values["portal_url"].rstrip("/")
    values["private_files_root"] = base_dir / values["private_files_root"]
    if values["database_url"]["ENGINE"].endswith("sqlite3") and ":memory:" not in values["database_url"]["NAME"]:
        values["database_url"]["NAME"] = str(base_dir / values["database_url"]["NAME"])
    values["allowed_hosts"] = tuple(filter(None, values["allowed_hosts"])) or _hosts_of(values["portal_url"])
    return Environment(**values)


def _hosts_of(url: str) -> tuple[str, ...]:
    host = urlsplit(url).hostname or ""
    return ("localhost", "127.0.0.1", "[::1]") if host in ("localhost", "127.0.0.1") else (host,)


def _long_and_own(value: str) -> None:
    if len(value) < 40 or "change-me" in value:
        raise ValidationError(
            "needs at least 40 characters of your own; make some with: "
            'python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )


def _incomplete(values: dict[str, Any]) -> dict[str, list[str]]:
    # The parsers of both addresses let a scheme they do not know pass.
    wrong = {}
    if "EMAIL_BACKEND" not in (values["email_url"] or {}):
        wrong["EMAIL_URL"] = ["Must look like submission://USER:PASSWORD@mail.example.com:587, or console:"]
    if "ENGINE" not in (values["database_url"] or {}):
        wrong["DATABASE_URL"] = ["Must look like postgres://USER:PASSWORD@HOST:5432/NAME"]
    return wrong


def _rate(text: str) -> None:
    if not re.fullmatch(r"[1-9]\d*/[smhd]", text):
        raise ValidationError("must be a number and a unit, such as 20/m")


def _origin(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValidationError("must look like https://portal.example.com, without a path")


def _explain(messages: dict[str, list[str]]) -> str:
    lines = [f"  {name}: {' '.join(reasons)}" for name, reasons in sorted(messages.items())]
    return "\n".join(
        ["The environment does not yet allow a start:", *lines, "Each variable is described in .env.example."]
    )
