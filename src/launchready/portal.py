"""`launchready.toml` as typed data: what the portal is, and what its owner wants of it.

Reads and validates; never looks at the network. The JSON Schema under docs/ is generated from these models.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import idna
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from launchready.model import AcceptedRisk
from launchready.portal_deploy import AlertSettings, DeploySettings, VerifySettings
from launchready.portal_edge import EdgeSettings
from launchready.portal_performance import PerformanceSettings
from launchready.portal_sections import Section

FILE_NAME = "launchready.toml"


class PortalError(Exception):
    """The description of the portal cannot be used; the text says where and what to do."""


def domain_name(text: str) -> str:
    """Return a domain or host name in lower-case A-label form, without scheme, path or trailing dot.

    Accepts what people paste: `https://Example.com/`, `bücher.example`, `example.com.`.
    Raises ValueError with a sentence for people when it is no host name (RFC 1123 section 2.1, RFC 5891).
    """
    name = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://", "", text.strip())
    name = re.split(r"[/?#]", name, maxsplit=1)[0].rpartition("@")[2].rstrip(".")
    name = re.sub(r":\d+$", "", name)
    if not name:
        raise ValueError("the domain is empty; write one such as example.com")
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        raise ValueError(f"{name} is an address; name the domain people type, such as example.com")
    underscored = any(label.startswith("_") for label in name.split("."))
    try:
        ascii_name = name.lower() if underscored and name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"{name!r} is not a domain name: {error}") from None
    if len(ascii_name) > 253 or "." not in ascii_name:
        raise ValueError(f"{name!r} is not a full domain name; write one such as example.com")
    return ascii_name


DomainName = Annotated[str, AfterValidator(domain_name)]
_NO_SECRETS = re.compile(r"(password|passwd|secret|token|api_?key|private_?key|credential)s?$", re.IGNORECASE)


class MailSettings(Section):
    """What the portal's domain does with mail."""

    sends: bool | None = None
    """Whether anything sends mail as this domain; left out: taken from the MX and SPF records."""
    domains: tuple[DomainName, ...] = ()
    """Other domains that appear behind the @ of the portal's mail."""
    dkim_selectors: tuple[str, ...] = ()
    """Selectors the sending services sign with; the common ones are tried besides."""
    sending_hosts: tuple[str, ...] = ()
    """Hosts or addresses mail leaves from, for reverse DNS and block lists; MX hosts are looked at besides."""


class ResolverSettings(Section):
    """One resolver to ask, such as the one of a region."""

    name: str
    address: str
    port: int = Field(default=53, ge=1, le=65535)


class DnsSettings(Section):
    """Where to ask, and what is expected."""

    resolvers: tuple[ResolverSettings, ...] = ()
    """The first is asked everything; all are compared. Left out: this machine's, with public ones to compare."""
    compare_public: bool = True
    """Whether to compare with public resolvers (Cloudflare, Google, Quad9) when none are named."""


class RepositorySettings(Section):
    """The portal's source code, on this machine."""

    path: str = "."
    """The folder, relative to this file."""
    public: bool = False
    """Whether anybody may read it where it is hosted."""
    history: bool = True
    """Whether every commit is read for secrets, or the work tree only."""
    ignore: tuple[str, ...] = ()
    """Shell patterns of paths that are not read for secrets, such as `tests/fixtures/*`."""


class EnvironmentSettings(Section):
    """One environment the portal runs in, such as `production`."""

    env_file: str = ""
    """The file that holds its variables, relative to the repository."""
    variables: tuple[str, ...] = ()
    """Names of variables that are set elsewhere, such as in a hosting panel."""
    platform: Literal["", "render", "fly", "heroku", "vercel", "railway", "github"] = ""
    """Who hosts it; its store of secrets is asked for names, never for values."""
    service: str = ""
    """How the platform calls it: service id, app name, project, `owner/repository`."""
    token_env: str = ""
    """Name of the environment variable that holds the platform's API token."""


class AcceptedSettings(Section):
    """A finding its owner lives with until a date; past the date it counts again."""

    check: str
    reason: str = Field(min_length=3)
    until: date
    subject: str = "*"


