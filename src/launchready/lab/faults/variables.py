"""Planted mistakes of environment variables: missing, unknown, unused, shared, public, and debug modes."""

from __future__ import annotations

from launchready.lab.healthy_source import HEALTHY_SOURCE
from launchready.lab.source import edited, files, ignored
from launchready.lab.world import Change, Fault, both
from launchready.model import Severity

SETTINGS = str(HEALTHY_SOURCE.files["portal/settings.py"])
EXAMPLE = str(HEALTHY_SOURCE.files[".env.example"])
PACKAGE = str(HEALTHY_SOURCE.files["package.json"])
RENDER = str(HEALTHY_SOURCE.files["render.yaml"])
_VARIABLES = HEALTHY_SOURCE.settings["environments"]
assert isinstance(_VARIABLES, dict)
LISTED: list[str] = _VARIABLES["production"]["variables"]
DOCUMENTED = "\n# Documented.\n{}=\n"
KEY = "q7Vd2LxP9sTb4RnZ8wKf3HcY6mJg1AeU"
"""Looks like a key and is none."""


def _documented(*names: str) -> str:
    return EXAMPLE + "".join(DOCUMENTED.format(name) for name in names)


def _environments(**changes: object) -> Change:
    production = {"variables": LISTED}
    return files(environments={"production": production, **changes})


def _settings(added: str, *names: str) -> Change:
    """The healthy settings with lines added, and the variables in them documented."""
    return files({"portal/settings.py": SETTINGS + added, ".env.example": _documented(*names)})


def _render(name: str, value: str) -> str:
    return RENDER.replace("    envVars:\n", f'    envVars:\n      - key: {name}\n        value: "{value}"\n')


def _file(path: str, text: str, *names: str) -> Change:
    return files({path: text, ".env.example": _documented(*names)})


