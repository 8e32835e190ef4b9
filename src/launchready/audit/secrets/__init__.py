"""Secrets (A4, X4): passwords and keys where they should not be, who can have them, and how they are rotated."""

from launchready.audit.secrets import checks as checks
