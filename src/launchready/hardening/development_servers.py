"""The servers that are made for developing, how to know them by their commands, and what to start instead: data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from launchready.model import Severity


@dataclass(frozen=True, slots=True)
class Server:
    """A server for development."""

    name: str
    """As its users call it."""
    pattern: re.Pattern[str]
    """Found in the command that starts it."""
    what: str
    """What it is, after its name and a comma."""
    instead: str
    severity: Severity = Severity.BLOCKER


_DEVELOPMENT = "a server for development only"
_RELOADS = "which watches the files and restarts the portal when one changes"
_PYTHON = "Start `gunicorn` (WSGI) or `uvicorn --workers` (ASGI) with the application's module."
_NODE = "Run the built application with `node`."
_STATIC = "Build the pages and let the edge or a web server such as nginx or Caddy serve the folder."
_PHP = "Serve PHP with php-fpm behind nginx, or with FrankenPHP or Laravel Octane."
_BINARY = "Build the binary in a first stage and start it."
_NEXT = "Run `next build` in the build and start `next start`."
_NUXT = "Run `nuxt build` and start `node .output/server/index.mjs`."
_ASTRO = "Run `astro build`; serve `dist`, or start its server with node."
_NEST = "Run `nest build` and start `node dist/main`."
_RUNSERVER = r"(?:manage\.py|django-admin|-m django)\s+(?:\S+\s+)?runserver(?:_plus)?\b"
_RAILS = r"(?:rails|bin/rails)\s+(?:server|s)\b(?![^;&|]*production)"
_RELOAD = r"\b(?:uvicorn|gunicorn|hypercorn|granian|daphne)\b[^;&|]*\s--reload(?=\s|$)"
_NPX = r"(?:^|[\s;&|(/])"


def _row(name: str, pattern: str, what: str, instead: str, severity: Severity = Severity.BLOCKER) -> Server:
    return Server(name, re.compile(pattern), what, instead, severity)


SERVERS = (
    _row("runserver", _RUNSERVER, _DEVELOPMENT, _PYTHON),
    _row("flask run", _NPX + r"flask\b[^;&|]*\srun\b", _DEVELOPMENT, _PYTHON),
    _row("quart run", _NPX + r"quart\b[^;&|]*\srun\b", _DEVELOPMENT, _PYTHON),
    _row("fastapi dev", _NPX + r"fastapi\s+dev\b", _DEVELOPMENT, "Start `fastapi run` or `uvicorn --workers`."),
    _row("next dev", _NPX + r"next\s+dev\b", _DEVELOPMENT, _NEXT),
    _row("nuxt dev", _NPX + r"nux[ti]\s+dev\b", _DEVELOPMENT, _NUXT),
    _row("astro dev", _NPX + r"astro\s+dev\b", _DEVELOPMENT, _ASTRO),
    _row("remix dev", _NPX + r"(?:remix|react-router)\s+(?:vite:)?dev\b", _DEVELOPMENT, _NODE),
    _row("vite preview", _NPX + r"vite\s+preview\b", "which Vite says is not for production", _STATIC, Severity.HIGH),
    _row("vite", _NPX + r"vite(?:\s+(?:dev|serve)\b|\s+--|\s*$|\s*[;&|])", _DEVELOPMENT, _STATIC),
    _row("webpack-dev-server", _NPX + r"webpack(?:-dev-server\b|\s+serve\b)", _DEVELOPMENT, _STATIC),
    _row("react-scripts start", r"\b(?:react-scripts|craco|react-app-rewired)\s+start\b", _DEVELOPMENT, _STATIC),
    _row("ng serve", _NPX + r"ng\s+serve\b", _DEVELOPMENT, _STATIC),
    _row("vue-cli-service serve", _NPX + r"vue-cli-service\s+serve\b", _DEVELOPMENT, _STATIC),
    _row("gatsby develop", _NPX + r"gatsby\s+develop\b", _DEVELOPMENT, _STATIC),
    _row("parcel", _NPX + r"parcel\s+(?:serve\b|[\w./-]+\.html)", _DEVELOPMENT, _STATIC),
    _row("php -S", _NPX + r"php[\d.]*\s+(?:-\S+\s+)*-S\b", _DEVELOPMENT, _PHP),
    _row("artisan serve", r"artisan\s+serve\b", _DEVELOPMENT, _PHP),
    _row("symfony serve", _NPX + r"symfony\s+(?:server:start|serve)\b", _DEVELOPMENT, _PHP),
    _row(
        "rails server", _RAILS,
        "and nothing says that it is in production mode", "Set RAILS_ENV=production in the image and the platform.",
        Severity.HIGH,
    ),
    _row("nodemon", _NPX + r"nodemon\b", _RELOADS, _NODE, Severity.HIGH),
    _row("ts-node-dev", _NPX + r"(?:ts-node-dev|tsnd|tsx\s+watch)\b", _RELOADS, _NODE, Severity.HIGH),
    _row("node --watch", _NPX + r"(?:node|bun|deno)\s[^;&|]*--(?:watch|hot)\b", _RELOADS, _NODE, Severity.HIGH),
    _row(
        "nest start", _NPX + r"nest\s+start\b[^;&|]*(?:--watch|--debug)", _RELOADS, _NEST,
        Severity.HIGH,
    ),
    _row(
        "--reload", _RELOAD, _RELOADS,
        "Take `--reload` out of the command.", Severity.HIGH,
    ),
    _row("air", _NPX + r"air(?:\s+-c\b|\s*$)", _RELOADS, _BINARY, Severity.HIGH),
    _row(
        "go run", _NPX + r"go\s+run\b", "which compiles at every start", _BINARY,
        Severity.HIGH,
    ),
)  # fmt: skip
"""From the most certain to the least; the first that matches is told."""

_SCRIPT = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(dev|develop|start:dev|dev:\w+)\b")
_PRODUCTION = re.compile(
    r"\b(gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|uwsgi|puma|unicorn|passenger|php-fpm|frankenphp|apache2|"
    r"apachectl|nginx|caddy|next start|node (?!--watch)\S+|pm2|octane:start|httpd)\b"
)


def development_server(command: str, by_name: bool = True) -> Server | None:
    """The development server a command starts, if it does; `by_name`: also a script that is called `dev`."""
    text = command.replace("npx ", "").replace("bunx ", "").replace("\\\n", " ")
    for server in SERVERS:
        if server.pattern.search(text):
            return server
    if by_name and (script := _SCRIPT.search(text)):
        return Server(script.group(0), _SCRIPT, "a script for development by its name", _NODE, Severity.HIGH)
    return None


def is_production_server(command: str) -> bool:
    """Whether a command starts a server that is made for production."""
    return bool(_PRODUCTION.search(command)) and development_server(command) is None
