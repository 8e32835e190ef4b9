"""Planted mistakes: passwords and keys where they should not be. Values are made here, so that this file holds none."""

from __future__ import annotations

import hashlib

from launchready.lab.healthy import DOMAIN, FILE_HEADERS, HTML, LOGIN, SECURITY_HEADERS
from launchready.lab.source import edited, files, ignored, removed, with_source
from launchready.lab.world import Change, Fault, Response, both, route
from launchready.model import Severity


def made(what: str, length: int = 24) -> str:
    """A value that looks like a real one, the same in every run."""
    digest = hashlib.sha512(what.encode()).hexdigest()
    return "".join(chr(ord("a") + int(a, 16)) if n % 3 else a for n, a in enumerate(digest))[:length]


def stripe(mode: str = "live") -> str:
    """A key in the form Stripe gives them."""
    return f"sk_{mode}_" + made(f"stripe {mode}", 28)


def served(script: str) -> Change:
    """The portal's login page with a script of its own."""
    page = LOGIN.replace("</title>", '</title><script src="/app.js"></script>')
    javascript = ("Content-Type", "text/javascript")
    return both(
        route(f"app.{DOMAIN}", "/", Response(200, (HTML, *SECURITY_HEADERS), page)),
        route(f"app.{DOMAIN}", "/app.js", Response(200, (javascript, *FILE_HEADERS), script)),
    )


_DUMP = """\
CREATE TABLE users (
  id int NOT NULL,
  email varchar(255),
  password varchar(255)
);
INSERT INTO users VALUES (1,'ann@brightside.example','{}');
"""

_KEY = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n"

FAULTS = (
    Fault(
        "secret-in-settings",
        "The mail password is the default of a variable in the settings",
        "secrets.repository",
        Severity.BLOCKER,
        edited("portal/settings.py", 'os.environ["EMAIL_HOST_PASSWORD"]', f'"{made("mail")}"'),
        subject="portal/settings.py:10",
        also=("variables.unused",),
        twin=edited("portal/settings.py", '["EMAIL_HOST_PASSWORD"]', '.get("EMAIL_HOST_PASSWORD", "")'),
    ),
    Fault(
        "secret-env-committed",
        "The .env file of production is committed",
        "secrets.repository",
        Severity.BLOCKER,
        files({"deploy/production.env": f"EMAIL_HOST=smtp.postmarkapp.com\nEMAIL_HOST_PASSWORD={made('mail')}\n"}),
        subject="deploy/production.env:2",
        also=("variables.one_file", "variables.same_value"),
        twin=files({"deploy/production.env.example": "EMAIL_HOST=localhost\nEMAIL_HOST_PASSWORD=change-me\n"}),
    ),
    Fault(
        "secret-private-key",
        "A private key lies in the repository",
        "secrets.repository",
        Severity.BLOCKER,
        files({"deploy/id_rsa": _KEY.format("\n".join(made(f"key {n}", 64) for n in range(12)))}),
        subject="deploy/id_rsa:1",
        twin=files({"portal/keys.py": 'HEADER = "-----BEGIN RSA PRIVATE KEY-----"\n'}),
    ),
    Fault(
        "secret-database-dump",
        "A dump of the users with their password hashes is committed",
        "secrets.repository",
        Severity.BLOCKER,
        files({"backup/users.sql": _DUMP.format(f"$2b$12${made('hash', 53)}")}),
        subject="backup/users.sql:6",
        twin=files({"backup/schema.sql": _DUMP.rpartition("INSERT")[0]}),
    ),
    Fault(
        "secret-live-stripe-key",
        "A live Stripe key is in a script",
        "secrets.repository",
        Severity.BLOCKER,
        files({"scripts/refund.js": f'const stripe = require("stripe")("{stripe()}");\n'}),
        subject="scripts/refund.js:1",
        twin=files({"scripts/refund.js": 'const stripe = require("stripe")(process.env.STRIPE_SECRET_KEY);\n'}),
    ),
    Fault(
        "secret-in-history",
        "A .env file was committed once and deleted later",
        "secrets.history",
        Severity.HIGH,
        removed({".env": f"DATABASE_URL=postgres://portal:{made('db')}@db.brightside.example.net/portal\n"}),
        subject=".env:1",
        twin=removed({".env": "DATABASE_URL=postgres://user:password@localhost/portal\n"}),
    ),
    Fault(
        "secret-in-public-history",
        "The repository is public, and a key was in it once",
        "secrets.history",
        Severity.BLOCKER,
        both(removed({"notes/token.txt": f"{made('token', 40)}\n"}), files(repository={"public": True})),
        subject="notes/token.txt:1",
        twin=files(repository={"public": True}),
    ),
    Fault(
        "secret-in-build",
        "A secret key was built into the front end",
        "secrets.build",
        Severity.BLOCKER,
        ignored({"dist/assets/index-4f2a91bc.js": f'(()=>{{const k="{stripe()}";fetch("/pay?k="+k)}})();\n'}),
        subject="dist/assets/index-4f2a91bc.js:1",
        twin=ignored({"dist/assets/index-4f2a91bc.js": f'(()=>{{const k="pk_live_{made("pk", 28)}";Stripe(k)}})();\n'}),
    ),
    Fault(
        "secret-served",
        "The live site sends a secret key to every visitor",
        "secrets.served",
        Severity.BLOCKER,
        served(f'const key="{stripe()}";'),
        subject=f"https://app.{DOMAIN}/app.js:1",
        twin=served(f'const key="pk_live_{made("pk", 28)}";'),
    ),
    Fault(
        "secret-in-folder",
        "The code is in no repository, and a file of passwords lies beside it",
        "secrets.repository",
        Severity.HIGH,
        with_source(git=False, ignored={"passwords.txt": f"{made('loose')}\n"}),
        subject="passwords.txt:1",
    ),
)
