"""Development servers and settings in production: what starts the portal, and what only looks like it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from launchready.hardening.development_servers import SERVERS, development_server, is_production_server
from launchready.lab.source import with_source
from launchready.model import Outcome, Severity, Status

Judge = Callable[..., Awaitable[Outcome]]
Starts = Callable[[Mapping[str, str]], Awaitable[Outcome]]

_PACKAGE = '{"scripts":{"dev":"next dev","start":"node server.js","prod":"npm run dev"},"devDependencies":{"vite":"6"}}'


@pytest.fixture
def starts(judge: Judge) -> Starts:
    async def run(files: Mapping[str, str]) -> Outcome:
        return await judge("parity.development_server", with_source(files=files, ignored={}))

    return run


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python manage.py runserver 0.0.0.0:8000", "runserver"),
        ("uv run python -m django --settings=x runserver", "runserver"),
        ("python manage.py migrate && python manage.py runserver", "runserver"),
        ("flask --app portal run --host=0.0.0.0", "flask run"),
        ("python -m flask run", "flask run"),
        ("fastapi dev main.py", "fastapi dev"),
        ("next dev --turbopack", "next dev"),
        ("npx next dev", "next dev"),
        ("nuxt dev", "nuxt dev"),
        ("vite", "vite"),
        ("vite --host", "vite"),
        ("vite preview --port 80", "vite preview"),
        ("cd web && vite dev", "vite"),
        ("react-scripts start", "react-scripts start"),
        ("webpack serve --mode development", "webpack-dev-server"),
        ("./node_modules/.bin/nodemon src/index.js", "nodemon"),
        ("tsx watch src/main.ts", "ts-node-dev"),
        ("node --watch server.js", "node --watch"),
        ("php -S 0.0.0.0:80 -t public", "php -S"),
        ("php artisan serve --host 0.0.0.0", "artisan serve"),
        ("bin/rails server -b 0.0.0.0", "rails server"),
        ("bundle exec rails s", "rails server"),
        ("uvicorn app:app --host 0.0.0.0 --reload", "--reload"),
        ("gunicorn --reload portal.wsgi", "--reload"),
        ("go run ./cmd/portal", "go run"),
        ("air -c .air.toml", "air"),
        ("npm run dev", "npm run dev"),
        ("yarn dev", "yarn dev"),
    ],
)
def test_commands_that_start_a_development_server(command: str, name: str) -> None:
    server = development_server(command)

    assert server is not None
    assert server.name == name


@pytest.mark.parametrize(
    "command",
    [
        "gunicorn portal.wsgi",
        "uvicorn app:app --workers 4 --reload-dir x",
        "next start",
        "next build",
        "vite build",
        "node dist/server.js",
        "php-fpm",
        "php artisan octane:start",
        "php artisan queue:work",
        "fastapi run app/main.py",
        "bundle exec puma -C config/puma.rb",
        "rails server -e production",
        "./portal",
        "echo invite people",
        "npm start",
        "python manage.py runscript",
        "/usr/bin/airflow webserver",
        "flask db upgrade",
    ],
)
def test_commands_that_do_not(command: str) -> None:
    assert development_server(command) is None


def test_every_server_says_what_to_start_instead() -> None:
    assert all(server.instead.endswith(".") and server.what for server in SERVERS)


def test_production_servers_are_known() -> None:
    assert is_production_server("exec gunicorn portal.wsgi")
    assert not is_production_server("gunicorn --reload portal.wsgi")


@pytest.mark.parametrize(
    ("files", "subject", "severity"),
    [
        ({"Procfile": "release: x\nweb: flask run\n"}, "Procfile:2", Severity.BLOCKER),
        (
            {"Dockerfile": 'FROM a:1\nCMD ["npm", "run", "dev"]\n', "package.json": _PACKAGE},
            "Dockerfile:2",
            Severity.BLOCKER,
        ),
        ({"Dockerfile": "FROM a:1\nCMD npm run prod\n", "package.json": _PACKAGE}, "Dockerfile:2", Severity.BLOCKER),
        ({"Dockerfile": "FROM a:1\nCMD npm run dev\n"}, "Dockerfile:2", Severity.HIGH),
        (
            {"render.yaml": "services:\n  - type: web\n    startCommand: php -S 0.0.0.0:80\n"},
            "render.yaml:3",
            Severity.BLOCKER,
        ),
        ({"fly.toml": '[processes]\napp = "python manage.py runserver"\n'}, "fly.toml:2", Severity.BLOCKER),
        ({"railway.json": '{"deploy":{"startCommand":"next dev"}}'}, "railway.json:1", Severity.BLOCKER),
        ({"app.yaml": "runtime: python312\nentrypoint: flask run\n"}, "app.yaml:2", Severity.BLOCKER),
        ({"heroku.yml": "run:\n  web: go run .\n"}, "heroku.yml:2", Severity.HIGH),
        (
            {"docker-compose.prod.yml": "services:\n  web:\n    command: nodemon x\n"},
            "docker-compose.prod.yml:3",
            Severity.HIGH,
        ),
        (
            {
                "Dockerfile": 'FROM a:1\nENTRYPOINT ["/app/entrypoint.sh"]\n',
                "entrypoint.sh": "#!/bin/sh\nexec flask run\n",
            },
            "Dockerfile:2",
            Severity.BLOCKER,
        ),
        ({"Dockerfile": "FROM a:1\nENV NODE_ENV=development\nCMD node x\n"}, "Dockerfile:2", Severity.HIGH),
        ({"Dockerfile": "FROM ruby:3.4\nCMD bin/rails server\n"}, "Dockerfile:2", Severity.HIGH),
    ],
)
async def test_what_starts_production(
    starts: Starts, files: Mapping[str, str], subject: str, severity: Severity
) -> None:
    outcome = await starts(files)

    assert [(f.subject, f.severity) for f in outcome.findings] == [(subject, severity)]


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile.dev": "FROM a:1\nCMD npm run dev\n"},
        {"Dockerfile": "FROM a:1 AS dev\nCMD flask run\nFROM a:1\nCMD gunicorn x\n"},
        {
            "Dockerfile": "FROM a:1\nCMD gunicorn x\n",
            "docker-compose.yml": "services:\n  web:\n    command: flask run\n",
        },
        {"docker-compose.yml": "services:\n  web:\n    command: flask run\n    volumes: ['.:/app']\n"},
        {"compose.override.yml": "services:\n  web:\n    command: flask run\n"},
        {"Procfile.dev": "web: bin/rails server\n"},
        {"Procfile": "web: bin/rails server -p $PORT\n"},
        {"Dockerfile": "FROM ruby:3.4\nENV RAILS_ENV=production\nCMD bin/rails server\n"},
        {"package.json": '{"scripts":{"start":"react-scripts start"}}', "netlify.toml": ""},
        {"README.md": "python manage.py runserver\n", "Makefile": "run:\n\tflask run\n"},
        {"examples/Procfile": "web: flask run\n"},
        {
            "Dockerfile": "FROM a:1\nENTRYPOINT ./start.sh\n",
            "start.sh": 'if [ "$ENV" = dev ]; then\n  flask run\nelse\n  gunicorn x\nfi\n',
        },
        {"Dockerfile": "FROM a:1\nENV NODE_ENV=development\nENV NODE_ENV=production\nCMD node x\n"},
    ],
)
async def test_what_only_looks_like_it(starts: Starts, files: Mapping[str, str]) -> None:
    outcome = await starts(files)

    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("RUN npm ci", 1),
        ("RUN npm ci --omit=dev", 0),
        ("ENV NODE_ENV=production\nRUN npm ci", 0),
        ("RUN npm ci\nRUN npm run build\nRUN npm prune --omit=dev", 0),
        ("RUN npm install -g pm2", 0),
        ("RUN pip install -r requirements-dev.txt", 1),
        ("RUN pip install -r requirements.txt", 0),
        ("RUN poetry install --no-interaction", 1),
        ("RUN poetry install --only main", 0),
        ("RUN composer install --no-dev", 0),
        ("RUN composer install", 1),
    ],
)
async def test_development_dependencies_in_the_final_image(starts: Starts, lines: str, found: int) -> None:
    outcome = await starts({"Dockerfile": f"FROM a:1\n{lines}\nCMD node x\n", "package.json": _PACKAGE})

    assert [f.severity for f in outcome.findings] == [Severity.NICE] * found


async def test_a_build_stage_may_install_them(starts: Starts) -> None:
    docker = "FROM a:1 AS build\nRUN npm ci\nFROM nginx:1.27\nCOPY --from=build /x /x\n"
    outcome = await starts({"Dockerfile": docker, "package.json": _PACKAGE})

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize(
    "scripts",
    [
        '"a":"npm run a","start":"npm run start"',
        '"start":"npm run a && npm run b","a":"npm run b && npm run b","b":"npm run a && npm run a"',
    ],
)
async def test_scripts_that_run_each_other_end(starts: Starts, scripts: str) -> None:
    outcome = await starts({"Procfile": "web: npm start\n", "package.json": f'{{"scripts":{{{scripts}}}}}'})

    assert outcome.status is Status.PASSED


async def test_shell_scripts_that_run_each_other_end(starts: Starts) -> None:
    outcome = await starts(
        {"Procfile": "web: ./a.sh\n", "a.sh": "./b.sh\n./a.sh\n" * 50, "b.sh": "./a.sh\n./b.sh\n" * 50}
    )

    assert outcome.status is Status.PASSED


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("render.yaml", "- [\n"),
        ("fly.toml", "= 1\n"),
        ("railway.json", "{"),
        ("Procfile", "\0\0"),
        ("package.json", "]"),
    ],
)
async def test_what_cannot_be_read_is_named(starts: Starts, path: str, content: str) -> None:
    outcome = await starts({path: content, "Dockerfile": "FROM a:1\nCMD flask run\n"})

    assert [row.subject for row in outcome.not_checked] == [path]
    assert [f.subject for f in outcome.findings] == ["Dockerfile:2"]


@pytest.mark.parametrize(
    "content", ["services: 3", "services: [1, x]", "x", "", "services:\n  - startCommand: [a, {b: c}]\n"]
)
async def test_strange_shapes_do_no_harm(starts: Starts, content: str) -> None:
    outcome = await starts({"render.yaml": content, "app.yaml": content, "docker-compose.prod.yml": content})

    assert outcome.findings == ()


@pytest.mark.parametrize(
    "start",
    ["gunicorn portal.wsgi", "flask run", "daphne portal.asgi:application --bind 0.0.0.0 --verbosity 2 --access"],
)
async def test_secrets_in_a_start_command_are_not_quoted(start: str, starts: Starts) -> None:
    outcome = await starts({"Procfile": f"web: DATABASE_URL=postgres://u:hunter2@db/x API_KEY=hunter2 {start}\n"})
    assert "sha256:" in repr(outcome)
    assert "hunter2" not in repr(outcome)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"Procfile": "web: make serve\n", "Makefile": "serve:\n\tpython manage.py runserver\n"}, True),
        ({"Procfile": "web: make serve\n", "Makefile": "serve:\n\tgunicorn app:app\ndev:\n\tflask run\n"}, False),
        ({"Procfile": "web: poe web\n", "pyproject.toml": '[tool.poe.tasks]\nweb = "flask run"\n'}, True),
        ({"Procfile": "web: poe web\n", "pyproject.toml": '[tool.poe.tasks]\nweb = "gunicorn a:b"\n'}, False),
        (
            {"Procfile": "web: python app.py\n", "app.py": "import flask\napp = flask.Flask(__name__)\napp.run()\n"},
            True,
        ),
        (
            {"Procfile": "web: python app.py\n", "app.py": "import flask\nfrom waitress import serve\nserve(app)\n"},
            False,
        ),
        ({"Procfile": "web: python app.py\n", "app.py": 'import uvicorn\nuvicorn.run("a:b", reload=True)\n'}, True),
        ({"Procfile": "web: python app.py\n", "app.py": 'import uvicorn\nuvicorn.run("a:b", workers=2)\n'}, False),
        ({"Procfile": "web: make a\n", "Makefile": "a:\n\tmake b\nb:\n\tmake a\n"}, False),
        ({"Procfile": "web: make a\n", "Makefile": "a" * 50_000 + ":\n" + "\t\x00" * 1000}, False),
        ({"Procfile": "web: poe a\n", "pyproject.toml": "[tool\n"}, False),
    ],
)
async def test_tasks_by_name_and_files_that_serve_are_followed(
    starts: Starts, files: Mapping[str, str], found: bool
) -> None:
    outcome = await starts(files)

    assert bool(outcome.findings) is found


_FLASK_APP = "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(host='0.0.0.0')\n"


@pytest.mark.parametrize(
    ("files", "subject", "name"),
    [
        ({"Procfile": "web: python app.py\n", "app.py": _FLASK_APP}, "Procfile:1", "app.run()"),
        (
            {"Dockerfile": "FROM a:1\nCMD python -m portal.main\n", "src/portal/main.py": _FLASK_APP},
            "Dockerfile:2", "app.run()",
        ),
        (
            {"Procfile": "web: python main.py\n", "main.py": 'import uvicorn\nuvicorn.run("a:b", reload=True)\n'},
            "Procfile:1", "reload=True",
        ),
        (
            {"Procfile": "web: uv run poe start\n", "pyproject.toml": '[tool.poe.tasks]\nstart = "fastapi dev a.py"\n'},
            "Procfile:1", "fastapi dev",
        ),
        (
            {"Procfile": "web: pdm run start\n", "pyproject.toml": '[tool.pdm.scripts]\nstart = {cmd = "flask run"}\n'},
            "Procfile:1", "flask run",
        ),
        ({"Procfile": "web: pipenv run web\n", "Pipfile": '[scripts]\nweb = "flask run"\n'}, "Procfile:1", "flask run"),
        (
            {"Procfile": "web: make serve\n", "Makefile": "serve: build\n\tpython manage.py runserver\n"},
            "Procfile:1", "runserver",
        ),
        (
            {
                "Procfile": "web: pnpm --filter @acme/api start\n",
                "package.json": '{"private":true,"scripts":{"start":"node ."}}',
                "apps/api/package.json": '{"name":"@acme/api","scripts":{"start":"nodemon a.js"}}',
            },
            "Procfile:1", "nodemon",
        ),
    ],
)  # fmt: skip
async def test_a_development_server_behind_a_name(
    files: Mapping[str, str], subject: str, name: str, starts: Starts
) -> None:
    (finding,) = (await starts(files)).findings
    assert finding.subject == subject
    assert name in finding.problem


@pytest.mark.parametrize(
    "files",
    [
        {"Procfile": "web: python app.py\n", "app.py": f"from waitress import serve\n{_FLASK_APP}"},
        {"Procfile": "web: gunicorn app:app\n", "app.py": _FLASK_APP},
        {"Procfile": "web: python app.py\n", "app.py": "import uvicorn\nuvicorn.run('a:b', workers=2)\n"},
        {"Procfile": "web: make serve\n", "Makefile": "dev:\n\tflask run\nserve:\n\tgunicorn a:b\n"},
        {"Procfile": "web: python ../../outside.py\nworker: python -m ..x\n"},
        {"Procfile": "web: make a\n", "Makefile": "a:\n\tmake b\nb:\n\tmake a\n"},
    ],
)
async def test_a_production_server_behind_a_name(files: Mapping[str, str], starts: Starts) -> None:
    assert (await starts(files)).status is Status.PASSED


async def test_a_makefile_that_calls_itself_without_end_is_soon_left(starts: Starts) -> None:
    began = time.process_time()
    await starts({"Procfile": "web: " + "make a; " * 100_000, "Makefile": "a:\n" + "\tmake a\n" * 50_000})

    assert time.process_time() - began < 10
