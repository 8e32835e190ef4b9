"""`[deploy]`, `[verify]` and `[alerts]` of `launchready.toml`: the one clean path to a release, and what proves it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from launchready.portal_sections import Section

Adapter = Literal["commands", "directories", "compose", "render", "fly", "vercel", "heroku"]


class Shared(Section):
    """What all releases of a host use together."""

    path: str
    """Below a release, such as `media`."""
    target: str = ""
    """Below `root`; left out: `shared/<path>`."""


class DeploySettings(Section):
    """The clean path: build, migrate, release, roll back."""

    adapter: Adapter
    environment: str = "production"
    """Which of `[environments]` is deployed to; its platform, service and token are those of an API adapter."""
    source: str = ""
    """The folder that is released, relative to this file; left out: the one of `[repository]`, else this folder."""
    database_env: str = "DATABASE_URL"
    """Name of the variable with the database's connection string; empty: there is no database."""
    build: tuple[str, ...] = ()
    """Commands, in order, run in the new folder (`directories`) or the source (`commands`, `compose`, `fly`)."""
    migrate: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    """Commands that make the new version live (`commands`)."""
    roll_back: tuple[str, ...] = ()
    """Commands that make `$RELEASE_TO` live again (`commands`)."""
    undo_migrations: tuple[str, ...] = ()
    """Commands that take the migrations of `$RELEASE` back; left out: they are not taken back."""
    kept: int = Field(default=5, ge=2, le=100)
    """Releases that are kept to roll back to."""
    root: str = ""
    """`directories`: the folder that holds `releases/`, `current`, `shared/`."""
    shared: tuple[Shared, ...] = ()
    env_file: str = ""
    """`directories`: a file of variables the processes get, relative to `root`; never copied into a release."""
    web: str = ""
    """`directories`: the command that serves on `$PORT`; empty with `service`."""
    worker: str = ""
    """`directories`: the command of the background worker."""
    listen: str = "127.0.0.1:8000"
    """`directories` with `web`: where visitors' requests arrive."""
    service: tuple[str, ...] = ()
    """`directories`: systemd units that are restarted instead of `web` and `worker`."""
    health: str = "/healthz"
    """Path that answers 200 when a version may get traffic."""
    ready_s: float = Field(default=30.0, gt=0, le=600)
    """How long a new version may take until it answers there."""
    drain_s: float = Field(default=10.0, ge=0, le=600)
    """How long the old one may finish what it has begun."""
    compose_file: str = ""
    """`compose`: relative to the source, several with `:` between; left out: the first of the usual names."""
    command_timeout_s: float = Field(default=900.0, gt=0, le=7200)

    @model_validator(mode="after")
    def _complete(self) -> DeploySettings:
        if self.adapter == "commands" and not (self.release and self.roll_back):
            raise ValueError("adapter commands needs release and roll_back: the commands that do it")
        if self.adapter == "directories" and not self.root:
            raise ValueError("adapter directories needs root: the folder that holds the releases")
        if self.adapter == "directories" and not (self.web or self.service):
            raise ValueError("adapter directories needs web (a command) or service (systemd units)")
        return self


class VerifyPage(Section):
    """A page that must answer."""

    path: str
    """A path below the portal's address, or a whole https address."""
    status: int = Field(default=200, ge=100, le=599)
    text: str = ""
    """What a visitor must see there."""


class VerifyLogin(Section):
    """A login that must work; the form, its hidden fields and its token are found."""

    path: str
    user_env: str
    """Name of the variable with the account's name."""
    password_env: str
    text: str = ""
    """What is seen after the login."""


class VerifyVersion(Section):
    """Where the portal says which version it is."""

    path: str
    json_path: str = ""
    """Dotted path in a JSON answer, such as `release.version`."""
    header: str = ""
    """Or the name of a header."""


class VerifyWorker(Section):
    """How one sees that the background worker lives."""

    path: str = ""
    """A page of the portal that says so."""
    json_path: str = ""
    """Dotted path in its JSON: `ok`/true, or the time the worker was last seen."""
    command: str = ""
    """Or a command, run in the source, that ends with 0 when it lives."""
    within_s: float = Field(default=120.0, gt=0)
    """How old that time may be."""


class VerifySettings(Section):
    """What must hold within seconds of a release."""

    url: str = ""
    """The portal's address; left out: the canonical one."""
    pages: tuple[VerifyPage, ...] = (VerifyPage(path="/"),)
    login: VerifyLogin | None = None
    version: VerifyVersion | None = None
    worker: VerifyWorker | None = None
    browser: bool = True
    """Whether the pages are opened in a real browser, to see that none is blank."""
    release: str = ""
    """The version that must be served; left out: `--release`, the last deploy, or what the source is at."""
    within_s: float = Field(default=30.0, gt=0, le=600)


class AlertRoute(Section):
    """Where an alert goes."""

    name: str
    url_env: str
    """Name of the variable that holds the address, as Apprise writes it: `mailto://…`, `slack://…`."""


class AlertSettings(Section):
    """Who is told."""

    routes: tuple[AlertRoute, ...] = ()
