"""Planted mistakes of a deployment's environments: staging on production's database, bucket and keys."""

from __future__ import annotations

from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, Fault, both
from launchready.model import Severity

_RENDER = str(HEALTHY_SOURCE.files["render.yaml"])
_STAGING = """\
  - type: web
    name: portal-staging
    runtime: docker
    region: frankfurt
    preDeployCommand: python manage.py migrate
    healthCheckPath: /healthz
    envVars:
      - key: DATABASE_URL
        fromDatabase:
          name: {database}
          property: connectionString
databases:
  - name: portal-db-staging
    plan: basic-256mb
    region: frankfurt
"""
_DATABASE = "postgres://portal:{password}@{host}:5432/{name}"
_LIVE, _TEST = "sk_live_" + "9aB3" * 6, "sk_test_" + "9aB3" * 6
"""Look like keys and are none."""


def _local(production: str, staging: str) -> Change:
    """What is on this disk for the two environments."""
    described = files(
        environments={
            "production": {"env_file": ".env.production", "variables": _variables()},
            "staging": {"env_file": ".env.staging", "variables": _variables()},
        }
    )
    return both(described, ignored({".env.production": production, ".env.staging": staging}))


def _variables() -> list[str]:
    environments = HEALTHY_SOURCE.settings["environments"]
    assert isinstance(environments, dict)
    return list(environments["production"]["variables"])


def _url(password: str, host: str = "db.brightside.example", name: str = "portal") -> str:
    return "DATABASE_URL=" + _DATABASE.format(password=password, host=host, name=name) + "\n"


def _render(database: str) -> Change:
    return files({"render.yaml": _RENDER.replace("databases:\n", _STAGING.format(database=database), 1)})


FAULTS = (
    Fault(
        "environments-one-database",
        "Staging works on production's database, under another user's password",
        "environments.separated",
        Severity.HIGH,
        _local(_url("Kq8-prod-Zx41"), _url("Vn5-stage-Lw77")),
        subject=".env.staging",
        twin=_local(_url("Kq8-prod-Zx41"), _url("Vn5-stage-Lw77", name="portal_staging")),
    ),
    Fault(
        "environments-one-database-by-blueprint",
        "The blueprint gives staging the database of production",
        "environments.separated",
        Severity.HIGH,
        _render("portal-db"),
        subject="render.yaml",
        twin=_render("portal-db-staging"),
    ),
    Fault(
        "environments-one-bucket",
        "Uploads of staging land among those of production",
        "environments.separated",
        Severity.HIGH,
        _local("AWS_S3_BUCKET=brightside-files\n", "AWS_S3_BUCKET=brightside-files\n"),
        subject=".env.staging",
        twin=_local("AWS_S3_BUCKET=brightside-files\n", "AWS_S3_BUCKET=brightside-files-staging\n"),
    ),
    Fault(
        "environments-live-key-on-staging",
        "A test payment on staging charges a real card",
        "environments.separated",
        Severity.HIGH,
        _local("", f"STRIPE_SECRET_KEY={_LIVE}\n"),
        subject=".env.staging",
        twin=_local(f"STRIPE_SECRET_KEY={_LIVE}\n", f"STRIPE_SECRET_KEY={_TEST}\n"),
    ),
)
"""What must be found, and what looks alike and is right."""
