from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "OpenSSL", "cryptography", "dns", "idna", "jsonschema", "publicsuffixlist", "pycurl", "pydantic", "rich",
    "selectolax", "tomlkit", "trustme", "aiosmtpd", "asyncio", "h11", "opentelemetry",
    "playwright", "psycopg", "pymysql",
}  # fmt: skip


def test_the_command_line_starts_without_anything_heavy() -> None:
    program = "import sys, launchready.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    ours = {name for name in loaded if name.startswith("launchready.")}
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()
    assert {name for name in ours if not name.startswith("launchready.cli")} <= {"launchready.model"}


def test_help_loads_nothing_heavy_either() -> None:
    program = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "sys.argv = ['launchready', '--help']; from launchready.cli.main import run; run()"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "check" in ran.stdout
    assert {name.split(".")[0] for name in ran.stderr.split()} & HEAVY == set()