class Portal(Section):
    """The portal as its owner describes it. `Portal(domain=...)` alone is a full description."""

    domain: DomainName
    canonical: str | None = None
    """The one address people should end at, such as `https://www.example.com/`; left out: root or www, as found."""
    hosts: tuple[str, ...] = ()
    """Subdomains besides root and www, as labels (`app`) or full names; left out: common ones are looked for."""
    discover: bool = True
    """Whether to look for common subdomains and names in the certificate."""
    staging: tuple[str, ...] = ()
    """Hosts that must stay out of search engines; `staging` is always one."""
    pages: tuple[str, ...] = ("/",)
    """First pages, as paths, read for mixed content and cookies on each host that serves pages."""
    mail: MailSettings = MailSettings()
    dns: DnsSettings = DnsSettings()
    repository: RepositorySettings | None = None
    """Left out: the source code is not audited."""
    environments: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    """By name: `production`, `staging`, `development`."""
    edge: EdgeSettings | None = None
    """Left out: `launchready edge` has nothing to do."""
    deploy: DeploySettings | None = None
    """Left out: `launchready deploy` has nothing to do."""
    verify: VerifySettings | None = None
    """Left out: `launchready verify` looks at the first page only."""
    performance: PerformanceSettings | None = None
    """Left out: the speed of the portal's flows is not judged."""
    owned: tuple[str, ...] = ()
    """Hosts of yours that may be put under load, as labels (`app`) or full names; no other host ever is."""
    alerts: AlertSettings = AlertSettings()
    accepted: tuple[AcceptedSettings, ...] = ()

    @property
    def named_hosts(self) -> tuple[str, ...]:
        """Root, www and the hosts named in the file, as full names, each once."""
        names = [self.domain, f"www.{self.domain}", *map(self.full_name, self.hosts), *self.staging_hosts[:-1]]
        return tuple(dict.fromkeys(names))

    @property
    def staging_hosts(self) -> tuple[str, ...]:
        """The hosts that must stay out of search engines, as full names; `staging.<domain>` last."""
        return tuple(dict.fromkeys(map(self.full_name, (*self.staging, "staging"))))

    @property
    def owned_hosts(self) -> tuple[str, ...]:
        """The hosts that may be put under load; `@` is the domain itself, addresses and `localhost` stay."""
        return tuple(map(self._owned, self.owned))

    @property
    def mail_domains(self) -> tuple[str, ...]:
        """The domains whose mail is judged: the portal's own first."""
        return tuple(dict.fromkeys((self.domain, *self.mail.domains)))

    @property
    def accepted_risks(self) -> tuple[AcceptedRisk, ...]:
        """The accepted risks as the model's data."""
        return tuple(AcceptedRisk(r.check, r.reason, r.until, r.subject) for r in self.accepted)

    def _owned(self, host: str) -> str:
        if host == "@":
            return self.domain
        name = host.strip("[]").lower()
        plain = name == "localhost" or ":" in name or name.replace(".", "").isdigit()
        return name if plain else self.full_name(name)

    def full_name(self, host: str) -> str:
        """`app` as `app.example.com`; a full name, below the domain or not, as it is."""
        return domain_name(host if "." in host else f"{host}.{self.domain}")


def read_portal(path: Path) -> Portal:
    """Read `launchready.toml`; folders in it are relative to it.

    Raises PortalError naming file, key and the nearest right key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PortalError(
            f"{path}: there is no such file; write one with `launchready init DOMAIN`, "
            "or name the domain: `launchready check example.com`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PortalError(f"{path}: cannot be read: {error}") from None
    portal, folder, found = parse_portal(text, str(path)), path.absolute().parent, dict[str, Section]()
    if portal.repository is not None:
        found["repository"] = portal.repository.model_copy(update={"path": str(folder / portal.repository.path)})
    if portal.deploy is not None and portal.deploy.root:
        found["deploy"] = portal.deploy.model_copy(update={"root": str(folder / portal.deploy.root)})
    return portal.model_copy(update=found)


def parse_portal(text: str, where: str = FILE_NAME) -> Portal:
    """Parse the text of a `launchready.toml`; `where` names it in errors. Raises PortalError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PortalError(f"{where}: not valid TOML: {error}") from None
    if literal := _literal_secret(document):
        raise PortalError(
            f"{where}: {literal} holds a literal secret; put it in an environment variable and write "
            f'{literal.rpartition(".")[2]}_env = "NAME_OF_THE_VARIABLE" instead'
        )
    table = {**document.pop("portal", {}), **document} if isinstance(document.get("portal", {}), dict) else document
    try:
        return Portal.model_validate(table)
    except ValidationError as error:
        raise PortalError("\n".join(f"{where}: {_say(problem)}" for problem in error.errors())) from None


def _say(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(problem["loc"][-1]), _keys_beside(problem["loc"]), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown key {place!r}{hint}"
    if problem["type"] == "missing":
        return f"the key {place!r} is missing"
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_beside(path: tuple[str | int, ...]) -> list[str]:
    """The keys of the table that the last part of a path lies in."""
    table: type[BaseModel] = Portal
    for part in path[:-1]:
        field = table.model_fields.get(str(part))
        if field is not None:
            table = _table_in(field.annotation) or table
    return list(table.model_fields)


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The section a key's type is made of: itself, or what its list, mapping or union holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_in(inner))), None)


def _literal_secret(value: object, path: str = "") -> str | None:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            if isinstance(inner, str) and inner and _NO_SECRETS.search(str(key)):
                return here
            if found := _literal_secret(inner, here):
                return found
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if found := _literal_secret(inner, f"{path}.{index}"):
                return found
    elif isinstance(value, str) and _LOOKS_SECRET.search(value):
        return path
    return None


_LOOKS_SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|sk_live_[A-Za-z0-9]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@"
)