FAULTS = (
    Fault(
        "variables-missing-python",
        "The code cannot start without a variable that production lacks",
        "variables.missing",
        Severity.BLOCKER,
        _settings('INVOICE_SENDER = os.environ["INVOICE_SENDER"]\n', "INVOICE_SENDER"),
        subject="INVOICE_SENDER",
        twin=_settings('INVOICE_SENDER = os.environ.get("INVOICE_SENDER", "Accounts")\n', "INVOICE_SENDER"),
    ),
    Fault(
        "variables-missing-node",
        "A variable that the pages need is set nowhere, so they stay blank",
        "variables.missing",
        Severity.BLOCKER,
        _file("web/files.js", "export const files = import.meta.env.VITE_FILES_URL;\n", "VITE_FILES_URL"),
        subject="VITE_FILES_URL",
        twin=_file(
            "web/files.js", 'export const files = import.meta.env.VITE_FILES_URL ?? "/files";\n', "VITE_FILES_URL"
        ),
    ),
    Fault(
        "variables-missing-ruby",
        "A Ruby worker fetches a variable that production lacks",
        "variables.missing",
        Severity.BLOCKER,
        _file("worker/mail.rb", 'SENDER = ENV.fetch("WORKER_SENDER")\n', "WORKER_SENDER"),
        subject="WORKER_SENDER",
        twin=_file("worker/mail.rb", 'SENDER = ENV.fetch("WORKER_SENDER") { "portal" }\n', "WORKER_SENDER"),
    ),
    Fault(
        "variables-missing-php",
        "A PHP page asks for a variable that production lacks",
        "variables.missing",
        Severity.BLOCKER,
        _file("legacy/invoice.php", "<?php\n$prefix = env('INVOICE_API_KEY');\n", "INVOICE_API_KEY"),
        subject="INVOICE_API_KEY",
        twin=_file("legacy/invoice.php", "<?php\n$prefix = getenv('INVOICE_API_KEY') ?: '';\n", "INVOICE_API_KEY"),
    ),
    Fault(
        "variables-missing-go",
        "A Go service ends at once without a variable that production lacks",
        "variables.missing",
        Severity.BLOCKER,
        _file(
            "thumbs/main.go",
            'package main\n\nimport "os"\n\nfunc main() {\n\tbucket := os.Getenv("THUMBS_BUCKET")\n'
            '\tif bucket == "" {\n\t\tpanic("no bucket")\n\t}\n}\n',
            "THUMBS_BUCKET",
        ),
        subject="THUMBS_BUCKET",
        also=("parity.versions", "parity.lock_file"),
        twin=_file(
            "thumbs/main.go",
            'package main\n\nimport "os"\n\nfunc main() {\n\tbucket := os.Getenv("THUMBS_BUCKET")\n'
            '\tif bucket == "" {\n\t\tbucket = "thumbs"\n\t}\n}\n',
            "THUMBS_BUCKET",
        ),
    ),
    Fault(
        "variables-missing-behind-function",
        "A variable that is read through a function of the portal's own is not set in production",
        "variables.missing",
        Severity.BLOCKER,
        files(
            {
                "portal/environment.py": "import os\n\n\ndef required(name):\n    return os.environ[name]\n",
                "portal/mail.py": 'from portal.environment import required\n\nREPLY_TO = required("REPLY_TO")\n',
                ".env.example": _documented("REPLY_TO"),
            }
        ),
        subject="REPLY_TO",
        twin=files(
            {
                "portal/environment.py": "import os\n\n\ndef optional(name, default):\n"
                "    return os.environ.get(name, default)\n",
                "portal/mail.py": 'from portal.environment import optional\n\nREPLY_TO = optional("REPLY_TO", "")\n',
                ".env.example": _documented("REPLY_TO"),
            }
        ),
    ),
    Fault(
        "variables-empty-in-production",
        "Production's environment file names a variable and leaves it empty",
        "variables.missing",
        Severity.BLOCKER,
        both(
            files(
                environments={
                    "production": {
                        "variables": [n for n in LISTED if n != "ALLOWED_HOSTS"],
                        "env_file": ".env.production",
                    }
                },
                add={
                    "render.yaml": RENDER.replace(
                        "  - key: ALLOWED_HOSTS\n        value: brightside.example,"
                        "www.brightside.example,app.brightside.example\n    ",
                        "",
                    )
                },
            ),
            ignored({".env.production": "ALLOWED_HOSTS=\n"}),
        ),
        subject="ALLOWED_HOSTS",
    ),
    Fault(
        "variables-undocumented",
        "The code reads a variable that the example file does not name",
        "variables.undocumented",
        Severity.NICE,
        files({"portal/settings.py": SETTINGS + 'PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "25"))\n'}),
        subject="PAGE_SIZE",
        twin=_settings('PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "25"))\n', "PAGE_SIZE"),
    ),
    Fault(
        "variables-no-example-file",
        "No file says which variables the portal needs",
        "variables.undocumented",
        Severity.HIGH,
        files(drop=(".env.example",)),
        subject=".env.example",
    ),
    Fault(
        "variables-unused",
        "The example file and production name a variable that nothing reads",
        "variables.unused",
        Severity.NICE,
        files(
            {".env.example": _documented("FAX_GATEWAY")},
            environments={"production": {"variables": [*LISTED, "FAX_GATEWAY"]}},
        ),
        subject="FAX_GATEWAY",
        twin=files(
            {".env.example": _documented("FAX_GATEWAY"), "fax.conf": "gateway = ${FAX_GATEWAY}\n"},
            environments={"production": {"variables": [*LISTED, "FAX_GATEWAY"]}},
        ),
    ),
    Fault(
        "variables-default-localhost",
        "Production does not set the address of the search server and asks localhost",
        "variables.development_only",
        Severity.HIGH,
        _settings('SEARCH_URL = os.environ.get("SEARCH_URL", "http://localhost:7700")\n', "SEARCH_URL"),
        subject="SEARCH_URL",
        twin=_settings('SEARCH_URL = os.environ.get("SEARCH_URL", "")\n', "SEARCH_URL"),
    ),
    Fault(
        "variables-default-secret",
        "Links are signed with a default that is written in the code",
        "variables.development_only",
        Severity.HIGH,
        _settings(f'LINK_SECRET = os.environ.get("LINK_SECRET", "dev-{KEY}")\n', "LINK_SECRET"),
        subject="LINK_SECRET",
        also=("secrets.repository",),
    ),
    Fault(
        "variables-same-secret",
        "Development and production sign with the same secret",
        "variables.same_value",
        Severity.BLOCKER,
        ignored({".env": f"SECRET_KEY={KEY}\n", ".env.production": f"SECRET_KEY={KEY}\n"}),
        subject="SECRET_KEY",
        twin=ignored({".env": f"SECRET_KEY={KEY}\n", ".env.production": f"SECRET_KEY={KEY[::-1]}\n"}),
    ),
    Fault(
        "variables-same-database",
        "A developer's environment file holds the address of production's database",
        "variables.same_value",
        Severity.BLOCKER,
        ignored(
            dict.fromkeys(
                (".env", ".env.production"), f"DATABASE_URL=postgres://portal:{KEY}@db.brightside.example/portal\n"
            )
        ),
        subject="DATABASE_URL",
        twin=ignored(
            dict.fromkeys((".env", ".env.production"), "DATABASE_URL=postgres://user:password@localhost/portal\n")
        ),
    ),
    Fault(
        "variables-public-secret",
        "The payment key has a prefix by which the build gives it to every visitor",
        "variables.exposed",
        Severity.BLOCKER,
        files(
            {
                "web/pay.js": "export const key = import.meta.env.VITE_STRIPE_SECRET_KEY;\n",
                ".env.example": _documented("VITE_STRIPE_SECRET_KEY"),
            },
            environments={"production": {"variables": [*LISTED, "VITE_STRIPE_SECRET_KEY"]}},
        ),
        subject="VITE_STRIPE_SECRET_KEY",
        twin=files(
            {
                "web/pay.js": "export const key = import.meta.env.VITE_STRIPE_PUBLISHABLE_KEY;\n",
                ".env.example": _documented("VITE_STRIPE_PUBLISHABLE_KEY"),
            },
            environments={"production": {"variables": [*LISTED, "VITE_STRIPE_PUBLISHABLE_KEY"]}},
        ),
    ),
    Fault(
        "variables-inlined-secret",
        "The build configuration writes the payment key into the pages",
        "variables.exposed",
        Severity.BLOCKER,
        files(
            {
                "vite.config.js": "export default {\n  define: {\n"
                '    "process.env.STRIPE_SECRET_KEY": JSON.stringify(process.env.STRIPE_SECRET_KEY),\n  },\n};\n'
            }
        ),
        subject="STRIPE_SECRET_KEY",
        twin=files(
            {
                "vite.config.js": "export default {\n  define: {\n"
                '    "process.env.VITE_API_URL": JSON.stringify(process.env.VITE_API_URL),\n  },\n};\n'
            }
        ),
    ),
    Fault(
        "variables-public-unknown-key",
        "A key of an unknown service goes to every visitor",
        "variables.exposed",
        Severity.HIGH,
        files(
            {
                "web/rates.js": "export const key = import.meta.env.VITE_RATES_API_KEY;\n",
                ".env.example": _documented("VITE_RATES_API_KEY"),
            },
            environments={"production": {"variables": [*LISTED, "VITE_RATES_API_KEY"]}},
        ),
        subject="VITE_RATES_API_KEY",
        twin=files(
            {
                "web/map.js": "export const key = import.meta.env.VITE_MAPBOX_TOKEN;\n",
                ".env.example": _documented("VITE_MAPBOX_TOKEN"),
            },
            environments={"production": {"variables": [*LISTED, "VITE_MAPBOX_TOKEN"]}},
        ),
    ),
    Fault(
        "variables-debug-in-settings",
        "Django's debug mode is written into the settings",
        "variables.debug",
        Severity.BLOCKER,
        edited("portal/settings.py", 'DEBUG = os.environ.get("DEBUG", "false") == "true"', "DEBUG = True"),
        also=("variables.unused",),
        twin=_file("portal/settings_local.py", "from portal.settings import *\n\nDEBUG = True\n"),
    ),
    Fault(
        "variables-debug-default",
        "Django's debug mode is on unless somebody turns it off",
        "variables.debug",
        Severity.BLOCKER,
        edited(
            "portal/settings.py",
            'os.environ.get("DEBUG", "false") == "true"',
            'os.environ.get("DEBUG", "true") == "true"',
        ),
    ),
    Fault(
        "variables-debug-text-counts-as-true",
        "The text False is taken for true, so the debug mode is always on",
        "variables.debug",
        Severity.BLOCKER,
        edited(
            "portal/settings.py", 'os.environ.get("DEBUG", "false") == "true"', 'bool(os.environ.get("DEBUG", "False"))'
        ),
    ),
    Fault(
        "variables-debug-set",
        "Production's platform file turns the debug mode on",
        "variables.debug",
        Severity.BLOCKER,
        files({"render.yaml": _render("DEBUG", "true")}),
        twin=files({"render.yaml": _render("DEBUG", "false")}),
    ),
    Fault(
        "variables-debug-node",
        "Production's platform file runs Node in development mode",
        "variables.debug",
        Severity.BLOCKER,
        files({"render.yaml": _render("NODE_ENV", "development")}),
        twin=files({"render.yaml": _render("NODE_ENV", "production")}),
    ),
    Fault(
        "variables-one-file-for-all",
        "One environment file serves development and production",
        "variables.one_file",
        Severity.HIGH,
        both(
            files(
                environments={
                    "production": {"variables": LISTED, "env_file": ".env"},
                    "development": {"env_file": ".env"},
                }
            ),
            ignored({".env": "EMAIL_HOST=smtp.brightside.example\n"}),
        ),
        subject=".env",
        twin=both(
            files(
                environments={
                    "production": {"variables": LISTED, "env_file": ".env.production"},
                    "development": {"env_file": ".env"},
                }
            ),
            ignored({".env": "EMAIL_HOST=localhost\n", ".env.production": "EMAIL_HOST=smtp.brightside.example\n"}),
        ),
    ),
    Fault(
        "variables-env-committed",
        "The environment file with its secrets is committed",
        "variables.one_file",
        Severity.HIGH,
        files({".env": f"SECRET_KEY={KEY}\n"}),
        subject=".env",
        also=("secrets.repository",),
        twin=files({".env": "SECRET_KEY=change-me\nEMAIL_HOST=localhost\n"}),
    ),
    Fault(
        "variables-env-in-image",
        "The environment file is copied into the image",
        "variables.one_file",
        Severity.HIGH,
        edited("Dockerfile", "COPY . .\n", "COPY . .\nCOPY .env ./\n"),
    ),
)
"""What must be found, and what looks alike and is right."""
