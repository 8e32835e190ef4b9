"""Planted mistakes: what is built, locked or started differs from what production needs."""

from __future__ import annotations

import json

from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.source import edited, files
from launchready.lab.world import Fault, both
from launchready.model import Severity

_PROD = "parity.versions"
_FINAL = f"FROM python:3.12.8-slim@sha256:{'7c' * 32}"
_START = 'CMD ["gunicorn", "--bind", "0.0.0.0:8000", "portal.wsgi"]'
_BUILD = "RUN npm run build\n"
_LOCK = str(HEALTHY_SOURCE.files["package-lock.json"])
_MIGRATION = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n"


def _lock_with(*systems: str) -> str:
    """The healthy lock file with rollup, and its binaries for these systems only."""
    lock = json.loads(_LOCK)
    every = ("darwin-arm64", "linux-x64-gnu", "linux-arm64-gnu", "win32-x64-msvc")
    lock["packages"]["node_modules/rollup"] = {
        "version": "4.30.1",
        "dev": True,
        "optionalDependencies": {f"@rollup/rollup-{system}": "4.30.1" for system in every},
    }
    for system in systems:
        lock["packages"][f"node_modules/@rollup/rollup-{system}"] = {"version": "4.30.1", "dev": True, "optional": True}
    return json.dumps(lock, indent=2) + "\n"


