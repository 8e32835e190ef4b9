"""The repository in which every check is silent: a small Django portal with a front end, kept with care."""

from __future__ import annotations

from launchready.lab.measured import measured
from launchready.lab.rehearsals import rehearsal
from launchready.lab.world import Source

_SETTINGS = """\
\"\"\"Settings of the portal; what differs between deployments comes from the environment.\"\"\"

import os

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG", "false") == "true"
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
DATABASE_URL = os.environ["DATABASE_URL"]
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_HOST_PASSWORD = os.environ["EMAIL_HOST_PASSWORD"]
STRIPE_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
"""

_EXAMPLE = """\
# The portal's environment. Copy to `.env`, which git ignores.

# Signs sessions. Different in every environment.
SECRET_KEY=change-me
# Django's debug pages; never in production.
DEBUG=false
# Host names that are answered, separated by commas.
ALLOWED_HOSTS=localhost
# Where the database is.
DATABASE_URL=postgres://user:password@localhost:5432/portal
# The mail server and its password.
EMAIL_HOST=localhost
EMAIL_HOST_PASSWORD=change-me
# Key of the payment provider.
STRIPE_SECRET_KEY=sk_test_xxx
# Where the pages find the API.
VITE_API_URL=http://localhost:8000/api
"""

_DOCKERFILE = f"""\
FROM node:24.11-slim@sha256:{"4f" * 32} AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY web ./web
RUN npm run build

FROM python:3.12.8-slim@sha256:{"7c" * 32}
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
COPY --from=pages /app/dist ./static
RUN python manage.py collectstatic --noinput
USER nobody
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "portal.wsgi"]
"""

_WORKFLOW = """\
name: test
on: [push]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - uses: actions/setup-node@v4
        with:
          node-version: "24"
      - run: pip install -r requirements.txt
      - run: npm ci
      - run: python manage.py test
        env:
          SECRET_KEY: only-for-tests
          STRIPE_SECRET_KEY: ${{ secrets.STRIPE_TEST_KEY }}
"""

_RENDER = """\
services:
  - type: web
    name: portal
    runtime: docker
    region: frankfurt
    preDeployCommand: python manage.py migrate
    healthCheckPath: /healthz
    envVars:
      - key: SECRET_KEY
        generateValue: true
      - key: DATABASE_URL
        fromDatabase:
          name: portal-db
          property: connectionString
      - key: ALLOWED_HOSTS
        value: brightside.example,www.brightside.example,app.brightside.example
      - key: EMAIL_HOST
        value: smtp.postmarkapp.com
      - key: EMAIL_HOST_PASSWORD
        sync: false
      - key: STRIPE_SECRET_KEY
        sync: false
      - key: VITE_API_URL
        value: https://app.brightside.example/api
databases:
  - name: portal-db
    plan: basic-256mb
    region: frankfurt
"""

_PACKAGE = """\
{
  "name": "portal-pages",
  "private": true,
  "engines": {"node": "24.x"},
  "scripts": {"build": "vite build", "dev": "vite"},
  "dependencies": {"htmx.org": "2.0.4"},
  "devDependencies": {"vite": "6.0.7"}
}
"""

_LOCK = """\
{
  "name": "portal-pages",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": {
      "name": "portal-pages",
      "engines": {"node": "24.x"},
      "dependencies": {"htmx.org": "2.0.4"},
      "devDependencies": {"vite": "6.0.7"}
    },
    "node_modules/htmx.org": {
      "version": "2.0.4",
      "integrity": "sha512-HLxMCdfXDOJirs3vBZl/ZLoY+c7PfM4Ahr2Ad4YXh6d22T5ltbTXFFkpx9Tgb2vvmWFMbIc3LqN2ToNkZJvyYQ=="
    },
    "node_modules/vite": {
      "version": "6.0.7",
      "dev": true,
      "integrity": "sha512-RDt8r/7qx9940f8FcOIAH9PTViRrghKaK2K1jY3RaAURrEUbm9Du1mJ72G+jlhtG3WwodnfzY8ORQZbBavZEAQ=="
    }
  }
}
"""

HEALTHY_SOURCE = Source(
    {
        ".gitignore": ".env\n.env.*\n!.env.example\ndist/\nnode_modules/\n",
        ".env.example": _EXAMPLE,
        ".python-version": "3.12\n",
        "README.md": "# Client portal\n\n`python manage.py runserver` starts it on your machine.\n",
        "requirements.txt": "Django==5.2.1\ngunicorn==23.0.0\npsycopg[binary]==3.2.4\nstripe==11.4.1\n",
        "manage.py": "import sys\n\nfrom django.core.management import execute_from_command_line\n\n"
        "execute_from_command_line(sys.argv)\n",
        "portal/__init__.py": "",
        "portal/settings.py": _SETTINGS,
        "portal/wsgi.py": "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n",
        "web/main.js": "const api = import.meta.env.VITE_API_URL;\nfetch(`${api}/invoices`);\n",
        "package.json": _PACKAGE,
        "package-lock.json": _LOCK,
        "Dockerfile": _DOCKERFILE,
        ".dockerignore": ".git\n.env\nnode_modules\n",
        "render.yaml": _RENDER,
        ".github/workflows/test.yml": _WORKFLOW,
    },
    ignored={**rehearsal(2), **measured()},
    settings={
        "performance": {},
        "environments": {
            "production": {
                "variables": [
                    "SECRET_KEY",
                    "ALLOWED_HOSTS",
                    "DATABASE_URL",
                    "EMAIL_HOST",
                    "EMAIL_HOST_PASSWORD",
                    "STRIPE_SECRET_KEY",
                    "VITE_API_URL",
                ]
            }
        },
    },
)
