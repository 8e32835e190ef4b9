"""`[performance]` of `launchready.toml`: the flows buyers walk, what they may take, how far a measurement may go."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from launchready.portal_sections import Section

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class FlowUser(Section):
    """An account that walks a flow, by the names of the variables that hold its credentials."""

    user_env: str
    password_env: str


class FlowLogin(Section):
    """A login: the form on that page, its hidden fields and its token are found."""

    path: str
    user: str = ""
    """Which of `[performance.users]`; left out: the flow's."""
    text: str = ""
    """What is seen after the login; left out: that the form is gone must do."""


class FlowUpload(Section):
    """A file that is sent."""

    field: str
    """Name of the form's field."""
    file: str = ""
    """Relative to this file; left out: a PDF of `size_kb` is made."""
    size_kb: int = Field(default=200, ge=1, le=50_000)
    name: str = "launch-ready-test.pdf"
    content_type: str = "application/pdf"


class Keep(Section):
    """A value that later steps use as `{name}`: exactly one way to find it."""

    css: str = ""
    """A CSS selector in the answer's HTML; its `attribute`, else its text."""
    attribute: str = ""
    json_path: str = ""
    """A dotted path in the answer's JSON, such as `items.0.id`."""
    header: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Keep:
        if sum(map(bool, (self.css, self.json_path, self.header))) != 1:
            raise ValueError("a value is kept by exactly one of css, json_path and header")
        return self


class FlowStep(Section):
    """One thing a buyer does. Redirects are followed, and belong to the step."""

    name: str = ""
    """Left out: method and path."""
    login: FlowLogin | None = None
    """Instead of everything below, but for `name`."""
    method: Method = "GET"
    """Left out: GET; with `form`, that of the page's form, else POST; with `json` or `upload`, POST."""
    path: str = ""
    """Below the portal's address, or a whole address; `{name}` stands for a value that was kept."""
    form: dict[str, str] = Field(default_factory=dict)
    """Fields that are filled in; what else the form of the page before holds (hidden fields, token) is sent along."""
    json_body: object = Field(default=None, alias="json")
    upload: FlowUpload | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    headers_env: dict[str, str] = Field(default_factory=dict)
    """Headers whose value is in a variable, such as `Authorization`."""
    status: int | None = Field(default=None, ge=100, le=599)
    """Left out: any of 200 to 299."""
    text: str = ""
    """What the answer must hold."""
    keep: dict[str, Keep] = Field(default_factory=dict)
    target_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _something(self) -> FlowStep:
        if bool(self.login) == bool(self.path):
            raise ValueError("a step is either a login or a path")
        if self.login and (self.form or self.upload or self.keep or self.json_body is not None):
            raise ValueError("a login needs no more than its path, user and text")
        return self


class Flow(Section):
    """What one buyer does from beginning to end."""

    name: str
    user: str = ""
    """Which of `[performance.users]` walks it; they are logged in before by `login`, unless a step does so."""
    steps: tuple[FlowStep, ...] = Field(min_length=1)
    target_s: float | None = Field(default=None, gt=0)
    per_minute: float | None = Field(default=None, gt=0, le=6000)
    """How often it may be walked, for a portal that limits logins or uploads."""
    changes: bool | None = None
    """Whether it leaves something behind (uploads, records); a flow that sends forms or files must say so."""

    @model_validator(mode="after")
    def _says_what_it_leaves(self) -> Flow:
        sends = any(
            step.upload
            or (step.form and (step.method != "GET" or "method" not in step.model_fields_set))
            or step.method in ("PUT", "PATCH", "DELETE")
            for step in self.steps
        )
        if sends and self.changes is None:
            raise ValueError(
                f"the flow {self.name!r} sends something, and is walked many times: say changes = true if each walk "
                "leaves something behind in the portal, or changes = false"
            )
        return self


class BroadbandSettings(Section):
    """A line of one's own, where none of the known ones fits."""

    name: str = "own"
    down_mbps: float = Field(gt=0)
    up_mbps: float = Field(gt=0)
    rtt_ms: float = Field(ge=0, le=2000)
    source: str = "launchready.toml"


class PerformanceSettings(Section):
    """What is measured, and what it may take."""

    url: str = ""
    """The portal's address; left out: that of `[verify]`, else the canonical one."""
    target_s: float = Field(default=2.0, gt=0)
    """At the 95th percentile, as a buyer on `broadband` sees it."""
    users: dict[str, FlowUser] = Field(default_factory=dict)
    login: FlowLogin | None = None
    """How a flow's user is logged in; left out: as `[verify.login]` says."""
    small: str = ""
    """The user of a small account, and"""
    large: str = ""
    """that of a large one: pages are compared."""
    flows: tuple[Flow, ...] = ()
    """Left out: the pages and the login of `[verify]`."""
    broadband: str | BroadbandSettings = "business"
    """The line a buyer has: a known one (`launchready perf --lines` lists them), `none`, or one of your own."""
    browser: bool = True
    """Whether the flows' pages are opened in a real browser as well."""
    database_env: str = ""
    """Variable with a connection string that may read pg_stat_statements or MySQL's digests; left out: `[deploy]`'s."""
    traces: str = ""
    """`address:port` on which OpenTelemetry traces (OTLP over HTTP) are taken while it is measured."""
    budget_requests: int = Field(default=2_000, ge=1, le=1_000_000)
    budget_s: float = Field(default=120.0, gt=0, le=7200)
    after_deploy: bool = False
    """Whether `launchready deploy` ends with a short measurement (60 s at most)."""

    @model_validator(mode="after")
    def _known_users(self) -> PerformanceSettings:
        named = [flow.user for flow in self.flows] + [self.small, self.large]
        named += [step.login.user for flow in self.flows for step in flow.steps if step.login]
        for name in named:
            if name and name not in self.users:
                raise ValueError(f"there is no user {name!r} in [performance.users]")
        if len({flow.name for flow in self.flows}) < len(self.flows):
            raise ValueError("two flows have the same name")
        return self
