"""The repositories of the reference portal and of its prototype, as a founder would have them on disk.

The healthy one is `portal/` of the checkout. The prototype's is the same with `portal/prototype/` laid over it: its
package, the files of `prototype/repository/` at the root, those of `prototype/on_this_disk/` beside them and ignored,
and a history in which the `.env` was committed once. Its secrets are made here: the files hold `{{made:NAME}}` in
their place. Names that tools would obey in the checkout are written otherwise there: `dot.env`, `built`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from launchready.lab.faults.secrets import made
from launchready.lab.live_portal import DATABASE_ENV, portal_folder
from launchready.lab.rehearsals import rehearsal
from launchready.lab.source import write_source
from launchready.lab.world import Source

_NOT_OURS = {".venv", "var", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".env", "prototype"}
_AT_THE_ROOT, _ON_THIS_DISK = "repository/", "on_this_disk/"
"""Folders of `prototype/`: what its repository has at the root, and what lies there and git ignores."""
_ONCE_COMMITTED = ".env"
_MADE = re.compile(rb"\{\{made:([a-z_]+)\}\}")
_SHAPES = {
    "stripe_live": lambda: "sk_live_" + made("prototype stripe", 28),
    "aws_id": lambda: "AKIA" + made("prototype aws", 16).upper().translate(str.maketrans("0189", "ABCD")),
    "private_key": lambda: "\n".join(made(f"prototype key {line}", 64) for line in range(12)),
    "django": lambda: "django-insecure-" + made("prototype django", 50),
}
"""By name; what is not named here is 32 letters and digits."""


@cache
def healthy_portal_source() -> Source:
    """The reference portal's repository."""
    files = _files_below(portal_folder(), _NOT_OURS)
    environments = {"production": {"variables": list(_SET_IN_PRODUCTION)}}
    return Source(files, ignored=rehearsal(2), settings={"environments": environments, "deploy": _DEPLOY})


@cache
def prototype_source() -> Source:
    """The prototype's repository: what is committed, what was committed once, what lies beside it."""
    overlay = {path: _filled(text) for path, text in _files_below(portal_folder() / "prototype", _CACHES).items()}
    root, ignored = _placed(overlay, _AT_THE_ROOT), _placed(overlay, _ON_THIS_DISK)
    package = {
        f"prototype/{path}": text
        for path, text in overlay.items()
        if not path.startswith((_AT_THE_ROOT, _ON_THIS_DISK))
    }
    healthy = {path: text for path, text in healthy_portal_source().files.items() if path not in _NOT_IN_PROTOTYPE}
    return Source(
        {**healthy, **package, **root},
        removed={_ONCE_COMMITTED: ignored[_ONCE_COMMITTED]},
        ignored=ignored,
        settings={"environments": _ENVIRONMENTS, "deploy": _DEPLOY},
    )


def lay_out(folder: Path, now: datetime | None = None) -> None:
    """Write the prototype's repository, with its history, below an empty folder."""
    write_source(prototype_source(), folder, now or datetime.now(UTC))


def _files_below(folder: Path, left_out: set[str]) -> dict[str, str | bytes]:
    """By path; bytes as they are."""
    found: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not left_out.intersection(inside.parts):
            found[inside.as_posix()] = path.read_bytes()
    return found


def _placed(overlay: dict[str, bytes], folder: str) -> dict[str, bytes]:
    """The files of one of the overlay's folders under the names they have in the repository."""
    inside = {path.removeprefix(folder): text for path, text in overlay.items() if path.startswith(folder)}
    return {
        "/".join("dist" if part == "built" else re.sub(r"^dot(?=\.)", "", part) for part in path.split("/")): text
        for path, text in inside.items()
    }


def _filled(content: str | bytes) -> bytes:
    def value(match: re.Match[bytes]) -> bytes:
        name = match[1].decode()
        return (_SHAPES[name]() if name in _SHAPES else made(f"prototype {name}", 32)).encode()

    return _MADE.sub(value, content if isinstance(content, bytes) else content.encode())


_CACHES = _NOT_OURS - {"prototype", ".env"}
_SET_IN_PRODUCTION = ("SECRET_KEY", "PORTAL_URL", "DATABASE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "TRUSTED_PROXIES")
_DEPLOY = {
    "adapter": "commands",
    "release": ["deploy-it $RELEASE_COMMIT"],
    "roll_back": ["deploy-it $RELEASE_TO_COMMIT"],
    "migrate": ["python manage.py migrate --noinput"],
    "database_env": DATABASE_ENV,
}
_NOT_IN_PROTOTYPE = {"requirements.in", ".dockerignore", "Makefile", "README.md"}
"""Besides what is replaced."""
_ENVIRONMENTS = {
    "production": {"env_file": ".env"},
    "development": {"env_file": ".env"},
    "staging": {"env_file": ".env.staging"},
}
