"""The engine: kingfisher's rules for the tokens of some 400 services, with ours that mark lines worth reading.

Runs in this process on bytes and never uses the network. What it reports is a hit, not yet a finding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from launchready.audit.secrets.places import place_of

OWN = "launchready."
"""Prefix of our own rules."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something the engine saw."""

    rule: str
    title: str
    line: int
    start: int
    """Where it begins, in bytes."""
    value: str = field(repr=False)
    strong: bool = False
    """Whether the value alone shows what it is, by a prefix no other string has."""

    @property
    def own(self) -> bool:
        """Whether it only marks a line."""
        return self.rule.startswith(OWN)


class Engine:
    """Loads the rules when they are first needed: some 0.3 s from their cache, 3 s when they have to be compiled."""

    @cached_property
    def _code(self) -> tuple[Any, Any]:
        """For program code: with a look into Base64, and without."""
        from kingfisher_sdk import Scanner

        rules = _rules("rules.yml", "rules_code.yml")
        return Scanner(rules), Scanner(rules, base64=False)

    @cached_property
    def _settings(self) -> Any:
        """For files of settings."""
        from kingfisher_sdk import Scanner

        return Scanner(_rules("rules.yml", "rules_settings.yml"))

    def scan(self, path: str, data: bytes) -> Sequence[Hit]:
        """Every hit in one file, in order; `path` only steers the engine's own filters."""
        return [_hit(found) for found in self._raw(path, data) if found.visible and found.rule_id not in _NO_SECRETS]

    def _raw(self, path: str, data: bytes) -> Sequence[Any]:
        # Base64 is looked into where settings are kept and where bundlers write: in program code nobody hides a key in
        # it, and looking costs as much as all rules together.
        scanner = self._settings if place_of(path) else self._code[path.endswith(_CODE)]
        name = path.encode("utf-8", "replace").decode("utf-8")
        found: Sequence[Any] = scanner._native.scan_input(data, name)
        return found


def _rules(*files: str) -> Any:
    from kingfisher_sdk import Rules

    return Rules([Path(__file__).with_name(file) for file in files])


@cache
def engine() -> Engine:
    """The one engine of this process."""
    return Engine()


def service_of(rule: str) -> str:
    """`betterleaks.stripe-access-token` → `stripe`."""
    word = re.split(r"[-.]", rule.removeprefix("betterleaks.").removeprefix("veles.secrets/"))[0]
    return {
        "generic": "",
        "private": "",
        "jwt": "",
        "hashicorp": "terraform",
        "gcp": "google",
        "sendinblue": "brevo",
    }.get(word, word)


def _hit(found: Any) -> Hit:
    rule, value, where = found.rule_id, found.secret, found.location
    strong = not rule.startswith(OWN) and bool(_STRONG.match(value))
    return Hit(rule, found.rule_name, where["line"], where["start_offset"], value, strong)


_CODE = (
    ".py", ".rb", ".go", ".java", ".kt", ".php", ".cs", ".rs", ".c", ".h", ".cpp", ".swift", ".scala", ".ts", ".tsx",
    ".jsx", ".vue", ".svelte", ".ex", ".exs", ".erl", ".css", ".scss", ".less", ".md", ".rst", ".txt", ".html", ".po",
)  # fmt: skip
_STRONG = re.compile(
    r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}$|gh[opsur]_|github_pat_|gl(?:pat|dt|rt|ptt|ft|soat|cbt|agent)-"
    r"|[sr]k_(?:live|test)_|whsec_|xox[abeprs]-|xapp-|SG\.[\w-]{16,}"
    r"|AIza[\w-]{35}$|ya29\.|sk-(?:ant|proj|svcacct|admin|or)-|sk-[A-Za-z0-9]{20}T3BlbkFJ"
    r"|npm_[A-Za-z0-9]{36}|pypi-AgE|do[opr]_v1_|shp(?:at|ca|pa|ss)_|hf_[A-Za-z]{30}|ATATT3"
    r"|EAAC|lin_api_|dckr_pat_|dckr_oat_|re_[A-Za-z0-9]{8,}_|key-[0-9a-f]{32}$|pul-|rubygems_"
    r"|sntr[yus]s?_|secret_[A-Za-z0-9]{43}|ntn_|PMAK-|dapi[a-f0-9]{32}|FwoG|eyJrIjoi|glsa_"
    r"|https://hooks\.slack\.com/services/T|https://[\w-]+\.webhook\.office\.com|-----BEGIN"
    r"|AGE-SECRET-KEY-1|dp\.(?:pt|st|ct|sa|scim|audit)\.|fly?[mo][12]?_|FlyV1|HRKU-|rnd_|sbp_|pscale_"
    r"|tskey-|lsv2_|r8_|gsk_|xai-|nvapi-|CCIPAT_|ops_eyJ|A3-[A-Z0-9]{6}-|hvs\.|hvb\.|CFPAT-|figd_"
    r"|sq0(?:atp|csp)-|EAAA[\w-]{60}|xkeysib-|phx_|\d{6,10}:AA[\w-]{33}$|[0-9a-f]{32}-us\d{1,2}$"
    r"|AC[0-9a-f]{32}$|SK[0-9a-f]{32}$"
)
"""What services put before their tokens so that they can be recognised."""

_NO_SECRETS = frozenset(
    f"betterleaks.{name}"
    for name in (
        "adobe-client-id", "asana-client-id", "bitbucket-client-id", "discord-client-id", "flutterwave-public-key",
        "linkedin-client-id", "lob-pub-api-key", "looker-client-id", "mailgun-pub-key", "messagebird-client-id",
        "plaid-client-id", "posthog-project-api-key", "segment-public-api-token.1", "sendbird-access-id",
        "sumologic-access-id", "new-relic-user-api-id", "new-relic-browser-api-token", "configcat-sdk-key",
        "devcycle-client-sdk-key", "devcycle-mobile-sdk-key", "contentful-delivery-api-token", "generic-credential-uri",
        "mongodb-connection-string",
        "gitlab-incoming-mail-address-token", "curl-auth-user", "curl-auth-header", "private-key",
        "gitlab-feature-flag-client-token", "hashicorp-tf-password", "sidekiq-sensitive-url", "kubernetes-secret-yaml",
        "nuget-config-password",
    )
)  # fmt: skip
"""Rules whose match is public by design, or is read better by our own readers."""
