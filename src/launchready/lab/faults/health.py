"""Planted mistakes of health endpoints: they say well whatever is broken."""

from __future__ import annotations

from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import files, ignored
from launchready.lab.world import Change, Fault, both
from launchready.model import Severity

_DEPLOY = {
    "deploy": {
        "adapter": "commands",
        "release": ["deploy-it $RELEASE_COMMIT"],
        "roll_back": ["deploy-it $RELEASE_TO_COMMIT"],
        "database_env": "",
    }
}
_CONSTANT = 'def healthz(request):\n    """Well."""\n    return JsonResponse({"status": "ok"})\n'
_LOOKS = (
    "\n\ndef readyz(request):\n    try:\n        connection.ensure_connection()\n    except DatabaseError:\n"
    '        return JsonResponse({"status": "no database"}, status=503)\n    return JsonResponse({"status": "ok"})\n'
)
_IMPORTS = "from django.db import DatabaseError, connection\nfrom django.http import JsonResponse\n\n\n"
_SETTINGS = str(HEALTHY_SOURCE.files["portal/settings.py"]) + 'ROOT_URLCONF = "portal.urls"\n'


def _django(code: str, *routes: str) -> Change:
    lines = "".join(f'    path("{route}", health.{route}),\n' for route in routes)
    urls = f"from django.urls import path\n\nfrom portal import health\n\nurlpatterns = [\n{lines}]\n"
    added = {"portal/health.py": _IMPORTS + code, "portal/urls.py": urls, "portal/settings.py": _SETTINGS}
    return both(files(added), ignored(rehearsal(2)))


def _express(body: str) -> Change:
    begins = 'import express from "express";\n\nconst app = express();\n'
    text = f'{begins}app.get("/healthz", async (req, res) => {{\n{body}}});\n'
    return both(files({"server/index.js": text}), ignored(rehearsal(2)))


FAULTS = (
    Fault(
        "health-constant-django",
        "The health endpoint says ok whatever is broken",
        "release.health",
        Severity.HIGH,
        _django(_CONSTANT, "healthz"),
        subject="portal/health.py:5",
        settings=_DEPLOY,
        twin=_django(_CONSTANT + _LOOKS, "healthz", "readyz"),
    ),
    Fault(
        "health-constant-express",
        "The health endpoint of a Node server answers 200 without a look at its database",
        "release.health",
        Severity.HIGH,
        _express('  res.status(200).json({ status: "ok" });\n'),
        subject="server/index.js:4",
        settings=_DEPLOY,
        twin=_express('  await pool.query("SELECT 1");\n  res.status(200).json({ status: "ok" });\n'),
    ),
)
"""What must be found, and what looks alike and is right."""
