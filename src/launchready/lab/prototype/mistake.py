"""What one mistake of the prototype is described by."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.lab.healthy import DOMAIN
from launchready.model import Severity

HOST = f"app.{DOMAIN}"
"""Where the prototype answers."""
BLOCKER, HIGH, NICE = Severity.BLOCKER, Severity.HIGH, Severity.NICE


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing the prototype gets wrong."""

    id: str
    says: str
    """In one plain sentence, without a full stop."""
    file: str
    """Where it is made, below `portal/prototype/`."""
    check: str
    severity: Severity
    subject: str = HOST
    """The subject of the finding, or its beginning."""
    arrives: str = ""
    """The issue that brings the check; empty: it is there."""


SETTINGS, VIEWS, MIDDLEWARE, URLS = "settings.py", "views.py", "middleware.py", "urls.py"
HEAD = "templates/portal_site/head.html"
"""The files most of them are made in."""