FAULTS = (
    Fault(
        "parity-python-differs",
        "The developers and the tests run Python 3.12, production 3.13",
        _PROD,
        Severity.HIGH,
        edited("Dockerfile", _FINAL, "FROM python:3.13.1-slim"),
        subject="Dockerfile:8",
        twin=both(edited("Dockerfile", _FINAL, "FROM python:3.12.9-slim"), files({".python-version": "3.12.1\n"})),
    ),
    Fault(
        "parity-node-engine",
        "package.json asks for Node.js 22, the image builds with 24",
        _PROD,
        Severity.HIGH,
        both(
            edited("package.json", '"node": "24.x"', '"node": "22.x"'),
            edited("package-lock.json", '"node": "24.x"', '"node": "22.x"'),
        ),
        subject="Dockerfile:1",
        twin=both(
            edited("package.json", '"node": "24.x"', '"node": ">=20"'),
            edited("package-lock.json", '"node": "24.x"', '"node": ">=20"'),
        ),
    ),
    Fault(
        "parity-python-ended",
        "Everything runs on Python 3.8, which gets no security fixes any more",
        _PROD,
        Severity.HIGH,
        both(
            edited("Dockerfile", _FINAL, "FROM python:3.8.20-slim"),
            edited(".github/workflows/test.yml", '"3.12"', '"3.8"'),
            files({".python-version": "3.8\n"}),
        ),
        subject="Dockerfile:8",
    ),
    Fault(
        "parity-tests-elsewhere",
        "The tests run on a Python that production does not have",
        _PROD,
        Severity.HIGH,
        edited(".github/workflows/test.yml", 'python-version: "3.12"', 'python-version: "3.14"'),
        twin=edited(
            ".github/workflows/test.yml",
            'python-version: "3.12"',
            "python-version: |\n            3.12\n            3.14",
        ),
    ),
    Fault(
        "parity-no-lock",
        "The front end has no lock file",
        "parity.lock_file",
        Severity.HIGH,
        files(drop=("package-lock.json",)),
        subject="package.json",
    ),
    Fault(
        "parity-lock-stale",
        "A dependency was raised in package.json and not in the lock file",
        "parity.lock_file",
        Severity.HIGH,
        edited("package.json", '"vite": "6.0.7"', '"vite": "^7.1.0"'),
        subject="package-lock.json",
        twin=edited("package.json", '"vite": "6.0.7"', '"vite": "^6.0.0"'),
    ),
    Fault(
        "parity-two-locks",
        "npm and Yarn both keep a lock file",
        "parity.lock_file",
        Severity.HIGH,
        files(
            {"yarn.lock": '# yarn lockfile v1\n\n\nhtmx.org@2.0.4:\n  version "2"\n\nvite@6.0.7:\n  version "6.0.7"\n'}
        ),
        subject="package-lock.json",
    ),
    Fault(
        "parity-unpinned",
        "requirements.txt names no versions",
        "parity.lock_file",
        Severity.HIGH,
        files({"requirements.txt": "Django\ngunicorn\npsycopg[binary]\nstripe\n"}),
        subject="requirements.txt",
        twin=files(
            {
                "requirements.in": "Django>=5.2\ngunicorn\npsycopg[binary]\nstripe\n",
                "requirements.txt": "django==5.2.1\ngunicorn==23.0.0\npsycopg[binary]==3.2.4\nstripe==11.4.1\n",
            }
        ),
    ),
    Fault(
        "parity-runserver",
        "The image starts Django's development server",
        "parity.development_server",
        Severity.BLOCKER,
        edited("Dockerfile", _START, 'CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]'),
        subject="Dockerfile:16",
        twin=files(
            {"Dockerfile.dev": 'FROM python:3.12-slim\nCMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]\n'}
        ),
    ),
    Fault(
        "parity-reload",
        "The production server watches its files and restarts",
        "parity.development_server",
        Severity.HIGH,
        edited("Dockerfile", _START, "CMD uvicorn portal.asgi:application --host 0.0.0.0 --reload"),
        subject="Dockerfile:16",
        twin=edited("Dockerfile", _START, "CMD uvicorn portal.asgi:application --host 0.0.0.0 --workers 2"),
    ),
    Fault(
        "parity-no-build",
        "Nothing builds the front end",
        "parity.build_step",
        Severity.HIGH,
        both(edited("Dockerfile", _BUILD, ""), edited("Dockerfile", "COPY --from=pages /app/dist ./static\n", "")),
        subject="package.json:5",
    ),
    Fault(
        "parity-no-migration",
        "Nothing runs the database migrations",
        "parity.build_step",
        Severity.HIGH,
        both(
            edited("render.yaml", "    preDeployCommand: python manage.py migrate\n", ""),
            files({"portal/migrations/0001_initial.py": _MIGRATION}),
        ),
        subject="portal/migrations",
        twin=files({"portal/migrations/0001_initial.py": _MIGRATION}),
    ),
    Fault(
        "parity-image-latest",
        "The image builds on python:latest",
        "parity.base_image",
        Severity.HIGH,
        edited("Dockerfile", _FINAL, "FROM python:latest"),
        subject="Dockerfile:8",
        twin=edited(
            "Dockerfile",
            _FINAL,
            "ARG PYTHON_VERSION=3.12\nFROM python:${PYTHON_VERSION}-slim-bookworm AS base\nFROM base",
        ),
    ),
    Fault(
        "parity-image-major",
        "The image builds on whatever release of Python 3 is newest",
        "parity.base_image",
        Severity.NICE,
        edited("Dockerfile", _FINAL, "FROM python:3-slim"),
        subject="Dockerfile:8",
    ),
    Fault(
        "parity-arm-image",
        "The image is made for ARM, the platform's machines are amd64",
        "parity.architecture",
        Severity.HIGH,
        edited("Dockerfile", _FINAL, _FINAL.replace("FROM", "FROM --platform=linux/arm64")),
        subject="Dockerfile:8",
        twin=edited("Dockerfile", _FINAL, _FINAL.replace("FROM", "FROM --platform=linux/amd64")),
    ),
    Fault(
        "parity-lock-of-a-laptop",
        "The lock file has a binary for macOS only",
        "parity.architecture",
        Severity.HIGH,
        files({"package-lock.json": _lock_with("darwin-arm64")}),
        subject="package-lock.json",
        twin=files(
            {"package-lock.json": _lock_with("darwin-arm64", "linux-x64-gnu", "linux-arm64-gnu", "win32-x64-msvc")}
        ),
    ),
)
"""What must be found, and what looks alike and is right."""
