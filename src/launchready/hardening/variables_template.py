"""The documented example file: every variable the portal reads, with its purpose, its place and a safe value.

An existing file keeps its comments, its order and its values, save real ones of secrets, which become placeholders. No
value of an environment is ever looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from launchready.hardening.variables_dotenv import Entry, commented_names, parse_dotenv
from launchready.hardening.variables_model import Inventory, Need, Variable
from launchready.hardening.variables_names import (
    is_development,
    is_placeholder,
    is_provided,
    is_public,
    is_secret,
)

_TITLE = """\
# The environment of this portal. Copy to `.env`, which git must ignore, or set the variables where it runs.
# Values here are examples: never write a real one into this file.
"""
_GROUPS = ("Required", "Optional, with their defaults", "Public: copied into the pages that every visitor downloads")
_PURPOSES: tuple[tuple[str, str], ...] = (
    (r"JWT", "Signs the tokens of sign-in; different in every environment."),
    (r"DATABASE_URL|POSTGRES.*UR[LI]|MYSQL.*UR[LI]|DB_URL", "The database, with user and password."),
    (r"MONGO.*UR[LI]", "The MongoDB server, with user and password."),
    (r"REDIS", "The Redis server."),
    (r"ALLOWED_HOSTS", "Host names that are answered, separated by commas."),
    (r"CORS|ALLOWED_ORIGINS", "Origins that may call the API, separated by commas."),
    (r"SENTRY|BUGSNAG|ROLLBAR", "Where errors are reported to; empty: nowhere."),
    (r"STRIPE.*WEBHOOK", "Proves that a webhook comes from Stripe."),
    (r"STRIPE.*(?:PUBLISHABLE|PUBLIC)", "Stripe's key for the browser."),
    (r"STRIPE", "Key of the payment provider Stripe."),
    (r"WEBHOOK_SECRET", "Proves that a webhook comes from its sender."),
    (r"SECRET_KEY(?:_BASE)?$|^APP_KEY$|SESSION_SECRET", "Signs sessions and links; different in every environment."),
    (r"FROM_EMAIL|EMAIL_FROM|MAIL_FROM|REPLY_TO", "Address in mail; its domain needs SPF, DKIM and DMARC."),
    (r"(?:SMTP|E?MAIL).*(?:PASS|PASSWORD)$", "Password of the mail server."),
    (r"(?:SMTP|E?MAIL).*HOST$", "The mail server."),
    (r"(?:SMTP|E?MAIL)_URL", "How mail leaves: server, user and password."),
    (r"AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY", "Access to AWS."),
    (r"BUCKET", "Where files are kept."),
    (r"REGION$", "Region of the provider."),
    (r"LOG_?LEVEL", "How much is logged: debug, info, warning or error."),
    (r"DEBUG$", "Shows errors in detail; never in production."),
    (r"API_URL|API_BASE", "Where the API is."),
    (r"(?:^|_)(?:BASE|SITE|APP|PORTAL|PUBLIC|FRONTEND)_URL$", "Where people reach the portal."),
)  # fmt: skip
_SHAPES: tuple[tuple[str, str], ...] = (
    (r"MONGO.*UR[LI]$", "mongodb://user:password@localhost:27017/portal"),
    (r"MYSQL.*UR[LI]$|MARIADB.*UR[LI]$", "mysql://user:password@localhost:3306/portal"),
    (r"REDIS.*UR[LI]$|BROKER_URL$", "redis://localhost:6379/0"),
    (r"AMQP.*UR[LI]$|RABBIT.*UR[LI]$", "amqp://user:password@localhost:5672/"),
    (r"(?:SMTP|EMAIL|MAIL)_UR[LI]$", "smtp://user:password@localhost:587"),
    (r"(?:DATABASE|DB|POSTGRES(?:QL)?|DIRECT)_?UR[LI]$|CONNECTION_STRING$",
     "postgres://user:password@localhost:5432/portal"),
    (r"DSN$", ""),
    (r"STRIPE.*WEBHOOK.*SECRET$", "whsec_xxx"),
    (r"STRIPE.*(?:PUBLISHABLE|PUBLIC)", "pk_test_xxx"),
    (r"STRIPE.*(?:SECRET|API|KEY)", "sk_test_xxx"),
    (r"(?:E?MAIL|SMTP).*PORT$", "587"),
    (r"(?:DB|POSTGRES|PG|DATABASE).*PORT$", "5432"),
    (r"REDIS.*PORT$", "6379"),
    (r"PORT$", "8000"),
    (r"(?:FROM|EMAIL|REPLY_TO|ADDRESS)$", "portal@example.com"),
    (r"HOSTS$|HOST$|HOST_?NAME$|SMTP_SERVER$", "localhost"),
    (r"DOMAIN$", "portal.example.com"),
    (r"(?:URL|URI|ENDPOINT|ORIGIN|ORIGINS)$", "https://portal.example.com"),
    (r"DEBUG$|^(?:USE|ENABLE|DISABLE|IS|HAS|ALLOW)_|_ENABLED$|_DISABLED$", "false"),
    (r"REGION$", "eu-central-1"),
    (r"BUCKET(?:_NAME)?$", "example-bucket"),
    (r"LOG_?LEVEL$", "info"),
    (r"(?:TIMEOUT|SECONDS|TTL|MINUTES|DAYS|HOURS|INTERVAL|LIMIT|SIZE|COUNT|MAX\w*|MIN|WORKERS|THREADS)$", "60"),
    (r"(?:DB|DATABASE|POSTGRES|MYSQL|PG)_?(?:NAME|DATABASE|DB|USER|USERNAME)$", "portal"),
    (r"TIME_?ZONE$|^TZ$", "Europe/Berlin"),
    (r"(?:LOCALE|LANGUAGE)$", "en"),
    (r"CURRENCY$", "EUR"),
    (r"ENVIRONMENT(?:_NAME)?$|_ENV$", "development"),
    (r"(?:DIR|PATH|ROOT|FOLDER)$", "var"),
)  # fmt: skip


_SPELLING = (
    "API AWS CDN CSS CSV DB DNS DSN GCP HTML HTTP HTTPS ID IP JSON JWT OAuth OTP PDF S3 SDK SES SFTP SMS SMTP SQL SSO "
    "TLS TTL UI URI URL VAT GitHub GitLab Google Slack OpenAI PayPal"
)
_SPELT = {word.upper(): word for word in _SPELLING.split()}


@dataclass(frozen=True, slots=True)
class Template:
    """The text of the file, and what happened to an existing one."""

    text: str
    added: tuple[str, ...]
    hidden: tuple[str, ...]
    """Names whose real value was replaced by a placeholder."""


def render_template(found: Inventory, existing: str = "") -> Template:
    """The example file: `existing` first, as it stands, then what it lacks, in groups."""
    kept, hidden = _kept(existing)
    entries, _ = parse_dotenv(existing)
    known = {entry.name for entry in entries} | commented_names(existing).keys()
    lacking = [v for v in found.variables.values() if v.runtime and not is_provided(v.name) and v.name not in known]
    parts = [kept.rstrip("\n") + "\n" if kept.strip() else _TITLE]
    for title, members in zip(_GROUPS, _grouped(lacking), strict=True):
        if members:
            if f"# {title}" not in kept:
                parts.append(f"\n# {title} " + "-" * max(0, 117 - len(title)) + "\n")
            parts += ["\n" + _written(variable) for variable in members]
    return Template("".join(parts), tuple(v.name for v in lacking), hidden)


def placeholder(name: str, default: str | None = None) -> str:
    """A value of the right shape that is nobody's: the code's own default where it has one and it is no secret."""
    secret = is_secret(name)
    if default is not None and not secret and "://" not in default and "\n" not in default and len(default) < 200:
        return default
    bare = re.sub(r"^(?:NEXT_PUBLIC|NUXT_PUBLIC|VITE|REACT_APP|VUE_APP|EXPO_PUBLIC|GATSBY|PUBLIC)_", "", name)
    for pattern, value in _SHAPES:
        if re.search(pattern, bare):
            return value
    return "" if default == "" else "change-me"


def purpose(name: str) -> str:
    """What the variable is for, by its name: one sentence."""
    for pattern, sentence in _PURPOSES:
        if re.search(pattern, name):
            return sentence
    words = " ".join(_SPELT.get(word, word.lower()) for word in name.split("_") if word)
    return f"{words[:1].upper()}{words[1:]}."


def _kept(existing: str) -> tuple[str, tuple[str, ...]]:
    """The existing file with real values of secrets replaced."""
    lines = existing.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    hidden: list[str] = []
    for entry in reversed(parse_dotenv("\n".join(lines))[0]):
        if _is_real(entry):
            before = lines[entry.line - 1].partition("=")[0]
            lines[entry.line - 1 : entry.last_line] = [f"{before}={_quoted(placeholder(entry.name))}"]
            hidden.append(entry.name)
    return "\n".join(lines), tuple(reversed(hidden))


def _is_real(entry: Entry) -> bool:
    value = entry.value or ""
    if not is_secret(entry.name) or len(value) < 8 or is_placeholder(value) or is_development(value):
        return False
    if "://" in value:  # an address is one by its password
        return bool(re.search(r"://[^/@\s]*:[^/@\s]+@", value))
    return not re.fullmatch(r"[a-z]+(?:[-_ :][a-z]*)*", value)


def _grouped(variables: Iterable[Variable]) -> tuple[list[Variable], list[Variable], list[Variable]]:
    required: list[Variable] = []
    optional: list[Variable] = []
    public: list[Variable] = []
    for variable in variables:
        if is_public(variable.name):
            public.append(variable)
        else:
            (required if variable.need in (Need.REQUIRED, Need.EMPTY) else optional).append(variable)
    return required, optional, public


def _written(variable: Variable) -> str:
    places = list(dict.fromkeys(read.path for read in variable.runtime))
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    others = sorted({name for read in variable.runtime for name in read.others})
    instead = f" Instead: {', '.join(others)}." if others else ""
    shown = ", ".join(_clean(place) for place in places[:2])
    # What may be left out is left out of a copy too, unless the code says what it would be.
    optional = variable.need in (Need.OPTIONAL, Need.DEFAULT) and variable.default is None
    return (
        f"# {purpose(variable.name)} Read in {shown}{more}.{instead}\n"
        f"{'# ' if optional else ''}{variable.name}={_quoted(placeholder(variable.name, variable.default))}\n"
    )


def _clean(text: str) -> str:
    """A path that cannot end the comment it stands in."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _quoted(value: str) -> str:
    """A value as an environment file has it: in quotes where it holds more than plain characters."""
    if re.fullmatch(r"[\w.,:/@+%=~-]*", value):
        return value
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("$", "\\$")
    return f'"{escaped}"'
